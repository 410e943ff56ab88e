//! Each organisation's chain of batches, and their leaves.

use std::collections::HashMap;

use sea_orm::prelude::Uuid;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use super::finding::{Finding, FindingKind};
use super::findings::Findings;
use super::group::{Group, Numbered};
use super::report::Checked;
use crate::audit::batch::{Batch, LARGEST};
use crate::audit::chain::Chain;
use crate::audit::erasures::Erasures;
use crate::audit::error::AuditError;
use crate::audit::leaf::Leaf;
use crate::audit::moment::Moment;

/// So many batches are held at once.
const FETCH: &str = "FETCH 16 FROM batches";

/// What the rest of the log says about its entries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground {
    /// Of whom alone.
    pub(super) tenant: Option<Uuid>,
    /// Entries from before may be gone.
    pub(super) retained: Option<Moment>,
    /// All entries of earlier transactions are sealed.
    pub(super) horizon: i64,
    /// All entries up to it are sealed.
    pub(super) restored: i64,
}

impl Ground {
    /// In SQL, that a row is of a chain that is looked at; the organisation's column is called so.
    pub(super) fn of_tenant(&self, column: &str) -> String {
        self.tenant.map_or_else(|| "true".to_owned(), |tenant| format!("{column} = '{tenant}'"))
    }

    /// In SQL, that an entry of the log as `l` should be sealed.
    pub(super) fn is_sealed(&self) -> String {
        format!("(l.transaction < {} OR l.entry <= {})", self.horizon, self.restored)
    }
}

/// What was found of the chains' entries.
#[derive(Debug, Default)]
pub(super) struct There {
    /// How many rows of each chain are those of leaves.
    pub(super) rows: HashMap<Chain, i64>,
    /// Entries that are told of already where they are now.
    pub(super) moved: Vec<i64>,
}

/// Checks all batches.
pub(super) async fn check(
    connection: &mut PgConnection,
    ground: &Ground,
    findings: &mut Findings,
    checked: &mut Checked,
) -> Result<There, AuditError> {
    let erasures = Erasures::of(connection, ground.tenant).await?;
    let declare = format!(
        "DECLARE batches NO SCROLL CURSOR FOR SELECT {} FROM tenancy.access_log_batches WHERE {}
         ORDER BY organization_id, batch",
        Batch::COLUMNS,
        ground.of_tenant("organization_id")
    );
    sqlx::raw_sql(AssertSqlSafe(declare)).execute(&mut *connection).await?;
    let (mut there, mut group, mut previous) = (There::default(), Group::default(), None::<Link>);
    loop {
        let batches: Vec<Batch> = sqlx::query_as(FETCH).persistent(false).fetch_all(&mut *connection).await?;
        if batches.is_empty() {
            break;
        }
        for batch in batches {
            let chain = batch.chain();
            if group.chain() != chain || group.len() + batch.leaves.len() / Leaf::SIZE > LARGEST {
                group.take().compare(connection, ground, &erasures, &mut there, findings, checked).await?;
                group = Group::of(chain);
            }
            let before = previous.as_ref().filter(|link| link.chain == chain);
            group.extend(inspect(&batch, before, findings));
            checked.batches += 1;
            previous = Some(Link::of(&batch));
        }
    }
    group.take().compare(connection, ground, &erasures, &mut there, findings, checked).await?;
    Ok(there)
}

/// What the next batch of a chain goes on from.
struct Link {
    chain: Chain,
    batch: i64,
    next: i64,
    hash: Vec<u8>,
}

impl Link {
    fn of(batch: &Batch) -> Self {
        let next = batch.first + batch.entries();
        Self { chain: batch.chain(), batch: batch.batch, next, hash: batch.hash.clone() }
    }
}

/// Checks a batch by itself and behind the one before it, and gives its leaves.
fn inspect(batch: &Batch, previous: Option<&Link>, findings: &mut Findings) -> Vec<Numbered> {
    let mut add = |kind, detail: String| {
        findings.add(Finding::of_batch(kind, batch.chain(), batch.batch, batch.seal, detail));
    };
    let (expected, next) = previous.map_or((1, 0), |link| (link.batch + 1, link.next));
    if batch.batch > expected {
        let until = batch.batch - 1;
        let which = if until == expected { format!("{until}") } else { format!("{expected} to {until}") };
        add(FindingKind::BatchRemoved, format!("before it, batch {which} is gone"));
    } else if batch.first != next {
        add(
            FindingKind::BatchChanged,
            format!("it begins with number {}, and the one before it ends at {next}", batch.first),
        );
    } else if batch.previous != previous.map_or(&[][..], |link| &link.hash) {
        add(FindingKind::BatchChanged, "it doesn't follow the batch before it".to_owned());
    }
    if batch.hash != batch.digest() {
        add(FindingKind::BatchChanged, "what it says doesn't give its hash".to_owned());
    }
    let Some(leaves) = Leaf::read_all(&batch.leaves) else {
        add(FindingKind::BatchChanged, "its leaves are not whole".to_owned());
        return Vec::new();
    };
    let is_whole = batch.root == batch.root_of(&leaves);
    if !is_whole {
        let range = format!("numbers {} to {}", batch.first, batch.first + batch.entries() - 1);
        add(FindingKind::BatchChanged, format!("its leaves ({range}) don't give its root"));
    }
    let numbered = leaves.into_iter().zip(batch.first..);
    numbered.map(|(leaf, number)| Numbered { leaf, number, batch: batch.batch, seal: batch.seal, is_whole }).collect()
}
