//! `migrate … --fleet FILE`: one command over many databases.
//!
//! A [`Fleet`] is a list of named databases. [`run`] does a job for each of them, a few at a time; one that fails doesn't
//! hold up the others. What came of it is a [`FleetReport`], from which a [`FormerReport`] can be read back: a run that was
//! cut short, or in which some failed, is repeated for those alone.
//!
//! ```
//! use std::num::NonZeroUsize;
//!
//! use tenant_core::{Transport, TransportError};
//! use tenant_migration::fleet::{Fleet, Outcome, Unobserved, run};
//!
//! # async fn everywhere() -> Result<(), Box<dyn std::error::Error>> {
//! let list = "eu-1 postgres://migrator:${EU_1_PASSWORD}@db1.example/app\neu-2 ${EU_2_URL}\n";
//! let fleet = Fleet::parse(list, "fleet.txt", |variable| std::env::var(variable).ok())?;
//! let report = run("count", &fleet, NonZeroUsize::MIN, async |member| {
//!     let _options = member.url().options(Transport::VerifiedTls)?; // connect, and look
//!     Ok::<_, TransportError>(Outcome::ok().count("tables", 7))
//! }, &mut Unobserved).await;
//! assert!(!report.fails(), "{report}");
//! # Ok(())
//! # }
//! ```

mod error;
#[expect(clippy::module_inception, reason = "the type the folder is named after")]
mod fleet;
mod former;
mod json;
mod member;
mod observer;
mod outcome;
mod report;
mod run;
mod text;
mod variables;

pub use error::{FleetError, LineFault, SelectionError};
pub use fleet::Fleet;
pub use former::{FormerReport, FormerReportError};
pub use member::Member;
pub use observer::{Observer, Unobserved};
pub use outcome::{Outcome, Verdict};
pub use report::{Ending, FleetReport, MemberReport};
pub use run::run;
pub use variables::VariableFault;
