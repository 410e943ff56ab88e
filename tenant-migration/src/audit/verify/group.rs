//! Leaves, compared with the log's rows.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use sea_orm::prelude::{DateTimeUtc, Uuid};
use sqlx::postgres::PgConnection;

use super::batches::{Ground, There};
use super::finding::{Finding, FindingKind};
use super::findings::Findings;
use super::report::Checked;
use crate::audit::chain::Chain;
use crate::audit::erasures::Erasures;
use crate::audit::error::AuditError;
use crate::audit::leaf::Leaf;
use crate::audit::moment::Moment;
use crate::audit::rows::{Row, Values};

/// A leaf and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered {
    pub(super) leaf: Leaf,
    pub(super) number: i64,
    pub(super) batch: i64,
    pub(super) seal: i64,
    /// Whether its batch's leaves give its root.
    pub(super) is_whole: bool,
}

/// Leaves of one chain: of a batch, or of several small ones that follow each other.
#[derive(Debug, Default)]
pub(super) struct Group {
    chain: Chain,
    leaves: Vec<Numbered>,
}

impl Group {
    pub(super) const fn of(chain: Chain) -> Self {
        Self { chain, leaves: Vec::new() }
    }

    pub(super) const fn chain(&self) -> Chain {
        self.chain
    }

    pub(super) const fn len(&self) -> usize {
        self.leaves.len()
    }

    pub(super) fn extend(&mut self, leaves: Vec<Numbered>) {
        self.leaves.extend(leaves);
    }

    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    fn finding(&self, kind: FindingKind, numbered: &Numbered, detail: impl Into<String>) -> Finding {
        Finding::of_leaf(kind, self.chain, &numbered.leaf, numbered.number, numbered.batch, detail)
    }

    /// Compares them with the rows.
    pub(super) async fn compare(
        self,
        connection: &mut PgConnection,
        ground: &Ground,
        erasures: &Erasures,
        there: &mut There,
        findings: &mut Findings,
        checked: &mut Checked,
    ) -> Result<(), AuditError> {
        let Some((from, to)) = self.times() else { return Ok(()) };
        let mut places = HashMap::with_capacity(self.leaves.len());
        for (place, numbered) in self.leaves.iter().enumerate() {
            if let Some(other) = places.insert((numbered.leaf.entry, numbered.leaf.at), place) {
                let other = self.leaves[other].number;
                findings.add(self.finding(
                    FindingKind::BatchChanged,
                    numbered,
                    format!("it is sealed as number {other} too"),
                ));
            }
        }
        // By the leaf's place: the transaction that its row is of.
        let mut transactions: Vec<Option<i64>> = vec![None; self.leaves.len()];
        let mut sealed = 0;
        {
            let mut rows = Row::between(self.chain, from, to).fetch(&mut *connection);
            while let Some(row) = rows.try_next().await? {
                let Some(&place) = places.get(&(row.entry.entry, row.entry.at)) else { continue };
                let numbered = &self.leaves[place];
                sealed += i64::from(row.entry.transaction < ground.horizon || row.entry.entry <= ground.restored);
                if transactions[place].replace(row.entry.transaction).is_some() {
                    findings.add(self.finding(
                        FindingKind::EntryDuplicated,
                        numbered,
                        "it is in the log more than once",
                    ));
                    continue;
                }
                checked.entries += 1;
                self.inspect(numbered, &row, ground, erasures, findings, checked);
            }
        }
        *there.rows.entry(self.chain).or_default() += sealed;
        self.inspect_order(&transactions, findings);
        let is_retained = |at: Moment| ground.retained.is_some_and(|before| at < before);
        let missing = self.leaves.iter().zip(&transactions).filter(|(_, transaction)| transaction.is_none());
        let (retained, missing): (Vec<_>, Vec<_>) =
            missing.map(|(leaf, _)| leaf).partition(|leaf| is_retained(leaf.leaf.at));
        checked.retained += retained.len() as u64;
        self.find(connection, &missing, there, findings).await
    }

    /// Between the first and the last of its times that a database can have.
    fn times(&self) -> Option<(DateTimeUtc, DateTimeUtc)> {
        let times = || self.leaves.iter().filter_map(|numbered| numbered.leaf.at.timestamp());
        // With none, all of them are missing; still they are looked for.
        let any = (!self.leaves.is_empty()).then(|| (DateTimeUtc::default(), DateTimeUtc::default()));
        times().min().zip(times().max()).or(any)
    }

    /// Compares an entry with its leaf.
    fn inspect(
        &self,
        numbered: &Numbered,
        row: &Row,
        ground: &Ground,
        erasures: &Erasures,
        findings: &mut Findings,
        checked: &mut Checked,
    ) {
        let hash = row.entry.hash();
        let is_stored = row.hash.as_deref() == Some(&numbered.leaf.hash);
        let changed = match (hash == numbered.leaf.hash, is_stored) {
            (true, true) => None,
            (true, false) => Some("its stored hash was changed"),
            (false, true) => Some("what it says was changed, and its stored hash was kept"),
            (false, false) if numbered.is_whole => Some("what it says was changed"),
            (false, false) => Some("what it says or its leaf was changed"),
        };
        if let Some(detail) = changed {
            findings.add(self.finding(FindingKind::EntryChanged, numbered, detail));
        }
        match row.values() {
            Values::None => {}
            Values::There => checked.values += 1,
            Values::Gone if erasures.have(self.chain, row.entry.entry) => checked.erased += 1,
            Values::Gone if ground.retained.is_some_and(|before| row.entry.at < before) => checked.erased += 1,
            Values::Gone => {
                let detail = "what its rows held is gone, and no erasure names it";
                findings.add(self.finding(FindingKind::ValuesRemoved, numbered, detail));
            }
            Values::Wrong => {
                let detail = "what its rows held is not what it commits to";
                findings.add(self.finding(FindingKind::ValuesChanged, numbered, detail));
            }
        }
    }

    /// Names the first leaf that stands before an earlier one of its run, where a batch is not whole.
    fn inspect_order(&self, transactions: &[Option<i64>], findings: &mut Findings) {
        let known =
            self.leaves.iter().zip(transactions).filter_map(|(leaf, transaction)| Some((leaf, (*transaction)?)));
        let known: Vec<_> = known.collect();
        let is_out_of_order = |pair: &&[(&Numbered, i64)]| match pair {
            [(first, before), (second, after)] => {
                first.seal == second.seal && !second.is_whole && (before, first.leaf.entry) > (after, second.leaf.entry)
            }
            _ => false,
        };
        if let Some([(first, _), (second, _)]) = known.windows(2).find(is_out_of_order) {
            let detail = format!("it was written after number {} (entry {})", second.number, second.leaf.entry);
            findings.add(self.finding(FindingKind::LeavesReordered, first, detail));
        }
    }

    /// Says where entries are that are not where they were.
    async fn find(
        &self,
        connection: &mut PgConnection,
        missing: &[&Numbered],
        there: &mut There,
        findings: &mut Findings,
    ) -> Result<(), AuditError> {
        let mut elsewhere = HashMap::new();
        if !missing.is_empty() && !findings.is_full() {
            let query = "SELECT entry, CAST(extract(epoch FROM at) * 1000000 AS bigint) AS at, organization_id
                         FROM tenancy.access_log WHERE entry = ANY($1)";
            let entries: Vec<i64> = missing.iter().map(|numbered| numbered.leaf.entry).collect();
            let query = sqlx::query_as::<_, (i64, Moment, Option<Uuid>)>(query).bind(entries).persistent(false);
            let mut rows = query.fetch(connection);
            while let Some((entry, at, organization)) = rows.try_next().await? {
                elsewhere.insert(entry, (at, Chain::of(organization)));
            }
        }
        for numbered in missing {
            let entry = numbered.leaf.entry;
            let finding = match elsewhere.get(&entry) {
                Some((_, chain)) if *chain != self.chain => {
                    self.finding(FindingKind::EntryMoved, numbered, format!("it is one of {chain} now"))
                }
                Some((at, _)) => self.finding(FindingKind::EntryChanged, numbered, format!("its time is {at} now")),
                None => self.finding(FindingKind::EntryRemoved, numbered, "it is not in the log"),
            };
            if elsewhere.contains_key(&entry) {
                there.moved.push(entry);
            }
            findings.add(finding);
        }
        Ok(())
    }
}
