//! Working on an organisation's rows in a placement: sessions there past row-level security, and the tables that hold them.

mod error;
mod session;
#[expect(clippy::module_inception, reason = "the file is named after its type")]
mod site;

pub use error::SiteError;
pub(crate) use site::Site;
