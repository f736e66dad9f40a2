//! The end of every request: one audit event with its outcome, and the first response if the
//! request is a repetition. No handler can skip it.
//!
//! The extractors of the caller begin the event, so it exists before the body is read. A handler
//! adds what it learns. If a transaction has written the event, nothing is left to do here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    extract::{Request, State},
    http::{Extensions, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::ids::RecordingId;
use serde::Serialize;

use super::{
    once::Keyed,
    problem::{Cause, Problem},
};
use crate::table::{
    Table,
    audit::{AuditAction, Event},
    claim::Claim,
};

/// With these refusals, the caller learns nothing about the first request.
const FORBIDDEN: [StatusCode; 2] = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];

/// A request while it is processed.
#[derive(Clone, Debug, Default)]
pub struct Exchange(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// `None` until the caller is known.
    event: Option<Event>,
    /// The request's idempotency key.
    keyed: Option<Keyed>,
    /// The claim was looked up, and the request was no repetition.
    is_first: bool,
}

impl Exchange {
    /// The exchange of a request.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    pub(super) fn begin(&self, event: Event) {
        self.inner().event = Some(event);
    }

    pub(super) fn keyed(&self, keyed: Keyed) {
        self.inner().keyed = Some(keyed);
    }

    /// The audit event so far. To be written in the transaction of the request's effect.
    pub fn event(&self) -> Event {
        self.inner().event.clone().expect("the extractor of the caller has begun the event")
    }

    /// Changes the audit event.
    pub fn change(&self, change: impl FnOnce(&mut Event)) {
        if let Some(event) = &mut self.inner().event {
            change(event);
        }
    }

    /// Sets the action, where it depends on the body.
    pub fn act(&self, action: AuditAction) {
        self.change(|event| event.action = action);
    }

    /// Adds a resource that the event concerns.
    pub fn about(&self, resource: impl ToString) {
        self.change(|event| {
            let resource = resource.to_string();
            event.resource = Some(
                event
                    .resource
                    .take()
                    .map_or(resource.clone(), |before| format!("{before}/{resource}")),
            );
        });
    }

    /// Sets the recording that the event concerns.
    pub fn on(&self, recording: RecordingId) {
        self.change(|event| event.recording = Some(recording));
    }

    /// Sets the detail: the decision, or the filters used.
    pub fn detail(&self, what: &impl Serialize) {
        self.change(|event| event.detail = serde_json::to_string(what).ok());
    }

    /// The claim on this response, to write with the request's effect; `None` without a key.
    pub fn claim(
        &self,
        status: StatusCode,
        body: &impl Serialize,
    ) -> Result<Option<Claim>, Problem> {
        let (event, keyed) = (self.event(), self.inner().keyed.clone());
        keyed.map(|keyed| keyed.claim(event.organisation, event.at, status, body)).transpose()
    }

    /// The first response, if the request is a repetition. No request, or 1.
    pub async fn repeated(&self, table: &Table) -> Result<Option<Response>, Problem> {
        let (event, keyed) = (self.event(), self.inner().keyed.clone());
        let Some(keyed) = keyed else { return Ok(None) };
        let first = keyed.first_response(table, &event.organisation, event.at).await?;
        match first {
            Some(_) => event.written.set(), // a repetition leaves no event of its own
            None => self.inner().is_first = true,
        }
        Ok(first)
    }

    /// The response, or the first one if the request is a repetition.
    async fn settled(&self, table: &Table, response: Response) -> Response {
        let cause = cause(&response);
        let (is_keyed, is_first, has_effect) = {
            let inner = self.inner();
            (
                inner.keyed.is_some(),
                inner.is_first,
                inner.event.as_ref().is_none_or(Event::is_written),
            )
        };
        if !is_keyed || has_effect || (is_first && cause != Some(Cause::Repeated)) {
            return response;
        }
        // A caller who has lost the permission since does not receive the first response.
        if cause.is_some_and(|cause| {
            cause.status().is_server_error() || FORBIDDEN.contains(&cause.status())
        }) {
            return response;
        }
        self.repeated(table)
            .await
            .map_or_else(IntoResponse::into_response, |first| first.unwrap_or(response))
    }

    /// The response, after the event is written. An event that cannot be written takes its place.
    async fn audited(&self, table: &Table, response: Response) -> Response {
        let cause = cause(&response);
        let Some(event) = self.inner().event.clone() else {
            return if cause.is_some() {
                response
            } else {
                Problem::internal("an operation without an audit event").into_response()
            };
        };
        if event.is_written() {
            return response;
        }
        let event = Event { denial: cause.map(|cause| cause.name().to_owned()), ..event };
        match table.audit_log().write(&event).await {
            Err(error) if !cause.is_some_and(|cause| cause.status().is_server_error()) => {
                Problem::from(error).into_response()
            }
            _ => response,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the handler within a new exchange, and ends it.
pub async fn finish(State(table): State<Table>, mut request: Request, next: Next) -> Response {
    let exchange = Exchange::default();
    request.extensions_mut().insert(exchange.clone());
    let response = next.run(request).await;
    let response = exchange.settled(&table, response).await;
    exchange.audited(&table, response).await
}

/// The cause of a refusal or failure.
fn cause(response: &Response) -> Option<Cause> {
    response.extensions().get::<Arc<Problem>>().map(|problem| problem.cause)
}
