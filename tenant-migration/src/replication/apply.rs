//! Doing at the target what the source's log says.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Postgres, Transaction};
use tenant_core::TenantId;

use super::arrival;
use super::fold::{Fold, Key};
use super::message::{Message, Relation, Tuple, Value};
use super::noted::Noted;
use super::parse::{ParseError, parse};
use super::publication::StreamName;
use super::slot::{self, Position};
use super::snapshot::Snapshot;
use super::table::Table;
use crate::holdings::Holdings;

/// How many changes the server prints at once; a transaction with more is printed whole.
const LIMIT: i32 = 50_000;

/// Follows one organisation's log.
#[derive(Debug)]
pub(crate) struct Follower {
    name: StreamName,
    tenant: TenantId,
    /// What the copied rows were read with: what it saw is there.
    snapshot: Snapshot,
    /// By the source's numbers.
    tables: HashMap<u32, Table>,
    holdings: Holdings,
    /// Up to where the log was applied.
    applied: Position,
    /// The rows that changed since somebody began to look.
    pub(crate) noted: Noted,
}

/// What one reading of the log brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Round {
    pub(crate) transactions: u64,
    pub(crate) changes: u64,
}

/// Why the log could not be applied.
#[derive(Debug)]
pub(crate) enum FollowError {
    Source(sqlx::Error),
    Target(sqlx::Error),
    Unreadable(ParseError),
    /// It says something that can't be of this organisation, or doesn't fit the rows that the target has.
    Wrong {
        table: String,
        key: String,
        found: &'static str,
    },
}

impl From<ParseError> for FollowError {
    fn from(error: ParseError) -> Self {
        Self::Unreadable(error)
    }
}

impl Follower {
    pub(crate) fn new(
        name: StreamName,
        tenant: TenantId,
        snapshot: Snapshot,
        holdings: Holdings,
        applied: Position,
    ) -> Self {
        Self { name, tenant, snapshot, tables: HashMap::new(), holdings, applied, noted: Noted::default() }
    }

    /// Applies all that the log has up to `until`.
    pub(crate) async fn follow(
        &mut self,
        source: &mut PgConnection,
        target: &mut PgConnection,
        until: Position,
    ) -> Result<Round, FollowError> {
        let mut all = Round::default();
        loop {
            let round = self.round(source, target, until).await?;
            let to = if round.transactions == 0 { until } else { self.applied };
            slot::advance(source, &self.name, to).await.map_err(FollowError::Source)?;
            all.transactions += round.transactions;
            all.changes += round.changes;
            if round.transactions == 0 {
                return Ok(all);
            }
        }
    }

    /// Applies what the log prints at once. Where it fails, the target has whole transactions up to where it says, and the session at the
    /// source is of no more use.
    async fn round(
        &mut self,
        source: &mut PgConnection,
        target: &mut PgConnection,
        until: Position,
    ) -> Result<Round, FollowError> {
        let (mut round, mut skips, mut fold) = (Round::default(), false, Fold::default());
        let (name, applied) = (self.name.clone(), self.applied);
        let mut log = slot::peek(source, &name, until, LIMIT);
        let mut transaction = begin(target).await?;
        while let Some(data) = log.try_next().await.map_err(FollowError::Source)? {
            match parse(&data)? {
                Message::Begin { commit, xid } => skips = self.snapshot.has_seen(xid) || commit < applied.0,
                Message::Commit { end } => {
                    self.applied = self.applied.max(Position(end));
                    round.transactions += 1;
                    if fold.is_full() {
                        self.commit(transaction, &mut fold).await?;
                        transaction = begin(target).await?;
                    }
                }
                Message::Relation(relation) => self.learn(&relation)?,
                Message::Other => {}
                _ if skips => {}
                change => {
                    round.changes += 1;
                    if fold.is_full() {
                        self.apply(&mut transaction, &mut fold).await?;
                    }
                    self.change(&mut transaction, &mut fold, change).await?;
                }
            }
        }
        drop(log);
        if round.transactions > 0 {
            self.commit(transaction, &mut fold).await?;
        }
        Ok(round)
    }

    fn learn(&mut self, relation: &Relation) -> Result<(), FollowError> {
        let table = Table::find(&self.holdings, relation)?;
        self.tables.insert(relation.id, table);
        Ok(())
    }

    async fn change(&mut self, target: &mut PgConnection, fold: &mut Fold, change: Message) -> Result<(), FollowError> {
        match change {
            Message::Insert { relation, new } => {
                let table = table(&self.tables, relation)?;
                table.check(&new, self.tenant)?;
                let key = table.key_of(&new)?;
                self.noted.note(table.holding(), key.clone());
                fold.insert(relation, key, new);
            }
            Message::Update { relation, old, mut new } => {
                let table = table(&self.tables, relation)?;
                table.check(&new, self.tenant)?;
                let (before, after) = (table.key_of(old.as_ref().unwrap_or(&new))?, table.key_of(&new)?);
                if fold.complete(relation, &before, &mut new) {
                    fold.delete(relation, before.clone());
                    fold.insert(relation, after.clone(), new);
                } else {
                    self.apply(target, fold).await?;
                    update(target, table, &before, &new).await?;
                }
                self.noted.note(table.holding(), before);
                self.noted.note(table.holding(), after);
            }
            Message::Delete { relation, old } => {
                let table = table(&self.tables, relation)?;
                let key = table.key_of(&old)?;
                self.noted.note(table.holding(), key.clone());
                fold.delete(relation, key);
            }
            Message::Truncate { relations } => {
                self.apply(target, fold).await?;
                for relation in relations {
                    let table = table(&self.tables, relation)?;
                    let clear = sqlx::query(AssertSqlSafe(table.clearing())).bind(self.tenant.to_string());
                    clear.execute(&mut *target).await.map_err(FollowError::Target)?;
                }
                self.noted.lose_count();
            }
            _ => {}
        }
        Ok(())
    }

    /// Does what was folded, in the open transaction.
    async fn apply(&self, target: &mut PgConnection, fold: &mut Fold) -> Result<(), FollowError> {
        let outcomes = fold.take();
        for outcome in &outcomes {
            if !outcome.gone.is_empty() {
                remove(target, table(&self.tables, outcome.relation)?, &outcome.gone).await?;
            }
        }
        for outcome in &outcomes {
            if !outcome.come.is_empty() {
                let table = table(&self.tables, outcome.relation)?;
                let mut query = sqlx::query(AssertSqlSafe(table.insertion()));
                for column in 0..table.width() {
                    let values: Vec<Option<&str>> = outcome.come.iter().map(|row| text(row.get(column))).collect();
                    query = query.bind(values);
                }
                query.execute(&mut *target).await.map_err(FollowError::Target)?;
            }
        }
        Ok(())
    }

    /// Does what was folded, and records up to where the log is there; both or neither.
    async fn commit(&self, mut transaction: Transaction<'_, Postgres>, fold: &mut Fold) -> Result<(), FollowError> {
        self.apply(&mut transaction, fold).await?;
        arrival::reach(&mut transaction, self.tenant, self.applied).await.map_err(FollowError::Target)?;
        transaction.commit().await.map_err(FollowError::Target)
    }
}

/// What is unique must be so in the end, as where it comes from.
async fn begin(target: &mut PgConnection) -> Result<Transaction<'_, Postgres>, FollowError> {
    let mut transaction = target.begin().await.map_err(FollowError::Target)?;
    let deferred = sqlx::raw_sql("SET CONSTRAINTS ALL DEFERRED").execute(&mut *transaction).await;
    deferred.map_err(FollowError::Target)?;
    Ok(transaction)
}

/// Removes rows, each of which must be there.
async fn remove(target: &mut PgConnection, table: &Table, keys: &[Key]) -> Result<(), FollowError> {
    let mut query = sqlx::query_scalar(AssertSqlSafe(table.deletion()));
    for place in 0..keys.first().map_or(0, Vec::len) {
        let values: Vec<&str> = keys.iter().filter_map(|key| key.get(place).map(String::as_str)).collect();
        query = query.bind(values);
    }
    let missing: Option<Vec<String>> = query.fetch_optional(target).await.map_err(FollowError::Target)?;
    missing.map_or(Ok(()), |key| Err(table.wrong(&key, "the target doesn't have it")))
}

/// Changes a row of which the log doesn't print all.
async fn update(target: &mut PgConnection, table: &Table, key: &Key, new: &Tuple) -> Result<(), FollowError> {
    let mut query = sqlx::query(AssertSqlSafe(table.update(new)));
    for value in new.iter().filter(|value| **value != Value::Unchanged) {
        query = query.bind(text(Some(value)));
    }
    for value in key {
        query = query.bind(value.as_str());
    }
    match query.execute(target).await.map_err(FollowError::Target)?.rows_affected() {
        1 => Ok(()),
        _ => Err(table.wrong(key, "the target doesn't have it")),
    }
}

fn table(tables: &HashMap<u32, Table>, relation: u32) -> Result<&Table, FollowError> {
    tables.get(&relation).ok_or_else(|| FollowError::Wrong {
        table: format!("number {relation}"),
        key: String::new(),
        found: "the log didn't say which table it is",
    })
}

fn text(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}
