//! Keyed hashes of personal data (numbers, names, words), which replace it in the audit log.
//!
//! No role may change an event, not even to erase a person. So an event contains the HMAC-SHA-256
//! of a term under the organisation's key. Equal numbers have equal hashes, but nobody can try
//! numbers without the key. It is generated at first use and never changes. One role reads it.
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
use strum::IntoStaticStr;

use super::{AuditLog, Error, Table, attributes::bytes, key};

/// The keys of organisations, each read once while the function runs.
#[derive(Clone, Debug, Default)]
pub struct Keys(Arc<Mutex<BTreeMap<OrganisationId, Key>>>);

#[derive(Clone, Debug)]
pub struct Key(hmac::Key);

/// The kind of the hashed text. Hashes of different kinds have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Kind {
    Number,
    Name,
    Words,
}

/// Bytes of a hash: more than enough to distinguish the searches of an organisation.
const HASH_BYTES: usize = 16;

impl Keys {
    /// The organisation's key. No request; the first time 1, or 3 if no key existed.
    pub async fn of(&self, table: &Table, organisation: &OrganisationId) -> Result<Key, Error> {
        let known = |keys: &Self| {
            keys.0.lock().unwrap_or_else(PoisonError::into_inner).get(organisation).cloned()
        };
        if let Some(key) = known(self) {
            return Ok(key);
        }
        let key = table.audit_log().key(organisation).await?;
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(organisation.clone(), key.clone());
        Ok(key)
    }
}

impl Key {
    /// The hash of the text, as 26 characters of `0-9a-v`.
    pub fn hash(&self, kind: Kind, text: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind.into_str().as_bytes());
        context.update(&[0]);
        context.update(text.as_bytes());
        BASE32HEX_NOPAD.encode(&context.sign().as_ref()[..HASH_BYTES]).to_lowercase()
    }
}

impl AuditLog<'_> {
    async fn key(self, organisation: &OrganisationId) -> Result<Key, Error> {
        let place = key::audit_key(organisation);
        if let Some(item) = self.0.get(place.clone()).await? {
            return Ok(Key::new(bytes(&item, "key")?));
        }
        let mut random = [0; 32];
        rand::fill(&mut random).map_err(|Unspecified| Error::Request("no random bytes".into()))?;
        let mut item = place.clone();
        item.insert("key".to_owned(), AttributeValue::B(Blob::new(random)));
        self.0.put_new(item).await?;
        // Another request may have stored a key at the same time: the stored one applies.
        let item = self.0.get(place).await?.unwrap_or_default();
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
    fn a_hash_depends_on_the_text_the_kind_and_the_key() {
        let (key, other) = (Key::new([1; 32]), Key::new([2; 32]));
        let hash = key.hash(Kind::Number, "46701234567");
        assert_eq!(hash, Key::new([1; 32]).hash(Kind::Number, "46701234567"));
        assert_eq!(hash.len(), 26);
        let others = [
            key.hash(Kind::Number, "46701234568"),
            key.hash(Kind::Words, "46701234567"),
            other.hash(Kind::Number, "46701234567"),
        ];
        assert!(!others.contains(&hash));
        assert_eq!(format!("{key:?}").find('1'), None, "a key is not shown");
    }
}
