//! The annotation of a call: a note, a mark of the legend, and three fields (P2, P3, P14, P17).

use serde::{Deserialize, Serialize};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// A note of at most [`Note::CHARACTERS`] Unicode characters, counted after NFC so that "å" is one
/// however it was typed. Each line ends in one line feed, on Windows too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Note(String);

/// A mark, by its name in the legend: 1 to 32 of `a-z 0-9 -`, and not [`Mark::NONE`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mark(String);

/// A field that a customer's system sets: one line of [`Field::CHARACTERS`] characters after NFC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Field(String);

/// The three fields; each may be empty.
pub type Fields = [Option<Field>; 3];

/// The note, the mark and the fields of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotation {
    pub note: Option<Note>,
    pub mark: Option<Mark>,
    pub fields: Fields,
}

/// A change of an annotation: `None` leaves a value as it is, `Some(None)` removes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub note: Option<Option<Note>>,
    pub mark: Option<Option<Mark>>,
    pub fields: [Option<Option<Field>>; 3],
}

/// Why a text is not a note, mark or field.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidNote {
    #[error("a note holds at most 1000 characters, this one has {0}")]
    TooLong(usize),
    #[error("a note holds text, line breaks and tabs, no other control characters")]
    Control,
    #[error("a field holds at most 128 characters, this one has {0}")]
    FieldTooLong(usize),
    #[error("a field holds text on one line, no control characters")]
    FieldControl,
    #[error("a mark is named by 1 to 32 of a-z, 0-9 and '-'")]
    Mark,
    #[error(
        "a mark cannot be named none, which selects the calls without a mark in a search; choose another name"
    )]
    NoMark,
}

/// The changes that made a text a note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// It was longer than the maximum.
    pub cut: bool,
    /// It contained control characters.
    pub corrected: bool,
}

impl Note {
    pub const CHARACTERS: usize = 1000;

    /// The nearest note to any text. A line that ends in a carriage return ends in a line feed; other
    /// control characters become spaces.
    pub fn repaired(text: &str) -> (Self, Repaired) {
        let text = text.replace("\r\n", "\n");
        let corrected = text.chars().any(is_refused);
        let repair = |c| if c == '\r' { '\n' } else { ' ' };
        let text: String =
            text.chars().map(|c| if is_refused(c) { repair(c) } else { c }).nfc().collect();
        match text.char_indices().nth(Self::CHARACTERS) {
            None => (Self(text), Repaired { cut: false, corrected }),
            Some((end, _)) => (Self(text[..end].to_owned()), Repaired { cut: true, corrected }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Mark {
    /// The name with which a search selects calls without a mark.
    pub const NONE: &str = "none";

    /// The nearest mark to a text, and whether it differs; `None` if no letter case makes it one.
    pub fn repaired(text: &str) -> Option<(Self, bool)> {
        let lower = text.trim().to_lowercase();
        let differs = lower != text;
        Some((Self::try_from(lower).ok()?, differs))
    }

    /// A mark as stored. It is not checked, so that earlier names stay readable.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Note {
    type Error = InvalidNote;
    fn try_from(text: String) -> Result<Self, InvalidNote> {
        let text: String = text.replace("\r\n", "\n").nfc().collect();
        let count = text.chars().count();
        if count > Self::CHARACTERS {
            return Err(InvalidNote::TooLong(count));
        }
        if text.chars().any(is_refused) {
            return Err(InvalidNote::Control);
        }
        Ok(Self(text))
    }
}

/// Whether a note holds no such character.
fn is_refused(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

impl Field {
    pub const CHARACTERS: usize = 128;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Annotation {
    pub fn after(&self, change: &Change) -> Self {
        let field = |place: usize| {
            change.fields[place].clone().unwrap_or_else(|| self.fields[place].clone())
        };
        Self {
            note: change.note.clone().unwrap_or_else(|| self.note.clone()),
            mark: change.mark.clone().unwrap_or_else(|| self.mark.clone()),
            fields: [field(0), field(1), field(2)],
        }
    }
}

impl TryFrom<String> for Field {
    type Error = InvalidNote;
    fn try_from(text: String) -> Result<Self, InvalidNote> {
        let text: String = text.nfc().collect();
        let count = text.chars().count();
        if count > Self::CHARACTERS {
            return Err(InvalidNote::FieldTooLong(count));
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidNote::FieldControl);
        }
        Ok(Self(text))
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.0
    }
}

impl TryFrom<String> for Mark {
    type Error = InvalidNote;
    fn try_from(text: String) -> Result<Self, InvalidNote> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(allowed);
        match text.as_str() {
            Self::NONE => Err(InvalidNote::NoMark),
            _ if fits => Ok(Self(text)),
            _ => Err(InvalidNote::Mark),
        }
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
    fn no_mark_is_named_none() {
        assert_eq!(Mark::try_from("none".to_owned()), Err(InvalidNote::NoMark));
        for text in ["none-", "non", "red", "0", "-"] {
            assert_eq!(Mark::try_from(text.to_owned()).map(String::from).as_deref(), Ok(text));
        }
        let repaired = |text: &str| Mark::repaired(text).map(|(mark, differs)| (mark.0, differs));
        assert_eq!(repaired("red"), Some(("red".to_owned(), false)));
        assert_eq!(repaired(" RED"), Some(("red".to_owned(), true)));
        assert_eq!((repaired("None"), repaired("röd")), (None, None));
        for text in ["", "None", "röd", "a b", &"x".repeat(33)] {
            assert_eq!(Mark::try_from(text.to_owned()), Err(InvalidNote::Mark), "{text}");
        }
    }

    #[test]
    fn a_field_holds_128_characters_however_they_are_typed() {
        assert!(Field::try_from("a\u{30a}".repeat(128)).is_ok());
        assert_eq!(Field::try_from("ö".repeat(129)), Err(InvalidNote::FieldTooLong(129)));
        assert_eq!(Field::try_from("a\nb".to_owned()), Err(InvalidNote::FieldControl));
    }

    #[test]
    fn a_change_leaves_the_other_values() {
        let note = |text: &str| Note::try_from(text.to_owned()).ok();
        let field = |text: &str| Field::try_from(text.to_owned()).ok();
        let before =
            Annotation { note: note("ring"), mark: None, fields: [field("a"), None, field("c")] };
        let change = Change {
            note: Some(None),
            fields: [None, Some(field("b")), Some(None)],
            ..Change::default()
        };
        assert_eq!(
            before.after(&change),
            Annotation { note: None, mark: None, fields: [field("a"), field("b"), None] }
        );
        assert_eq!(before.after(&Change::default()), before);
    }

    #[test]
    fn control_characters_are_refused() {
        assert_eq!(Note::try_from("a\0b".to_owned()), Err(InvalidNote::Control));
        assert!(Note::try_from("rad ett\nrad två".to_owned()).is_ok());
        assert_eq!(Note::try_from("a\rb".to_owned()), Err(InvalidNote::Control));
    }

    #[test]
    fn any_text_is_repaired_to_the_nearest_note() {
        let repaired = |text: &str| {
            let (note, Repaired { cut, corrected }) = Note::repaired(text);
            assert_eq!(Note::try_from(note.as_str().to_owned()).as_ref(), Ok(&note), "{text:?}");
            (String::from(note), cut, corrected)
        };
        let note = |text: &str, cut, corrected| (text.to_owned(), cut, corrected);
        assert_eq!(repaired("rad\r\nrad\tå"), note("rad\nrad\tå", false, false));
        assert_eq!(repaired("a\rb\u{b}c\0"), note("a\nb c ", false, true));
        assert_eq!(repaired(&"ö".repeat(1001)), note(&"ö".repeat(1000), true, false));
        assert_eq!(repaired(&"o\u{308}".repeat(1000)), note(&"ö".repeat(1000), false, false));
    }

    #[test]
    fn a_line_break_counts_once_wherever_it_was_typed() {
        assert_eq!(Note::try_from("a\r\nb".to_owned()).map(String::from), Ok("a\nb".to_owned()));
        assert!(Note::try_from("\r\n".repeat(1000)).is_ok());
    }
}
