//! What a batch keeps of each of its entries.

use super::chain::Chain;
use super::digest::Hash;
use super::merkle;
use super::moment::Moment;

/// An entry as a batch keeps it: 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) entry: i64,
    pub(super) at: Moment,
    pub(super) hash: Hash,
}

impl Leaf {
    pub(super) const SIZE: usize = 48;

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.entry.to_be_bytes());
        bytes.extend(self.at.microseconds().to_be_bytes());
        bytes.extend(self.hash);
    }

    /// All of a batch; `None` where bytes are missing.
    pub(super) fn read_all(bytes: &[u8]) -> Option<Vec<Self>> {
        let (leaves, rest) = bytes.as_chunks::<{ Self::SIZE }>();
        let number = |bytes: &[u8]| bytes.try_into().ok().map(i64::from_be_bytes);
        let read = |leaf: &[u8; Self::SIZE]| {
            let at = Moment::from_microseconds(number(&leaf[8..16])?);
            Some(Self { entry: number(&leaf[..8])?, at, hash: leaf[16..].try_into().ok()? })
        };
        if rest.is_empty() { leaves.iter().map(read).collect() } else { None }
    }

    /// Its hash in the tree of a batch, under this number among the entries of its chain.
    pub(super) fn hash(&self, chain: Chain, number: i64) -> Hash {
        let (number, entry) = (number.to_be_bytes(), self.entry.to_be_bytes());
        let at = self.at.microseconds().to_be_bytes();
        merkle::leaf(&[chain.0.as_bytes(), &number, &entry, &at, &self.hash])
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::prelude::Uuid;

    use super::*;

    #[test]
    fn leaves_read_back_what_they_wrote() {
        let leaf = |entry| Leaf { entry, at: Moment::from_microseconds(-entry), hash: [7; 32] };
        let mut bytes = Vec::new();
        for entry in [1, i64::MAX, -5] {
            leaf(entry).write(&mut bytes);
        }
        assert_eq!(Leaf::read_all(&bytes), Some(vec![leaf(1), leaf(i64::MAX), leaf(-5)]));
        assert_eq!(Leaf::read_all(&bytes[1..]), None);
    }

    #[test]
    fn a_leaf_is_another_under_each_number_and_in_each_chain() {
        let leaf = Leaf { entry: 1, at: Moment::from_microseconds(2), hash: [3; 32] };
        let (none, some) = (Chain(Uuid::nil()), Chain(Uuid::from_u128(1)));
        assert_ne!(leaf.hash(none, 1), leaf.hash(none, 2));
        assert_ne!(leaf.hash(none, 1), leaf.hash(some, 1));
    }
}
