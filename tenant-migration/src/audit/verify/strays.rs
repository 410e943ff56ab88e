//! What is in the log and was never sealed, though its time was.

use std::time::Duration;

use futures_util::TryStreamExt;
use sea_orm::prelude::Uuid;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use super::batches::{Ground, There};
use super::finding::{Finding, FindingKind};
use super::findings::Findings;
use super::report::Checked;
use crate::audit::chain::Chain;
use crate::audit::error::AuditError;
use crate::audit::moment::Moment;
use crate::audit::unsealed::{IS_NO_LEAF, leaves};

/// The entries of a chain: how many should be sealed, how many need not be, and for how many microseconds the oldest of those.
#[derive(sqlx::FromRow)]
struct Count {
    organization_id: Uuid,
    sealed: i64,
    unsealed: i64,
    age: Option<i64>,
}

/// Counts the rows of each chain, and looks for strays where there are more than leaves know.
pub(super) async fn check(
    connection: &mut PgConnection,
    ground: &Ground,
    there: &There,
    findings: &mut Findings,
    checked: &mut Checked,
) -> Result<(), AuditError> {
    let query = format!(
        "SELECT coalesce(l.organization_id, '00000000-0000-0000-0000-000000000000') AS organization_id,
           count(*) FILTER (WHERE {0}) AS sealed, count(*) FILTER (WHERE NOT {0}) AS unsealed,
           CAST(extract(epoch FROM clock_timestamp() - min(l.at) FILTER (WHERE NOT {0})) * 1000000 AS bigint) AS age
         FROM tenancy.access_log l WHERE {1} GROUP BY 1 ORDER BY 1",
        ground.is_sealed(),
        ground.of_tenant("l.organization_id")
    );
    let mut suspects = Vec::new();
    {
        let mut counts = sqlx::query_as::<_, Count>(AssertSqlSafe(query)).persistent(false).fetch(&mut *connection);
        while let Some(count) = counts.try_next().await? {
            let chain = Chain(count.organization_id);
            checked.unsealed += u64::try_from(count.unsealed).unwrap_or_default();
            let age = Duration::from_micros(count.age.and_then(|age| u64::try_from(age).ok()).unwrap_or_default());
            checked.unsealed_for = checked.unsealed_for.max(age);
            if there.rows.get(&chain).copied().unwrap_or_default() != count.sealed {
                suspects.push(chain);
            }
        }
    }
    for chain in suspects {
        inserted(connection, chain, ground, there, findings).await?;
    }
    values(connection, ground, findings).await
}

async fn inserted(
    connection: &mut PgConnection,
    chain: Chain,
    ground: &Ground,
    there: &There,
    findings: &mut Findings,
) -> Result<(), AuditError> {
    let query = format!(
        "{} SELECT l.entry, CAST(extract(epoch FROM l.at) * 1000000 AS bigint) AS at FROM tenancy.access_log l
         WHERE coalesce(l.organization_id, '00000000-0000-0000-0000-000000000000') = '{}' AND {} AND {IS_NO_LEAF}
         ORDER BY l.entry",
        leaves(&format!("b.organization_id = '{}'", chain.0)),
        chain.0,
        ground.is_sealed()
    );
    let mut rows = sqlx::query_as::<_, (i64, Moment)>(AssertSqlSafe(query)).persistent(false).fetch(connection);
    while let Some((entry, at)) = rows.try_next().await? {
        if !there.moved.contains(&entry) {
            let detail = "everything of its time was sealed without it: it was added later, or its batch is gone";
            findings.add(Finding::of_row(FindingKind::EntryInserted, chain, entry, at, detail));
        }
    }
    Ok(())
}

/// Values of entries that committed to none, or of no entry.
async fn values(connection: &mut PgConnection, ground: &Ground, findings: &mut Findings) -> Result<(), AuditError> {
    let query = format!(
        "SELECT v.entry, CAST(extract(epoch FROM v.at) * 1000000 AS bigint) AS at, v.organization_id
         FROM tenancy.access_log_values v LEFT JOIN tenancy.access_log l ON l.entry = v.entry AND l.at = v.at
         WHERE {} AND (l.entry IS NULL OR l.organization_id IS DISTINCT FROM v.organization_id)
         ORDER BY v.entry",
        ground.of_tenant("v.organization_id")
    );
    let query = sqlx::query_as::<_, (i64, Moment, Option<Uuid>)>(AssertSqlSafe(query)).persistent(false);
    let mut rows = query.fetch(connection);
    while let Some((entry, at, organization)) = rows.try_next().await? {
        if ground.retained.is_none_or(|before| at >= before) {
            let detail = "what rows held is there of it, and no such entry of this organisation";
            findings.add(Finding::of_row(FindingKind::ValuesAdded, Chain::of(organization), entry, at, detail));
        }
    }
    Ok(())
}
