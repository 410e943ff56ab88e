//! All rows of all tenants, as a superuser sees them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::shape;

/// A digest of the rows of each table and tenant that has any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State(BTreeMap<(String, Uuid), String>);

static READ: LazyLock<String> = LazyLock::new(|| {
    let tables: Vec<String> = shape::TABLES
        .iter()
        .map(|table| {
            let (name, key) = (table.name, table.key);
            let owner = table.tenant.map_or_else(|| format!("'{}'::uuid", Uuid::nil()), |tenant| format!("t.{tenant}"));
            format!(
                "SELECT '{name}', {owner}, string_agg(t::text, E'\\n' ORDER BY t.{key}) FROM public.{name} t GROUP BY 2"
            )
        })
        .collect();
    tables.join(" UNION ALL ")
});

impl State {
    /// What a connection that row-level security doesn't stop sees now.
    pub(crate) async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query(READ.as_str()).fetch_all(connection).await?;
        let entry = |row: sqlx::postgres::PgRow| Ok(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?));
        Ok(Self(rows.into_iter().map(entry).collect::<Result<_, sqlx::Error>>()?))
    }

    /// The rows of one tenant.
    pub(crate) fn of(&self, tenant: Uuid) -> BTreeMap<&str, &str> {
        self.part(|owner| *owner == tenant).map(|((table, _), rows)| (table.as_str(), rows.as_str())).collect()
    }

    /// Everybody else's rows, shared ones included.
    pub(crate) fn without(&self, tenant: Uuid) -> BTreeMap<(&str, Uuid), &str> {
        self.part(|owner| *owner != tenant)
            .map(|((table, owner), rows)| ((table.as_str(), *owner), rows.as_str()))
            .collect()
    }

    fn part(&self, keep: impl Fn(&Uuid) -> bool) -> impl Iterator<Item = (&(String, Uuid), &String)> {
        self.0.iter().filter(move |((_, owner), _)| keep(owner))
    }
}
