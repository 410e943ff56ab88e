//! What becomes of a statement whose entry can't be written.

/// What becomes of a statement whose entry of the access log can't be written: the month has no partition, or the disk is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditFailures {
    /// It fails too: nothing is done that isn't logged.
    #[default]
    Refuse,
    /// It goes on, with a WARNING; how many entries were lost is the last value of the sequence `tenancy.access_log_lost`. Each entry
    /// costs a subtransaction then.
    Count,
}

/// A sequence goes on counting when the statement, or all of its transaction, is rolled back.
const LOST_WRITE: &str = "EXCEPTION WHEN OTHERS THEN
  PERFORM nextval('tenancy.access_log_lost');
  RAISE WARNING 'an entry of the access log was lost: % (SQLSTATE %)', SQLERRM, SQLSTATE;
";

/// How an entry is written, from variables that have its columns' names.
const ENTRY: &str = include_str!("../../sql/access_log_entry.sql");

const LOST_ACCESSES: &str = "EXCEPTION WHEN OTHERS THEN
  PERFORM nextval('tenancy.access_log_lost') FROM generate_series(1, jsonb_array_length(entries));
  RAISE WARNING '% entries of the access log were lost: % (SQLSTATE %)', jsonb_array_length(entries), SQLERRM, SQLSTATE;
  RETURN 0;
";

impl AuditFailures {
    /// The text of the functions that write entries, with what they do when they fail.
    pub(crate) fn told_in(self, functions: &str) -> String {
        let (write, accesses) = match self {
            Self::Refuse => ("", ""),
            Self::Count => (LOST_WRITE, LOST_ACCESSES),
        };
        functions
            .replace(":write_the_entry\n", ENTRY)
            .replace(":when_a_write_fails\n", write)
            .replace(":when_accesses_fail\n", accesses)
    }
}
