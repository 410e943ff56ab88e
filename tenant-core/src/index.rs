//! Indexes and unique constraints, as an application declares them: without the tenant column, which the generator puts in
//! front.

/// The direction of one column of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first, PostgreSQL's default.
    Ascending,
    /// Largest first.
    Descending,
}

/// One column of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexColumn {
    /// The column's name in the database.
    pub name: String,
    /// Its direction.
    pub direction: Direction,
}

/// An index. The generated one is led by the tenant column.
///
/// ```
/// use tenant_core::Index;
///
/// // (organization_id, created_at DESC) INCLUDE (name) WHERE status = 'pending'
/// let index = Index::new().descending("created_at").include("name").filter("status = 'pending'");
/// assert_eq!(index.filter_expression(), Some("status = 'pending'"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "an index does nothing until a table is described with it"]
pub struct Index {
    columns: Vec<IndexColumn>,
    include: Vec<String>,
    filter: Option<String>,
}

impl Index {
    /// An index on the tenant column alone, to which columns are added.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column, smallest first.
    pub fn ascending(self, column: impl Into<String>) -> Self {
        self.column(column, Direction::Ascending)
    }

    /// Adds a column, largest first.
    pub fn descending(self, column: impl Into<String>) -> Self {
        self.column(column, Direction::Descending)
    }

    fn column(mut self, name: impl Into<String>, direction: Direction) -> Self {
        self.columns.push(IndexColumn { name: name.into(), direction });
        self
    }

    /// Adds a column that is stored in the index but not searched by it (`INCLUDE`).
    pub fn include(mut self, column: impl Into<String>) -> Self {
        self.include.push(column.into());
        self
    }

    /// Indexes only the rows for which this SQL expression is true (a partial index).
    pub fn filter(mut self, expression: impl Into<String>) -> Self {
        self.filter = Some(expression.into());
        self
    }

    /// The columns, in order, without the tenant column.
    #[must_use]
    pub fn columns(&self) -> &[IndexColumn] {
        &self.columns
    }

    /// The stored columns.
    #[must_use]
    pub fn included(&self) -> &[String] {
        &self.include
    }

    /// The condition of a partial index.
    #[must_use]
    pub fn filter_expression(&self) -> Option<&str> {
        self.filter.as_deref()
    }
}

/// A uniqueness rule. The generated one is led by the tenant column: unique within a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a unique constraint does nothing until a table is described with it"]
pub struct Unique {
    columns: Vec<String>,
    filter: Option<String>,
}

impl Unique {
    /// A rule to which columns are added.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column.
    pub fn column(mut self, name: impl Into<String>) -> Self {
        self.columns.push(name.into());
        self
    }

    /// Holds only among the rows for which this SQL expression is true (becomes a partial unique index).
    pub fn filter(mut self, expression: impl Into<String>) -> Self {
        self.filter = Some(expression.into());
        self
    }

    /// The columns, in order, without the tenant column.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The condition under which the rule holds.
    #[must_use]
    pub fn filter_expression(&self) -> Option<&str> {
        self.filter.as_deref()
    }
}
