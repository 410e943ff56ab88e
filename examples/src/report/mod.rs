//! What the demonstration does and shows, step by step.

mod access_log;
mod attempts;
mod estate;
mod lines;
mod organizations;

pub use access_log::{access_log, sealed_log};
pub use attempts::attempts;
pub use estate::estate;
pub use lines::say;
pub use organizations::{load, stamped_insert, views};
