//! Users and their rights, as the API shows them.

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

use super::page::{Listed, Page};
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
    /// The short number by which colleagues reach the user: 2 to 8 digits.
    pub extension: Option<String>,
    /// `sv` or `en`.
    #[schema(value_type = String)]
    pub language: Language,
    /// `basic`, `pro`, `business` or `enterprise`.
    #[schema(value_type = Option<String>)]
    pub plan: Option<Plan>,
    pub administrator: bool,
    /// The user's rights to their own recordings.
    pub rights: Rights,
    /// `recorded`, or why not: `no-base-service`, `no-plan`, `not-active`, `not-acknowledged`.
    pub recording: &'static str,
    /// Why the user is billed and cannot be recorded: `not-acknowledged`, since billing starts with
    /// the activation. Null if the user is recorded or not billed.
    pub billed_not_recorded: Option<&'static str>,
    pub activated_at: Option<DateTime<Utc>>,
    /// When the user acknowledged the current activation; null if they have not.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// The version of the text that the user acknowledged.
    pub acknowledged_version: Option<String>,
    /// The recording groups that the user is a member of.
    #[schema(value_type = Vec<String>)]
    pub groups: Vec<GroupId>,
    /// The recording groups that the user supervises.
    pub supervises: Vec<GroupSupervision>,
}

/// A group that a user supervises.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupSupervision {
    #[schema(value_type = String)]
    pub group: GroupId,
    /// Inclusive; null if there is no start.
    pub from: Option<DateTime<Utc>>,
    /// Exclusive; null if there is no end.
    pub to: Option<DateTime<Utc>>,
    /// The rights to the recordings of the group's members.
    pub rights: Rights,
    /// Whether the supervision is active now.
    pub holds: bool,
}

/// A supervisor of a group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Supervisor {
    #[schema(value_type = String)]
    pub user: UserId,
    /// Inclusive; null if there is no start.
    pub from: Option<DateTime<Utc>>,
    /// Exclusive; null if there is no end.
    pub to: Option<DateTime<Utc>>,
    /// The rights to the recordings of the group's members.
    pub rights: Rights,
    /// Whether the supervision is active now.
    pub holds: bool,
}

/// The period and the rights of a supervision. Every member is required.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Supervision {
    /// Inclusive (RFC 3339, years 2000 to 2199); null for no start.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub from: Option<Instant>,
    /// Exclusive (RFC 3339, years 2000 to 2199); null for no end.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub to: Option<Instant>,
    /// The rights to the recordings of the group's members.
    pub rights: Rights,
}

/// The actions that a user may perform on recordings.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    pub listen: bool,
    pub download: bool,
    pub annotate: bool,
}

/// An event of a user's activation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activation {
    pub at: DateTime<Utc>,
    /// `activated`, `deactivated` or `acknowledged`.
    pub kind: &'static str,
    /// The actor: `user:ID`, `client:ID` or `operator:ID`.
    pub by: String,
    /// The actor's name; null for an application client, the operator or a former user.
    pub by_name: Option<String>,
    /// The version of the text, if the user acknowledged it.
    pub version: Option<String>,
    /// The program in which the user acknowledged it.
    pub client: Option<String>,
    /// When the operator voided the event for billing; absent if it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voided_at: Option<DateTime<Utc>>,
}

impl User {
    pub fn of(user: people::User, organisation: &Organisation, now: DateTime<Utc>) -> Self {
        let acknowledged = activation::acknowledged(&user).cloned();
        Self {
            recording: recorded(organisation, &user, now).into(),
            billed_not_recorded: billed_not_recorded(organisation, &user, now),
            supervises: user
                .supervises
                .into_iter()
                .map(|(group, supervision)| GroupSupervision::of(group, supervision, now))
                .collect(),
            id: user.id,
            name: user.name.into(),
            phone: user.phone.map(Into::into),
            extension: user.extension.map(Into::into),
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

/// The requirement that is missing while the user is billed and cannot be recorded.
pub fn billed_not_recorded(
    organisation: &Organisation,
    user: &people::User,
    now: DateTime<Utc>,
) -> Option<&'static str> {
    let lacks = recorded(organisation, user, now);
    (activation::billed(organisation, user, now) && lacks != activation::Recorded::Yes)
        .then_some(lacks.into())
}

impl GroupSupervision {
    fn of(group: GroupId, supervision: people::Supervision, now: DateTime<Utc>) -> Self {
        Self {
            group,
            holds: supervision.holds(now),
            from: supervision.from,
            to: supervision.to,
            rights: supervision.rights.into(),
        }
    }
}

impl Supervisor {
    pub fn of(user: UserId, supervision: people::Supervision, now: DateTime<Utc>) -> Self {
        Self {
            user,
            holds: supervision.holds(now),
            from: supervision.from,
            to: supervision.to,
            rights: supervision.rights.into(),
        }
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

impl From<Supervision> for people::Supervision {
    fn from(supervision: Supervision) -> Self {
        Self {
            from: supervision.from.map(Instant::utc),
            to: supervision.to.map(Instant::utc),
            rights: supervision.rights.into(),
        }
    }
}

/// A page of users.
pub type Users = Page<User>;

/// A page of the events of a user's activation.
pub type Activations = Page<Activation>;

impl Listed for User {
    const MEMBER: &'static str = "users";
    const SCHEMA: (&'static str, &'static str) = ("Users", "A page of users, sorted by name.");
}

impl Listed for Activation {
    const MEMBER: &'static str = "activations";
    const SCHEMA: (&'static str, &'static str) =
        ("Activations", "A page of the events of a user's activation, oldest first.");
}

impl Activation {
    /// The event, with the actors' names by their identity in the events
    /// ([`People::names_of_those`](crate::table::People::names_of_those)).
    pub fn of(Entry { event, voided, .. }: Entry, names: &BTreeMap<String, String>) -> Self {
        let kind = event.kind.into_str();
        let (version, client) = match event.kind {
            activation::Kind::Acknowledged { version, client } => (Some(version), Some(client)),
            activation::Kind::Activated | activation::Kind::Deactivated => (None, None),
        };
        Self {
            at: event.at,
            kind,
            by_name: names.get(&event.by).cloned(),
            by: event.by,
            version,
            client,
            voided_at: voided,
        }
    }
}
