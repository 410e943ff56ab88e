//! Connections with one wall each, to show that each is enough alone. For tests: an application has both.

mod filter_only;
mod policies_only;
mod walled;

pub use filter_only::FilterOnly;
pub use policies_only::PoliciesOnly;
pub use walled::Walled;
