//! Rewritten statements, kept by the text they were made from.

use std::mem::size_of;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::rewrite::Rewrite;

/// What is kept unless [`Rewriter::cache_bytes`](super::Rewriter::cache_bytes) says otherwise: some ten thousand of an
/// application's statements, which are templates and number in the hundreds.
pub(super) const DEFAULT_BYTES: u64 = 16 << 20;

/// What a short statement weighs with its rewritten text; only sizes the cache's table.
const TYPICAL_BYTES: u64 = 1024;

/// How the rewritten statements that a [`Rewriter`](super::Rewriter) keeps are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RewriteStatistics {
    /// Statements that were found.
    pub hits: u64,
    /// Statements that were not, and so were read; refused ones among them.
    pub misses: u64,
    /// Statements that are kept.
    pub entries: usize,
    /// What they weigh: their texts, before and after, and their rules.
    pub bytes: u64,
}

/// A bounded cache. It holds texts and rules about parameters, never a value, so it can be shared by all tenants.
///
/// Its eviction keeps what is asked for again (S3-FIFO): the one-off texts of large multi-row inserts pass through.
#[derive(Debug)]
pub(super) struct RewriteCache {
    entries: Cache<Box<str>, Arc<Rewrite>, ByBytes>,
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<Box<str>, Arc<Rewrite>> for ByBytes {
    fn weight(&self, text: &Box<str>, rewrite: &Arc<Rewrite>) -> u64 {
        (text.len() + rewrite.weight() + size_of::<Rewrite>()) as u64
    }
}

impl RewriteCache {
    pub(super) fn new(bytes: u64) -> Self {
        let typical = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(usize::MAX).max(1);
        Self { entries: Cache::with_weighter(typical, bytes, ByBytes) }
    }

    pub(super) fn get(&self, sql: &str) -> Option<Arc<Rewrite>> {
        self.entries.get(sql)
    }

    pub(super) fn keep(&self, sql: &str, rewrite: &Arc<Rewrite>) {
        self.entries.insert(sql.into(), Arc::clone(rewrite));
    }

    pub(super) fn statistics(&self) -> RewriteStatistics {
        RewriteStatistics {
            hits: self.entries.hits(),
            misses: self.entries.misses(),
            entries: self.entries.len(),
            bytes: self.entries.weight(),
        }
    }
}
