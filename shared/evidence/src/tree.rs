//! The tree of a day (RFC 6962, section 2.1): its root, and the proof that a leaf is in it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Hash;

/// The prefixes of a leaf and of a node, which make one never pass for the other.
const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];
/// The most nodes of a path: no tree has more than 2^63 leaves.
const DEEPEST: usize = 63;

/// The hash of a leaf, from the parts of its content.
pub fn leaf(content: &[&[u8]]) -> Hash {
    let parts: Vec<&[u8]> = [&LEAF[..]].into_iter().chain(content.iter().copied()).collect();
    Hash::of_parts(&parts)
}

fn node(left: Hash, right: Hash) -> Hash {
    Hash::of_parts(&[&NODE, &left.0, &right.0])
}

/// Computes a root leaf by leaf, in memory for one hash of each level.
#[derive(Clone, Debug, Default)]
pub struct Growing {
    size: u64,
    /// The roots of the complete trees on the left, the largest first, with the leaves of each.
    complete: Vec<(u64, Hash)>,
}

impl Growing {
    pub fn push(&mut self, leaf: Hash) {
        let (mut leaves, mut root) = (1, leaf);
        while let Some((_, left)) = self.complete.pop_if(|(of, _)| *of == leaves) {
            (leaves, root) = (2 * leaves, node(left, root));
        }
        self.complete.push((leaves, root));
        self.size += 1;
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root. Without leaves, the hash of nothing.
    pub fn root(&self) -> Hash {
        let from_the_right = self.complete.iter().rev().map(|(_, root)| *root);
        from_the_right.reduce(|right, left| node(left, right)).unwrap_or_else(|| Hash::of(b""))
    }
}

impl Extend<Hash> for Growing {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

/// The root of these leaves.
pub fn root(leaves: impl IntoIterator<Item = Hash>) -> Hash {
    let mut tree = Growing::default();
    tree.extend(leaves);
    tree.root()
}

/// The proof that a leaf is in a tree: the hashes beside its way to the root, from below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    pub leaf: Hash,
    pub index: u64,
    /// The number of leaves of the tree.
    pub size: u64,
    pub path: Vec<Hash>,
}

/// Why a proof has no root.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Invalid {
    #[error("the index is not below the size")]
    Index,
    #[error("the path has another length than a tree of this size")]
    Length,
}

impl Proof {
    /// The proof of one of these leaves; `None` if there is no such index.
    pub fn of(leaves: &[Hash], index: usize) -> Option<Self> {
        let leaf = *leaves.get(index)?;
        let (mut path, mut rest, mut at) = (Vec::new(), leaves, index);
        while rest.len() > 1 {
            let (left, right) = rest.split_at(rest.len().next_power_of_two() / 2);
            if at < left.len() {
                path.push(root(right.iter().copied()));
                rest = left;
            } else {
                path.push(root(left.iter().copied()));
                (rest, at) = (right, at - left.len());
            }
        }
        path.reverse();
        Some(Self { leaf, index: index as u64, size: leaves.len() as u64, path })
    }

    /// The root of the tree that the leaf is in, if the proof is right (RFC 9162, section 2.1.3.2).
    pub fn root(&self) -> Result<Hash, Invalid> {
        if self.index >= self.size {
            return Err(Invalid::Index);
        }
        if self.path.len() > DEEPEST {
            return Err(Invalid::Length);
        }
        let (mut index, mut last, mut root) = (self.index, self.size - 1, self.leaf);
        for beside in &self.path {
            if last == 0 {
                return Err(Invalid::Length);
            }
            if index & 1 == 1 || index == last {
                root = node(*beside, root);
                while index & 1 == 0 && index != 0 {
                    (index, last) = (index >> 1, last >> 1);
                }
            } else {
                root = node(root, *beside);
            }
            (index, last) = (index >> 1, last >> 1);
        }
        if last == 0 { Ok(root) } else { Err(Invalid::Length) }
    }
}

#[cfg(test)]
mod tests {
    use ct_merkle::{HashableLeaf, mem_backed_tree::MemoryBackedTree};
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone)]
    struct Content(Vec<u8>);

    impl HashableLeaf for Content {
        fn hash<H: ct_merkle::digest::Update>(&self, hasher: &mut H) {
            hasher.update(&self.0);
        }
    }

    fn content(number: usize) -> Vec<u8> {
        number.to_be_bytes().to_vec()
    }

    fn leaves(size: usize) -> Vec<Hash> {
        (0..size).map(|number| leaf(&[&content(number)])).collect()
    }

    #[test]
    fn known_roots() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(root([]).to_string(), empty);
        // The test vectors of Certificate Transparency's reference implementation.
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let leaves = inputs.map(|input| leaf(&[input]));
        assert_eq!(
            root(leaves[..1].to_vec()).to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            root(leaves).to_string(),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
    }

    #[test]
    fn every_tree_up_to_70_leaves_is_that_of_another_implementation() {
        let mut other = MemoryBackedTree::<sha2::Sha256, Content>::new();
        for size in 1..=70 {
            other.push(Content(content(size - 1)));
            let leaves = leaves(size);
            assert_eq!(root(leaves.clone()).0[..], other.root().as_bytes()[..], "{size} leaves");
            for index in 0..size {
                let proof = Proof::of(&leaves, index).expect("it is a leaf");
                let path: Vec<u8> = proof.path.iter().flat_map(|hash| hash.0).collect();
                assert_eq!(path, other.prove_inclusion(index).as_bytes(), "{index} of {size}");
                assert_eq!(proof.root(), Ok(root(leaves.clone())), "{index} of {size}");
            }
            assert_eq!(Proof::of(&leaves, size), None);
        }
    }

    proptest! {
        #[test]
        fn an_altered_proof_has_another_root(size in 1_usize..200, at in any::<prop::sample::Index>(), what in 0_u8..5, bit in 0_usize..256) {
            let leaves = leaves(size);
            let right = Proof::of(&leaves, at.index(size)).expect("it is a leaf");
            let mut proof = right.clone();
            let flip = |hash: &mut Hash| hash.0[bit / 8] ^= 1 << (bit % 8);
            match what {
                0 => flip(&mut proof.leaf),
                1 if !proof.path.is_empty() => { let place = bit % proof.path.len(); flip(&mut proof.path[place]) }
                2 if !proof.path.is_empty() => _ = proof.path.pop(),
                3 => proof.path.push(proof.leaf),
                _ => proof.index ^= 1 << (bit % 8),
            }
            prop_assert_ne!(proof.root(), right.root());
        }
    }

    #[test]
    fn the_proof_of_one_of_100_000_has_544_bytes() {
        let proof = Proof::of(&leaves(100_000), 99_999).expect("it is a leaf");
        assert!(proof.path.len() * 32 <= 544, "{}", proof.path.len());
        assert_eq!(Proof::of(&leaves(100_000), 0).expect("it is a leaf").path.len(), 17);
    }
}
