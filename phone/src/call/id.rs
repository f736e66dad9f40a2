//! The id of a call's leg.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The app's id of one leg of a call: a random UUID, which is also the name of its files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallId(String);

/// The text is not the id of a call.
#[derive(Debug, Error)]
#[error("a call id has 36 characters of 0-9, a-f and hyphens")]
pub struct InvalidCallId;

/// The positions of the hyphens in a UUID.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl CallId {
    /// A new id with 122 random bits, as a UUID of version 4 (RFC 9562).
    pub fn random() -> Self {
        let bits: u128 = rand::random();
        let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let mut text = format!("{bits:032x}");
        for at in HYPHENS {
            text.insert(at, '-');
        }
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CallId {
    type Error = InvalidCallId;

    fn try_from(text: String) -> Result<Self, InvalidCallId> {
        let fits = |(at, byte): (usize, u8)| match HYPHENS.contains(&at) {
            true => byte == b'-',
            false => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        };
        let is_valid = text.len() == 36 && text.bytes().enumerate().all(fits);
        if is_valid { Ok(Self(text)) } else { Err(InvalidCallId) }
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> Self {
        id.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_id_is_valid_and_differs_from_the_next() {
        let id = CallId::random();
        assert!(CallId::try_from(String::from(id.clone())).is_ok(), "{id}");
        assert_eq!(&id.as_str()[14..15], "4");
        assert_ne!(id, CallId::random());
    }

    #[test]
    fn an_id_cannot_name_a_file_elsewhere() {
        for text in ["", "../../../../../../../../../../../../", "6f0c1c5e-leg-1"] {
            assert!(CallId::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
