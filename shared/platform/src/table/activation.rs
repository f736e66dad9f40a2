//! Writes activations, deactivations and acknowledgements: the user's item and an event of its own, together.
//!
//! Events are only ever added; their key holds the user and the moment, so a user's own are one query and billing reads the partition.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    activation::{Event, Kind, VERSION},
    ids::{OrganisationId, UserId},
};

use super::{
    BadItem, Error, Table,
    attributes::{n, s, text},
    audit,
    commit::{Commit, Writes},
    key::{self, Item},
};

/// Users that one commit switches on or off: for each its item, its event and the audit's.
pub const SWITCHED: usize = 33;

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

    /// Keeps the user's word that they know they are recorded. 1 request. The first stands; [`Commit::Refused`] if there is one.
    pub async fn acknowledge(&self, organisation: &OrganisationId, event: &Event, audited: &audit::Event) -> Result<Commit, Error> {
        let client = match &event.kind {
            Kind::Acknowledged { client, .. } => client.clone(),
            Kind::Activated | Kind::Deactivated => String::new(),
        };
        let mut writes = self.writes();
        writes.update(key::user(organisation, &event.user), |update| {
            update
                .update_expression("SET acknowledged_at = :at, acknowledged_version = :version, acknowledged_client = :client")
                .condition_expression(
                    "attribute_exists(pk) AND attribute_not_exists(removed_at) AND (attribute_not_exists(acknowledged_at) OR acknowledged_version <> :version)",
                )
                .expression_attribute_values(":at", n(event.at.timestamp_millis()))
                .expression_attribute_values(":version", s(VERSION))
                .expression_attribute_values(":client", s(client))
        });
        writes.activation(organisation, event);
        writes.audit(audited);
        writes.commit().await
    }

    /// Everything that happened to the user's recording, oldest first. 1 request: a page of 1 MB holds thousands.
    pub async fn activations(&self, organisation: &OrganisationId, user: &UserId) -> Result<Vec<Event>, Error> {
        let query = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk AND begins_with(sk, :user)");
        let query = query.expression_attribute_values(":pk", s(key::activations(organisation)));
        let answer = query.expression_attribute_values(":user", s(format!("{user}#"))).consistent_read(true).send().await?;
        Ok(answer.items().iter().map(read).collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    fn switched(&mut self, organisation: &OrganisationId, event: &Event) {
        let (expression, condition) = match event.kind {
            Kind::Deactivated => ("REMOVE activated_at", "attribute_exists(activated_at) AND attribute_not_exists(removed_at)"),
            Kind::Activated | Kind::Acknowledged { .. } => (
                "SET activated_at = :at",
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
        let mut item = key::activation(organisation, &event.user, event.at, event.kind.as_str());
        let mut set = |name: &str, text: &str| item.insert(name.to_owned(), AttributeValue::S(text.to_owned()));
        set("by", &event.by);
        if let Kind::Acknowledged { version, client } = &event.kind {
            set("version", version);
            set("client", client);
        }
        self.put(item, |put| put.condition_expression("attribute_not_exists(pk)"));
    }
}

/// The event that a write of [`Table::switch`] is about: first come all users' items, then for each its two events.
fn about(place: usize, users: usize) -> usize {
    if place < users { place } else { (place - users) / 2 }
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
