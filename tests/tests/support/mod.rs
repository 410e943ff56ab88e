//! Two organisations with the same ids and names on purpose, and ways to look at them from outside.

mod access_log;
mod authority;
mod catalog_rules;
mod crowd;
pub(crate) mod described;
mod dice;
mod empty;
mod entries;
mod finders;
pub(crate) mod laboratory;
mod number;
mod own_server;
mod pair;
mod pools;
mod registry_office;
mod told;
pub(crate) mod workshop;
mod world;

pub(crate) use access_log::{log_inserts, months_gone, old_month};
pub(crate) use authority::{Authority, Validity};
pub(crate) use catalog_rules::{CATALOG_RULES, offenders};
pub(crate) use crowd::crowd;
pub(crate) use dice::Dice;
pub(crate) use empty::{connect_as, empty_database};
pub(crate) use entries::Entries;
pub(crate) use finders::finders;
pub(crate) use number::number;
pub(crate) use own_server::{ROLE, bouncer, own_database, own_server};
pub(crate) use pair::Pair;
pub(crate) use pools::{LONG, backends, owners, pool_error, pool_named, soon, terminate, until};
pub(crate) use registry_office::{Office, tenant};
pub(crate) use told::{names_tell, what_is_told};
pub(crate) use world::{BOTH_HAVE, JOB, Organization, World, a_molecule, application_role, execute, texts, version};
