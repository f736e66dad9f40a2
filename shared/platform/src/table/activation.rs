//! Writes activations, deactivations and acknowledgements: the user's item and an event of its own, together.
//!
//! Events are only ever added; their key holds the user and the moment, so a user's own are one query and billing reads the partition.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    activation::{Event, Kind, VERSION},
    billing::Switch,
    ids::{OrganisationId, UserId},
};

use super::{
    BadItem, Error, Table,
    attributes::{instant, n, optional_instant, s, text},
    audit,
    claim::Claim,
    commit::{Commit, Writes},
    key::{self, Item},
};

/// An event, since when it is known for billing, and since when it is void there, if it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub event: Event,
    pub known: DateTime<Utc>,
    pub voided: Option<DateTime<Utc>>,
}

/// Users that one commit switches on or off: for each its item, its event and the audit's.
pub const SWITCHED: usize = 33;
/// What an item holds of an acknowledgement. It ends with the activation that it is of.
const ACKNOWLEDGED: &str = "acknowledged_at, acknowledged_version, acknowledged_client";
/// The same with the activation.
pub(super) const ACTIVE: &str = "activated_at, acknowledged_at, acknowledged_version, acknowledged_client";

impl Table {
    /// Switches recording on or off for each user, all or none. 1 request. [`Commit::Refused`] names the places in `events` of those who
    /// do not have it the other way round, or have no plan.
    pub async fn switch(&self, organisation: &OrganisationId, events: &[(Event, audit::Event)]) -> Result<Commit, Error> {
        let mut writes = self.writes();
        for (event, _) in events {
            writes.switched(organisation, event);
        }
        for (event, audited) in events {
            writes.activation(organisation, event);
            writes.audit(audited);
        }
        Ok(match writes.commit().await? {
            Commit::Done => Commit::Done,
            Commit::Refused(places) => Commit::Refused(places.into_iter().map(|place| about(place, events.len())).collect()),
        })
    }

    /// Keeps the user's word that they know they are recorded, of the activation that stands since `activated`. 1 request. The first stands;
    /// [`Commit::Refused`] if there is one, or another activation or none.
    pub async fn acknowledge(
        &self,
        organisation: &OrganisationId,
        event: &Event,
        activated: DateTime<Utc>,
        audited: &audit::Event,
    ) -> Result<Commit, Error> {
        let client = match &event.kind {
            Kind::Acknowledged { client, .. } => client.clone(),
            Kind::Activated | Kind::Deactivated => String::new(),
        };
        let mut writes = self.writes();
        writes.update(key::user(organisation, &event.user), |update| {
            update
                .update_expression("SET acknowledged_at = :at, acknowledged_version = :version, acknowledged_client = :client")
                .condition_expression(
                    "activated_at = :activated AND attribute_not_exists(removed_at) AND (attribute_not_exists(acknowledged_at) \
                     OR acknowledged_version <> :version OR acknowledged_at < :activated)",
                )
                .expression_attribute_values(":activated", n(activated.timestamp_millis()))
                .expression_attribute_values(":at", n(event.at.timestamp_millis()))
                .expression_attribute_values(":version", s(VERSION))
                .expression_attribute_values(":client", s(client))
        });
        writes.activation(organisation, event);
        writes.audit(audited);
        writes.commit().await
    }

    /// Whether the organisation has the user or had them once, and since when recording is switched on for them. 1 request.
    pub async fn ever_a_user(&self, organisation: &OrganisationId, user: &UserId) -> Result<Option<Option<DateTime<Utc>>>, Error> {
        let item = self.get(key::user(organisation, user)).await?;
        Ok(item.map(|item| optional_instant(&item, "activated_at")).transpose()?)
    }

    /// Adds an event that becomes known only now, for billing: the user's item stays. 1 request. [`Commit::Refused`] if it is there.
    pub async fn put_right(
        &self,
        organisation: &OrganisationId,
        event: &Event,
        audited: &audit::Event,
        claim: Option<&Claim>,
    ) -> Result<Commit, Error> {
        let mut item = item(organisation, event);
        item.insert("known".to_owned(), n(audited.at.timestamp_millis()));
        let mut writes = self.writes();
        writes.put_new(item);
        writes.audit(audited);
        writes.claim(claim);
        writes.commit().await
    }

    /// Voids an event for billing. 1 request. [`Commit::Refused`] if it is void already.
    pub async fn void(
        &self,
        organisation: &OrganisationId,
        event: &Event,
        audited: &audit::Event,
        claim: Option<&Claim>,
    ) -> Result<Commit, Error> {
        let mut item = key::void(key::activation(organisation, &event.user, event.at, event.kind.as_str()));
        item.insert("known".to_owned(), n(audited.at.timestamp_millis()));
        item.insert("by".to_owned(), s(&audited.who));
        let mut writes = self.writes();
        writes.put_new(item);
        writes.audit(audited);
        writes.claim(claim);
        writes.commit().await
    }

    /// Everything that happened to the recording of all users of the organisation, for billing. 1 request for each page of 1 MB.
    pub async fn switches(&self, organisation: &OrganisationId) -> Result<Vec<Switch>, Error> {
        Ok(self.switches_and_acknowledgements(organisation).await?.0)
    }

    /// The same, and when each user first acknowledged.
    pub(super) async fn switches_and_acknowledgements(
        &self,
        organisation: &OrganisationId,
    ) -> Result<(Vec<Switch>, BTreeMap<UserId, DateTime<Utc>>), Error> {
        let (mut switches, mut acknowledged) = (Vec::new(), BTreeMap::new());
        for entry in entries(&self.all(key::activations(organisation), "").await?)? {
            if let Kind::Acknowledged { .. } = entry.event.kind {
                acknowledged.entry(entry.event.user).or_insert(entry.event.at); // a user's come in order
            } else {
                switches.extend(switch(entry));
            }
        }
        Ok((switches, acknowledged))
    }

    /// Everything that happened to the user's recording, oldest first. 1 request: a page of 1 MB holds thousands.
    pub async fn activations(&self, organisation: &OrganisationId, user: &UserId) -> Result<Vec<Entry>, Error> {
        Ok(entries(&self.all(key::activations(organisation), &format!("{user}#")).await?)?)
    }
}

impl Writes<'_> {
    fn switched(&mut self, organisation: &OrganisationId, event: &Event) {
        let (expression, condition) = match event.kind {
            Kind::Deactivated => (format!("REMOVE {ACTIVE}"), "attribute_exists(activated_at) AND attribute_not_exists(removed_at)"),
            Kind::Activated | Kind::Acknowledged { .. } => (
                format!("SET activated_at = :at REMOVE {ACKNOWLEDGED}"),
                "attribute_exists(#plan) AND attribute_not_exists(activated_at) AND attribute_not_exists(removed_at)",
            ),
        };
        let activates = event.kind == Kind::Activated;
        self.update(key::user(organisation, &event.user), |update| {
            let update = update.update_expression(expression).condition_expression(condition);
            if activates {
                let update = update.expression_attribute_names("#plan", "plan");
                update.expression_attribute_values(":at", n(event.at.timestamp_millis()))
            } else {
                update
            }
        });
    }

    /// Adds the event; one is never written over.
    pub(super) fn activation(&mut self, organisation: &OrganisationId, event: &Event) {
        self.put_new(item(organisation, event));
    }
}

fn item(organisation: &OrganisationId, event: &Event) -> Item {
    let mut item = key::activation(organisation, &event.user, event.at, event.kind.as_str());
    let mut set = |name: &str, text: &str| item.insert(name.to_owned(), AttributeValue::S(text.to_owned()));
    set("by", &event.by);
    if let Kind::Acknowledged { version, client } = &event.kind {
        set("version", version);
        set("client", client);
    }
    item
}

/// The event that a write of [`Table::switch`] is about: first come all users' items, then for each its two events.
fn about(place: usize, users: usize) -> usize {
    if place < users { place } else { (place - users) / 2 }
}

/// Switching on or off; none where the event is another.
fn switch(entry: Entry) -> Option<Switch> {
    let Entry { event: Event { user, at, kind, .. }, known, voided } = entry;
    let on = match kind {
        Kind::Activated => true,
        Kind::Deactivated => false,
        Kind::Acknowledged { .. } => return None,
    };
    Some(Switch { user, at, on, known, voided })
}

/// The events; what voids one comes right after it.
fn entries(items: &[Item]) -> Result<Vec<Entry>, BadItem> {
    let mut entries: Vec<Entry> = Vec::new();
    for item in items {
        if text(item, "sk")?.ends_with(key::VOID) {
            entries.last_mut().ok_or(BadItem { attribute: "sk" })?.voided = Some(instant(item, "known")?);
            continue;
        }
        let event = read(item)?;
        entries.push(Entry { known: optional_instant(item, "known")?.unwrap_or(event.at), event, voided: None });
    }
    Ok(entries)
}

fn read(item: &Item) -> Result<Event, BadItem> {
    let bad = BadItem { attribute: "sk" };
    let mut parts = text(item, "sk")?.split('#');
    let (Some(user), Some(at), Some(kind), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else { return Err(bad) };
    let kind = match kind {
        "activated" => Kind::Activated,
        "deactivated" => Kind::Deactivated,
        "acknowledged" => Kind::Acknowledged { version: text(item, "version")?.to_owned(), client: text(item, "client")?.to_owned() },
        _ => return Err(bad),
    };
    let at = at.parse().ok().and_then(chrono::DateTime::from_timestamp_millis);
    let (Ok(user), Some(at)) = (UserId::try_from(user.to_owned()), at) else { return Err(BadItem { attribute: "sk" }) };
    Ok(Event { user, at, kind, by: text(item, "by")?.to_owned() })
}
