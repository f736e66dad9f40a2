//! The reason that a user gives for an action: a job, a listening or a correction.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// At least one letter and at most `CHARACTERS` characters on one line, without outer whitespace.
///
/// A reason is read years later. A full stop, a digit or an invisible character explains nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason<const CHARACTERS: usize = 500>(String);

/// The text is not a reason of at most this many characters.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "say why in words: a reason has at least one letter and at most {0} characters, on one line"
)]
pub struct InvalidReason(pub usize);

impl<const CHARACTERS: usize> Reason<CHARACTERS> {
    /// A reason as stored. It is not checked, so that earlier texts stay readable.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the character is a visible letter, which the Hangul fillers are not.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

impl<const CHARACTERS: usize> TryFrom<String> for Reason<CHARACTERS> {
    type Error = InvalidReason;
    fn try_from(text: String) -> Result<Self, InvalidReason> {
        let text = text.trim().to_owned();
        let fits = text.chars().count() <= CHARACTERS && !text.chars().any(char::is_control);
        if fits && text.chars().any(is_letter) {
            Ok(Self(text))
        } else {
            Err(InvalidReason(CHARACTERS))
        }
    }
}

impl<const CHARACTERS: usize> From<Reason<CHARACTERS>> for String {
    fn from(reason: Reason<CHARACTERS>) -> Self {
        reason.0
    }
}

impl<const CHARACTERS: usize> fmt::Display for Reason<CHARACTERS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reason(text: &str) -> Result<String, InvalidReason> {
        Reason::<500>::try_from(text.to_owned()).map(String::from)
    }

    #[test]
    fn a_reason_is_one_line_of_at_most_500_characters() {
        assert_eq!(reason(" tvist 4411 ").as_deref(), Ok("tvist 4411"));
        for text in ["å", "x", "理由", "причина", "§ 7 a", &"å".repeat(500)] {
            assert_eq!(reason(text).as_deref(), Ok(text));
        }
        for text in ["", "  ", "a\nb", "a\u{0}", &"å".repeat(501)] {
            assert_eq!(reason(text), Err(InvalidReason(500)), "{text}");
        }
        assert_eq!(Reason::<200>::try_from("å".repeat(201)), Err(InvalidReason(200)));
    }

    #[test]
    fn rejects_a_text_without_a_letter() {
        for text in [
            ".",
            "-",
            "…",
            "4411",
            "7 §",
            "\u{200b}",
            "\u{200b}\u{200d}",
            "\u{feff}",
            "\u{2060}",
            "\u{ad}",
            "\u{2800}",
            "\u{3164}",
            "\u{115f}\u{1160}\u{ffa0}",
            "\u{301}",
            "🦀",
            "\u{202e}",
        ] {
            assert_eq!(reason(text), Err(InvalidReason(500)), "{text:?}");
        }
        assert!(InvalidReason(500).to_string().contains("at least one letter"));
    }

    proptest! {
        #[test]
        fn a_reason_reads_back_as_it_was_written(text in ".{0,300}") {
            if let Ok(read) = Reason::<200>::try_from(text) {
                let written = String::from(read.clone());
                prop_assert!(written.chars().count() <= 200);
                prop_assert_eq!(Reason::<200>::try_from(written), Ok(read));
            }
        }
    }
}
