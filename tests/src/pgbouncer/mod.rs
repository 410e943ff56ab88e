//! Throw-away PgBouncers.

mod bouncer;
mod builder;
mod configuration;
mod error;
mod program;

pub use bouncer::PgBouncer;
pub use builder::PgBouncerBuilder;
pub use configuration::PoolMode;
pub use error::PgBouncerError;
