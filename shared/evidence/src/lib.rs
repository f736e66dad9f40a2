//! Evidence that anyone can verify: facts, the tree of a day, its signed head, and packages of them.
//!
//! Every relevant fact is a leaf, hashed with a salt that is deleted with it. The leaves of an
//! organisation's day make a tree (RFC 6962), whose signed head contains the hash of the head before.
//! The heads of all organisations make another tree, whose root has a timestamp (RFC 3161). A package has
//! a recording's audio and facts, their proofs and these heads, so it can be verified without us.
//!
//! This crate has no requests of its own. The formats are those of `docs/evidence.md`.

pub mod canonical;
pub mod fact;
pub mod head;
pub mod key;
pub mod package;
pub mod timestamp;
pub mod tree;
pub mod verify;

use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A SHA-256, in JSON as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

/// A text that is not the hexadecimal digits of its kind.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not {0} lowercase hexadecimal digits")]
pub struct NotHex(usize);

impl Hash {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of these parts, one after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, to)
    }
}

impl TryFrom<String> for Hash {
    type Error = NotHex;
    fn try_from(text: String) -> Result<Self, NotHex> {
        bytes(&text).map(Self)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// Reads exactly `N` bytes of lowercase hexadecimal digits.
pub(crate) fn bytes<const N: usize>(text: &str) -> Result<[u8; N], NotHex> {
    let decoded = HEXLOWER.decode(text.as_bytes()).map_err(|_| NotHex(2 * N))?;
    decoded.try_into().map_err(|_| NotHex(2 * N))
}
