//! Whether what was copied refers to rows that are there: nothing looked while it was.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use crate::holdings::{Holding, Holdings};

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

/// Rows that refer to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dangling {
    /// With its schema.
    pub(crate) table: String,
    /// Its foreign key.
    pub(crate) constraint: String,
    /// What it refers to.
    pub(crate) parent: String,
    pub(crate) rows: i64,
}

/// The first rows found that refer to nothing, most likely to shared rows that this database hasn't. `which` gives conditions, of
/// which one is true of each row that is looked at.
pub(crate) async fn dangling(
    connection: &mut PgConnection,
    holdings: &Holdings,
    tenant: TenantId,
    which: impl Fn(&Holding) -> Vec<String>,
) -> Result<Option<Dangling>, sqlx::Error> {
    for holding in holdings.iter() {
        let conditions = which(holding);
        if conditions.is_empty() {
            continue;
        }
        let queries = sqlx::query_as(QUERIES).bind(tenant.to_string()).bind(holding.tenant.as_str());
        let queries = queries.bind(holding.name.to_string()).persistent(false);
        let queries: Vec<(String, String, String)> = queries.fetch_all(&mut *connection).await?;
        let mut each = Vec::new();
        for (constraint, parent, query) in queries {
            for condition in &conditions {
                each.push((constraint.clone(), parent.clone(), format!("{query} AND {condition}")));
            }
        }
        for (constraint, parent, query) in each {
            let count = sqlx::query_scalar(AssertSqlSafe(query)).bind(tenant.to_string()).persistent(false);
            let rows: i64 = count.fetch_one(&mut *connection).await?;
            if rows > 0 {
                return Ok(Some(Dangling { table: holding.name.to_string(), constraint, parent, rows }));
            }
        }
    }
    Ok(None)
}

/// All rows.
pub(crate) fn all(_: &Holding) -> Vec<String> {
    vec!["true".to_owned()]
}
