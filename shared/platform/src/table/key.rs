//! Every key of the table, spelt in one place.
//!
//! | item         | `pk`               | `sk`                     | found by |
//! |--------------|--------------------|--------------------------|----------|
//! | organisation | `ORG#organisation` | `organisation`           | get |
//! | user         | `ORG#user`         | `USER`                   | get |
//! | recording    | `ORG#recording`    | `RECORDING`              | get; `by_org` (`pk`, `at`); `by_user` (`by_user`, `at`) |
//! | usage        | `ORG#usage`        | `USER`                   | get |
//! | audit event  | `ORG#audit`        | `MILLISECONDS#REQUEST`   | query |
//!
//! Every key, index keys too, begins with the organisation, so that an IAM condition on leading keys can hold it; no id contains a `#`.
//! The word after it lets a role be held to one kind of item.
//!
//! `at` is `MILLISECONDS#RECORDING`: the call's start, 13 digits of Unix milliseconds, then the id, so that every index yields rows in
//! one order, ties included. A recording has `at` and `by_user` once it is registered; a note that came before it has not, and is listed
//! nowhere.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::ids::{OrganisationId, RecordingId, UserId};

/// An item as the SDK carries it.
pub type Item = HashMap<String, AttributeValue>;

/// The index of an organisation's recordings by start.
pub const BY_ORG: &str = "by_org";
/// The index of a user's recordings by start.
pub const BY_USER: &str = "by_user";

pub fn organisation(organisation: &OrganisationId) -> Item {
    key(format!("{organisation}#organisation"), "organisation".to_owned())
}

pub fn user(organisation: &OrganisationId, user: &UserId) -> Item {
    key(format!("{organisation}#user"), user.to_string())
}

pub fn recording(organisation: &OrganisationId, id: RecordingId) -> Item {
    key(recordings(organisation), id.to_string())
}

pub fn usage(organisation: &OrganisationId, user: &UserId) -> Item {
    key(format!("{organisation}#usage"), user.to_string())
}

pub fn audit(organisation: &OrganisationId, at: DateTime<Utc>, request: &str) -> Item {
    key(format!("{organisation}#audit"), format!("{:013}#{request}", at.timestamp_millis()))
}

/// The partition of an organisation's recordings, in the table and in [`BY_ORG`].
pub fn recordings(organisation: &OrganisationId) -> String {
    format!("{organisation}#recording")
}

/// The partition of a user's recordings in [`BY_USER`].
pub fn recordings_of(organisation: &OrganisationId, user: &UserId) -> String {
    format!("{organisation}#{user}")
}

/// The place of a recording in every index.
pub fn at(started_at: DateTime<Utc>, id: RecordingId) -> String {
    format!("{:013}#{id}", started_at.timestamp_millis())
}

/// The first place at or after `instant`.
pub fn from(instant: DateTime<Utc>) -> String {
    format!("{:013}", instant.timestamp_millis().max(0))
}

/// The last place before `instant`.
pub fn before(instant: DateTime<Utc>) -> String {
    format!("{:013}~", (instant.timestamp_millis() - 1).max(0))
}

/// The start that a place names, if it is one.
pub(super) fn started_at(at: &str) -> Option<DateTime<Utc>> {
    let (milliseconds, _) = at.split_once('#')?;
    DateTime::from_timestamp_millis(milliseconds.parse().ok()?)
}

/// The user that a partition of [`BY_USER`] names, if it is one.
pub(super) fn user_of(partition: &str) -> Option<UserId> {
    let (_, user) = partition.split_once('#')?;
    UserId::try_from(user.to_owned()).ok()
}

fn key(pk: String, sk: String) -> Item {
    HashMap::from([("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), AttributeValue::S(sk))])
}
