//! What rows come to, in whichever order.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tuples::Part;

/// How many rows, how large, and the sum of their digests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// How many rows.
    pub rows: u64,
    /// How many bytes their values have, as COPY prints them.
    pub bytes: u64,
    /// The sum of the rows' SHA-256, each taken as a number whose lowest byte is the first, without what goes beyond 256 bits; in
    /// hexadecimal digits.
    pub digest: String,
}

/// Counts and adds, part by part.
#[derive(Debug, Default)]
pub(crate) struct Tallying {
    rows: u64,
    bytes: u64,
    sum: [u8; 32],
    row: Sha256,
}

impl Tallying {
    pub(crate) fn add(&mut self, part: Part<'_>) {
        match part {
            Part::Begin => {}
            Part::Bytes(bytes) => {
                self.bytes += bytes.len() as u64;
                self.row.update(bytes);
            }
            Part::End => {
                self.rows += 1;
                add(&mut self.sum, &self.row.finalize_reset());
            }
        }
    }

    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn end(&self) -> Tally {
        Tally { rows: self.rows, bytes: self.bytes, digest: hex::encode(self.sum) }
    }
}

fn add(sum: &mut [u8; 32], other: &[u8]) {
    let mut carry = 0;
    for (byte, other) in sum.iter_mut().zip(other) {
        let [low, high] = (u16::from(*byte) + u16::from(*other) + carry).to_le_bytes();
        (*byte, carry) = (low, u16::from(high));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: &[&[&[u8]]]) -> Tally {
        let mut tallying = Tallying::default();
        for row in rows {
            tallying.add(Part::Begin);
            row.iter().for_each(|bytes| tallying.add(Part::Bytes(bytes)));
            tallying.add(Part::End);
        }
        tallying.end()
    }

    #[test]
    fn neither_order_nor_pieces_matter_and_all_else_does() {
        let both = tally(&[&[b"one"], &[b"two"]]);
        assert_eq!((both.rows, both.bytes), (2, 6));
        assert_eq!(both, tally(&[&[b"t", b"wo"], &[b"on", b"e"]]));
        for other in [&[&[&b"one"[..]][..]][..], &[&[b"one"], &[b"one"]], &[&[b"onet"], &[b"wo"]], &[&[b"onetwo"]]] {
            assert_ne!(both.digest, tally(other).digest);
        }
    }

    #[test]
    fn a_row_by_itself_has_its_own_digest_and_sums_carry() {
        assert_eq!(tally(&[&[b"abc"]]).digest, hex::encode(Sha256::digest(b"abc")));
        let mut sum = [0xff; 32];
        let mut one = [0; 32];
        one[0] = 2;
        add(&mut sum, &one);
        let mut expected = [0; 32];
        expected[0] = 1;
        assert_eq!(sum, expected);
    }
}
