//! Whether what was copied refers to rows that are there: nothing looked while it was.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use super::error::MoveError;
use super::side::Side;
use crate::holdings::Holdings;
use crate::replication::Noted;

/// A query for each foreign key of a table that counts the tenant's rows without what they refer to. As `MATCH SIMPLE`, which is all that
/// the deploy makes, a reference with a column that is NULL is none.
const QUERIES: &str = "SELECT conname::text, confrelid::regclass::text,
      format('SELECT count(*) FROM %s AS here WHERE here.%I = $1::uuid AND %s AND NOT EXISTS (SELECT FROM %s AS there WHERE %s)',
        conrelid::regclass, $2,
        (SELECT string_agg(format('here.%I IS NOT NULL', a.attname), ' AND ')
         FROM unnest(conkey) AS part (number) JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = part.number),
        confrelid::regclass,
        (SELECT string_agg(format('there.%I = here.%I', f.attname, a.attname), ' AND ')
         FROM unnest(conkey, confkey) AS part (number, other)
         JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = part.number
         JOIN pg_attribute f ON f.attrelid = confrelid AND f.attnum = part.other))
    FROM pg_constraint WHERE contype = 'f' AND conrelid = $3::regclass ORDER BY 1";

/// Refuses rows that refer to nothing, most likely to shared rows that the target hasn't. Of all rows, or of those that were noted.
pub(super) async fn check(
    connection: &mut PgConnection,
    side: &Side,
    holdings: &Holdings,
    tenant: TenantId,
    noted: Option<&Noted>,
) -> Result<(), MoveError> {
    for holding in holdings.iter() {
        let conditions = noted.map_or_else(|| vec!["true".to_owned()], |noted| noted.conditions(holding));
        if conditions.is_empty() {
            continue;
        }
        let queries = sqlx::query_as(QUERIES).bind(tenant.to_string()).bind(holding.tenant.as_str());
        let queries = queries.bind(holding.name.to_string()).persistent(false);
        let queries: Vec<(String, String, String)> =
            queries.fetch_all(&mut *connection).await.map_err(|error| side.failed(error))?;
        let mut each = Vec::new();
        for (constraint, parent, query) in queries {
            for condition in &conditions {
                each.push((constraint.clone(), parent.clone(), format!("{query} AND {condition}")));
            }
        }
        for (constraint, parent, query) in each {
            let count = sqlx::query_scalar(AssertSqlSafe(query)).bind(tenant.to_string()).persistent(false);
            let rows: i64 = count.fetch_one(&mut *connection).await.map_err(|error| side.failed(error))?;
            if rows > 0 {
                let (placement, table) = (side.name().clone(), holding.name.to_string());
                return Err(MoveError::Dangling { placement, table, constraint, parent, rows });
            }
        }
    }
    Ok(())
}
