//! Writes and reads the item of a job.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    counterpart::Counterpart,
    ids::{OrderId, OrganisationId, RecordingId, UserId},
    job::Person,
    phone::without_numbers,
    reason::Reason,
};

use super::{
    super::{
        BadItem,
        attributes::{
            flag, instant, n, named, number, optional_parsed, optional_text, parse, s, set, text,
        },
        key::Item,
    },
    CONFIRMED_WITHIN, JobKind, Kind, Lifted, Preview, Progress, RetentionJob, State, key_of,
};

/// Whether the job exists. A preview that was not confirmed in time does not.
pub(super) fn exists(item: &Item, now: DateTime<Utc>) -> bool {
    number::<i64>(item, "expires_at").map_or(true, |at| at > now.timestamp())
}

pub(super) fn item(job: &RetentionJob) -> Item {
    let mut item = key_of(job);
    let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    put("state", s(job.state));
    put("who", s(&job.by));
    put("when", n(job.at.timestamp_millis()));
    put("reason", s(without_numbers(&job.reason.to_string())));
    match &job.what {
        JobKind::Hold { criteria: Some(criteria) } => {
            put("sought", s(criteria));
        }
        JobKind::Hold { criteria: None } => {}
        JobKind::Retention { days, was } => {
            put("days", n(days));
            put("was", n(was));
        }
        JobKind::Erasure { person, about } => {
            put("about", s(about));
            match person {
                Some(Person::Counterpart(number)) => put("peer", s(number)),
                Some(Person::User(user)) => put("user", s(user)),
                None => None,
            };
        }
    }
    put("found", n(job.preview.found));
    put("ending", n(job.preview.ending));
    put("held", n(job.preview.held));
    put("exact", AttributeValue::Bool(job.preview.exact));
    if job.state == State::Previewed {
        put("expires_at", n((job.at + CONFIRMED_WITHIN).timestamp()));
    }
    item
}

pub(super) fn read(organisation: &OrganisationId, item: &Item) -> Result<RetentionJob, BadItem> {
    let bad = |attribute| BadItem { attribute };
    let count = |name| if item.contains_key(name) { number(item, name) } else { Ok(0) };
    let (kind, id) = text(item, "sk")?.split_once('#').ok_or(bad("sk"))?;
    Ok(RetentionJob {
        id: OrderId::try_from(id.to_owned()).map_err(|_| bad("sk"))?,
        organisation: organisation.clone(),
        what: match parse(kind, "sk")? {
            Kind::Hold => {
                JobKind::Hold { criteria: optional_text(item, "sought")?.map(str::to_owned) }
            }
            Kind::Retention => {
                JobKind::Retention { days: number(item, "days")?, was: number(item, "was")? }
            }
            Kind::Erasure => JobKind::Erasure {
                person: read_person(item)?,
                about: text(item, "about")?.to_owned(),
            },
        },
        state: named(item, "state")?,
        by: text(item, "who")?.to_owned(),
        at: instant(item, "when")?,
        reason: Reason::stored(text(item, "reason")?.to_owned()),
        preview: Preview {
            found: count("found")?,
            ending: count("ending")?,
            held: count("held")?,
            exact: flag(item, "exact")?,
        },
        progress: Progress {
            passed: count("passed")?,
            done: count("done")?,
            left: count("left")?,
            leaves: read_leaves(item)?,
        },
        lifted: if item.contains_key("lifted_at") {
            Some(Lifted {
                by: text(item, "lifted_by")?.to_owned(),
                at: instant(item, "lifted_at")?,
                reason: Reason::stored(text(item, "lifted_why")?.to_owned()),
            })
        } else {
            None
        },
        checkpoint: optional_text(item, "place")?.map(str::to_owned),
    })
}

fn read_person(item: &Item) -> Result<Option<Person>, BadItem> {
    let (number, user): (Option<Counterpart>, Option<UserId>) =
        (optional_parsed(item, "peer")?, optional_parsed(item, "user")?);
    Ok(number.map(Person::Counterpart).or(user.map(Person::User)))
}

fn read_leaves(item: &Item) -> Result<Vec<(RecordingId, OrderId)>, BadItem> {
    let bad = || BadItem { attribute: "leaves" };
    let read = |pair: &String| {
        let (recording, hold) = pair.split_once('#').ok_or_else(bad)?;
        let recording = RecordingId::try_from(recording.to_owned()).map_err(|_| bad())?;
        Ok((recording, OrderId::try_from(hold.to_owned()).map_err(|_| bad())?))
    };
    set(item, "leaves")?.iter().map(read).collect()
}

pub(super) fn id_of(key: &Item) -> Result<OrderId, BadItem> {
    let (_, id) = text(key, "sk")?.split_once('#').ok_or(BadItem { attribute: "sk" })?;
    OrderId::try_from(id.to_owned()).map_err(|_| BadItem { attribute: "sk" })
}
