//! The filter's entry: statements in, scoped statements or refusals out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::thread;

use sea_orm::{DbBackend, Statement, Values};

use super::allowance::AllowedFunctions;
use super::cache::{self, RewriteCache, RewriteStatistics};
use super::error::ScopeError;
use super::limits::{self, Outline};
use super::rewrite::{Rewrite, ScopedStatement};
use super::{syntax, walk};
use crate::{Registry, Table, TableName, TenantId};

/// Up to this depth of the tree a statement is read on the caller's stack.
const DEPTH_ON_CALLERS_STACK: usize = 200;
/// Enough for the deepest statement that [`limits`] lets through, in a build without optimisation.
const ROOMY_STACK_BYTES: usize = 256 << 20;

/// Rewrites statements so that each reference of a scoped table names the tenant, or refuses them.
///
/// The first of the two walls, usable by itself. Cheap to clone; shared freely between threads. Statements that were
/// rewritten are kept by their text: SeaORM's statements are templates whose values are parameters, so the same texts come
/// again and again.
///
/// ```
/// # use std::sync::Arc;
/// # use tenant_core::{Registry, Rewriter, Table};
/// # mod widget {
/// #     use sea_orm::entity::prelude::*;
/// #     #[sea_orm::model]
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "widgets")]
/// #     pub struct Model { #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid, pub code: String }
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// let registry = Registry::builder().table(Table::scoped::<widget::Entity>()).build()?;
/// let rewrite = Rewriter::new(Arc::new(registry)).rewrite("SELECT w.code FROM widgets w WHERE w.id = $1")?;
/// assert_eq!(
///     rewrite.sql(),
///     r#"SELECT w.code FROM "public"."widgets" w WHERE (w.id = $1) AND "w"."organization_id" = $2"#
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rewriter {
    known: Arc<Known>,
    cache: Arc<RewriteCache>,
}

/// What statements are read against.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) registry: Arc<Registry>,
    /// The names of each table's columns.
    pub(super) columns: HashMap<TableName, HashSet<String>>,
    /// What the application allows beyond the list.
    pub(super) functions: AllowedFunctions,
}

impl Rewriter {
    /// A rewriter for the tables of this registry.
    #[must_use]
    pub fn new(registry: Arc<Registry>) -> Self {
        Self::with_functions(registry, AllowedFunctions::default())
    }

    /// A rewriter for the tables of this registry that lets statements call these functions too.
    #[must_use]
    pub fn with_functions(registry: Arc<Registry>, functions: AllowedFunctions) -> Self {
        let names = |table: &Table| table.columns().map(|column| column.name().to_owned()).collect();
        let columns = registry.tables().map(|table| (table.name().clone(), names(table))).collect();
        let known = Arc::new(Known { registry, columns, functions });
        Self { known, cache: Arc::new(RewriteCache::new(cache::DEFAULT_BYTES)) }
    }

    /// Keeps at most this many bytes of rewritten statements, texts and rules; 16 MiB unless this is called. What was kept
    /// before is forgotten.
    #[must_use]
    pub fn cache_bytes(self, bytes: u64) -> Self {
        Self { cache: Arc::new(RewriteCache::new(bytes)), ..self }
    }

    /// The tables that it knows.
    pub(crate) fn registry(&self) -> &Registry {
        &self.known.registry
    }

    /// How the rewritten statements that are kept are used, by this rewriter and its clones.
    #[must_use]
    pub fn statistics(&self) -> RewriteStatistics {
        self.cache.statistics()
    }

    /// Reads, checks and changes a text, whether or not its result is kept. The result depends on the text and the registry
    /// alone.
    ///
    /// # Errors
    /// [`ScopeError`] says what in the text can't be scoped, and what to do instead.
    pub fn rewrite(&self, sql: &str) -> Result<Rewrite, ScopeError> {
        let outline = limits::outline(sql)?;
        if outline.depth <= DEPTH_ON_CALLERS_STACK {
            return self.read(sql, &outline);
        }
        let too_deep = || ScopeError::TooDeep { what: "no stack to read it on", excerpt: String::new() };
        thread::scope(|scope| {
            let reader = thread::Builder::new()
                .stack_size(ROOMY_STACK_BYTES)
                .spawn_scoped(scope, || self.read(sql, &outline))
                .map_err(|_| too_deep())?;
            reader.join().unwrap_or_else(|_| Err(too_deep()))
        })
    }

    /// Rewrites a statement and binds the tenant to it.
    ///
    /// # Errors
    /// [`ScopeError`] when the statement can't be scoped, or when it sets another tenant.
    pub fn scope(&self, statement: Statement, tenant: TenantId) -> Result<ScopedStatement, ScopeError> {
        self.scope_or_tell(statement, tenant, |_, _| {})
    }

    /// The same; a refusal is told with the statement's text before that is gone.
    pub(crate) fn scope_or_tell(
        &self,
        statement: Statement,
        tenant: TenantId,
        tell: impl FnOnce(&str, &ScopeError),
    ) -> Result<ScopedStatement, ScopeError> {
        let Statement { sql, values, db_backend } = statement;
        self.scope_text(&sql, values, db_backend, tenant).inspect_err(|refusal| tell(&sql, refusal))
    }

    fn scope_text(
        &self,
        sql: &str,
        values: Option<Values>,
        backend: DbBackend,
        tenant: TenantId,
    ) -> Result<ScopedStatement, ScopeError> {
        if backend != DbBackend::Postgres {
            return Err(ScopeError::Backend);
        }
        let rewrite = match self.cache.get(sql) {
            Some(kept) => kept,
            None => {
                let rewrite = Arc::new(self.rewrite(sql)?);
                self.cache.keep(sql, &rewrite);
                rewrite
            }
        };
        let values = rewrite.bind(values, tenant)?;
        Ok(ScopedStatement { rewrite, values })
    }

    fn read(&self, sql: &str, outline: &Outline) -> Result<Rewrite, ScopeError> {
        walk::check_first_word(&outline.first_word)?;
        let statement = syntax::parse(sql)?;
        walk::Walk::new(&self.known, sql, outline.parameters).run(&statement)
    }
}
