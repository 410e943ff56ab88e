//! What the framework guarantees: one file a guarantee.
//!
//! No file here may use `#[tenant_scoped]` or `#[tenant_shared]`: all files share one program, whose registry is the
//! sample models'. A test's own entities are described by hand, in a registry of their own.

mod registry_knows_every_model;
mod registry_names_conflicts;
