//! Organisations and their people: who is recorded, and who may do what.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::{
    ids::{GroupId, OrganisationId, UserId},
    phone::{Country, PhoneNumber},
};

#[derive(Clone, Debug)]
pub struct Organisation {
    pub id: OrganisationId,
    pub name: Name,
    /// Whether it has the base service iCentrex Företagstelefoni (P20).
    pub base_service: bool,
    /// Since when it has had it; `None` if it always has, or if it has not.
    pub base_since: Option<DateTime<Utc>>,
    /// The period before that, or the last one.
    pub base_before: Option<Period>,
    /// The country of numbers in national form.
    pub country: Country,
    /// Days that a recording is retained, from the start of its call (P18, P23).
    pub retention_days: u16,
    /// Whether it has the add-on for a longer retention (P23).
    pub storage_add_on: bool,
    /// Whether users must give a reason to listen or download.
    pub asks_reason: bool,
}

#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub name: Name,
    pub phone: Option<PhoneNumber>,
    /// The short number by which colleagues reach the user.
    pub extension: Option<Extension>,
    pub language: Language,
    /// One of the plans that recording needs (P20).
    pub plan: Option<Plan>,
    pub administrator: bool,
    pub rights: Rights,
    /// When an administrator activated recording (P8); `None` while it is off.
    pub activated_at: Option<DateTime<Utc>>,
    /// The latest acknowledgement that calls are recorded (P21). It counts for the activation that
    /// existed then, see [`crate::activation::acknowledged`].
    pub acknowledged: Option<Acknowledged>,
    /// The first acknowledgement of the current activation, from which calls are recorded. `None`
    /// of users who acknowledged before it was stored.
    pub recorded_since: Option<DateTime<Utc>>,
    /// The period before the current activation in which calls were recorded, if there was one.
    pub recorded_before: Option<Period>,
    /// The recording groups that the user is a member of.
    pub groups: BTreeSet<GroupId>,
    /// The recording groups whose recordings the user reaches (P12).
    pub supervises: BTreeMap<GroupId, Supervision>,
}

/// When a user acknowledged that they are recorded, and which version of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    pub at: DateTime<Utc>,
    pub version: String,
}

/// A period: from its start, inclusive, to its end, exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// The actions that a user may perform on recordings they reach (P4, P7, P11, P12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rights {
    pub listen: bool,
    pub download: bool,
    pub annotate: bool,
}

/// A supervisor's access to one group: its period and its rights. A missing start or end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// Inclusive.
    pub from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub to: Option<DateTime<Utc>>,
    pub rights: Rights,
}

/// The user plans that recording can be added to (P20).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Plan {
    Basic,
    Pro,
    Business,
    Enterprise,
}

/// The languages of the portal.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Language {
    #[default]
    Sv,
    En,
}

/// A short number within the organisation: 2 to 8 digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Extension(String);

/// The text is not an extension.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("an extension has 2 to 8 digits")]
pub struct InvalidExtension;

/// The name of a person or thing: 1 to [`Name::CHARACTERS`] NFC characters on one line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// The text is not a name.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a name has 1 to 100 characters on one line")]
pub struct InvalidName;

impl Period {
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        (self.from..self.to).contains(&at)
    }
}

impl Organisation {
    /// Whether it had the base service at `at`, as far as its last two periods tell.
    pub fn had_base_service(&self, at: DateTime<Utc>) -> bool {
        self.base_service && self.base_since.is_none_or(|since| since <= at)
            || self.base_before.is_some_and(|before| before.contains(at))
    }
}

impl Rights {
    pub const ALL: Self = Self { listen: true, download: true, annotate: true };

    /// The rights that either grants.
    pub fn or(self, other: Self) -> Self {
        Self {
            listen: self.listen || other.listen,
            download: self.download || other.download,
            annotate: self.annotate || other.annotate,
        }
    }

    pub fn any(self) -> bool {
        self != Self::default()
    }
}

impl Supervision {
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= now) && self.to.is_none_or(|to| now < to)
    }
}

impl User {
    /// The groups that the user supervises at `now`, with the rights to each.
    pub fn active_supervisions(
        &self,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = (&GroupId, Rights)> {
        self.supervises
            .iter()
            .filter(move |(_, supervision)| supervision.holds(now))
            .map(|(group, supervision)| (group, supervision.rights))
    }
}

impl Name {
    pub const CHARACTERS: usize = 100;

    /// The name as lists sort and find it, in lower case: "anna" finds "Anna", "asa" not "Åsa".
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// The form of a text by which names are found.
pub fn fold(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).collect()
}

impl TryFrom<String> for Extension {
    type Error = InvalidExtension;
    fn try_from(text: String) -> Result<Self, InvalidExtension> {
        let fits = (2..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text)) } else { Err(InvalidExtension) }
    }
}

impl From<Extension> for String {
    fn from(extension: Extension) -> Self {
        extension.0
    }
}

impl std::fmt::Display for Extension {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hides the number.
impl std::fmt::Debug for Extension {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Extension(…)")
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        let text: String = text.trim().nfc().collect();
        let fits = (1..=Self::CHARACTERS).contains(&text.chars().count())
            && !text.chars().any(char::is_control);
        if fits { Ok(Self(text)) } else { Err(InvalidName) }
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name is personal data, so logs show only its first letter.
impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}…", self.0.chars().next().unwrap_or('?'))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn id<T: TryFrom<String>>(text: &str) -> T {
        T::try_from(text.to_owned()).ok().expect("a valid id")
    }

    /// An organisation that records.
    pub(crate) fn organisation() -> Organisation {
        Organisation {
            id: id("demo"),
            name: id("Demo"),
            base_service: true,
            base_since: None,
            base_before: None,
            country: Country::default(),
            retention_days: 180,
            storage_add_on: false,
            asks_reason: false,
        }
    }

    /// Anna, recorded and acknowledged since long ago, without rights.
    pub(crate) fn user() -> User {
        User {
            id: id("anna"),
            name: id("Anna Berg"),
            phone: None,
            extension: None,
            language: Language::Sv,
            plan: Some(Plan::Pro),
            administrator: false,
            rights: Rights::default(),
            activated_at: Some(DateTime::UNIX_EPOCH),
            recorded_since: None,
            recorded_before: None,
            acknowledged: Some(Acknowledged { at: DateTime::UNIX_EPOCH, version: "1".to_owned() }),
            groups: BTreeSet::new(),
            supervises: BTreeMap::new(),
        }
    }

    #[test]
    fn a_supervision_holds_from_its_first_moment_until_its_last() {
        let at = |second| DateTime::from_timestamp(second, 0);
        let supervision = Supervision { from: at(10), to: at(20), rights: Rights::ALL };
        let holds =
            [9, 10, 19, 20].map(|second| at(second).is_some_and(|now| supervision.holds(now)));
        assert_eq!(holds, [false, true, true, false]);
        assert!(
            Supervision { from: None, to: None, rights: Rights::ALL }.holds(DateTime::UNIX_EPOCH)
        );
    }

    #[test]
    fn a_name_is_found_whatever_its_case_and_never_by_another_letter() {
        let name = Name::try_from("  Åsa BERG ".to_owned()).expect("a name");
        assert_eq!(name.folded(), "åsa berg");
        assert_ne!(name.folded(), "asa berg");
        for bad in ["", "  ", "a\nb", &"x".repeat(101)] {
            assert_eq!(Name::try_from(bad.to_owned()), Err(InvalidName));
        }
    }
}
