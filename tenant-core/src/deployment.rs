//! The last deploy of a database, as it recorded itself.

/// What the last `migrate up` of a database recorded, as a program found it at its start; from
/// [`TenantDatabase::deployment`](crate::TenantDatabase::deployment).
///
/// In a rolling deploy a program may meet a schema that another version of it made. It starts when all that it needs is there,
/// and [`is_of_this_registry`](Self::is_of_this_registry) is false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub(crate) program: String,
    pub(crate) recorded_at: String,
    pub(crate) same_registry: bool,
    pub(crate) same_format: bool,
}

impl Deployment {
    /// The program that deployed, as it called itself.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }

    /// When it did, in UTC: `2030-01-31T12:00:00Z`.
    #[must_use]
    pub fn recorded_at(&self) -> &str {
        &self.recorded_at
    }

    /// Whether it described the tables as this program does.
    #[must_use]
    pub const fn is_of_this_registry(&self) -> bool {
        self.same_registry
    }

    /// Whether it was seen that nothing isolation rests on was changed since. Not if a framework of another version recorded it in
    /// another way: then only what this program's preflight looks at was seen to be sound.
    #[must_use]
    pub const fn is_compared(&self) -> bool {
        self.same_format
    }
}
