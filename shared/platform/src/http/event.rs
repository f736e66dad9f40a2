//! Audit events as the API shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::table::audit;

/// Something that someone did, or was refused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub at: DateTime<Utc>,
    /// `user:ID`, `client:ID` or `operator:ID`.
    pub who: String,
    pub deed: &'static str,
    /// The recording that it was about.
    pub recording: Option<String>,
    /// The user, group or client that it was about.
    pub subject: Option<String>,
    /// The recorded user, where someone listened or fetched a copy.
    pub owner: Option<String>,
    /// What was decided, as JSON: the rights, the cover, who joined or left.
    pub detail: Option<String>,
    /// In the listener's words, where the organisation asks for it.
    pub reason: Option<String>,
    /// The type of the problem that it ended in; null: it was done.
    pub refused: Option<String>,
    /// The address that it came from.
    pub address: String,
    pub request_id: String,
}

/// A page of audit events, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Events {
    pub events: Vec<Event>,
    /// Hand it in as `cursor` for the next page; null on the last.
    pub cursor: Option<String>,
}

impl From<audit::Event> for Event {
    fn from(event: audit::Event) -> Self {
        Self {
            at: event.at,
            who: event.who,
            deed: event.deed.as_str(),
            recording: event.recording.map(|id| id.to_string()),
            subject: event.subject,
            owner: event.owner.map(Into::into),
            detail: event.detail,
            reason: event.reason,
            refused: event.refused,
            address: event.address,
            request_id: event.request,
        }
    }
}
