//! How many rows an answer has.

use sea_orm::{ExecResult, QueryResult};

/// What a statement gave, in rows.
pub(crate) trait Counted {
    fn rows(&self) -> u64;
}

impl Counted for ExecResult {
    fn rows(&self) -> u64 {
        self.rows_affected()
    }
}

impl Counted for Option<QueryResult> {
    fn rows(&self) -> u64 {
        u64::from(self.is_some())
    }
}

impl Counted for Vec<QueryResult> {
    fn rows(&self) -> u64 {
        self.len() as u64
    }
}
