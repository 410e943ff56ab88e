//! What is wrong with the log, and where.

use std::fmt;

use sea_orm::prelude::Uuid;
use serde::Serialize;

use crate::audit::chain::Chain;
use crate::audit::leaf::Leaf;
use crate::audit::moment::Moment;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FindingKind {
    /// An entry says something else than when it was sealed.
    EntryChanged,
    /// An entry that was sealed is gone.
    EntryRemoved,
    /// An entry of a sealed time was never sealed.
    EntryInserted,
    /// An entry is there more than once.
    EntryDuplicated,
    /// An entry is another organisation's now.
    EntryMoved,
    /// Leaves of a batch are not in the order of their transactions.
    LeavesReordered,
    /// A batch is not what was sealed.
    BatchChanged,
    /// A batch is gone.
    BatchRemoved,
    /// A batch was never sealed.
    BatchAdded,
    /// A seal is not what was signed.
    SealChanged,
    /// A seal is gone.
    SealRemoved,
    /// Something is signed with a key that wasn't given.
    UnknownKey,
    /// The anchor knows a seal that isn't there.
    ChainCut,
    /// A seal is not the one that the anchor knows.
    AnchorDiffers,
    /// What rows held is not what was committed to.
    ValuesChanged,
    /// What rows held is gone, and no erasure says so.
    ValuesRemoved,
    /// What rows held is there of an entry that has none.
    ValuesAdded,
    /// A record of dropped months is not what was signed.
    RetentionChanged,
    /// A record of dropped months is gone.
    RetentionRemoved,
}

impl FindingKind {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EntryChanged => "entry-changed",
            Self::EntryRemoved => "entry-removed",
            Self::EntryInserted => "entry-inserted",
            Self::EntryDuplicated => "entry-duplicated",
            Self::EntryMoved => "entry-moved",
            Self::LeavesReordered => "leaves-reordered",
            Self::BatchChanged => "batch-changed",
            Self::BatchRemoved => "batch-removed",
            Self::BatchAdded => "batch-added",
            Self::SealChanged => "seal-changed",
            Self::SealRemoved => "seal-removed",
            Self::UnknownKey => "unknown-key",
            Self::ChainCut => "chain-cut",
            Self::AnchorDiffers => "anchor-differs",
            Self::ValuesChanged => "values-changed",
            Self::ValuesRemoved => "values-removed",
            Self::ValuesAdded => "values-added",
            Self::RetentionChanged => "retention-changed",
            Self::RetentionRemoved => "retention-removed",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that is not as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// Whose chain; all zeros of the entries that are about no organisation.
    pub organization: Option<Uuid>,
    /// The entry.
    pub entry: Option<i64>,
    /// When the entry was, in microseconds since 1970.
    pub at: Option<Moment>,
    /// Its number among the organisation's entries, from 0 on.
    pub number: Option<i64>,
    /// The batch.
    pub batch: Option<i64>,
    /// The seal.
    pub seal: Option<i64>,
    /// What is different.
    pub detail: String,
}

impl Finding {
    fn new(kind: FindingKind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { kind, organization: None, entry: None, at: None, number: None, batch: None, seal: None, detail }
    }

    pub(super) fn of_seal(kind: FindingKind, seal: i64, detail: impl Into<String>) -> Self {
        Self { seal: Some(seal), ..Self::new(kind, detail) }
    }

    pub(super) fn of_batch(kind: FindingKind, chain: Chain, batch: i64, seal: i64, detail: impl Into<String>) -> Self {
        Self { organization: Some(chain.0), batch: Some(batch), seal: Some(seal), ..Self::new(kind, detail) }
    }

    pub(super) fn of_leaf(
        kind: FindingKind,
        chain: Chain,
        leaf: &Leaf,
        number: i64,
        batch: i64,
        detail: impl Into<String>,
    ) -> Self {
        let number = Some(number);
        Self { number, batch: Some(batch), ..Self::of_row(kind, chain, leaf.entry, leaf.at, detail) }
    }

    pub(super) fn of_row(kind: FindingKind, chain: Chain, entry: i64, at: Moment, detail: impl Into<String>) -> Self {
        Self { organization: Some(chain.0), entry: Some(entry), at: Some(at), ..Self::new(kind, detail) }
    }

    pub(super) fn of_retention(kind: FindingKind, retention: i64, detail: impl fmt::Display) -> Self {
        Self::new(kind, format!("retention {retention}: {detail}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind)?;
        let mut what = Vec::new();
        what.extend(self.entry.map(|entry| format!("entry {entry}")));
        what.extend(self.organization.map(|organization| format!("of {}", Chain(organization))));
        what.extend(self.at.map(|at| format!("at {at}")));
        let place = [("number", self.number), ("batch", self.batch), ("seal", self.seal)];
        let place: Vec<String> =
            place.iter().filter_map(|(name, number)| number.map(|number| format!("{name} {number}"))).collect();
        if !place.is_empty() {
            what.push(if what.is_empty() { place.join(", ") } else { format!("({})", place.join(", ")) });
        }
        if what.is_empty() { f.write_str(&self.detail) } else { write!(f, "{}: {}", what.join(" "), self.detail) }
    }
}
