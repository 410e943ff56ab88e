//! What the owner of a database says about its rows.

use std::time::Duration;

use tenant_core::TenantId;

/// How the rows of an existing database are given their tenants; see
/// [`TenantMigrator::adopt`](crate::TenantMigrator::adopt).
///
/// A table with one foreign key to another scoped table takes the tenant from there. For any other, one of the three
/// methods below says it. Tables are named as `table`, or `schema.table` outside `public`.
#[derive(Clone, Debug)]
#[must_use = "give it to `TenantMigrator::adopt`"]
pub struct Adoption {
    pub(super) expressions: Vec<(String, String)>,
    pub(super) references: Vec<(String, Vec<String>)>,
    pub(super) tenant: Option<TenantId>,
    pub(super) batch: u32,
    pub(super) pause: Duration,
    pub(super) enforcing: bool,
}

impl Adoption {
    /// Nothing is said yet; batches of 5,000 rows with 10 ms between them, to the end of observing.
    pub fn new() -> Self {
        Self {
            expressions: Vec::new(),
            references: Vec::new(),
            tenant: None,
            batch: 5_000,
            pause: Duration::from_millis(10),
            enforcing: false,
        }
    }

    /// The tenant of a row of `table` is the value of this SQL expression, such as a column's name or a sub-select in
    /// parentheses that names the row by its table (`SELECT company_id FROM staff WHERE staff.id = orders.staff_id`).
    ///
    /// It also runs with the owner role's rights, in a trigger, with a `search_path` of `pg_catalog` and the table's schema.
    pub fn assign(mut self, table: impl Into<String>, expression: impl Into<String>) -> Self {
        self.expressions.push((table.into(), expression.into()));
        self
    }

    /// The tenant of a row of `table` is that of the row which the foreign key of these columns refers to.
    pub fn via<C: Into<String>>(mut self, table: impl Into<String>, columns: impl IntoIterator<Item = C>) -> Self {
        self.references.push((table.into(), columns.into_iter().map(Into::into).collect()));
        self
    }

    /// All rows for which nothing else is said are this tenant's: the database is one organisation's.
    pub const fn tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// About how many rows are filled in one transaction.
    pub const fn batch(mut self, rows: u32) -> Self {
        self.batch = if rows == 0 { 1 } else { rows };
        self
    }

    /// How long to wait between two batches.
    pub const fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Goes to the end: programs that know no tenants no longer see a row.
    pub const fn enforce(mut self) -> Self {
        self.enforcing = true;
        self
    }
}

impl Default for Adoption {
    fn default() -> Self {
        Self::new()
    }
}
