//! The append-only audit log: who did what to what, when, from where, and with which outcome.
//!
//! | attribute   | what |
//! |-------------|------|
//! | `who`       | the actor: `user:ID`, `client:ID`, `operator:ID`, or `service` for an expiry and for the work of a job |
//! | `deed`      | the action, see [`AuditAction`] |
//! | `recording` | the recording that it concerns |
//! | `subject`   | the resource: the user, group, client or job that it concerns |
//! | `owner`     | the recorded user of a playback or download, which also has `u` and `at`; so has a refused registration |
//! | `detail`    | JSON: the decision (rights, supervision, who joined or left), or the filters used, see `keyed_hash` |
//! | `reason`    | the caller's explanation without telephone numbers, if the organisation requires one |
//! | `refused`   | the denial: the stable problem type; absent if the action was performed |
//! | `address`, `request` | the caller's address, and the request's id |

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrganisationId, RecordingId, UserId},
    phone::without_numbers,
};
use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::answer;

use super::{
    AuditLog, BadItem, Error,
    attributes::{named, optional_parsed, optional_text, parsed, readable, s, text},
    commit::{Conflict, Transaction},
    key::{self, Item},
    query::{Query, sort},
    write::Write,
};

/// The causes after which the same request may succeed: see `http::Cause`.
pub const TEMPORARY: [&str; 2] = ["busy", "internal"];

/// An action that an actor performed, or was denied.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: DateTime<Utc>,
    pub organisation: OrganisationId,
    pub actor: String,
    pub action: AuditAction,
    pub recording: Option<RecordingId>,
    pub resource: Option<String>,
    pub recorded_user: Option<UserId>,
    /// JSON: the decision, or the filters used.
    pub detail: Option<String>,
    pub reason: Option<String>,
    pub denial: Option<String>,
    /// The caller's address.
    pub address: String,
    /// The request's id, which makes the event's key unique.
    pub request: String,
    pub written: Written,
}

/// Whether an event, or one derived from it, is in the table. Copies share it.
#[derive(Clone, Debug, Default)]
pub struct Written(Arc<AtomicBool>);

/// The kind of an audit event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum AuditAction {
    Register,
    Search,
    See,
    Play,
    Download,
    Enter,
    SignIn,
    Acknowledge,
    ListUsers,
    SeeUser,
    ChangeUser,
    Activate,
    Deactivate,
    PreviewActivation,
    ListGroups,
    SeeGroup,
    ChangeGroup,
    RemoveGroup,
    ChangeMembers,
    ChangeSupervisor,
    RemoveSupervisor,
    ListClients,
    RemoveClient,
    SeeOrganisation,
    ChangeOrganisation,
    ReadAudit,
    SeeListeners,
    Provision,
    ProvisionOrganisation,
    ProvisionUser,
    RemoveUser,
    RestoreUser,
    ImportUsers,
    ProvisionClient,
    Annotate,
    SeeEdits,
    ChangeMark,
    PlaceHold,
    LiftHold,
    SeeHolds,
    PreviewRetention,
    ChangeRetention,
    SeeRetention,
    PreviewErasure,
    OrderErasure,
    SeeErasures,
    EndErasure,
    Expire,
    Erase,
    ListSftpKeys,
    AddSftpKey,
    RemoveSftpKey,
    ListDrops,
    OrderDrop,
    ProvisionPrices,
    VoidPrices,
    CorrectActivation,
    VoidActivation,
    CreditLine,
    SeeUsage,
    ListStatements,
    SeeStatement,
    SeeMissing,
    SeeCompleteness,
    ExplainCall,
    ReportCalls,
    UploadParts,
    ListMarks,
    ListOrganisations,
    ListPrices,
    SeeImport,
    PreviewCorrection,
}

/// The events of an organisation to read, newest first.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    pub organisation: &'a OrganisationId,
    /// Only playbacks and downloads of this user's recordings.
    pub recorded_user: Option<&'a UserId>,
    /// From this moment, inclusive.
    pub from: DateTime<Utc>,
    /// To this moment, exclusive.
    pub to: DateTime<Utc>,
    pub actor: Option<String>,
    /// Excludes the events of this actor.
    pub but: Option<String>,
    pub action: Option<AuditAction>,
    pub recording: Option<RecordingId>,
    pub resource: Option<String>,
    /// Only denials, or only performed actions.
    pub denied: Option<bool>,
    pub limit: usize,
    /// The sort key after which the page begins.
    pub after: Option<String>,
}

/// The most queries for one page, when the filters exclude most events.
const QUERIES_AT_MOST: usize = 5;
/// Bytes of an event in a response, without its texts.
const EVENT: usize = 400;

impl AuditLog<'_> {
    /// Adds an event, unless it exists. 1 request.
    pub async fn write(self, event: &Event) -> Result<(), Error> {
        self.0.put_new(item(event)).await?;
        event.written.set();
        Ok(())
    }

    /// A page of events, and the sort key after which the next begins. 1 request; with filters up
    /// to `QUERIES_AT_MOST`, and the page may be short.
    pub async fn events(
        self,
        reading: &Reading<'_>,
    ) -> Result<(Vec<Event>, Option<String>), Error> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        let Some(span) = key::span(reading.from, reading.to, false, reading.after.as_deref())
        else {
            return Ok((events, None));
        };
        let mut after = reading.after.clone().filter(|_| span.within);
        for _ in 0..QUERIES_AT_MOST {
            let page = self.events_query(reading, &span, after.as_deref()).page().await?;
            for item in &page.items {
                let event = read(reading.organisation, item)?;
                after = Some(text(item, sort(index(reading)))?.to_owned());
                bytes += event.bytes();
                events.push(event);
                if events.len() == reading.limit || bytes >= answer::BYTES {
                    return Ok((events, after));
                }
            }
            after = page.next_sort_key()?;
            if after.is_none() {
                break;
            }
        }
        Ok((events, after))
    }

    /// The registrations that were refused since `from`, oldest first. 1 request for each MB.
    pub async fn denied_since(
        self,
        organisation: &OrganisationId,
        from: DateTime<Utc>,
    ) -> Result<Vec<Event>, Error> {
        let query = self.0.query(key::denied_registrations(organisation), Some(key::BY_USER));
        let items = query.above(key::from(from)).all().await?;
        let read = |item| readable("audit event", item, read(organisation, item));
        Ok(items.iter().filter_map(read).collect())
    }

    /// A page of the recordings that a registration or an edit concerned from one moment up to another,
    /// oldest first, and the sort key after which the next begins. Unlike an index it never lags. 1 request.
    pub async fn changed(
        self,
        organisation: &OrganisationId,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<RecordingId>, Option<String>), Error> {
        // DynamoDB accepts no start outside the period, whose beginning moves with the clock.
        let first = after.map_or_else(|| key::from(from), str::to_owned);
        let query = self
            .0
            .query(key::audits(organisation), None)
            .between(first, key::before(to + TimeDelta::milliseconds(1)))
            .consistent()
            .filter("deed IN (:register, :annotate) AND attribute_exists(recording)")
            .given("register", s(AuditAction::Register))
            .given("annotate", s(AuditAction::Annotate))
            .only(&["recording"])
            .limit(limit)
            .after_sort_key(after);
        Ok(query.page().await?.read(|item| parsed(item, "recording"))?)
    }

    fn events_query(self, reading: &Reading<'_>, span: &key::Span, after: Option<&str>) -> Query {
        let partition = match reading.recorded_user {
            Some(recorded_user) => key::heard(reading.organisation, recorded_user),
            None => key::audits(reading.organisation),
        };
        let start = after.map(|after| start(reading, &partition, after));
        let query = self
            .0
            .query(partition, index(reading))
            .between(&span.first, &span.last)
            .ascending(false)
            .after(start);
        let filters = filters(reading);
        if filters.is_empty() {
            return query.limit(reading.limit);
        }
        let conditions: Vec<&str> = filters.iter().map(|(condition, _)| *condition).collect();
        let query = query.filter(&conditions.join(" AND "));
        let values = filters
            .into_iter()
            .filter_map(|(condition, value)| Some((condition.rsplit_once(':')?.1, value?)));
        values.fold(query, |query, (name, value)| query.given(name, value))
    }
}

impl Event {
    /// An event without any optional member, address or request.
    pub fn new(
        organisation: OrganisationId,
        actor: impl Into<String>,
        action: AuditAction,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            at,
            organisation,
            actor: actor.into(),
            action,
            recording: None,
            resource: None,
            recorded_user: None,
            detail: None,
            reason: None,
            denial: None,
            address: String::new(),
            request: String::new(),
            written: Written::default(),
        }
    }

    /// Whether this event, or one derived from it, is in the table.
    pub fn is_written(&self) -> bool {
        self.written.0.load(Ordering::Relaxed)
    }

    /// The most bytes of the event in a response.
    pub fn bytes(&self) -> usize {
        let Self { actor, resource, detail, reason, address, request, .. } = self;
        let texts =
            [resource, detail, reason].into_iter().flatten().chain([actor, address, request]);
        EVENT + texts.map(|text| answer::escaped(text)).sum::<usize>()
    }

    /// The event with `what` as its detail.
    pub fn detailed(self, what: &impl Serialize) -> Self {
        Self { detail: serde_json::to_string(what).ok(), ..self }
    }
}

impl Written {
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<'a> Reading<'a> {
    /// All events from `from` to `to`, the first page of `limit`.
    pub fn new(
        organisation: &'a OrganisationId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        limit: usize,
    ) -> Self {
        Self {
            organisation,
            recorded_user: None,
            from,
            to,
            actor: None,
            but: None,
            action: None,
            recording: None,
            resource: None,
            denied: None,
            limit,
            after: None,
        }
    }
}

impl Transaction<'_> {
    /// Adds the event to the transaction.
    pub fn audit(&mut self, event: &Event) {
        self.audit_or(event, Conflict::Exists);
    }

    /// Adds the event, with the conflict if it exists. It is never overwritten.
    pub(super) fn audit_or(&mut self, event: &Event, conflict: Conflict) {
        self.add(Write::put_new(item(event)).or(conflict));
        self.writes_event(event.written.clone());
    }
}

fn item(event: &Event) -> Item {
    let mut item = key::audit(&event.organisation, event.at, &event.request);
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            item.insert(name.to_owned(), AttributeValue::S(value));
        }
    };
    set("who", Some(event.actor.clone()));
    set("deed", Some(event.action.to_string()));
    set("recording", event.recording.map(|id| id.to_string()));
    set("subject", event.resource.clone());
    set("detail", event.detail.clone());
    set("reason", event.reason.as_deref().map(without_numbers));
    set("refused", event.denial.clone());
    set("address", Some(event.address.clone()));
    set("request", Some(event.request.clone()));
    if let Some(recorded_user) = &event.recorded_user {
        set("owner", Some(recorded_user.to_string()));
        set(key::BY_USER.partition, Some(key::heard(&event.organisation, recorded_user)));
        set("at", Some(key::moment(event.at, &event.request)));
    } else if is_denied_registration(event) {
        set(key::BY_USER.partition, Some(key::denied_registrations(&event.organisation)));
        set("at", Some(key::moment(event.at, &event.request)));
    }
    item
}

/// Whether a registration of a known call was refused for good: a failure that passes is none.
fn is_denied_registration(event: &Event) -> bool {
    let is_denied = event.denial.as_deref().is_some_and(|cause| !TEMPORARY.contains(&cause));
    event.action == AuditAction::Register && is_denied && event.recording.is_some()
}

fn read(organisation: &OrganisationId, item: &Item) -> Result<Event, BadItem> {
    let at = key::started_at(text(item, "sk")?).ok_or(BadItem { attribute: "sk" })?;
    let own = |name| Ok::<_, BadItem>(optional_text(item, name)?.map(str::to_owned));
    let action = named(item, "deed")?;
    Ok(Event {
        recording: optional_parsed(item, "recording")?,
        resource: own("subject")?,
        recorded_user: optional_parsed(item, "owner")?,
        detail: own("detail")?,
        reason: own("reason")?,
        denial: own("refused")?,
        address: text(item, "address")?.to_owned(),
        request: text(item, "request")?.to_owned(),
        ..Event::new(organisation.clone(), text(item, "who")?, action, at)
    })
}

fn index(reading: &Reading<'_>) -> Option<key::Index> {
    reading.recorded_user.map(|_| key::BY_USER)
}

fn start(reading: &Reading<'_>, partition: &str, after: &str) -> Item {
    let mut key = Item::from([
        ("pk".to_owned(), s(key::audits(reading.organisation))),
        ("sk".to_owned(), s(after)),
    ]);
    if reading.recorded_user.is_some() {
        key.extend([
            (key::BY_USER.partition.to_owned(), s(partition)),
            ("at".to_owned(), s(after)),
        ]);
    }
    key
}

fn filters(reading: &Reading<'_>) -> Vec<(&'static str, Option<AttributeValue>)> {
    let denied = reading.denied.map(|denied| {
        if denied { "attribute_exists(refused)" } else { "attribute_not_exists(refused)" }
    });
    [
        reading.actor.as_ref().map(|actor| ("who = :who", Some(s(actor)))),
        reading.but.as_ref().map(|actor| ("who <> :but", Some(s(actor)))),
        reading.action.map(|action| ("deed = :deed", Some(s(action)))),
        reading.recording.map(|id| ("recording = :recording", Some(s(id)))),
        reading.resource.as_ref().map(|resource| ("subject = :subject", Some(s(resource)))),
        denied.map(|filter| (filter, None)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_that_failed_for_the_moment_is_not_denied() {
        let organisation = OrganisationId::try_from("demo".to_owned()).expect("an id");
        let call = "call-1".to_owned().try_into().expect("an id");
        let recording = Some(RecordingId::of(&organisation, &call));
        let at = DateTime::UNIX_EPOCH;
        let event = Event::new(organisation, "user:anna", AuditAction::Register, at);
        let denied = |denial: Option<&str>| {
            let denial = denial.map(str::to_owned);
            is_denied_registration(&Event { denial, recording, ..event.clone() })
        };
        assert!(denied(Some("not-acknowledged")) && denied(Some("erased")));
        assert!(!denied(Some("busy")) && !denied(Some("internal")) && !denied(None));
    }
}
