//! Telephone numbers. They are personal data: `Debug`, which is what ends up in logs, shows the last two digits only.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A number in E.164 form: `+`, then 7 to 15 digits of which the first is not 0 (ITU-T E.164, 6.2.1).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// Who the recorded user spoke with: a number, or nobody we were told of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Counterpart {
    Number(PhoneNumber),
    Withheld,
}

/// The text is no E.164 number.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a number is written in E.164 form, '+' and 7 to 15 digits, or as 'withheld'")]
pub struct InvalidNumber;

const WITHHELD: &str = "withheld";

impl PhoneNumber {
    /// The number without its `+`.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidNumber;
    fn try_from(text: String) -> Result<Self, InvalidNumber> {
        let digits = text.strip_prefix('+').ok_or(InvalidNumber)?;
        let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if fits { Ok(Self(text)) } else { Err(InvalidNumber) }
    }
}

impl TryFrom<String> for Counterpart {
    type Error = InvalidNumber;
    fn try_from(text: String) -> Result<Self, InvalidNumber> {
        if text == WITHHELD { Ok(Self::Withheld) } else { text.try_into().map(Self::Number) }
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

impl From<Counterpart> for String {
    fn from(counterpart: Counterpart) -> Self {
        counterpart.to_string()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…{}", self.0.get(self.0.len().saturating_sub(2)..).unwrap_or_default())
    }
}

impl fmt::Display for Counterpart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Withheld => f.write_str(WITHHELD),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_reads_back_as_it_was_written(digits in "[1-9][0-9]{6,14}") {
            let text = format!("+{digits}");
            prop_assert_eq!(PhoneNumber::try_from(text.clone()).map(String::from), Ok(text));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "+", "0701234567", "+0701234567", "+46 70", "+123456", "+1234567890123456", "+46７01234567", "Withheld"] {
            assert_eq!(Counterpart::try_from(text.to_owned()), Err(InvalidNumber), "{text}");
        }
    }

    #[test]
    fn a_number_in_a_log_shows_two_digits() -> Result<(), InvalidNumber> {
        assert_eq!(format!("{:?}", Counterpart::try_from("+46701234567".to_owned())?), "Number(…67)");
        Ok(())
    }
}
