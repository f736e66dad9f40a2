//! The id of a call's leg.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The id of one leg of a call, which is also the name of its files: a random UUID, or the id that
/// the operator's switch has given the call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallId(String);

/// The text is not the id of a call.
#[derive(Debug, Error)]
#[error(
    "a call id has 1 to 128 letters, digits, '-', '.', '_', '~', '@', '+' and '=', and does not begin with a '.'"
)]
pub struct InvalidCallId;

/// The most characters of an id.
const AT_MOST: usize = 128;
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
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@+=".contains(&byte);
        let is_valid =
            (1..=AT_MOST).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with('.');
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
        let long = "x".repeat(129);
        for text in ["", ".", "..", "../a", ".hidden", "a/b", "a\\b", "a:b", "a b", "å", &long] {
            assert!(CallId::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_switch_may_have_given_the_id() {
        for text in ["6f0c1c5e-leg-1", "3848276298220188511@10.0.0.1", "17", &"x".repeat(128)] {
            assert!(CallId::try_from(text.to_owned()).is_ok(), "{text}");
        }
    }
}
