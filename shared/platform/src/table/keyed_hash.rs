//! Keyed hashes of what names a person: a number, a name, words of a note. The audit log keeps these in their place.
//!
//! No role may change an event, not even when the person is erased. So an event never names them: it has the HMAC-SHA-256 of what was
//! searched for under a key of the organisation's own. The same number searched for twice has the same hash, and without the key nobody can
//! try numbers until one fits. The key is drawn when it is first needed and never changes. Its item is `ORG#audit-key`, which one role reads.
//!
//! | attribute | type | what |
//! |-----------|------|------|
//! | `key`     | B    | 32 random bytes |

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{error::Unspecified, hmac, rand};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use data_encoding::BASE32HEX_NOPAD;
use domain::ids::OrganisationId;

use super::{Error, Table, attributes::bytes, key};

/// The keys of organisations, each read once while the function runs.
#[derive(Clone, Debug, Default)]
pub struct Keys(Arc<Mutex<BTreeMap<OrganisationId, Key>>>);

/// An organisation's key.
#[derive(Clone, Debug)]
pub struct Key(hmac::Key);

/// What is hashed. The hashes of different kinds of text have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Number,
    Name,
    Words,
}

/// Bytes of the hash that are kept: more than enough to tell the searches of an organisation apart.
const KEPT: usize = 16;

impl Keys {
    /// The organisation's key. No request; the first time 1, or 3 where none was drawn yet.
    pub async fn of(&self, table: &Table, organisation: &OrganisationId) -> Result<Key, Error> {
        let known = |keys: &Self| keys.0.lock().unwrap_or_else(PoisonError::into_inner).get(organisation).cloned();
        if let Some(key) = known(self) {
            return Ok(key);
        }
        let key = table.audit_key(organisation).await?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(organisation.clone(), key.clone());
        Ok(key)
    }
}

impl Key {
    /// The hash of the text, as 26 characters of `0-9a-v`.
    pub fn hash(&self, kind: Kind, text: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind.as_str().as_bytes());
        context.update(&[0]);
        context.update(text.as_bytes());
        BASE32HEX_NOPAD.encode(&context.sign().as_ref()[..KEPT]).to_lowercase()
    }
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Name => "name",
            Self::Words => "words",
        }
    }
}

impl Table {
    async fn audit_key(&self, organisation: &OrganisationId) -> Result<Key, Error> {
        let place = key::audit_key(organisation);
        if let Some(item) = self.get(place.clone()).await? {
            return Ok(Key::new(bytes(&item, "key")?));
        }
        let mut drawn = [0; 32];
        rand::fill(&mut drawn).map_err(|Unspecified| Error::Request("no random bytes".into()))?;
        let mut item = place.clone();
        item.insert("key".to_owned(), AttributeValue::B(Blob::new(drawn)));
        self.put_new(item).await?;
        // Another may have drawn one at the same time: what stands is the key.
        let item = self.get(place).await?.unwrap_or_default();
        Ok(Key::new(bytes(&item, "key")?))
    }
}

impl Key {
    fn new(bytes: [u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_the_same_hash_under_one_key_and_kind_alone() {
        let (key, other) = (Key::new([1; 32]), Key::new([2; 32]));
        let hash = key.hash(Kind::Number, "46701234567");
        assert_eq!(hash, Key::new([1; 32]).hash(Kind::Number, "46701234567"));
        assert_eq!(hash.len(), 26);
        let others = [key.hash(Kind::Number, "46701234568"), key.hash(Kind::Words, "46701234567"), other.hash(Kind::Number, "46701234567")];
        assert!(!others.contains(&hash));
        assert_eq!(format!("{key:?}").find('1'), None, "a key is not shown");
    }
}
