//! What an administrator orders about many recordings at once, and says why: a legal hold, other retention, an erasure.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ids::UserId, phone::PhoneNumber};

/// Why something was ordered, in the administrator's words: 1 to [`Reason::CHARACTERS`] characters on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

/// The text is no reason.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a reason holds 1 to 500 characters on one line")]
pub struct InvalidReason;

/// Whose recordings are erased: a counterpart's, whoever spoke with them, or those of one of the organisation's users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    Counterpart(PhoneNumber),
    User(UserId),
}

impl Reason {
    pub const CHARACTERS: usize = 500;
}

impl TryFrom<String> for Reason {
    type Error = InvalidReason;
    fn try_from(text: String) -> Result<Self, InvalidReason> {
        let text = text.trim().to_owned();
        let fits = (1..=Self::CHARACTERS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text)) } else { Err(InvalidReason) }
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Person {
    /// What may be kept of whom an erasure was about: a user's id, or the last two digits of a number.
    pub fn remembered(&self) -> String {
        match self {
            Self::Counterpart(number) => format!("{number:?}"),
            Self::User(user) => format!("user {user}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something_on_one_line() {
        assert_eq!(Reason::try_from(" tvist 4411 ".to_owned()).map(String::from), Ok("tvist 4411".to_owned()));
        for text in ["", "  ", "a\nb", &"å".repeat(501)] {
            assert_eq!(Reason::try_from(text.to_owned()), Err(InvalidReason), "{text}");
        }
    }

    #[test]
    fn of_a_number_that_was_erased_two_digits_are_remembered() -> Result<(), crate::phone::InvalidNumber> {
        assert_eq!(Person::Counterpart("+46701234567".to_owned().try_into()?).remembered(), "…67");
        Ok(())
    }
}
