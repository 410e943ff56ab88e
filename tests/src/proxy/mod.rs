//! A slow, breakable, counting connection to a server.

mod connection;
mod conversation;
mod event_loop;
mod handle;
mod messages;
mod opening;
mod queue;
mod stream;
mod upstream;

pub use handle::Proxy;
pub use upstream::Upstream;
