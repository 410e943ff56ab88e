//! Random programs of writes.

use std::collections::BTreeSet;

use proptest::prelude::*;

/// A write of an application. The numbers are those of rows.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Of molecules, as are the next ones.
    Insert(BTreeSet<u8>),
    Upsert {
        ids: BTreeSet<u8>,
        nothing: bool,
    },
    Merge(BTreeSet<u8>),
    Update(BTreeSet<u8>),
    /// Jobs that refer to them are set to NULL.
    Delete(BTreeSet<u8>),
    InsertJobs {
        ids: BTreeSet<u8>,
        molecule: u8,
    },
    /// With their results.
    DeleteJobs(BTreeSet<u8>),
    InsertResults {
        ids: BTreeSet<u8>,
        job: u8,
    },
    /// Two tables in one statement.
    Both(BTreeSet<u8>),
}

/// A write of somebody else.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outside {
    /// The role that works across tenants.
    Across,
    /// A superuser who is bound to one tenant.
    Bound,
    Truncate,
    /// The mover.
    Moved,
}

/// A part of a transaction.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Write(Op),
    Savepoint { writes: Vec<Op>, kept: bool },
}

/// What an organisation does.
#[derive(Clone, Debug)]
pub(super) enum Unit {
    Alone(Op),
    Transaction { steps: Vec<Step>, kept: bool },
    Outside(Outside),
}

/// Units, each with its organisation.
pub(super) type Program = Vec<(u8, Unit)>;

fn op() -> impl Strategy<Value = Op> {
    let ids = || prop::collection::btree_set(1..7_u8, 1..5);
    prop_oneof![
        3 => ids().prop_map(Op::Insert),
        2 => (ids(), any::<bool>()).prop_map(|(ids, nothing)| Op::Upsert { ids, nothing }),
        2 => ids().prop_map(Op::Merge),
        2 => ids().prop_map(Op::Update),
        2 => ids().prop_map(Op::Delete),
        3 => (ids(), 1..7_u8).prop_map(|(ids, molecule)| Op::InsertJobs { ids, molecule }),
        1 => ids().prop_map(Op::DeleteJobs),
        3 => (ids(), 1..7_u8).prop_map(|(ids, job)| Op::InsertResults { ids, job }),
        1 => ids().prop_map(Op::Both),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let savepoint = (prop::collection::vec(op(), 1..3), any::<bool>());
    prop_oneof![
        3 => op().prop_map(Step::Write),
        1 => savepoint.prop_map(|(writes, kept)| Step::Savepoint { writes, kept }),
    ]
}

pub(super) fn program() -> impl Strategy<Value = Program> {
    let outside = prop::sample::select(vec![Outside::Across, Outside::Bound, Outside::Truncate, Outside::Moved]);
    let transaction = (prop::collection::vec(step(), 1..5), prop::bool::weighted(0.7));
    let unit = prop_oneof![
        5 => op().prop_map(Unit::Alone),
        3 => transaction.prop_map(|(steps, kept)| Unit::Transaction { steps, kept }),
        1 => outside.prop_map(Unit::Outside),
    ];
    prop::collection::vec((1..3_u8, unit), 1..30)
}
