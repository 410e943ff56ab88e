//! Checks an export without a database.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::file::failed;
use super::line::{BatchLine, Counts, EntryLine, FORMAT, Footer, Header, Line};
use crate::audit::batch::{Batch, leaf_of_seal};
use crate::audit::chain::Chain;
use crate::audit::digest::Hash;
use crate::audit::error::AuditError;
use crate::audit::key::{KeyError, PublicKeys};
use crate::audit::leaf::Leaf;
use crate::audit::merkle;
use crate::audit::moment::Moment;
use crate::audit::retention::Retention;
use crate::audit::rows::Values;
use crate::audit::seal::Seal;

/// What an export has that proved itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportReport {
    /// Seals.
    pub seals: u64,
    /// Batches.
    pub batches: u64,
    /// Entries that are sealed.
    pub entries: u64,
    /// Entries that are not: nothing proves them.
    pub unsealed: u64,
    /// Entries with what rows held.
    pub values: u64,
}

impl ExportReport {
    /// The same for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self { seals, batches, entries, unsealed, values } = self;
        json!({ "clean": true, "checked": { "seals": seals, "batches": batches, "entries": entries, "values": values },
            "unsealed": { "entries": unsealed } })
    }
}

impl fmt::Display for ExportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seals, batches, entries, unsealed, values } = self;
        write!(
            f,
            "export: whole; {entries} entries in {batches} batches of {seals} seals, {values} with their values"
        )?;
        if *unsealed > 0 {
            write!(f, "; {unsealed} not sealed yet, which nothing proves")?;
        }
        writeln!(f)
    }
}

/// Checks every line of `file`: that each entry is the one of its leaf, each batch of its seal, each seal signed with one of `keys`,
/// and that no entry of a batch is left out.
///
/// # Errors
/// [`AuditError::ExportLine`] with the first line that isn't so.
pub fn check(file: &Path, keys: &PublicKeys) -> Result<ExportReport, AuditError> {
    if keys.is_empty() {
        return Err(KeyError::NoPublic.into());
    }
    let mut reader = BufReader::new(File::open(file).map_err(|error| failed(file, &error))?);
    let (mut checking, mut digest, mut number) = (Checking::new(keys), Sha256::new(), 0);
    let mut text = Vec::new();
    loop {
        number += 1;
        let bad = |reason: String| AuditError::ExportLine { file: file.to_owned(), line: number, reason };
        text.clear();
        if reader.read_until(b'\n', &mut text).map_err(|error| failed(file, &error))? == 0 {
            return checking.end().map_err(bad);
        }
        if text.last() != Some(&b'\n') {
            return Err(bad("the export ends in the middle of it: it was cut".to_owned()));
        }
        let line = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        checking.line(line, &digest).map_err(bad)?;
        digest.update(&text);
    }
}

/// What is known after some lines.
struct Checking<'a> {
    keys: &'a PublicKeys,
    header: Option<Header>,
    retained: Option<Moment>,
    seal: Option<Seal>,
    batch: Option<Open>,
    counts: Counts,
    is_over: bool,
}

/// The batch whose entries come.
struct Open {
    batch: Batch,
    leaves: Vec<Leaf>,
    seen: Vec<bool>,
}

impl<'a> Checking<'a> {
    const fn new(keys: &'a PublicKeys) -> Self {
        let counts = Counts { seals: 0, batches: 0, entries: 0, unsealed: 0, values: 0 };
        Self { keys, header: None, retained: None, seal: None, batch: None, counts, is_over: false }
    }

    fn line(&mut self, line: Line, before: &Sha256) -> Result<(), String> {
        if self.is_over {
            return Err("it stands behind the footer".to_owned());
        }
        match (line, self.header) {
            (Line::Header(header), None) if header.format == FORMAT => {
                self.header = Some(header);
                Ok(())
            }
            (Line::Header(header), None) => Err(format!("format {} is not known here, only {FORMAT}", header.format)),
            (_, None) => Err("an export begins with its header".to_owned()),
            (Line::Header(_), Some(_)) => Err("there is a second header".to_owned()),
            (Line::Retention(retention), _) => self.retention(&retention),
            (Line::Seal(seal), _) => self.seal(seal),
            (Line::Batch(batch), Some(header)) => self.batch(&batch, &header),
            (Line::Entry(entry), Some(header)) => self.entry(entry, &header),
            (Line::Footer(footer), Some(header)) => self.footer(&footer, &header, before),
        }
    }

    fn retention(&mut self, retention: &Retention) -> Result<(), String> {
        retention.check(self.keys).map_err(|fault| format!("retention {}: {fault}", retention.retention))?;
        self.retained = self.retained.max(Some(retention.before));
        Ok(())
    }

    fn seal(&mut self, seal: Seal) -> Result<(), String> {
        let number = seal.number();
        if seal.hash != seal.digest() {
            return Err(format!("what seal {number} says doesn't give its hash"));
        }
        seal.check(self.keys).map_err(|fault| format!("seal {number}: {fault}"))?;
        if self.seal.as_ref().is_some_and(|before| before.number() >= number) {
            return Err(format!("seal {number} stands behind a later one"));
        }
        self.counts.seals += 1;
        self.seal = Some(seal);
        Ok(())
    }

    fn batch(&mut self, line: &BatchLine, header: &Header) -> Result<(), String> {
        self.close(header)?;
        let batch = line.batch();
        let name = format!("batch {}", batch.batch);
        let seal = self.seal.as_ref().filter(|seal| seal.number() == batch.seal);
        let seal = seal.ok_or_else(|| format!("seal {} of {name} doesn't stand before it", batch.seal))?;
        if batch.organization_id != header.tenant {
            return Err(format!("{name} is one of {}", batch.chain()));
        }
        let leaves = Leaf::read_all(&batch.leaves).ok_or_else(|| format!("the leaves of {name} are not whole"))?;
        if batch.root != batch.root_of(&leaves) {
            return Err(format!("the leaves of {name} don't give its root"));
        }
        if batch.hash != batch.digest() {
            return Err(format!("what {name} says doesn't give its hash"));
        }
        let proof: Option<Vec<Hash>> = line.proof.iter().map(|text| hex::decode(text).ok()?.try_into().ok()).collect();
        let leaf = leaf_of_seal(&batch.hash);
        let root = proof.and_then(|proof| {
            merkle::root_of_path(leaf, line.index, u64::try_from(seal.batches()).unwrap_or_default(), &proof)
        });
        if root.is_none_or(|root| seal.root != root) {
            return Err(format!("the proof of {name} doesn't lead to seal {}", seal.number()));
        }
        self.follows(&batch, header)?;
        self.counts.batches += 1;
        self.batch = Some(Open { seen: vec![false; leaves.len()], leaves, batch });
        Ok(())
    }

    /// Whether a batch goes on from the one before it. Those without an entry of the header's times are left out.
    fn follows(&self, batch: &Batch, header: &Header) -> Result<(), String> {
        let before = self.batch.as_ref().map(|open| &open.batch);
        let expected = before.map_or(1, |before| before.batch + 1);
        if batch.batch < expected || batch.batch > expected && header.is_whole() {
            return Err(format!("batch {expected} should come here, not batch {}", batch.batch));
        }
        let next = before.map_or(0, |before| before.first + before.entries());
        let hash = before.map_or(&[][..], |before| &before.hash);
        if batch.batch == expected && (batch.first != next || batch.previous != hash) {
            return Err(format!("batch {} doesn't follow the one before it", batch.batch));
        }
        Ok(())
    }

    fn entry(&mut self, line: EntryLine, header: &Header) -> Result<(), String> {
        let (number, row) = (line.number, line.row());
        let entry = row.entry.entry;
        let hash = row.entry.hash();
        if Chain::of(row.entry.organization_id).0 != header.tenant || !header.covers(row.entry.at) {
            return Err(format!("entry {entry} is not of the organisation and the times of the header"));
        }
        if row.hash.as_deref() != Some(&hash) {
            return Err(format!("what entry {entry} says doesn't give its hash"));
        }
        match row.values() {
            Values::None | Values::Gone => {}
            Values::There => self.counts.values += 1,
            Values::Wrong => return Err(format!("what the rows of entry {entry} held is not what it commits to")),
        }
        let Some(number) = number else {
            self.counts.unsealed += 1;
            return Ok(());
        };
        let no_such = || format!("the batch before it has no number {number}");
        let open = self.batch.as_mut().ok_or_else(no_such)?;
        let place = number.checked_sub(open.batch.first).and_then(|place| usize::try_from(place).ok());
        let (place, leaf) = place.and_then(|place| Some((place, open.leaves.get(place)?))).ok_or_else(no_such)?;
        if *leaf != (Leaf { entry, at: row.entry.at, hash }) {
            return Err(format!("entry {entry} is not the one that was sealed as number {number}"));
        }
        if std::mem::replace(&mut open.seen[place], true) {
            return Err(format!("number {number} is there twice"));
        }
        self.counts.entries += 1;
        Ok(())
    }

    /// Whether all entries of the batch were there.
    fn close(&self, header: &Header) -> Result<(), String> {
        let Some(open) = &self.batch else { return Ok(()) };
        let is_wanted = |at: Moment| header.covers(at) && self.retained.is_none_or(|before| at >= before);
        let mut missing = open.leaves.iter().zip(open.batch.first..).zip(&open.seen);
        match missing.find(|((leaf, _), seen)| !**seen && is_wanted(leaf.at)) {
            Some(((leaf, number), _)) => Err(format!(
                "entry {} (number {number} of batch {}) should stand before it: it was left out",
                leaf.entry, open.batch.batch
            )),
            None => Ok(()),
        }
    }

    fn footer(&mut self, footer: &Footer, header: &Header, before: &Sha256) -> Result<(), String> {
        self.close(header)?;
        if footer.counts != self.counts {
            return Err(format!("the footer counts {:?}, and there are {:?}", footer.counts, self.counts));
        }
        if footer.digest != before.clone().finalize().to_vec() {
            return Err("the digest is of other lines than those before it: something in them was edited".to_owned());
        }
        self.is_over = true;
        Ok(())
    }

    fn end(self) -> Result<ExportReport, String> {
        if !self.is_over {
            return Err("the footer should stand here: the export was cut".to_owned());
        }
        let Counts { seals, batches, entries, unsealed, values } = self.counts;
        Ok(ExportReport { seals, batches, entries, unsealed, values })
    }
}
