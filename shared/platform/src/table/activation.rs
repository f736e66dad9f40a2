//! Writes activations, deactivations and acknowledgements to the user's item and as events.
//!
//! Events are only added. Their key holds user and moment, so one query reads a user's events.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    activation::{Event, Kind, VERSION},
    billing::Switch,
    ids::{OrganisationId, UserId},
};

use super::{
    Activations, BadItem, Error,
    attributes::{instant, n, optional_instant, s, text},
    audit,
    claim::Claim,
    commit::{Committed, Conflict, Transaction},
    key::{self, Item},
    write::Write,
};

/// An event, since when billing knows it, and since when it is void, if it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub event: Event,
    pub known: DateTime<Utc>,
    pub voided: Option<DateTime<Utc>>,
}

impl Entry {
    /// Whether it was added for billing alone, and recording never followed it.
    pub fn is_correction(&self) -> bool {
        self.known != self.event.at
    }
}

/// The most users in one transaction: each takes an item, an event and an audit event.
pub const SWITCHED: usize = 33;
/// The attributes of an acknowledgement, which a new activation removes.
const ACKNOWLEDGED: [&str; 4] =
    ["acknowledged_at", "acknowledged_version", "acknowledged_client", "recorded_since"];
/// The attributes of an activation and its acknowledgement, which a deactivation removes.
pub(super) const ACTIVE: [&str; 5] = [
    "activated_at",
    "acknowledged_at",
    "acknowledged_version",
    "acknowledged_client",
    "recorded_since",
];

impl Activations<'_> {
    /// Switches recording on or off for every user or for none. 1 request. [`Conflict::Users`] names
    /// those who are in that state already, lack a plan or are removed.
    pub async fn switch(
        self,
        organisation: &OrganisationId,
        events: &[(Event, audit::Event)],
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        for (event, _) in events {
            writes.switched(organisation, event);
        }
        for (event, audited) in events {
            writes.add(Write::put_new(item(organisation, event)).or(Conflict::of(&event.user)));
            writes.audit_or(audited, Conflict::of(&event.user));
        }
        writes.commit().await
    }

    /// Stores the user's acknowledgement of the activation that began at `activated`. 1 request.
    /// [`Conflict::EditedMeanwhile`] if this version is acknowledged already, or if that activation has ended.
    pub async fn acknowledge(
        self,
        organisation: &OrganisationId,
        event: &Event,
        activated: DateTime<Utc>,
        audited: &audit::Event,
    ) -> Result<Committed, Error> {
        let client = match &event.kind {
            Kind::Acknowledged { client, .. } => client.clone(),
            Kind::Activated | Kind::Deactivated => String::new(),
        };
        let mut writes = self.0.writes();
        writes.add(
            Write::update(key::user(organisation, &event.user))
                .set("acknowledged_at", n(event.at.timestamp_millis()))
                .set_first("recorded_since", n(event.at.timestamp_millis()))
                .set("acknowledged_version", s(VERSION))
                .set("acknowledged_client", s(client))
                .when("activated_at = :activated AND attribute_not_exists(removed_at)")
                .when("attribute_not_exists(acknowledged_at) OR acknowledged_version <> :acknowledged_version OR acknowledged_at < :activated")
                .given("activated", n(activated.timestamp_millis())),
        );
        writes.activation(organisation, event);
        writes.audit(audited);
        writes.commit().await
    }

    /// When recording was switched on for the user. Outer `None`: they never existed. 1 request.
    pub async fn ever_a_user(
        self,
        organisation: &OrganisationId,
        user: &UserId,
    ) -> Result<Option<Option<DateTime<Utc>>>, Error> {
        let item = self.0.get(key::user(organisation, user)).await?;
        Ok(item.map(|item| optional_instant(&item, "activated_at")).transpose()?)
    }

    /// Adds a past event, for billing only. 1 request. [`Conflict::Exists`] if it exists.
    pub async fn put_right(
        self,
        organisation: &OrganisationId,
        event: &Event,
        audited: &audit::Event,
        claim: Option<&Claim>,
    ) -> Result<Committed, Error> {
        let mut item = item(organisation, event);
        item.insert("known".to_owned(), n(audited.at.timestamp_millis()));
        let mut writes = self.0.writes();
        writes.add(Write::put_new(item));
        writes.audit(audited);
        writes.claim(claim);
        writes.commit().await
    }

    /// Voids an event for billing. 1 request. [`Conflict::Exists`] if it is void already.
    pub async fn void(
        self,
        organisation: &OrganisationId,
        event: &Event,
        audited: &audit::Event,
        claim: Option<&Claim>,
    ) -> Result<Committed, Error> {
        let mut item =
            key::void(key::activation(organisation, &event.user, event.at, event.kind.into_str()));
        item.insert("known".to_owned(), n(audited.at.timestamp_millis()));
        item.insert("by".to_owned(), s(&audited.actor));
        let mut writes = self.0.writes();
        writes.add(Write::put_new(item));
        writes.audit(audited);
        writes.claim(claim);
        writes.commit().await
    }

    /// All activations and deactivations of the organisation, for billing. 1 request for each MB.
    pub async fn all(self, organisation: &OrganisationId) -> Result<Vec<Switch>, Error> {
        Ok(self.with_acknowledgements(organisation).await?.0)
    }

    /// The same, with each user's first acknowledgement.
    pub(super) async fn with_acknowledgements(
        self,
        organisation: &OrganisationId,
    ) -> Result<(Vec<Switch>, BTreeMap<UserId, DateTime<Utc>>), Error> {
        let (mut switches, mut acknowledged) = (Vec::new(), BTreeMap::new());
        for entry in entries(&self.0.all(key::activations(organisation), "").await?)? {
            if let Kind::Acknowledged { .. } = entry.event.kind {
                acknowledged.entry(entry.event.user).or_insert(entry.event.at); // a user's events are in order
            } else {
                switches.extend(switch(entry));
            }
        }
        Ok((switches, acknowledged))
    }

    /// All events of the user's recording, oldest first. 1 request: a page of 1 MB holds thousands.
    pub async fn of_user(
        self,
        organisation: &OrganisationId,
        user: &UserId,
    ) -> Result<Vec<Entry>, Error> {
        Ok(entries(&self.0.all(key::activations(organisation), &format!("{user}#")).await?)?)
    }
}

impl Write {
    /// Ends the activation of a user, and remembers the period in which calls were recorded.
    pub(super) fn deactivated(self, at: DateTime<Utc>) -> Self {
        let at = n(at.timestamp_millis());
        let ended = self.set_from("recorded_from", "recorded_since", at.clone());
        ended.set("recorded_to", at).remove_all(&ACTIVE)
    }
}

impl Transaction<'_> {
    fn switched(&mut self, organisation: &OrganisationId, event: &Event) {
        let user = Write::update(key::user(organisation, &event.user))
            .when("attribute_not_exists(removed_at)");
        let switched = match event.kind {
            Kind::Deactivated => user.deactivated(event.at).when("attribute_exists(activated_at)"),
            Kind::Activated | Kind::Acknowledged { .. } => user
                .set("activated_at", n(event.at.timestamp_millis()))
                .remove_all(&ACKNOWLEDGED)
                .when("attribute_exists(#plan) AND attribute_not_exists(activated_at)"),
        };
        self.add(switched.or(Conflict::of(&event.user)));
    }

    /// Adds the event, and never overwrites one.
    pub(super) fn activation(&mut self, organisation: &OrganisationId, event: &Event) {
        self.add(Write::put_new(item(organisation, event)));
    }
}

fn item(organisation: &OrganisationId, event: &Event) -> Item {
    let mut item = key::activation(organisation, &event.user, event.at, event.kind.into_str());
    let mut set =
        |name: &str, text: &str| item.insert(name.to_owned(), AttributeValue::S(text.to_owned()));
    set("by", &event.by);
    if let Kind::Acknowledged { version, client } = &event.kind {
        set("version", version);
        set("client", client);
    }
    item
}

/// The switch that an event makes; `None` for an acknowledgement.
fn switch(entry: Entry) -> Option<Switch> {
    let Entry { event: Event { user, at, kind, .. }, known, voided } = entry;
    let on = match kind {
        Kind::Activated => true,
        Kind::Deactivated => false,
        Kind::Acknowledged { .. } => return None,
    };
    Some(Switch { user, at, on, known, voided })
}

/// The events. The item that voids an event comes right after it.
fn entries(items: &[Item]) -> Result<Vec<Entry>, BadItem> {
    let mut entries: Vec<Entry> = Vec::new();
    for item in items {
        if text(item, "sk")?.ends_with(key::VOID) {
            entries.last_mut().ok_or(BadItem { attribute: "sk" })?.voided =
                Some(instant(item, "known")?);
            continue;
        }
        let event = read(item)?;
        entries.push(Entry {
            known: optional_instant(item, "known")?.unwrap_or(event.at),
            event,
            voided: None,
        });
    }
    Ok(entries)
}

fn read(item: &Item) -> Result<Event, BadItem> {
    let bad = BadItem { attribute: "sk" };
    let mut parts = text(item, "sk")?.split('#');
    let (Some(user), Some(at), Some(kind), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(bad);
    };
    let kind = match kind {
        "activated" => Kind::Activated,
        "deactivated" => Kind::Deactivated,
        "acknowledged" => Kind::Acknowledged {
            version: text(item, "version")?.to_owned(),
            client: text(item, "client")?.to_owned(),
        },
        _ => return Err(bad),
    };
    let at = at.parse().ok().and_then(chrono::DateTime::from_timestamp_millis);
    let (Ok(user), Some(at)) = (UserId::try_from(user.to_owned()), at) else {
        return Err(BadItem { attribute: "sk" });
    };
    Ok(Event { user, at, kind, by: text(item, "by")?.to_owned() })
}
