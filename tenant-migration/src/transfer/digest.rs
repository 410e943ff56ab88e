//! Whether two homes have the same rows of an organisation, without carrying them from one to the other.

use std::collections::{HashMap, HashSet};

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use crate::holdings::Holding;
use crate::template::literal;

/// Into how many parts a table's rows are divided: a difference is looked for in one of them alone.
const BUCKETS: u32 = 1024;

/// How rows are printed, whatever a session or database has set.
pub(crate) const SETTINGS: &str = "SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';
    SET extra_float_digits = 1; SET bytea_output = 'hex'; SET xmlbinary = 'base64'; SET lc_monetary = 'C';";

/// What an organisation's rows of a table are, in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableDigest {
    pub(crate) rows: u64,
    buckets: HashMap<i32, Bucket>,
}

/// The rows whose keys fall into one part: how many, and the sums of the halves of their hashes, in which order doesn't matter.
type Bucket = (i64, String, String);

/// A row that the homes don't have alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RowDifference {
    /// The values of the key's columns, as a row is printed.
    pub(crate) key: String,
    pub(crate) found: &'static str,
}

/// The digest of the tenant's rows of a table.
///
/// A row's hash is the MD5 of its columns as they are printed, in the order of `holding`: of each table's own order, and of the numbers
/// that a database gives to its types, nothing is in it. It is to find mistakes; whoever forges rows to have another's hash
/// has the rows in hand.
pub(crate) async fn table(
    connection: &mut PgConnection,
    holding: &Holding,
    tenant: TenantId,
) -> Result<TableDigest, sqlx::Error> {
    let half = |from: u32| {
        format!("pg_catalog.sum(('x' || pg_catalog.substr(hash, {from}, 16))::bit(64)::bigint::numeric)::text")
    };
    let query = format!(
        "SELECT bucket, pg_catalog.count(*), {}, {} FROM ({}) AS hashed GROUP BY bucket",
        half(1),
        half(17),
        hashed(holding, tenant)
    );
    let buckets: Vec<(i32, i64, String, String)> =
        sqlx::query_as(AssertSqlSafe(query)).persistent(false).fetch_all(connection).await?;
    let rows = buckets.iter().map(|(_, count, ..)| count.unsigned_abs()).sum();
    let buckets = buckets.into_iter().map(|(bucket, count, one, two)| (bucket, (count, one, two))).collect();
    Ok(TableDigest { rows, buckets })
}

impl TableDigest {
    /// The parts in which they are not alike.
    pub(crate) fn differing(&self, other: &Self) -> Vec<i32> {
        let buckets: HashSet<i32> = self.buckets.keys().chain(other.buckets.keys()).copied().collect();
        let mut differing: Vec<i32> =
            buckets.into_iter().filter(|bucket| self.buckets.get(bucket) != other.buckets.get(bucket)).collect();
        differing.sort_unstable();
        differing
    }
}

/// The hashes of the rows in some parts, by key.
pub(crate) async fn rows_of(
    connection: &mut PgConnection,
    holding: &Holding,
    tenant: TenantId,
    buckets: &[i32],
) -> Result<HashMap<String, String>, sqlx::Error> {
    let query = format!("SELECT key, hash FROM ({}) AS hashed WHERE bucket = ANY ($1)", hashed(holding, tenant));
    let query = sqlx::query_as(AssertSqlSafe(query)).bind(buckets).persistent(false);
    let rows: Vec<(String, String)> = query.fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// The hashes of the rows of which `condition` is true, by key.
pub(crate) async fn rows_that(
    connection: &mut PgConnection,
    holding: &Holding,
    tenant: TenantId,
    condition: &str,
) -> Result<HashMap<String, String>, sqlx::Error> {
    let query = format!("{} AND {condition}", printed(holding, tenant));
    let query = sqlx::query_as(AssertSqlSafe(query)).persistent(false);
    let rows: Vec<(String, String)> = query.fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// The rows that are not alike, by key.
pub(crate) fn differences(source: &HashMap<String, String>, target: &HashMap<String, String>) -> Vec<RowDifference> {
    let mut all: Vec<RowDifference> = Vec::new();
    for (key, hash) in source {
        let found = match target.get(key) {
            None => "it is missing at the target",
            Some(other) if other != hash => "its columns differ",
            Some(_) => continue,
        };
        all.push(RowDifference { key: key.clone(), found });
    }
    let added = target.keys().filter(|key| !source.contains_key(*key));
    all.extend(added.map(|key| RowDifference { key: key.clone(), found: "the target alone has it" }));
    all.sort_by(|one, other| one.key.cmp(&other.key));
    all
}

fn hashed(holding: &Holding, tenant: TenantId) -> String {
    format!(
        "SELECT key, hash, ('x' || pg_catalog.substr(pg_catalog.md5(key), 1, 8))::bit(32)::int & {mask} AS bucket
         FROM ({}) AS printed",
        printed(holding, tenant),
        mask = BUCKETS - 1,
    )
}

fn printed(holding: &Holding, tenant: TenantId) -> String {
    format!(
        "SELECT {key} AS key, pg_catalog.md5(ROW({columns})::text) AS hash FROM {table} WHERE {column} = {tenant}",
        key = key(holding),
        columns = holding.column_list(),
        table = holding.name,
        column = holding.tenant,
        tenant = literal(&tenant.to_string()),
    )
}

/// A row's key, as text.
pub(crate) fn key(holding: &Holding) -> String {
    format!("ROW({})::text", holding.key_list())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(&str, &str)]) -> HashMap<String, String> {
        rows.iter().map(|(key, hash)| ((*key).to_owned(), (*hash).to_owned())).collect()
    }

    #[test]
    fn each_row_that_is_not_alike_is_named() {
        let source = rows(&[("(1)", "a"), ("(2)", "b"), ("(3)", "c")]);
        let target = rows(&[("(1)", "a"), ("(2)", "x"), ("(4)", "d")]);
        let named: Vec<_> = differences(&source, &target).into_iter().map(|row| (row.key, row.found)).collect();
        let expected =
            [("(2)", "its columns differ"), ("(3)", "it is missing at the target"), ("(4)", "the target alone has it")];
        assert_eq!(named, expected.map(|(key, found)| (key.to_owned(), found)));
    }
}
