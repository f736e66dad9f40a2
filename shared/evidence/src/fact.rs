//! Facts, and the leaves that they make.

use std::fmt;

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::{Hash, NotHex, bytes, canonical, tree};

/// The kind of a fact.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    Registered,
    /// The audio was verified and stored. It has the audio's SHA-256.
    Stored,
    /// The audio was stored, and a part of it cannot be played.
    Damaged,
    Rejected,
    /// The audio of a registered call never arrived.
    Missing,
    Edited,
    /// An event of the audit log, for example that somebody listened.
    Audit,
    Held,
    Lifted,
    Delivered,
    /// The recording was removed: the receipt of its deletion.
    Ended,
}

/// A fact about a recording. All numbers are integers, and times are RFC 3339 in UTC with milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The version of the format.
    pub v: u8,
    pub kind: Kind,
    pub organisation: String,
    /// The id of the recording.
    pub subject: String,
    #[serde(with = "milliseconds")]
    pub at: DateTime<Utc>,
    /// The members of this kind.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The version of the format that this crate writes and reads.
pub const VERSION: u8 = 1;

/// Random bytes that are stored with a fact and deleted with it: without them its leaf says nothing.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt(pub [u8; 16]);

impl Facts {
    pub fn new(
        kind: Kind,
        organisation: impl Into<String>,
        subject: impl Into<String>,
        at: DateTime<Utc>,
    ) -> Self {
        let (organisation, subject) = (organisation.into(), subject.into());
        Self { v: VERSION, kind, organisation, subject, at, rest: Map::new() }
    }

    /// Adds a member.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.rest.insert(name.to_owned(), value.into());
        self
    }

    /// A member of this kind that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.rest.get(name).and_then(Value::as_str)
    }

    /// A member of this kind that is an integer of at least 0.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.rest.get(name).and_then(Value::as_u64)
    }

    /// The hash of the salted facts.
    pub fn leaf(&self, salt: Salt) -> Result<Hash, canonical::Error> {
        Ok(tree::leaf(&[&salt.0, &canonical::canonical(self)?]))
    }

    /// The place of the fact in its day's tree. Facts of one time, kind and subject are in the order
    /// of their leaves.
    pub fn order(&self, leaf: Hash) -> (DateTime<Utc>, &'static str, String, Hash) {
        (self.at, self.kind.into(), self.subject.clone(), leaf)
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&String::from(*self))
    }
}

impl TryFrom<String> for Salt {
    type Error = NotHex;
    fn try_from(text: String) -> Result<Self, NotHex> {
        bytes(&text).map(Self)
    }
}

impl From<Salt> for String {
    fn from(salt: Salt) -> Self {
        HEXLOWER.encode(&salt.0)
    }
}

/// RFC 3339 in UTC with exactly three decimals of a second.
pub mod milliseconds {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime<Utc>, D::Error> {
        let text = String::deserialize(from)?;
        let at: DateTime<Utc> = text.parse().map_err(D::Error::custom)?;
        match at.to_rfc3339_opts(SecondsFormat::Millis, true) == text {
            true => Ok(at),
            false => Err(D::Error::custom("a time is RFC 3339 in UTC with milliseconds")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let at = "2026-11-25T09:00:00.120Z".parse().expect("a time");
        Facts::new(Kind::Stored, "demo", "0a", at).with("sha256", "00").with("bytes", 12)
    }

    #[test]
    fn a_leaf_is_the_hash_of_zero_salt_and_canonical_facts() {
        let expected = br#"{"at":"2026-11-25T09:00:00.120Z","bytes":12,"kind":"stored","organisation":"demo","sha256":"00","subject":"0a","v":1}"#;
        assert_eq!(canonical::canonical(&facts()).expect("canonical"), expected);
        let salt = Salt([7; 16]);
        let leaf = facts().leaf(salt).expect("a leaf");
        assert_eq!(leaf, Hash::of_parts(&[&[0], &[7; 16], expected]));
        assert_ne!(leaf, facts().leaf(Salt([8; 16])).expect("a leaf"));
    }

    #[test]
    fn every_kind_has_its_name() {
        let names: Vec<&str> = Kind::VARIANTS.iter().map(|kind| kind.into()).collect();
        let all =
            "registered stored damaged rejected missing edited audit held lifted delivered ended";
        assert_eq!(names.join(" "), all);
    }

    #[test]
    fn another_form_of_a_time_is_refused() {
        for text in
            ["2026-11-25T09:00:00Z", "2026-11-25T10:00:00.120+01:00", "2026-11-25T09:00:00.1200Z"]
        {
            let json = serde_json::json!({ "v": 1, "kind": "held", "organisation": "demo", "subject": "0a", "at": text });
            assert!(serde_json::from_value::<Facts>(json).is_err(), "{text}");
        }
    }
}
