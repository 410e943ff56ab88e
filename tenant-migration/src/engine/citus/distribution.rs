//! Where the rows of a table live in a cluster.

use crate::schema::TableSchema;
use crate::step::Step;
use crate::template::literal;

/// The step that spreads a table over the workers by its tenant column, or copies it to each.
///
/// All that belongs to a tenant is on one worker: the tables are colocated with `anchor`, the first of them, which begins a
/// group that nothing else of the cluster joins by chance. Done by a superuser, from whom FORCE hides no rows.
pub(super) fn step(table: &TableSchema, anchor: Option<&TableSchema>) -> Step {
    let name = literal(&table.name().to_string());
    let short = table.name().name.as_str();
    let Some(key) = table.tenant_key() else {
        return Step::lasting(
            format!("{short}: a copy on every worker"),
            format!("SELECT pg_catalog.create_reference_table({name});"),
        );
    };
    let group = anchor.filter(|anchor| anchor.name() != table.name());
    let (with, reason) = match group {
        Some(anchor) => {
            let with = literal(&anchor.name().to_string());
            (with, format!("{short}: each tenant's rows beside its others, by {key}"))
        }
        None => (literal("none"), format!("{short}: spread by {key}; all other tables of tenants go beside it")),
    };
    Step::lasting(
        reason,
        format!("SELECT pg_catalog.create_distributed_table({name}, {}, colocate_with => {with});", literal(key)),
    )
}

/// The step without which Citus refuses several changes of distributed tables in one transaction.
pub(super) fn one_connection() -> Step {
    Step::lasting("one connection a worker", "SET LOCAL citus.multi_shard_modify_mode = 'sequential';")
}
