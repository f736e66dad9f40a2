//! Audit events as the API shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{Listed, Page};
use crate::table::audit;

/// An action that an actor performed, or was denied.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub at: DateTime<Utc>,
    /// `user:ID`, `client:ID` or `operator:ID`.
    pub actor: String,
    pub action: &'static str,
    /// The recording that the event concerns.
    pub recording: Option<String>,
    /// The user, group or client that the event concerns.
    pub resource: Option<String>,
    /// The recorded user, if the actor played or downloaded a recording.
    pub recorded_user: Option<String>,
    /// The decision as JSON: the rights, the supervision, the users who joined or left.
    pub detail: Option<String>,
    /// The listener's reason, if the organisation requires one.
    pub reason: Option<String>,
    /// The type of the problem that the request ended in; null if it succeeded.
    pub denial: Option<String>,
    /// The address that the request came from.
    pub address: String,
    pub request_id: String,
}

/// A page of audit events.
pub type Events = Page<Event>;

impl Listed for Event {
    const MEMBER: &'static str = "events";
    const SCHEMA: (&'static str, &'static str) =
        ("Events", "A page of audit events, newest first.");
}

impl From<audit::Event> for Event {
    fn from(event: audit::Event) -> Self {
        Self {
            at: event.at,
            actor: event.actor,
            action: event.action.into(),
            recording: event.recording.map(|id| id.to_string()),
            resource: event.resource,
            recorded_user: event.recorded_user.map(Into::into),
            detail: event.detail,
            reason: event.reason,
            denial: event.denial,
            address: event.address,
            request_id: event.request,
        }
    }
}
