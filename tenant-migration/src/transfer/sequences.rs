//! What counts up the columns of copied rows.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use crate::holdings::{Holding, Holdings};
use crate::template::literal;

/// Raises the target's sequences to where the source's are at least, so that no number is given twice to the rows that came.
/// None is ever lowered: other tenants' rows are counted by them too.
pub(crate) async fn raise(
    source: &mut PgConnection,
    target: &mut PgConnection,
    holdings: &Holdings,
    there: &Holdings,
) -> Result<(), RaiseError> {
    for holding in holdings.iter() {
        for column in &holding.columns {
            let counterpart = there.find(&holding.name).and_then(|table| table.column(column.name.as_str()));
            let (Some(from), Some(to)) = (&column.sequence, counterpart.and_then(|column| column.sequence.as_ref()))
            else {
                continue;
            };
            let look = AssertSqlSafe(format!("SELECT last_value FROM {from} WHERE is_called"));
            let look = sqlx::query_scalar(look).persistent(false);
            let last: Option<i64> = look.fetch_optional(&mut *source).await.map_err(RaiseError::Source)?;
            let Some(last) = last else { continue };
            let hold = hold(target, to).await.map_err(RaiseError::Target)?;
            let raise = format!(
                "BEGIN; {hold}
                 SELECT pg_catalog.setval({name}, GREATEST(last_value, {last}), is_called OR last_value <= {last}) FROM {to};
                 COMMIT",
                name = literal(to)
            );
            sqlx::raw_sql(AssertSqlSafe(raise)).execute(&mut *target).await.map_err(RaiseError::Target)?;
        }
    }
    Ok(())
}

/// Raises sequences to the numbers that the tenant's rows of a table have at least. In the open transaction: until it ends, nobody
/// counts.
pub(crate) async fn cover(
    connection: &mut PgConnection,
    holding: &Holding,
    tenant: TenantId,
) -> Result<(), sqlx::Error> {
    for column in &holding.columns {
        let Some(sequence) = &column.sequence else { continue };
        let raise = format!(
            "{hold}
             SELECT pg_catalog.setval({name}, used.last, true)
             FROM {sequence} AS now, pg_catalog.pg_sequence AS made,
               LATERAL (SELECT CASE WHEN made.seqincrement > 0 THEN max({column}) ELSE min({column}) END::bigint AS last
                        FROM {table} WHERE {key} = {tenant}) AS used
             WHERE made.seqrelid = {name}::pg_catalog.regclass AND used.last BETWEEN made.seqmin AND made.seqmax
               AND (pg_catalog.sign(used.last - now.last_value) = pg_catalog.sign(made.seqincrement)
                    OR used.last = now.last_value AND NOT now.is_called)",
            hold = hold(connection, sequence).await?,
            name = literal(sequence),
            column = column.name,
            table = holding.name,
            key = holding.tenant,
            tenant = literal(&tenant.to_string()),
        );
        sqlx::raw_sql(AssertSqlSafe(raise)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A statement that keeps others from counting until its transaction ends: else one who counted past the number meanwhile would be
/// set back. ALTER SEQUENCE does, also one that changes nothing.
async fn hold(connection: &mut PgConnection, sequence: &str) -> Result<String, sqlx::Error> {
    let step = "SELECT seqincrement FROM pg_catalog.pg_sequence WHERE seqrelid = $1::pg_catalog.regclass";
    let step: i64 = sqlx::query_scalar(step).bind(sequence).persistent(false).fetch_one(connection).await?;
    Ok(format!("ALTER SEQUENCE {sequence} INCREMENT BY {step};"))
}

/// Which of the two failed.
#[derive(Debug)]
pub(crate) enum RaiseError {
    Source(sqlx::Error),
    Target(sqlx::Error),
}
