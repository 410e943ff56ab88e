//! What a line of an export says.

use sea_orm::prelude::Uuid;
use serde::{Deserialize, Serialize};

use crate::audit::batch::Batch;
use crate::audit::entry::Entry;
use crate::audit::hexadecimal;
use crate::audit::moment::Moment;
use crate::audit::retention::Retention;
use crate::audit::rows::Row;
use crate::audit::seal::Seal;

/// The version of the format.
pub(super) const FORMAT: u32 = 1;

/// A line: an object whose `line` says what it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub(super) enum Line {
    Header(Header),
    Retention(Retention),
    Seal(Seal),
    Batch(BatchLine),
    Entry(EntryLine),
    Footer(Footer),
}

/// Whose entries, of when: from a time on, before another.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: u32,
    pub(super) tenant: Uuid,
    pub(super) from: Option<Moment>,
    pub(super) to: Option<Moment>,
}

impl Header {
    /// Whether a time is in it.
    pub(super) fn covers(&self, at: Moment) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    /// Whether it is about all times.
    pub(super) const fn is_whole(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

/// A batch with all its leaves, and what leads from it to the root of its seal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct BatchLine {
    pub(super) organization_id: Uuid,
    pub(super) batch: i64,
    pub(super) seal: i64,
    pub(super) first: i64,
    #[serde(with = "hexadecimal")]
    pub(super) previous: Vec<u8>,
    #[serde(with = "hexadecimal")]
    pub(super) root: Vec<u8>,
    #[serde(with = "hexadecimal")]
    pub(super) hash: Vec<u8>,
    #[serde(with = "hexadecimal")]
    pub(super) leaves: Vec<u8>,
    /// Its place among the batches of the seal, from 0 on.
    pub(super) index: u64,
    /// The hashes beside its way up, the lowest first.
    pub(super) proof: Vec<String>,
}

impl BatchLine {
    pub(super) fn new(batch: Batch, index: u64, proof: Vec<String>) -> Self {
        let Batch { organization_id, batch, seal, first, previous, root, hash, leaves } = batch;
        Self { organization_id, batch, seal, first, previous, root, hash, leaves, index, proof }
    }

    pub(super) fn batch(&self) -> Batch {
        let Self { organization_id, batch, seal, first, previous, root, hash, leaves, .. } = self.clone();
        Batch { organization_id, batch, seal, first, previous, root, hash, leaves }
    }
}

/// An entry, and what rows held.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct EntryLine {
    /// Its number among the organisation's entries; none where it is not sealed yet.
    pub(super) number: Option<i64>,
    #[serde(flatten)]
    pub(super) entry: Entry,
    #[serde(with = "hexadecimal::optional")]
    pub(super) hash: Option<Vec<u8>>,
    #[serde(with = "hexadecimal::optional")]
    pub(super) salt: Option<Vec<u8>>,
    /// JSON, as a string: the commitment is to its very letters.
    pub(super) changes: Option<String>,
}

impl EntryLine {
    pub(super) fn new(row: Row, number: Option<i64>) -> Self {
        Self { number, entry: row.entry, hash: row.hash, salt: row.salt, changes: row.changes }
    }

    pub(super) fn row(self) -> Row {
        Row { entry: self.entry, hash: self.hash, salt: self.salt, changes: self.changes }
    }
}

/// How much it was, and the digest of all lines before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) seals: u64,
    pub(super) batches: u64,
    pub(super) entries: u64,
    pub(super) unsealed: u64,
    pub(super) values: u64,
}

/// The end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Footer {
    #[serde(flatten)]
    pub(super) counts: Counts,
    #[serde(with = "hexadecimal")]
    pub(super) digest: Vec<u8>,
}
