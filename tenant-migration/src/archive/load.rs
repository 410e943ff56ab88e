//! Whoever takes the rows writes them, in one transaction.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnection, PgCopyIn};
use tenant_core::TenantId;
use tokio::sync::mpsc;

use super::error::ArchiveError;
use super::event::{ArchiveEvent, ArchiveObserver};
use super::frame::{CHUNK, Frame};
use super::head::{Head, Table, Tail};
use super::outlet::{Teller, malformed, whose};
use crate::holdings::Holdings;
use crate::ident::Ident;
use crate::site::Site;
use crate::transfer::references::{self, Dangling};
use crate::transfer::tally::{Tally, Tallying};
use crate::transfer::tuples::{Format, HEADER, Part, TRAILER, Tuples};
use crate::transfer::{removal, sequences};

/// Rows on their way into a placement.
pub(super) struct Load<'a> {
    pub(super) site: &'a Site,
    pub(super) there: &'a Holdings,
    pub(super) tenant: TenantId,
    /// Whether what it has there goes first.
    pub(super) replaces: bool,
    /// How many rows each table may have, where that is known.
    pub(super) expected: &'a [Tally],
    pub(super) observer: &'a Arc<dyn ArchiveObserver>,
}

impl Load<'_> {
    /// Writes all, and looks at it again. The transaction is open still; without its end nothing was done.
    pub(super) async fn run(&self, mut frames: mpsc::Receiver<Frame>) -> Result<PgConnection, ArchiveError> {
        let failed = |error| self.site.failed(error);
        let mut connection = self.site.open().await?;
        sqlx::raw_sql("BEGIN").execute(&mut connection).await.map_err(failed)?;
        if self.replaces {
            for holding in self.there.iter().rev() {
                let rows = removal::empty(&mut connection, holding, self.tenant).await.map_err(failed)?;
                if rows > 0 {
                    self.observer.notice(&ArchiveEvent::Removed { table: holding.name.to_string(), rows });
                }
            }
        }
        let (head, tail) = self.write(&mut connection, &mut frames).await?;
        let found = references::dangling(&mut connection, self.there, self.tenant, references::all).await;
        if let Some(Dangling { table, constraint, parent, rows }) = found.map_err(failed)? {
            let placement = self.site.name().clone();
            return Err(ArchiveError::Dangling { placement, table, constraint, parent, rows });
        }
        self.compare(&mut connection, &head, &tail).await?;
        // At the end: until the transaction's, nobody else counts.
        for holding in self.there.iter() {
            sequences::cover(&mut connection, holding, self.tenant).await.map_err(failed)?;
        }
        Ok(connection)
    }

    async fn write(
        &self,
        connection: &mut PgConnection,
        frames: &mut mpsc::Receiver<Frame>,
    ) -> Result<(Head, Tail), ArchiveError> {
        let failed = |error| self.site.failed(error);
        let Some(Frame::Head(head)) = frames.recv().await else { return Err(ArchiveError::Ended) };
        let mut next = frames.recv().await;
        while let Some(Frame::Table(number)) = next {
            let Some(table) = head.tables.get(number) else { return Err(ArchiveError::Ended) };
            let (mut tallying, mut rows) = (Tallying::default(), Rows::new(table, self.tenant));
            let expected = self.expected.get(number).map_or(0, |tally| tally.rows);
            let mut told = Teller::new(table.qualified().to_string(), expected, self.observer);
            let mut sink = connection.copy_in_raw(&rows.statement(table)).await.map_err(failed)?;
            loop {
                next = frames.recv().await;
                let Some(Frame::Rows(piece)) = &next else { break };
                rows.take(piece, &mut tallying).map_err(|error| malformed(table, &error))?;
                self.send(&mut sink, &mut rows).await?;
                told.now_and_then(&tallying);
            }
            if next.is_none() {
                return Err(ArchiveError::Ended);
            }
            rows.end().map_err(|error| malformed(table, &error))?;
            self.send(&mut sink, &mut rows).await?;
            sink.finish().await.map_err(failed)?;
            told.end(&tallying);
        }
        match next {
            Some(Frame::Tail(tail)) => Ok((*head, tail)),
            _ => Err(ArchiveError::Ended),
        }
    }

    async fn send(&self, sink: &mut PgCopyIn<&mut PgConnection>, rows: &mut Rows) -> Result<(), ArchiveError> {
        sink.send(&rows.out[..]).await.map_err(|error| self.site.failed(error))?;
        rows.out.clear();
        rows.out.shrink_to(2 * CHUNK);
        Ok(())
    }

    /// Reads what was written, and refuses it if it is not what was sent. Rows that others wrote meanwhile are among it.
    async fn compare(&self, connection: &mut PgConnection, head: &Head, tail: &Tail) -> Result<(), ArchiveError> {
        let failed = |error| self.site.failed(error);
        let mut all = 0;
        for (table, expected) in head.tables.iter().zip(&tail.tables) {
            let columns = table.names().collect::<Vec<_>>().join(", ");
            let (whose, format) = (whose(table, self.tenant), table.format.word());
            let copy = format!("COPY (SELECT {columns} {whose}) TO STDOUT (FORMAT {format})");
            let (mut tuples, mut tallying) = (Tuples::new(table.format, table.columns.len()), Tallying::default());
            let mut rows = connection.copy_out_raw(&copy).await.map_err(failed)?;
            while let Some(bytes) = rows.try_next().await.map_err(failed)? {
                tuples.feed(&bytes, &mut |part| tallying.add(part)).map_err(|error| malformed(table, &error))?;
            }
            let found = tallying.end();
            if found != *expected {
                return Err(ArchiveError::Different {
                    placement: self.site.name().clone(),
                    tenant: self.tenant,
                    table: table.qualified().to_string(),
                    expected: expected.rows,
                    found: found.rows,
                });
            }
            all += found.rows;
        }
        self.observer.notice(&ArchiveEvent::Compared { tables: head.tables.len(), rows: all });
        Ok(())
    }
}

/// Rows of a table that are given whose they are.
struct Rows {
    format: Format,
    tuples: Tuples,
    /// What is before the columns of each.
    first: Vec<u8>,
    out: Vec<u8>,
}

impl Rows {
    fn new(table: &Table, tenant: TenantId) -> Self {
        let (first, out) = match table.format {
            Format::Text => {
                let separator = if table.columns.is_empty() { "" } else { "\t" };
                (format!("{tenant}{separator}").into_bytes(), Vec::new())
            }
            Format::Binary => {
                let count = u16::try_from(table.columns.len() + 1).unwrap_or(u16::MAX).to_be_bytes();
                let id = tenant.as_uuid().into_bytes();
                let length = (id.len() as u32).to_be_bytes();
                ([&count[..], &length, &id].concat(), HEADER.to_vec())
            }
        };
        Self { format: table.format, tuples: Tuples::new(table.format, table.columns.len()), first, out }
    }

    fn statement(&self, table: &Table) -> String {
        let columns = [Ident::live(&table.tenant).to_string()].into_iter().chain(table.names());
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!("COPY {} ({columns}) FROM STDIN (FORMAT {})", table.qualified(), self.format.word())
    }

    fn take(&mut self, piece: &[u8], tallying: &mut Tallying) -> Result<(), crate::transfer::tuples::Malformed> {
        let (first, out, format) = (&self.first, &mut self.out, self.format);
        self.tuples.feed(piece, &mut |part| {
            tallying.add(part);
            match part {
                Part::Begin => out.extend_from_slice(first),
                Part::Bytes(bytes) => out.extend_from_slice(bytes),
                Part::End if format == Format::Text => out.push(b'\n'),
                Part::End => {}
            }
        })
    }

    fn end(&mut self) -> Result<(), crate::transfer::tuples::Malformed> {
        self.tuples.end()?;
        if self.format == Format::Binary {
            self.out.extend_from_slice(&TRAILER);
        }
        Ok(())
    }
}
