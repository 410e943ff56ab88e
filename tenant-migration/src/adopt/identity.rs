//! Replica identities: by which columns a replica knows the row that was changed.

use sqlx::postgres::PgConnection;

use super::problem::AdoptionProblem;
use super::rule::Rules;
use crate::change::Change;
use crate::ident::{Ident, QualifiedName};

#[derive(sqlx::FromRow)]
struct Identity {
    table: String,
    index: String,
    root_schema: String,
    root_table: String,
    root_index: String,
    columns: Vec<String>,
    instead: String,
}

/// Those that are an index which goes with these changes. From then on each UPDATE and DELETE of a published table would be
/// refused.
pub(super) async fn departing(
    connection: &mut PgConnection,
    rules: &Rules<'_>,
    changes: &[Change],
) -> Result<Vec<AdoptionProblem>, sqlx::Error> {
    let query = sqlx::query_as(include_str!("../../sql/adoption_identities.sql")).persistent(false);
    let all: Vec<Identity> = query.fetch_all(connection).await?;
    let freed: Vec<&QualifiedName> =
        changes.iter().flat_map(|change| &change.steps).flat_map(|step| &step.frees).collect();
    let problem = |identity: Identity| {
        let within = |name: &str| QualifiedName { schema: Ident::live(&identity.root_schema), name: Ident::live(name) };
        let ruled = rules.tables.get(&within(&identity.root_table))?;
        // One with the tenant column may wait under this name to become the key.
        let stays = identity.columns.iter().any(|column| column == ruled.key.as_str());
        let departs = freed.contains(&&within(&identity.root_index));
        (departs && !stays).then_some(AdoptionProblem::ReplicaIdentity {
            table: identity.table,
            index: identity.index,
            instead: identity.instead,
        })
    };
    Ok(all.into_iter().filter_map(problem).collect())
}
