//! Which entries' values were erased.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use sea_orm::prelude::Uuid;
use sqlx::postgres::PgConnection;

use super::chain::Chain;
use super::entries::Entries;
use super::error::AuditError;

/// What stands between the reason and the entries, in the reason of an entry of kind `erasure`.
const MARK: &str = "; values erased of entries ";

/// The reason that an erasure is logged with.
pub(super) fn reason(why: &str, entries: &Entries) -> String {
    format!("{why}{MARK}{entries}")
}

/// The entries that erasures name, by whose they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Erasures(HashMap<Chain, Entries>);

impl Erasures {
    /// All, or those of one organisation.
    pub(super) async fn of(connection: &mut PgConnection, tenant: Option<Uuid>) -> Result<Self, AuditError> {
        let query = "SELECT organization_id, reason FROM tenancy.access_log
                     WHERE kind = 'erasure' AND ($1 IS NULL OR organization_id = $1)";
        let query = sqlx::query_as::<_, (Option<Uuid>, Option<String>)>(query).bind(tenant).persistent(false);
        let mut rows = query.fetch(connection);
        let mut erased: HashMap<Chain, Entries> = HashMap::new();
        while let Some((organization, reason)) = rows.try_next().await? {
            let named = reason.as_deref().and_then(|reason| reason.rsplit_once(MARK)).map(|(_, named)| named.parse());
            // What is no list of entries erases nothing: their values are then told of as removed.
            if let Some(Ok(named)) = named {
                erased.entry(Chain::of(organization)).or_default().add(named);
            }
        }
        Ok(Self(erased.into_iter().map(|(chain, entries)| (chain, entries.sorted())).collect()))
    }

    /// Whether an entry's values were erased.
    pub(super) fn have(&self, chain: Chain, entry: i64) -> bool {
        self.0.get(&chain).is_some_and(|entries| entries.contains(entry))
    }
}
