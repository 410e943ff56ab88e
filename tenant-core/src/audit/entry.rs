//! One entry, as the program knows it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use uuid::Uuid;

use crate::scope::LoggedRead;
use crate::{Fingerprint, TenantContext, TenantId, Tier};

/// What is to be logged, of which tenant's.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(super) context: TenantContext,
    /// By whose limits the writer takes its connection.
    pub(super) tier: Tier,
    pub(super) access: Access,
    /// When it was: entries are written later.
    pub(super) at: Instant,
}

#[derive(Clone, Debug)]
pub(super) enum Access {
    Read {
        read: Arc<LoggedRead>,
        rows: u64,
        took: Duration,
        /// Why it gave no more rows, unless it gave all.
        cut_short: Option<String>,
    },
    Denial {
        reason: String,
        fingerprint: Option<Fingerprint>,
        times: u64,
    },
}

impl Entry {
    pub(super) const fn tenant(&self) -> TenantId {
        self.context.tenant()
    }
}

/// An entry as `tenancy.record_accesses` takes it.
#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    user_id: Option<Uuid>,
    request_id: Option<&'a str>,
    tables: &'a [String],
    touched: u64,
    statement: Option<String>,
    duration: Option<u64>,
    reason: Option<&'a str>,
    ago: u64,
}

/// The entries as JSON.
pub(super) fn json<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> String {
    let now = Instant::now();
    let lines: Vec<Line<'_>> = entries.into_iter().map(|entry| line(entry, now)).collect();
    serde_json::to_string(&lines).unwrap_or_else(|_| unreachable!("numbers, texts and lists of texts are JSON"))
}

fn line(entry: &Entry, now: Instant) -> Line<'_> {
    let (user_id, request_id) = (
        entry.context.user_id().map(|user| user.as_uuid()),
        entry.context.request_id().map(|request| request.as_str()),
    );
    let ago = micros(now.saturating_duration_since(entry.at));
    match &entry.access {
        Access::Read { read, rows, took, cut_short } => Line {
            kind: "read",
            user_id,
            request_id,
            tables: read.tables(),
            touched: *rows,
            statement: Some(read.fingerprint().to_string()),
            duration: Some(micros(*took)),
            reason: cut_short.as_deref(),
            ago,
        },
        Access::Denial { reason, fingerprint, times } => Line {
            kind: "denial",
            user_id,
            request_id,
            tables: &[],
            touched: *times,
            statement: fingerprint.map(|fingerprint| fingerprint.to_string()),
            duration: None,
            reason: Some(reason),
            ago,
        },
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(i64::MAX as u64)
}
