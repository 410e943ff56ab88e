//! Whoever has the rows sends them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tenant_core::{OrganizationStatus, TenantId};
use tokio::sync::mpsc;

use super::error::ArchiveError;
use super::event::{ArchiveEvent, ArchiveObserver};
use super::frame::{CHUNK, Frame};
use super::head::{Head, Origin, Table, Tail};
use super::mask::{self, Mask};
use crate::catalog::{CatalogEditor, DeployUrls, OrganizationRecord, TenantName};
use crate::holdings::Holdings;
use crate::migrator::TenantMigrator;
use crate::site::Site;
use crate::template::literal;
use crate::transfer::tally::{Tally, Tallying};
use crate::transfer::tuples::Tuples;

/// How often is said how far it is.
const TELLS: Duration = Duration::from_secs(1);

/// The snapshot's time and the server's version.
const LOOK: &str = "SELECT pg_catalog.to_char(pg_catalog.transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
    pg_catalog.current_setting('server_version')";

/// An organisation whose rows are to be read.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) site: Site,
    pub(super) organization: OrganizationRecord,
    pub(super) holdings: Holdings,
    masks: Vec<Mask>,
}

impl Outlet {
    /// Looks whether it can be read.
    pub(super) async fn find(
        migrator: &TenantMigrator,
        catalog: &mut CatalogEditor,
        urls: &DeployUrls,
        tenant: &TenantName,
        masks: &[Mask],
    ) -> Result<Self, ArchiveError> {
        let organization = catalog.organization(tenant).await?;
        let (tenant, status) = (organization.id, organization.status);
        if status == OrganizationStatus::Provisioning {
            let repair = "it has no rows before it is completed (`migrate tenant create`)";
            return Err(ArchiveError::Status { tenant, status, repair });
        }
        let site = Site::find(migrator, catalog, urls, &organization.placement).await?;
        let mut connection = site.open().await?;
        let holdings = site.holdings(&mut connection).await?;
        mask::check(&mut connection, masks, &holdings).await?;
        Ok(Self { site, organization, holdings, masks: masks.to_vec() })
    }

    /// Takes a snapshot of what it has, while it works on.
    pub(super) async fn snapshot(&self, catalog: &mut CatalogEditor) -> Result<Snapshot<'_>, ArchiveError> {
        let failed = |error| self.site.failed(error);
        let mut connection = self.site.open().await?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        sqlx::raw_sql(begin).execute(&mut connection).await.map_err(failed)?;
        let look = sqlx::query_as(LOOK).persistent(false).fetch_one(&mut connection).await;
        let (exported_at, server_version): (String, String) = look.map_err(failed)?;
        // Once it has moved away, its rows are removed here: the snapshot has them all only if it lived here afterwards still.
        let now = catalog.organization(&TenantName::Id(self.organization.id)).await?;
        if now.placement != self.organization.placement {
            let OrganizationRecord { id: tenant, status, placement, .. } = now;
            return Err(ArchiveError::Changed { tenant, status, placement });
        }
        let organization = Origin {
            id: now.id,
            name: now.name,
            tier: now.tier.as_str().to_owned(),
            placement: now.placement.to_string(),
        };
        let masked = self.masks.iter().map(Mask::place).collect();
        let tables = self.holdings.iter().map(Table::of).collect();
        let head = Head { organization, exported_at, server_version, masked, tables };
        Ok(Snapshot { outlet: self, connection, head })
    }
}

/// What an organisation had at one moment.
#[derive(Debug)]
pub(super) struct Snapshot<'a> {
    outlet: &'a Outlet,
    connection: PgConnection,
    head: Head,
}

impl Snapshot<'_> {
    /// Sends all.
    pub(super) async fn send(
        mut self,
        frames: mpsc::Sender<Frame>,
        observer: &Arc<dyn ArchiveObserver>,
    ) -> Result<(Head, Tail), ArchiveError> {
        let send = async |frame| frames.send(frame).await.map_err(|_| ArchiveError::Ended);
        send(Frame::Head(Box::new(self.head.clone()))).await?;
        let mut tables = Vec::with_capacity(self.head.tables.len());
        for number in 0..self.head.tables.len() {
            send(Frame::Table(number)).await?;
            tables.push(self.table(number, &frames, observer).await?);
        }
        let tail = Tail { tables };
        send(Frame::Tail(tail.clone())).await?;
        Ok((self.head, tail))
    }

    async fn table(
        &mut self,
        number: usize,
        frames: &mpsc::Sender<Frame>,
        observer: &Arc<dyn ArchiveObserver>,
    ) -> Result<Tally, ArchiveError> {
        let (outlet, table) = (self.outlet, &self.head.tables[number]);
        let failed = |error| outlet.site.failed(error);
        let Some(holding) = outlet.holdings.find(&table.qualified()) else { return Ok(Tally::default()) };
        let columns = holding.columns.iter().filter(|column| column.name != holding.tenant);
        let columns: Vec<String> = columns.map(|column| mask::read(&outlet.masks, holding, column)).collect();
        let whose = whose(table, outlet.organization.id);
        let expected = guess(&mut self.connection, &whose).await.map_err(failed)?;
        let copy = format!("COPY (SELECT {} {whose}) TO STDOUT (FORMAT {})", columns.join(", "), table.format.word());
        let mut told = Teller::new(table.qualified().to_string(), expected, observer);
        let (mut tuples, mut tallying) = (Tuples::new(table.format, table.columns.len()), Tallying::default());
        let mut rows = self.connection.copy_out_raw(&copy).await.map_err(failed)?;
        let mut chunk: Vec<u8> = Vec::with_capacity(CHUNK);
        while let Some(bytes) = rows.try_next().await.map_err(failed)? {
            tuples.feed(&bytes, &mut |part| tallying.add(part)).map_err(|error| malformed(table, &error))?;
            for piece in bytes.chunks(CHUNK) {
                if chunk.len() + piece.len() > CHUNK {
                    let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK));
                    frames.send(Frame::Rows(full)).await.map_err(|_| ArchiveError::Ended)?;
                    told.now_and_then(&tallying);
                }
                chunk.extend_from_slice(piece);
            }
        }
        if !chunk.is_empty() {
            frames.send(Frame::Rows(chunk)).await.map_err(|_| ArchiveError::Ended)?;
        }
        tuples.end().map_err(|error| malformed(table, &error))?;
        told.end(&tallying);
        Ok(tallying.end())
    }
}

/// `FROM` and `WHERE` of the tenant's rows of a table.
pub(super) fn whose(table: &Table, tenant: TenantId) -> String {
    let column = crate::ident::Ident::live(&table.tenant);
    format!("FROM {} WHERE {column} = {}", table.qualified(), literal(&tenant.to_string()))
}

pub(super) fn malformed(table: &Table, error: &impl ToString) -> ArchiveError {
    ArchiveError::Rows { table: table.qualified().to_string(), reason: error.to_string() }
}

/// How many rows the planner expects.
async fn guess(connection: &mut PgConnection, whose: &str) -> Result<u64, sqlx::Error> {
    let explain = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN SELECT {whose}"))).persistent(false);
    let plan: Vec<String> = explain.fetch_all(connection).await?;
    let rows = plan.first().and_then(|line| line.split_once("rows="));
    Ok(rows.and_then(|(_, rest)| rest.split(' ').next()?.parse().ok()).unwrap_or_default())
}

/// Says how far a table is.
pub(super) struct Teller<'a> {
    table: String,
    expected: u64,
    since: Instant,
    told: Instant,
    observer: &'a Arc<dyn ArchiveObserver>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(table: String, expected: u64, observer: &'a Arc<dyn ArchiveObserver>) -> Self {
        let now = Instant::now();
        Self { table, expected, since: now, told: now, observer }
    }

    pub(super) fn now_and_then(&mut self, tallying: &Tallying) {
        if self.told.elapsed() < TELLS {
            return;
        }
        self.told = Instant::now();
        let (rows, expected, spent) = (tallying.rows(), self.expected, self.since.elapsed().as_secs_f64());
        let left = (expected.saturating_sub(rows)) as f64 * spent / rows.max(1) as f64;
        let left_s = (rows > 0 && expected > rows).then_some(left as u64);
        let (table, bytes, rate) = (self.table.clone(), tallying.bytes(), self.rate(tallying));
        self.observer.notice(&ArchiveEvent::Copying { table, rows, expected, bytes, rate, left_s });
    }

    pub(super) fn end(&self, tallying: &Tallying) {
        let (rows, bytes, rate) = (tallying.rows(), tallying.bytes(), self.rate(tallying));
        self.observer.notice(&ArchiveEvent::Copied { table: self.table.clone(), rows, bytes, rate });
    }

    fn rate(&self, tallying: &Tallying) -> u64 {
        (tallying.bytes() as f64 / self.since.elapsed().as_secs_f64().max(0.001)) as u64
    }
}
