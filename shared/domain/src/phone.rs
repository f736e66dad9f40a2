//! Telephone numbers. They are personal data: `Debug`, as in logs, shows only the last two digits.

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A number in E.164 form: `+` and 7 to 15 digits, the first not 0 (ITU-T E.164, 6.2.1).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// The text is not an E.164 number.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a number is written in E.164 form: '+' and 7 to 15 digits")]
pub struct InvalidNumber;

/// A country by its ISO 3166-1 code, as in `SE`. Numbers in national form belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(pub(crate) Region);

/// The text is not the code of a country.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a country is named by its ISO 3166-1 code of two capital letters, as in SE")]
pub struct InvalidCountry;

impl Default for Country {
    fn default() -> Self {
        Self(Region::SE)
    }
}

/// Digits of a usual number in national form.
const NATIONAL: usize = 10;

impl Country {
    /// The digits of the beginning of a number, in national form with its 0, in international form
    /// without its `+`. Italy's numbers retain their 0.
    pub(crate) fn international(self, national: &str) -> Option<String> {
        let whole = format!("{national:5<NATIONAL$}"); // the beginning alone is too short to be judged
        let number = PHONE_NUMBER_UTIL.parse(&whole, Some(self.0)).ok()?;
        let mut digits = number.get_national_significant_number();
        let added = NATIONAL.saturating_sub(national.len());
        digits.truncate(digits.len().saturating_sub(added));
        Some(format!("{}{digits}", number.country_code))
    }
}

impl TryFrom<String> for Country {
    type Error = InvalidCountry;
    fn try_from(text: String) -> Result<Self, InvalidCountry> {
        let mut countries = PHONE_NUMBER_UTIL.get_supported_regions();
        countries.find(|region| region.to_string() == text).map(Self).ok_or(InvalidCountry)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.to_string()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

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
        let fits = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if fits { Ok(Self(text)) } else { Err(InvalidNumber) }
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
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

/// A free text without its telephone numbers: `ring 070-123 45 67` becomes `ring …67`.
///
/// A telephone number begins with `+`, `0` or Sweden's `46` and has 7 digits or more (9 with `46`),
/// with or without separators. Days, times and case numbers remain, however long they are.
pub fn without_numbers(text: &str) -> String {
    let (mut masked, mut rest, mut within) = (String::new(), text, false);
    while let Some(first) = rest.chars().next() {
        let begins = first.is_ascii_digit() || first == '+';
        let length = if begins && !within { number_at(rest) } else { None };
        if let Some(length) = length {
            let digits: Vec<char> = rest[..length].chars().filter(char::is_ascii_digit).collect();
            masked.push('…');
            masked.extend(&digits[digits.len().saturating_sub(2)..]);
            rest = &rest[length..];
            within = true;
            continue;
        }
        masked.push(first);
        within = first.is_alphanumeric();
        rest = &rest[first.len_utf8()..];
    }
    masked
}

/// The length in bytes of the number that the text begins with, if any.
fn number_at(text: &str) -> Option<usize> {
    let (mut digits, mut end) = (String::new(), 0);
    for (place, c) in text.char_indices() {
        if c.is_ascii_digit() {
            digits.push(c);
            end = place.saturating_add(1);
        } else if !(is_between(c) || place == 0 && c == '+') {
            break;
        }
    }
    let is_long = |least| digits.len() >= least;
    let is_number = match text.as_bytes().first()? {
        b'+' | b'0' => is_long(7),
        _ => digits.starts_with("46") && is_long(9),
    };
    is_number.then_some(end)
}

/// Whether people write the character between the digits of a number.
pub fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '(' | ')' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}')
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
    fn rejects_a_text_that_is_not_a_number() {
        for text in [
            "",
            "+",
            "0701234567",
            "+0701234567",
            "+46 70",
            "+123456",
            "+1234567890123456",
            "+46７01234567",
        ] {
            assert_eq!(PhoneNumber::try_from(text.to_owned()), Err(InvalidNumber), "{text}");
        }
    }

    #[test]
    fn a_number_in_a_log_shows_two_digits() -> Result<(), InvalidNumber> {
        assert_eq!(format!("{:?}", PhoneNumber::try_from("+46701234567".to_owned())?), "…67");
        Ok(())
    }

    #[test]
    fn telephone_numbers_in_a_text_are_masked() {
        for (text, masked) in [
            ("ring 070-123 45 67 igen", "ring …67 igen"),
            ("(070) 1234567", "(…67"),
            ("tel:+46 70 123 45 67.", "tel:…67."),
            ("0046701234567", "…67"),
            ("46701234567 ringde", "…67 ringde"),
            ("Tvist 1795964309119", "Tvist 1795964309119"),
            ("4411 070-1234567", "4411 …67"),
            ("+46701234567, 08-123 45 67", "…67, …67"),
            ("tvist 4411", "tvist 4411"),
            ("2026-11-29 kl 10.30", "2026-11-29 kl 10.30"),
            ("begäran 12, å+1", "begäran 12, å+1"),
            ("x0701234567", "x0701234567"),
            ("", ""),
        ] {
            assert_eq!(without_numbers(text), masked, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_is_masked_however_it_is_written(digits in "[1-9][0-9]{6,9}", between in "[ ./-]{0,2}", before in "[ a-z:]{0,8}[ :]", after in "[ ,a-z]{0,8}") {
            for prefix in ["+46", "0", "0046"] {
                let written: Vec<String> = digits.chars().map(String::from).collect();
                let text = format!("{before}{prefix}{}{after}", written.join(&between));
                let masked = without_numbers(&text);
                prop_assert!(masked.chars().filter(char::is_ascii_digit).count() == 2, "{text}: {masked}");
            }
        }
    }
}
