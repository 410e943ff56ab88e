//! Making organisations: from a request to a record in the catalog that programs serve.
//!
//! [`Provisioning`] goes step by step, and each step is found from what is there: a run that was ended anywhere is completed by
//! the same request again, and until its last step the organisation is `provisioning`, for which no program works.

mod check;
mod database;
mod error;
mod notes;
mod provisioning;
mod request;
mod step;

pub(crate) use check::Check;
pub use error::ProvisionError;
pub use provisioning::Provisioning;
pub use request::{Home, NewDatabase, TenantRequest};
pub use step::ProvisionStep;
