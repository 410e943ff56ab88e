//! The chain of seals, their signatures, and their trees over their batches.

use futures_util::TryStreamExt;
use sea_orm::prelude::Uuid;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use super::finding::{Finding, FindingKind};
use super::findings::Findings;
use super::report::Checked;
use crate::audit::anchor::Anchor;
use crate::audit::batch::leaf_of_seal;
use crate::audit::chain::Chain;
use crate::audit::error::AuditError;
use crate::audit::key::{PublicKeys, SignatureFault};
use crate::audit::merkle::Tree;
use crate::audit::seal::Seal;

/// So many seals are held at once.
const PAGE: i64 = 500;

/// So many batches of a seal are named.
const NAMED: usize = 5;

/// What the newest seal says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Last {
    pub(super) horizon: i64,
    pub(super) restored: i64,
}

/// A batch without its leaves.
#[derive(sqlx::FromRow)]
struct Head {
    organization_id: Uuid,
    batch: i64,
    seal: i64,
    hash: Vec<u8>,
    entries: i64,
}

/// What a seal has of batches.
#[derive(Default)]
struct Batches {
    tree: Tree,
    batches: i64,
    entries: i64,
    names: Vec<String>,
}

impl Batches {
    fn add(&mut self, head: &Head) {
        self.tree.push(leaf_of_seal(&head.hash));
        self.batches += 1;
        self.entries += head.entries;
        if self.names.len() < NAMED {
            self.names.push(format!("batch {} of {}", head.batch, Chain(head.organization_id)));
        }
    }

    fn named(&self) -> String {
        let more = if self.batches > NAMED as i64 { ", …" } else { "" };
        format!("{}{more}", self.names.join(", "))
    }
}

/// Checks all seals.
pub(super) async fn check(
    connection: &mut PgConnection,
    keys: &PublicKeys,
    findings: &mut Findings,
    checked: &mut Checked,
) -> Result<Last, AuditError> {
    let (mut last, mut previous) = (Last::default(), None::<Seal>);
    let columns = Seal::COLUMNS;
    let query = format!("SELECT {columns} FROM tenancy.access_log_seals WHERE seal > $1 ORDER BY seal LIMIT {PAGE}");
    loop {
        let after = previous.as_ref().map_or(i64::MIN, |seal| seal.seal);
        let page = sqlx::query_as(AssertSqlSafe(query.clone())).bind(after).persistent(false);
        let page: Vec<Seal> = page.fetch_all(&mut *connection).await?;
        let (Some(first), Some(end)) = (page.first(), page.last()) else { break };
        let query = "SELECT organization_id, batch, seal, hash, CAST(octet_length(leaves) / 48 AS bigint) AS entries
                     FROM tenancy.access_log_batches WHERE seal BETWEEN $1 AND $2 ORDER BY seal, organization_id, batch";
        let heads = sqlx::query_as::<_, Head>(query).bind(first.seal).bind(end.seal).persistent(false);
        let mut heads = heads.fetch(&mut *connection);
        let mut head = heads.try_next().await?;
        for seal in page {
            let mut batches = Batches::default();
            while let Some(next) = head.take_if(|head| head.seal <= seal.seal) {
                if next.seal == seal.seal {
                    batches.add(&next);
                } else {
                    findings.add(orphan(&next));
                }
                head = heads.try_next().await?;
            }
            inspect(&seal, previous.as_ref(), &batches, keys, findings);
            last = Last { horizon: seal.horizon, restored: seal.restored };
            checked.seals += 1;
            previous = Some(seal);
        }
    }
    orphans(connection, findings).await?;
    Ok(last)
}

fn inspect(seal: &Seal, previous: Option<&Seal>, batches: &Batches, keys: &PublicKeys, findings: &mut Findings) {
    let number = seal.seal;
    let mut add = |kind, detail: String| findings.add(Finding::of_seal(kind, number, detail));
    let expected = previous.map_or(1, |previous| previous.seal + 1);
    if number > expected {
        let until = number - 1;
        let which = if until == expected { format!("{until}") } else { format!("{expected} to {until}") };
        add(FindingKind::SealRemoved, format!("before it, seal {which} is gone"));
    } else if seal.previous != previous.map_or_else(Vec::new, |previous| previous.hash.clone()) {
        add(FindingKind::SealChanged, "it doesn't follow the seal before it".to_owned());
    }
    if seal.hash != seal.digest() {
        add(FindingKind::SealChanged, "what it says doesn't give its hash".to_owned());
    }
    match seal.check(keys) {
        Ok(()) => {}
        Err(SignatureFault::Key(error)) => add(FindingKind::UnknownKey, error.to_string()),
        Err(fault @ (SignatureFault::Wrong(_) | SignatureFault::Missing)) => {
            add(FindingKind::SealChanged, fault.to_string())
        }
    }
    if (seal.batches, seal.entries) != (batches.batches, batches.entries) {
        let sealed = format!("{} batches with {} entries were sealed", seal.batches, seal.entries);
        let there = format!("{} with {} are there ({})", batches.batches, batches.entries, batches.named());
        let kind = if batches.batches < seal.batches { FindingKind::BatchRemoved } else { FindingKind::BatchAdded };
        let kind = if batches.batches == seal.batches { FindingKind::BatchChanged } else { kind };
        add(kind, format!("{sealed}, {there}"));
    } else if seal.root != batches.tree.root() {
        add(FindingKind::BatchChanged, format!("its batches are not those that were sealed: {}", batches.named()));
    }
}

fn orphan(head: &Head) -> Finding {
    let detail = "there is no such seal";
    Finding::of_batch(FindingKind::BatchAdded, Chain(head.organization_id), head.batch, head.seal, detail)
}

/// Batches beyond all seals.
async fn orphans(connection: &mut PgConnection, findings: &mut Findings) -> Result<(), AuditError> {
    let query = "SELECT organization_id, batch, seal, hash, CAST(0 AS bigint) AS entries FROM tenancy.access_log_batches
                 WHERE seal > (SELECT coalesce(max(seal), 0) FROM tenancy.access_log_seals) ORDER BY seal, organization_id, batch";
    let mut heads = sqlx::query_as::<_, Head>(query).persistent(false).fetch(connection);
    while let Some(head) = heads.try_next().await? {
        findings.add(orphan(&head));
    }
    Ok(())
}

/// Compares the seals with those of an anchor.
pub(super) async fn compare(
    connection: &mut PgConnection,
    anchor: &Anchor,
    keys: &PublicKeys,
    findings: &mut Findings,
) -> Result<(), AuditError> {
    let mut lines = anchor.lines()?;
    loop {
        let page: Vec<_> = lines.by_ref().take(PAGE as usize).collect::<Result<_, _>>()?;
        if page.is_empty() {
            return Ok(());
        }
        let query = "SELECT o.seal, s.hash FROM unnest($1) WITH ORDINALITY AS o (seal, place)
                     LEFT JOIN tenancy.access_log_seals s USING (seal) ORDER BY o.place";
        let numbers: Vec<i64> = page.iter().map(|line| line.seal).collect();
        let there: Vec<(i64, Option<Vec<u8>>)> =
            sqlx::query_as(query).bind(numbers).persistent(false).fetch_all(&mut *connection).await?;
        for (line, (seal, hash)) in page.into_iter().zip(there) {
            let mut add = |kind, detail: String| findings.add(Finding::of_seal(kind, seal, detail));
            match hash {
                None => add(FindingKind::ChainCut, format!("{} has it, the database doesn't", anchor.file().display())),
                Some(hash) if hash != line.hash => {
                    add(FindingKind::AnchorDiffers, format!("{} has it with another hash", anchor.file().display()));
                }
                Some(hash) => {
                    let hash = hash.try_into().unwrap_or_default();
                    if let Err(fault) = keys.check(&line.key, &hash, &line.signature) {
                        add(FindingKind::AnchorDiffers, format!("in {}: {fault}", anchor.file().display()));
                    }
                }
            }
        }
    }
}
