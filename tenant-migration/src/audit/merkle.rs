//! Merkle trees as in RFC 6962, section 2.1.

use sha2::{Digest, Sha256};

use super::digest::Hash;

/// A leaf's hash.
pub(super) fn leaf(parts: &[&[u8]]) -> Hash {
    let begun = Sha256::new().chain_update([0]);
    parts.iter().fold(begun, |digest, part| digest.chain_update(part)).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A tree whose leaves come one after the other: it keeps the roots of the complete trees that they make so far, at most 64.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    leaves: u64,
    complete: Vec<Hash>,
}

impl Tree {
    pub(super) fn push(&mut self, leaf: Hash) {
        self.leaves += 1;
        let mut root = leaf;
        // As many trees are completed by it as there are zeros at the end of the number.
        for _ in 0..self.leaves.trailing_zeros() {
            if let Some(left) = self.complete.pop() {
                root = node(&left, &root);
            }
        }
        self.complete.push(root);
    }

    pub(super) fn root(&self) -> Hash {
        let joined = self.complete.iter().rev().copied().reduce(|right, left| node(&left, &right));
        joined.unwrap_or_else(|| Sha256::digest([]).into())
    }
}

impl FromIterator<Hash> for Tree {
    fn from_iter<T: IntoIterator<Item = Hash>>(leaves: T) -> Self {
        let mut tree = Self::default();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }
}

/// What leads from the leaf of this number to the root of them all, the lowest first: the audit path.
pub(super) fn path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let root = |part: &[Hash]| part.iter().copied().collect::<Tree>().root();
    let (mut lower, sibling) = match index.checked_sub(left.len()) {
        None => (path(left, index), root(right)),
        Some(index) => (path(right, index), root(left)),
    };
    lower.push(sibling);
    lower
}

/// The root that a leaf's path leads to, if it can be a path of the leaf of this number among so many: RFC 9162, section 2.1.3.2.
pub(super) fn root_of_path(leaf: Hash, index: u64, leaves: u64, path: &[Hash]) -> Option<Hash> {
    let (mut index, mut last) = (index, leaves.checked_sub(1)?);
    if index > last {
        return None;
    }
    let mut root = leaf;
    for sibling in path {
        if last == 0 {
            return None;
        }
        if index & 1 == 1 || index == last {
            root = node(sibling, &root);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            root = node(&root, sibling);
        }
        index >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of Google's Certificate Transparency, which RFC 6962 was written from.
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn leaves() -> Vec<Hash> {
        LEAVES.iter().map(|text| leaf(&[&hex::decode(text).expect("hexadecimal")])).collect()
    }

    #[test]
    fn roots_are_those_of_rfc_6962() {
        for (count, root) in ROOTS.iter().enumerate() {
            let tree: Tree = leaves()[..count].iter().copied().collect();
            assert_eq!(hex::encode(tree.root()), *root, "{count} leaves");
        }
    }

    /// The path of the first leaf of eight, from the same source.
    #[test]
    fn a_path_is_that_of_rfc_6962() {
        let path: Vec<String> = path(&leaves(), 0).iter().map(hex::encode).collect();
        assert_eq!(
            path,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        );
    }

    #[test]
    fn each_path_leads_to_the_root_and_from_no_other_leaf_or_place() {
        for count in 1..=40_usize {
            let leaves: Vec<Hash> = (0..count).map(|number| leaf(&[&number.to_be_bytes()])).collect();
            let root = leaves.iter().copied().collect::<Tree>().root();
            for index in 0..count {
                let path = path(&leaves, index);
                let leads = |leaf, index: usize, path: &[Hash]| {
                    root_of_path(leaf, index as u64, count as u64, path) == Some(root)
                };
                assert!(leads(leaves[index], index, &path), "{index} of {count}");
                assert!(!leads([9; 32], index, &path));
                for other in (0..count + 1).filter(|other| *other != index) {
                    assert!(!leads(leaves[index], other, &path), "{index} at {other} of {count}");
                }
                if let Some((_, shorter)) = path.split_first() {
                    assert!(!leads(leaves[index], index, shorter));
                }
                assert!(!leads(leaves[index], index, &[path.clone(), vec![[1; 32]]].concat()));
            }
        }
    }
}
