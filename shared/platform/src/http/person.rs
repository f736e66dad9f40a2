//! Users and what they may do, as the API shows them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    activation::{self, recorded},
    ids::{GroupId, UserId},
    people::{self, Language, Organisation, Plan},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    page::{self, Asked},
    problem::Problem,
};
use crate::table::activation::Entry;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    #[schema(value_type = String)]
    pub id: UserId,
    pub name: String,
    /// E.164.
    pub phone: Option<String>,
    /// `sv` or `en`.
    #[schema(value_type = String)]
    pub language: Language,
    /// `basic`, `pro`, `business` or `enterprise`.
    #[schema(value_type = Option<String>)]
    pub plan: Option<Plan>,
    pub administrator: bool,
    /// To their own recordings.
    pub rights: Rights,
    /// `recorded`, or what is missing first: `no-base-service`, `no-plan`, `not-active`, `not-acknowledged`.
    pub recording: &'static str,
    /// Why the user is billed and cannot be recorded: `not-acknowledged`, since a user is billed from the activation on; null: they are
    /// recorded, or not billed.
    pub billed_not_recorded: Option<&'static str>,
    pub activated_at: Option<DateTime<Utc>>,
    /// When they acknowledged the activation that they have now; null: they have not.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// The version of the text that they acknowledged.
    pub acknowledged_version: Option<String>,
    /// The recording groups that they are a member of.
    #[schema(value_type = Vec<String>)]
    pub groups: Vec<GroupId>,
    /// The recording groups that they supervise.
    pub supervises: Vec<Supervised>,
}

/// A group that someone supervises.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Supervised {
    #[schema(value_type = String)]
    pub group: GroupId,
    /// Inclusive; null: it has no beginning.
    pub from: Option<DateTime<Utc>>,
    /// Exclusive; null: it has no end.
    pub to: Option<DateTime<Utc>>,
    /// To the recordings of the group's members.
    pub rights: Rights,
    /// Whether the cover holds now.
    pub holds: bool,
}

/// Someone who supervises a group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Supervisor {
    #[schema(value_type = String)]
    pub user: UserId,
    /// Inclusive; null: it has no beginning.
    pub from: Option<DateTime<Utc>>,
    /// Exclusive; null: it has no end.
    pub to: Option<DateTime<Utc>>,
    /// To the recordings of the group's members.
    pub rights: Rights,
    /// Whether the cover holds now.
    pub holds: bool,
}

/// For how long someone supervises, and with which rights: every member has to be there.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cover {
    /// Inclusive (RFC 3339, of the years 2000 to 2199); null: it has no beginning.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub from: Option<Instant>,
    /// Exclusive (RFC 3339, likewise); null: it has no end.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub to: Option<Instant>,
    /// To the recordings of the group's members.
    pub rights: Rights,
}

/// What someone may do with recordings.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    pub listen: bool,
    pub download: bool,
    pub annotate: bool,
}

/// A page of everything that happened to a user's recording, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Activations {
    pub activations: Vec<Activation>,
    /// Hand it in as `cursor` for the next page; null on the last.
    pub cursor: Option<String>,
}

/// Something that happened to a user's recording.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activation {
    pub at: DateTime<Utc>,
    /// `activated`, `deactivated` or `acknowledged`.
    pub kind: &'static str,
    /// Who did it: `user:ID`, `client:ID` or `operator:ID`.
    pub by: String,
    /// Their name; null: an application, the operator, or someone who is no longer there.
    pub by_name: Option<String>,
    /// The version of the text, where they acknowledged it.
    pub version: Option<String>,
    /// The program in which they acknowledged it.
    pub client: Option<String>,
    /// When the operator voided it for billing; absent: it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voided_at: Option<DateTime<Utc>>,
}

impl User {
    pub fn of(user: people::User, organisation: &Organisation, now: DateTime<Utc>) -> Self {
        let acknowledged = activation::acknowledged(&user).cloned();
        Self {
            recording: recorded(organisation, &user, now).as_str(),
            billed_not_recorded: billed_not_recorded(organisation, &user, now),
            supervises: user.supervises.into_iter().map(|(group, cover)| Supervised::of(group, cover, now)).collect(),
            id: user.id,
            name: user.name.into(),
            phone: user.phone.map(Into::into),
            language: user.language,
            plan: user.plan,
            administrator: user.administrator,
            rights: user.rights.into(),
            activated_at: user.activated_at,
            acknowledged_at: acknowledged.as_ref().map(|acknowledged| acknowledged.at),
            acknowledged_version: acknowledged.map(|acknowledged| acknowledged.version),
            groups: user.groups.into_iter().collect(),
        }
    }
}

/// Why a user is billed and cannot be recorded.
pub fn billed_not_recorded(organisation: &Organisation, user: &people::User, now: DateTime<Utc>) -> Option<&'static str> {
    let lacks = recorded(organisation, user, now);
    (activation::billed(organisation, user, now) && lacks != activation::Recorded::Yes).then_some(lacks.as_str())
}

impl Supervised {
    fn of(group: GroupId, cover: people::Cover, now: DateTime<Utc>) -> Self {
        Self { group, holds: cover.holds(now), from: cover.from, to: cover.to, rights: cover.rights.into() }
    }
}

impl Supervisor {
    pub fn of(user: UserId, cover: people::Cover, now: DateTime<Utc>) -> Self {
        Self { user, holds: cover.holds(now), from: cover.from, to: cover.to, rights: cover.rights.into() }
    }
}

impl From<people::Rights> for Rights {
    fn from(rights: people::Rights) -> Self {
        Self { listen: rights.listen, download: rights.download, annotate: rights.annotate }
    }
}

impl From<Rights> for people::Rights {
    fn from(rights: Rights) -> Self {
        Self { listen: rights.listen, download: rights.download, annotate: rights.annotate }
    }
}

impl From<Cover> for people::Cover {
    fn from(cover: Cover) -> Self {
        Self { from: cover.from.map(Instant::utc), to: cover.to.map(Instant::utc), rights: cover.rights.into() }
    }
}

impl Activations {
    /// The page that is asked for, with the names of those who did it, by what the events call them
    /// ([`Table::names_of_those`](crate::table::Table::names_of_those)).
    pub fn page(entries: Vec<Entry>, asked: &Asked, names: &BTreeMap<String, String>) -> Result<Self, Problem> {
        let rows = entries.into_iter().map(|entry| Activation::of(entry, names)).collect();
        let (activations, cursor) = page::numbered(rows, asked.limit()?, asked.after()?.as_deref())?;
        Ok(Self { activations, cursor })
    }
}

impl Activation {
    fn of(Entry { event, voided, .. }: Entry, names: &BTreeMap<String, String>) -> Self {
        let kind = event.kind.as_str();
        let (version, client) = match event.kind {
            activation::Kind::Acknowledged { version, client } => (Some(version), Some(client)),
            activation::Kind::Activated | activation::Kind::Deactivated => (None, None),
        };
        Self { at: event.at, kind, by_name: names.get(&event.by).cloned(), by: event.by, version, client, voided_at: voided }
    }
}
