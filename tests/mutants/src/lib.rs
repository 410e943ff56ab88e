//! The filter with one of its rules broken.
//!
//! The filter has no switch, so `build.rs` copies its source and changes the copy by the list in [`list`]: each expression
//! that some mutant changes becomes `mutant!(number, changed, original)`. All mutants are compiled at once, in one copy,
//! and which of them is alive is said for each call. [`MutatedRewriter`] without a mutant is the filter as it is.

use std::cell::Cell;
use std::sync::Arc;

use sea_orm::Statement;
use tenant_core::{Registry, TenantId};

pub mod list;
mod mutant;

pub use mutant::{Change, Mutant};

thread_local! {
    /// The mutant that is alive on this thread. The filter reads on the caller's thread, but for statements of great depth.
    static ALIVE: Cell<Option<usize>> = const { Cell::new(None) };
}

fn is_alive(number: usize) -> bool {
    ALIVE.get() == Some(number)
}

/// An expression that a mutant changes.
macro_rules! mutant {
    ($number:literal, $changed:expr, $original:expr) => {
        if crate::is_alive($number) { $changed } else { $original }
    };
}

include!(concat!(env!("OUT_DIR"), "/scope.rs"));

/// The filter with at most one mutant alive.
#[derive(Clone, Debug)]
pub struct MutatedRewriter {
    rewriter: scope::Rewriter,
    mutant: Option<usize>,
}

impl MutatedRewriter {
    /// The filter with this mutant of [`list::all`]; without one, as it is.
    #[must_use]
    pub fn new(registry: Arc<Registry>, mutant: Option<usize>) -> Self {
        Self { rewriter: scope::Rewriter::new(registry), mutant }
    }

    /// Rewrites a statement and binds the tenant to it.
    ///
    /// # Errors
    /// The refusal.
    pub fn scope(&self, statement: Statement, tenant: TenantId) -> Result<Statement, String> {
        let before = ALIVE.replace(self.mutant);
        let scoped = self.rewriter.scope(statement, tenant);
        ALIVE.set(before);
        scoped.map(Statement::from).map_err(|refusal| refusal.to_string())
    }

    /// The tables whose reading the access log would tell of this text.
    ///
    /// # Errors
    /// The refusal.
    pub fn logged(&self, sql: &str) -> Result<Vec<String>, String> {
        let before = ALIVE.replace(self.mutant);
        let rewrite = self.rewriter.rewrite(sql);
        ALIVE.set(before);
        let rewrite = rewrite.map_err(|refusal| refusal.to_string())?;
        Ok(rewrite.logged_read().map(|read| read.tables().to_vec()).unwrap_or_default())
    }
}
