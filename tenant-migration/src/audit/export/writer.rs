//! Writes an export, in one snapshot.

use std::collections::HashMap;
use std::path::Path;

use futures_util::TryStreamExt;
use sea_orm::prelude::Uuid;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use tenant_core::TenantId;

use super::file::Writing;
use super::line::{BatchLine, EntryLine, FORMAT, Header, Line};
use crate::audit::batch::{Batch, leaf_of_seal};
use crate::audit::chain::Chain;
use crate::audit::digest::Hash;
use crate::audit::error::AuditError;
use crate::audit::leaf::Leaf;
use crate::audit::merkle;
use crate::audit::moment::Moment;
use crate::audit::retention::Retention;
use crate::audit::rows::{Row, Values};
use crate::audit::seal::Seal;
use crate::audit::session;

/// The entries of one organisation, with what proves that they were sealed. `migrate audit verify --export` checks the file with a
/// public key and no database.
#[derive(Clone, Debug)]
pub struct Export {
    tenant: TenantId,
    from: Option<String>,
    to: Option<String>,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many entries that are sealed.
    pub entries: u64,
    /// How many that are not sealed yet.
    pub unsealed: u64,
}

/// The batches of the seal that was asked about last.
struct SealBatches {
    seal: Seal,
    leaves: Vec<Hash>,
    places: HashMap<(Uuid, i64), usize>,
}

impl Export {
    /// Of all times.
    #[must_use]
    pub const fn new(tenant: TenantId) -> Self {
        Self { tenant, from: None, to: None }
    }

    /// Of entries from a time on, as PostgreSQL reads it, in UTC.
    #[must_use]
    pub fn from(self, from: impl Into<String>) -> Self {
        Self { from: Some(from.into()), ..self }
    }

    /// Of entries from before a time.
    #[must_use]
    pub fn to(self, to: impl Into<String>) -> Self {
        Self { to: Some(to.into()), ..self }
    }

    /// Writes `file`, which is there when all of it is. The connection is the migrator's; its settings are changed.
    ///
    /// # Errors
    /// [`AuditError`]; also where the log isn't as it was sealed.
    pub async fn write(&self, connection: &mut PgConnection, file: &Path) -> Result<Exported, AuditError> {
        session::prepare(connection).await?;
        let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let from = time(&mut transaction, self.from.as_deref()).await?;
        let to = time(&mut transaction, self.to.as_deref()).await?;
        let header = Header { format: FORMAT, tenant: self.tenant.as_uuid(), from, to };
        let mut writing = Writing::begin(file)?;
        writing.line(&Line::Header(header))?;
        let mut retained = None;
        // One from before anything was sealed is unsigned, and proves nothing.
        let signed = |retention: &Retention| retention.signature().is_some();
        for retention in Retention::all(&mut transaction).await?.into_iter().filter(signed) {
            retained = retained.max(Some(retention.before));
            writing.line(&Line::Retention(retention))?;
        }
        batches(&mut transaction, &header, retained, &mut writing).await?;
        unsealed(&mut transaction, &header, &mut writing).await?;
        // It only read.
        drop(transaction.rollback().await);
        let counts = writing.finish()?;
        Ok(Exported { entries: counts.entries, unsealed: counts.unsealed })
    }
}

async fn time(connection: &mut PgConnection, text: Option<&str>) -> Result<Option<Moment>, AuditError> {
    let Some(text) = text else { return Ok(None) };
    let query = "SELECT CAST(extract(epoch FROM CAST($1 AS timestamptz)) * 1000000 AS bigint)";
    let time = sqlx::query_scalar(query).bind(text).persistent(false).fetch_one(connection).await;
    time.map(Some).map_err(|error| match error {
        sqlx::Error::Database(_) => AuditError::Time { text: text.chars().take(64).collect() },
        other => other.into(),
    })
}

async fn batches(
    connection: &mut PgConnection,
    header: &Header,
    retained: Option<Moment>,
    writing: &mut Writing,
) -> Result<(), AuditError> {
    let mut seal: Option<SealBatches> = None;
    let mut after = 0_i64;
    let query = format!(
        "SELECT {} FROM tenancy.access_log_batches WHERE organization_id = $1 AND batch > $2 ORDER BY batch LIMIT 1",
        Batch::COLUMNS
    );
    loop {
        let next = sqlx::query_as(AssertSqlSafe(query.clone())).bind(header.tenant).bind(after).persistent(false);
        let Some(batch): Option<Batch> = next.fetch_optional(&mut *connection).await? else { return Ok(()) };
        after = batch.batch;
        let damaged =
            |what: &str| AuditError::Damaged { what: format!("{what} of batch {after} of {}", batch.chain()) };
        let leaves = Leaf::read_all(&batch.leaves).ok_or_else(|| damaged("the leaves"))?;
        let wanted: Vec<_> = leaves.iter().zip(batch.first..).filter(|(leaf, _)| header.covers(leaf.at)).collect();
        if wanted.is_empty() {
            continue;
        }
        if seal.as_ref().is_none_or(|known| known.seal.number() != batch.seal) {
            let known = SealBatches::of(connection, batch.seal).await?.ok_or_else(|| damaged("the seal"))?;
            writing.line(&Line::Seal(known.seal.clone()))?;
            writing.counts.seals += 1;
            seal = Some(known);
        }
        let known = seal.as_ref().ok_or_else(|| damaged("the seal"))?;
        let index = known.places.get(&(batch.organization_id, batch.batch)).copied();
        let index = index.ok_or_else(|| damaged("the seal"))?;
        let proof = merkle::path(&known.leaves, index).iter().map(hex::encode).collect();
        let chain = batch.chain();
        let mut missing: HashMap<_, _> =
            wanted.iter().map(|(leaf, number)| ((leaf.entry, leaf.at), (*number, leaf.hash))).collect();
        writing.line(&Line::Batch(BatchLine::new(batch.clone(), index as u64, proof)))?;
        writing.counts.batches += 1;
        let times = || wanted.iter().filter_map(|(leaf, _)| leaf.at.timestamp());
        if let Some((from, to)) = times().min().zip(times().max()) {
            let mut rows = Row::between(chain, from, to).fetch(&mut *connection);
            while let Some(row) = rows.try_next().await? {
                let Some((number, hash)) = missing.remove(&(row.entry.entry, row.entry.at)) else { continue };
                if row.entry.hash() != hash || row.values() == Values::Wrong {
                    let what = format!("entry {} (number {number}) of {chain} was changed", row.entry.entry);
                    return Err(AuditError::Damaged { what });
                }
                writing.counts.values += u64::from(row.values() == Values::There);
                writing.counts.entries += 1;
                writing.line(&Line::Entry(EntryLine::new(row, Some(number))))?;
            }
        }
        missing.retain(|(_, at), _| retained.is_none_or(|before| *at >= before));
        if let Some(((entry, _), (number, _))) = missing.iter().next() {
            return Err(AuditError::Damaged { what: format!("entry {entry} (number {number}) of {chain} is gone") });
        }
    }
}

async fn unsealed(connection: &mut PgConnection, header: &Header, writing: &mut Writing) -> Result<(), AuditError> {
    let last = Seal::last(connection).await?;
    let (horizon, restored) = last.map_or((0, 0), |seal| (seal.horizon, seal.restored));
    let (chain, mut rows) =
        (Chain(header.tenant), Row::unsealed(Chain(header.tenant), horizon, restored).fetch(connection));
    while let Some(row) = rows.try_next().await? {
        if !header.covers(row.entry.at) {
            continue;
        }
        if row.values() == Values::Wrong {
            let what = format!("the values of entry {} of {chain} were changed", row.entry.entry);
            return Err(AuditError::Damaged { what });
        }
        writing.counts.values += u64::from(row.values() == Values::There);
        writing.counts.unsealed += 1;
        writing.line(&Line::Entry(EntryLine::new(row, None)))?;
    }
    Ok(())
}

impl SealBatches {
    async fn of(connection: &mut PgConnection, seal: i64) -> Result<Option<Self>, AuditError> {
        let query = format!("SELECT {} FROM tenancy.access_log_seals WHERE seal = $1", Seal::COLUMNS);
        let query = sqlx::query_as(AssertSqlSafe(query)).bind(seal).persistent(false);
        let Some(found): Option<Seal> = query.fetch_optional(&mut *connection).await? else { return Ok(None) };
        let query = "SELECT organization_id, batch, hash FROM tenancy.access_log_batches WHERE seal = $1
                     ORDER BY organization_id, batch";
        let query = sqlx::query_as::<_, (Uuid, i64, Vec<u8>)>(query).bind(seal).persistent(false);
        let (mut leaves, mut places) = (Vec::new(), HashMap::new());
        for (organization, batch, hash) in query.fetch_all(connection).await? {
            places.insert((organization, batch), leaves.len());
            leaves.push(leaf_of_seal(&hash));
        }
        Ok(Some(Self { seal: found, leaves, places }))
    }
}
