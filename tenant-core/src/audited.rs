//! What of a table goes to the access log, as an application declares it.

/// What is written to the access log for a table.
///
/// ```
/// use tenant_core::Audit;
///
/// let audit = Audit::none().writes().rows().redact("email");
/// assert_eq!(audit.redacted(), ["email"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "audit flags do nothing until a table is described with them"]
pub struct Audit {
    writes: bool,
    rows: bool,
    reads: bool,
    redacted: Vec<String>,
}

impl Audit {
    /// Nothing is logged.
    pub const fn none() -> Self {
        Self { writes: false, rows: false, reads: false, redacted: Vec::new() }
    }

    /// Logs statements that write: an entry for each statement and each organisation of whose rows it touched one.
    pub const fn writes(mut self) -> Self {
        self.writes = true;
        self
    }

    /// Logs what the rows that are written held before and after. Needs [`Audit::writes`].
    pub const fn rows(mut self) -> Self {
        self.rows = true;
        self
    }

    /// Logs statements that read.
    pub const fn reads(mut self) -> Self {
        self.reads = true;
        self
    }

    /// Logs of this column that it was written, and not what. Needs [`Audit::rows`]; not for a key's column, by which rows are
    /// told apart.
    pub fn redact(mut self, column: impl Into<String>) -> Self {
        self.redacted.push(column.into());
        self
    }

    /// Whether writes are logged.
    #[must_use]
    pub const fn logs_writes(&self) -> bool {
        self.writes
    }

    /// Whether what written rows hold is logged.
    #[must_use]
    pub const fn logs_rows(&self) -> bool {
        self.rows
    }

    /// Whether reads are logged.
    #[must_use]
    pub const fn logs_reads(&self) -> bool {
        self.reads
    }

    /// The columns of which what they hold is not logged.
    #[must_use]
    pub fn redacted(&self) -> &[String] {
        &self.redacted
    }
}
