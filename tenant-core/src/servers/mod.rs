//! The servers of one database: which of its hosts accepts writes, and how that is found out.

mod discovery;
mod era;
mod host;
mod no_primary;
#[expect(clippy::module_inception, reason = "the type the folder is named after")]
mod servers;
mod standing;

pub use host::HostError;
pub(crate) use host::{Host, split_url};
pub use no_primary::{HostState, NoPrimary};
pub(crate) use servers::{Opened, Servers, label};
