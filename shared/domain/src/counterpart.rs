//! The other end of a call, of whatever kind: calls to 112, to a colleague's extension, or from a
//! withheld number are retained like any other.
//!
//! [`Counterpart::read`] accepts every text, and one party is one counterpart however it was
//! written. Numbers follow libphonenumber's metadata of the organisation's country. The text of a
//! counterpart reads back as the same counterpart.

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use serde::{Deserialize, Serialize};

use crate::phone::{Country, PhoneNumber, is_between};

/// The other end of a call.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Counterpart {
    Number(PhoneNumber),
    /// A short number, an extension or a service code: 1 to 32 of `0-9`, `*` and `#`.
    Dialled(String),
    /// A SIP address with its scheme, in lower case.
    Sip(String),
    /// A name that the network showed in place of a number: at most 100 characters.
    Name(String),
    Withheld,
    /// The phone did not know it.
    Unknown,
}

/// The most characters of a name or an address.
const CHARACTERS: usize = 100;
/// Fewer digits than this are a short number.
const NUMBER: usize = 7;
/// The texts that trunks and phones send in place of a withheld number. The digits spell ANONYMOUS,
/// RESTRICTED, PRIVATE and BLOCKED on a keypad.
const WITHHELD: [&str; 11] = [
    "withheld",
    "anonymous",
    "restricted",
    "private",
    "blocked",
    "hidden",
    "skyddat nummer",
    "266696687",
    "7378742833",
    "7748283",
    "2562533",
];
/// The texts that they send in place of an unknown number. The digits spell UNAVAILABLE and UNKNOWN.
const UNKNOWN: [&str; 7] = ["", "unknown", "null", "none", "unavailable", "86282452253", "8656696"];
/// Prefixes that show or hide the caller's own number for one call (3GPP TS 22.030).
const OWN_NUMBER: [&str; 4] = ["*31#", "#31#", "*67", "*82"];

impl Counterpart {
    /// Reads the text that a phone sent, with numbers in national form of `country`.
    pub fn read(sent: &str, country: Country) -> Self {
        let text: String = sent.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
        let text = text.trim();
        let bare = text.strip_prefix("tel:").unwrap_or(text).trim_start_matches('+').to_lowercase();
        match bare.as_str() {
            bare if WITHHELD.contains(&bare) => Self::Withheld,
            bare if UNKNOWN.contains(&bare) => Self::Unknown,
            _ => Self::of_text(text, country),
        }
    }

    fn of_text(text: &str, country: Country) -> Self {
        if text.contains('@') || text.to_ascii_lowercase().starts_with("sip") && text.contains(':')
        {
            return Self::of_address(text, country);
        }
        let dialled = text.strip_prefix("tel:").unwrap_or(text);
        let dialled = dialled.split([',', ';', 'p', 'w']).next().unwrap_or_default(); // pauses and parameters
        let dialled = OWN_NUMBER
            .iter()
            .find_map(|prefix| dialled.strip_prefix(prefix).filter(|rest| !rest.is_empty()))
            .unwrap_or(dialled);
        let digits: String =
            dialled.replace("(0)", "").chars().filter(|c| !is_between(*c)).collect();
        let is_dialled = digits
            .chars()
            .enumerate()
            .all(|(place, c)| c.is_ascii_digit() || "*#".contains(c) || (c == '+' && place == 0));
        match is_dialled && digits.bytes().any(|b| b.is_ascii_digit() || b == b'*' || b == b'#') {
            true => Self::of_digits(&digits, country),
            false => Self::Name(text.chars().take(CHARACTERS).collect()),
        }
    }

    fn of_digits(dialled: &str, country: Country) -> Self {
        if dialled.contains(['*', '#']) {
            return Self::Dialled(dialled.trim_start_matches('+').chars().take(32).collect());
        }
        let parsed = PHONE_NUMBER_UTIL.parse(dialled, Some(country.0)).ok();
        let number = parsed.map(|number| {
            (number.is_valid(), number.format_as(PhoneNumberFormat::E164).to_string())
        });
        let digits = dialled.trim_start_matches('+');
        let (known, short) =
            (number.as_ref().is_some_and(|(valid, _)| *valid), digits.len() < NUMBER);
        let international = format!("+{}", digits.trim_start_matches('0'));
        let candidates = match (known, dialled.starts_with(['+', '0'])) {
            (true, _) | (false, true) => [number.map(|(_, number)| number), Some(international)],
            (false, false) => [Some(international), None],
        };
        let number =
            candidates.into_iter().flatten().find_map(|text| PhoneNumber::try_from(text).ok());
        match number.filter(|_| known || !short) {
            Some(number) => Self::Number(number),
            None => Self::Dialled(digits.chars().take(32).collect()),
        }
    }

    /// A SIP address. One whose user is a whole number is that number.
    fn of_address(text: &str, country: Country) -> Self {
        let lower = text.to_lowercase();
        let address = lower.trim_start_matches("sips:").trim_start_matches("sip:");
        let (user, host) = address.split_once('@').unwrap_or((address, ""));
        let host = host.split([';', '?', '>']).next().unwrap_or_default();
        if WITHHELD.contains(&user) || host == "anonymous.invalid" {
            return Self::Withheld;
        }
        if user.starts_with(['+', '0'])
            && let Self::Number(number) =
                Self::of_text(user.split(';').next().unwrap_or_default(), country)
        {
            return Self::Number(number);
        }
        let address =
            if host.is_empty() { format!("sip:{user}") } else { format!("sip:{user}@{host}") };
        Self::Sip(address.chars().filter(|c| !c.is_whitespace()).take(CHARACTERS).collect())
    }

    /// The digits by which a search finds it: of a number or a short number.
    pub fn digits(&self) -> Option<&str> {
        match self {
            Self::Number(number) => Some(number.digits()),
            Self::Dialled(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits),
            _ => None,
        }
    }

    /// The counterpart with these digits, as [`Counterpart::digits`] returns them.
    pub fn with_digits(digits: &str) -> Option<Self> {
        if digits.len() < NUMBER {
            return Some(Self::Dialled(digits.to_owned()));
        }
        PhoneNumber::try_from(format!("+{digits}")).ok().map(Self::Number)
    }

    /// The kind, as the API names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "number",
            Self::Dialled(_) => "dialled",
            Self::Sip(_) => "sip",
            Self::Name(_) => "text",
            Self::Withheld => "withheld",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it identifies a party.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Withheld | Self::Unknown)
    }

    /// The counterpart in a file name: letters, digits, `-`, `_` and `.`.
    pub fn in_a_file_name(&self) -> String {
        let text = self.to_string();
        let text = text.trim_start_matches('+').trim_start_matches("sip:");
        text.chars()
            .map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' })
            .take(40)
            .collect()
    }
}

/// Characters that are pasted along with numbers and cannot be seen: soft hyphens, zero-width
/// spaces and joiners, directional marks, byte-order marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Reads the text of a counterpart, without libphonenumber: a page of a search has hundreds.
impl From<String> for Counterpart {
    fn from(text: String) -> Self {
        match text.as_str() {
            "withheld" => Self::Withheld,
            "unknown" => Self::Unknown,
            dialled if dialled.bytes().all(|b| b.is_ascii_digit() || b"*#".contains(&b)) => {
                Self::Dialled(text)
            }
            sip if sip.starts_with("sip:") => Self::Sip(text),
            _ => PhoneNumber::try_from(text.clone()).map_or(Self::Name(text), Self::Number),
        }
    }
}

impl From<Counterpart> for String {
    fn from(counterpart: Counterpart) -> Self {
        counterpart.to_string()
    }
}

impl fmt::Display for Counterpart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Dialled(text) | Self::Sip(text) | Self::Name(text) => f.write_str(text),
            Self::Withheld | Self::Unknown => f.write_str(self.kind()),
        }
    }
}

/// As logs may contain it: the kind, and two digits of a number.
impl fmt::Debug for Counterpart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "Number({number:?})"),
            other => f.write_str(other.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(sent: &str) -> String {
        let counterpart = Counterpart::read(sent, Country::default());
        format!("{} {counterpart}", counterpart.kind())
    }

    #[test]
    fn every_field_case_is_accepted_as_what_it_is() {
        let anna = "number +46701234567";
        for (sent, expected) in [
            ("112", "dialled 112"),
            ("1177", "dialled 1177"),
            ("11414", "dialled 11414"),
            ("118118", "dialled 118118"),
            ("4411", "dialled 4411"),
            ("204", "dialled 204"),
            ("*21#", "dialled *21#"),
            ("0701234567", anna),
            ("0046701234567", anna),
            ("+46 70 123 45 67", anna),
            ("+46 (0)70-123 45 67", anna),
            ("+460701234567", anna),
            ("46701234567", anna),
            ("tel:+46701234567", anna),
            ("tel:+46-70-123-45-67;phone-context=x", anna),
            ("*31#0701234567", anna),
            ("#31#+46701234567", anna),
            ("+46701234567,,123#", anna),
            ("070−1234567", anna),
            ("070–123 45 67", anna),
            ("\u{202a}0701234567\u{202c}", anna),
            ("07012\u{200b}34567", anna),
            ("sip:+46701234567@trunk.example.net;user=phone", anna),
            ("sip:anna@bolaget.se", "sip sip:anna@bolaget.se"),
            ("SIP:Anna@Bolaget.se", "sip sip:anna@bolaget.se"),
            ("anna@bolaget.se", "sip sip:anna@bolaget.se"),
            ("sip:4411@pbx.bolaget.se", "sip sip:4411@pbx.bolaget.se"),
            ("sip:anonymous@anonymous.invalid", "withheld withheld"),
            ("anonymous", "withheld withheld"),
            ("Anonymous", "withheld withheld"),
            ("+266696687", "withheld withheld"),
            ("withheld", "withheld withheld"),
            ("", "unknown unknown"),
            ("null", "unknown unknown"),
            ("  ", "unknown unknown"),
            ("\u{7}", "unknown unknown"),
            ("070\t1234567\n", anna),
            ("Telia", "text Telia"),
            ("Kund & Co", "text Kund & Co"),
            ("+12025550123", "number +12025550123"),
            ("+358 40 123 4567", "number +358401234567"),
            ("08-123 456 78", "number +46812345678"),
            ("(08) 123 456 78", "number +46812345678"),
            ("026-64 00 00", "number +4626640000"),
            ("020-12 34 56", "number +4620123456"),
            ("+4790", "dialled 4790"),
        ] {
            assert_eq!(read(sent), expected, "{sent:?}");
        }
    }

    #[test]
    fn a_country_has_its_own_national_form() {
        let [norway, finland] =
            ["NO", "FI"].map(|code| Country::try_from(code.to_owned()).expect("a country"));
        assert_eq!(Counterpart::read("22 33 44 55", norway).to_string(), "+4722334455");
        assert_eq!(Counterpart::read("040 1234567", finland).to_string(), "+358401234567");
    }

    #[test]
    fn digits_read_back_as_the_counterpart() {
        for sent in ["112", "4411", "0701234567", "+12025550123"] {
            let counterpart = Counterpart::read(sent, Country::default());
            assert_eq!(
                counterpart.digits().and_then(Counterpart::with_digits).as_ref(),
                Some(&counterpart),
                "{sent}"
            );
        }
        assert_eq!(Counterpart::read("*21#", Country::default()).digits(), None);
    }

    #[test]
    fn a_log_contains_no_address_or_name() {
        for sent in ["sip:anna@bolaget.se", "Anna Svensson", "4411"] {
            assert!(!format!("{:?}", Counterpart::read(sent, Country::default())).contains("nna"));
        }
        assert_eq!(
            format!("{:?}", Counterpart::read("0701234567", Country::default())),
            "Number(…67)"
        );
    }

    proptest! {
        #[test]
        fn any_text_reads_back_as_the_same_counterpart(sent in any::<String>()) {
            let counterpart = Counterpart::read(&sent, Country::default());
            prop_assert_eq!(Counterpart::from(counterpart.to_string()), counterpart);
        }

        #[test]
        fn any_dialled_text_reads_back_as_the_same_counterpart(sent in "[0-9+*#,;() pwtel:-]{0,40}") {
            let counterpart = Counterpart::read(&sent, Country::default());
            prop_assert_eq!(Counterpart::from(counterpart.to_string()), counterpart);
        }
    }
}
