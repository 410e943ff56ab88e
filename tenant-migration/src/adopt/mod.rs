//! An existing, live database becomes one that `migrate up` finds as the entities say, while the programs that know no
//! tenants go on working on it.
//!
//! | Stage | What happens | Module |
//! |---|---|---|
//! | looked at | whose each row is, and all that stands in the way; nothing is changed | `rule`, `check`, `identity`, `plan` |
//! | owned | roles, the schema `tenancy`, and the tables' owner; what their users could do they still can | `ownership`, `lent` |
//! | filled | the tenant column, for new rows by a trigger, for old ones in batches | `filling`, `backfill`, `stride` |
//! | keyed | NOT NULL, indexes and foreign keys beside the old ones | [`Part::Beside`](crate::diff::Part) |
//! | observed | the walls, and a policy that lets programs without a tenant through and reports them | `observation` |
//! | enforced | what was kept for the old programs goes | `stages` |
//!
//! Each stage follows from the live state, so that a run that was ended is gone on with by the next.

mod adoption;
mod backfill;
mod check;
mod filling;
mod identity;
mod lent;
mod observation;
mod ownership;
mod plan;
mod problem;
mod rule;
mod seen;
mod stages;
mod stride;
mod trial;

pub use adoption::Adoption;
pub(crate) use lent::taking_back;
pub(crate) use observation::is_observation;
pub use plan::AdoptionPlan;
pub use problem::{AdoptionProblem, AdoptionProblems};
