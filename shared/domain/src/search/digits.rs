//! A part of a telephone number, however it is typed: `070-123 45 67`, `+46 70 123`, `4567`.
//!
//! Numbers are stored in E.164. A user types a national number (a leading 0, in the organisation's country), an
//! international one (`+` or `00`), or some digits of the beginning of either form or of the end.

use super::InvalidSearch;
use crate::{
    counterpart::Counterpart,
    phone::{Country, is_between},
};

/// At least [`Digits::LEAST`] digits of the beginning or the end of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    /// The beginning of an E.164 number, without its `+`.
    beginning: String,
    /// The end of a number; `None` after a typed `+`, which is always a beginning.
    end: Option<String>,
}

impl Digits {
    pub const LEAST: usize = 3;
    const MOST: usize = 17; // 15, and 00 before them

    /// Parses digits, with spaces, `-`, `(`, `)`, `.`, `/` and non-breaking spaces between them.
    /// National numbers are Sweden's.
    pub fn parse(text: &str) -> Result<Self, InvalidSearch> {
        Self::parse_in(text, Country::default())
    }

    /// As [`Digits::parse`], with the national numbers of another country.
    pub fn parse_in(text: &str, country: Country) -> Result<Self, InvalidSearch> {
        let text = text.trim();
        let (international, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let digits: String = rest.chars().filter(|c| !is_between(*c)).collect();
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidSearch::Digits);
        }
        if !(Self::LEAST..=Self::MOST).contains(&digits.len()) {
            return Err(InvalidSearch::Digits);
        }
        let beginning = match (digits.strip_prefix("00"), digits.strip_prefix('0')) {
            _ if international => digits.clone(),
            (Some(rest), _) => rest.to_owned(),
            (None, Some(_)) => country.international(&digits).unwrap_or_else(|| digits.clone()),
            (None, None) => digits.clone(),
        };
        Ok(Self { beginning, end: (!international).then_some(digits) })
    }

    /// The beginning of a number, without its `+`.
    pub fn beginning(&self) -> &str {
        &self.beginning
    }

    /// The end of a number; `None` after a typed `+`.
    pub fn end(&self) -> Option<&str> {
        self.end.as_deref()
    }

    /// Whether the counterpart has a number that begins or ends with the digits.
    pub fn hold(&self, counterpart: &Counterpart) -> bool {
        let Some(number) = counterpart.digits() else { return false };
        number.starts_with(&self.beginning)
            || self.end.as_ref().is_some_and(|end| number.ends_with(end.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(typed: &str, number: &str) -> bool {
        let number = Counterpart::from(number.to_owned());
        Digits::parse(typed).is_ok_and(|digits| digits.hold(&number))
    }

    #[test]
    fn a_number_is_found_however_it_is_typed() {
        let number = "+46701234567";
        for typed in [
            "070-123 45 67",
            "+46701234567",
            "+46 70 123 45 67",
            "0046701234567",
            "0701234567",
            "070",
            "+467",
            "4567",
            "67 ",
            "(070) 123",
            "46701",
        ] {
            assert_eq!(finds(typed, number), typed.trim() != "67", "{typed}");
        }
        for typed in ["071", "+47", "1234", "0123", "+0701234567", "4568"] {
            assert!(!finds(typed, number), "{typed}");
        }
        assert!(finds("040", "+4531390040"), "a leading 0 may be the digits of an end");
    }

    #[test]
    fn a_national_number_belongs_to_the_organisations_country() {
        for (country, typed, number) in [
            ("FI", "040 123 45 67", "+358401234567"),
            ("DE", "0151 23456", "+4915123456789"),
            ("IT", "06 698", "+390669812345"),
            ("NO", "22 12 34 56", "+4722123456"),
            ("SE", "070-123", "+46701234567"),
        ] {
            let country = Country::try_from(country.to_owned()).expect("a country");
            let digits = Digits::parse_in(typed, country).expect("digits");
            let number = Counterpart::from(number.to_owned());
            assert!(digits.hold(&number), "{country} {typed}");
            let end = Counterpart::from(format!("+4611{}", typed.replace(['-', ' '], "")));
            assert!(digits.hold(&end), "{country} {typed}: they may be an end as well");
        }
    }

    #[test]
    fn rejects_a_text_that_is_not_a_number() {
        for typed in ["", "12", "+12", "070123456789012345", "070x", "anna", "+", "٠٧٠١"] {
            assert_eq!(Digits::parse(typed), Err(InvalidSearch::Digits), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_accepted_or_refused(text in "\\PC{0,30}") {
            let _read = Digits::parse(&text);
        }

        #[test]
        fn every_beginning_and_end_of_three_digits_or_more_finds_its_number(digits in "[1-9][0-9]{6,14}", cut in 3..7usize) {
            let number = format!("+{digits}");
            let beginning = format!("+{}", &digits[..cut]);
            prop_assert!(finds(&beginning, &number));
            let end = &digits[digits.len() - cut..];
            prop_assert!(finds(end, &number));
        }

        #[test]
        fn separators_change_nothing(digits in "0[1-9][0-9]{5,9}", at in 1..6usize, between in prop::sample::select(vec![" ", "-", " - ", "/", ".", "\u{a0}"])) {
            let typed = format!("{}{between}{}", &digits[..at], &digits[at..]);
            prop_assert_eq!(Digits::parse(&typed), Digits::parse(&digits));
        }
    }
}
