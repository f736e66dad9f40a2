//! What people say of a call: a note, and a mark from the organisation's legend.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// A note of at most [`Note::CHARACTERS`] Unicode characters, counted after NFC so that "å" is one however it was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Note(String);

/// A mark, by the name that the organisation's legend gives it: 1 to 32 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mark(String);

/// Why a text is no note or mark.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidNote {
    #[error("a note holds at most 1000 characters, this one has {0}")]
    TooLong(usize),
    #[error("a note holds text, line breaks and tabs, no other control characters")]
    Control,
    #[error("a mark is named by 1 to 32 of a-z, 0-9 and '-'")]
    Mark,
}

impl Note {
    pub const CHARACTERS: usize = 1000;
}

impl TryFrom<String> for Note {
    type Error = InvalidNote;
    fn try_from(text: String) -> Result<Self, InvalidNote> {
        let text: String = text.nfc().collect();
        let count = text.chars().count();
        if count > Self::CHARACTERS {
            return Err(InvalidNote::TooLong(count));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(InvalidNote::Control);
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for Mark {
    type Error = InvalidNote;
    fn try_from(text: String) -> Result<Self, InvalidNote> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text)) } else { Err(InvalidNote::Mark) }
    }
}

impl From<Note> for String {
    fn from(note: Note) -> Self {
        note.0
    }
}

impl From<Mark> for String {
    fn from(mark: Mark) -> Self {
        mark.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_typed_in_two_parts_counts_once() {
        assert!(Note::try_from("a\u{30a}".repeat(1000)).is_ok());
        assert_eq!(Note::try_from("å".repeat(1001)), Err(InvalidNote::TooLong(1001)));
    }

    #[test]
    fn control_characters_are_refused() {
        assert_eq!(Note::try_from("a\0b".to_owned()), Err(InvalidNote::Control));
        assert!(Note::try_from("rad ett\nrad två".to_owned()).is_ok());
    }
}
