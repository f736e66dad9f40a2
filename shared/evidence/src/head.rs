//! The heads of the trees: of an organisation's day, and of all organisations' day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{Hash, canonical, fact::Kind, tree};

/// The head of an organisation's day, from one cutoff to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub v: u8,
    pub organisation: String,
    pub day: NaiveDate,
    /// The number of leaves.
    pub size: u64,
    pub root: Hash,
    /// The number of leaves of each kind that the day has.
    pub counts: BTreeMap<Kind, u64>,
    /// The hash of the head of the day before; of the first day 64 zeros.
    pub previous: Hash,
    /// The fingerprint of the key that signs it.
    pub kid: Hash,
}

/// The head of the tree of all organisations' heads of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuperRoot {
    pub v: u8,
    pub day: NaiveDate,
    pub size: u64,
    pub root: Hash,
    pub previous: Hash,
    pub kid: Hash,
}

/// Where a chain of heads begins.
pub const FIRST: Hash = Hash([0; 32]);

impl Head {
    /// The hash that the next head contains, and that the tree of all heads has.
    pub fn hash(&self) -> Result<Hash, canonical::Error> {
        Ok(Hash::of(&canonical::canonical(self)?))
    }

    /// The leaf of this head in the tree of all organisations.
    pub fn leaf(&self) -> Result<Hash, canonical::Error> {
        Ok(tree::leaf(&[&self.hash()?.0]))
    }
}

impl SuperRoot {
    pub fn hash(&self) -> Result<Hash, canonical::Error> {
        Ok(Hash::of(&canonical::canonical(self)?))
    }
}
