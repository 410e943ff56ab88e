//! What counts up the columns of copied rows.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use crate::holdings::Holdings;
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
            let step = "SELECT seqincrement FROM pg_catalog.pg_sequence WHERE seqrelid = $1::pg_catalog.regclass";
            let step = sqlx::query_scalar(step).bind(to).persistent(false);
            let step: i64 = step.fetch_one(&mut *target).await.map_err(RaiseError::Target)?;
            // ALTER SEQUENCE, also one that changes nothing, keeps others from counting until it is committed: else one who counted
            // past the number meanwhile would be set back.
            let raise = format!(
                "BEGIN; ALTER SEQUENCE {to} INCREMENT BY {step};
                 SELECT pg_catalog.setval({name}, GREATEST(last_value, {last}), is_called OR last_value <= {last}) FROM {to};
                 COMMIT",
                name = literal(to)
            );
            sqlx::raw_sql(AssertSqlSafe(raise)).execute(&mut *target).await.map_err(RaiseError::Target)?;
        }
    }
    Ok(())
}

/// Which of the two failed.
#[derive(Debug)]
pub(crate) enum RaiseError {
    Source(sqlx::Error),
    Target(sqlx::Error),
}
