//! The promises of the service to those who used it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use domain::ids::RecordingId;
use tests::people::organisation;

use crate::plan::{self, Filter, ORGANISATIONS, Person};

#[derive(Debug, Default)]
pub struct Truth {
    pub calls: Vec<Call>,
    pub holds: Vec<Hold>,
    pub erasures: Vec<Erasure>,
    pub changes: Vec<Change>,
    /// Of each organisation, whether Sven supervises its group.
    pub supervisions: [Supervision; ORGANISATIONS.len()],
    /// Calls that an app annotated by their ids, which is also possible without a recording.
    pub annotated: BTreeSet<usize>,
    /// Poison messages, with their queues.
    pub poison: Vec<(&'static str, String)>,
    /// Contradictions to a promise on the way.
    pub violations: Vec<String>,
}

#[derive(Debug)]
pub struct Call {
    pub number: usize,
    pub organisation: usize,
    pub user: usize,
    pub what: plan::Call,
    pub started_at: DateTime<Utc>,
    pub bytes: Vec<u8>,
    /// When the first registration was sent, and when one was confirmed.
    pub sent_at: DateTime<Utc>,
    pub registered_at: Option<DateTime<Utc>>,
    pub id: Option<String>,
    pub uploaded_at: Option<DateTime<Utc>>,
    /// The problem that ended the registration.
    pub refused: Option<String>,
    /// Confirmed edits by version: their notes.
    pub edits: Vec<(u64, String)>,
    /// Whether an edit was sent whose effect nobody confirmed.
    pub edited_otherwise: bool,
}

#[derive(Debug)]
pub struct Hold {
    pub number: usize,
    pub organisation: usize,
    pub id: String,
    /// The calls that it must hold: those that had been registered when it was ordered.
    pub includes: Vec<usize>,
    /// The filter that found them; `None` if they were named.
    pub filter: Option<Filter>,
    pub confirmed_at: DateTime<Utc>,
    /// When the lift was sent.
    pub lifted_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
pub struct Erasure {
    pub organisation: usize,
    pub id: String,
    pub person: Person,
    pub sent_at: DateTime<Utc>,
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Whether it was accepted. Otherwise its preview had changed.
    pub is_accepted: bool,
}

/// A change of the retention.
#[derive(Debug)]
pub struct Change {
    pub organisation: usize,
    pub days: u16,
    pub sent_at: DateTime<Utc>,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub is_accepted: bool,
}

/// Whether somebody supervises a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// As confirmed; unknown after changes at the same time.
    pub is_active: Option<bool>,
    /// Changes that nobody has confirmed yet.
    pub changing: u32,
}

impl Default for Supervision {
    fn default() -> Self {
        Self { is_active: Some(true), changing: 0 }
    }
}

impl Supervision {
    /// Whether it is active, if nothing changes it at present.
    pub fn known(self) -> Option<bool> {
        self.is_active.filter(|_| self.changing == 0)
    }
}

impl Truth {
    pub fn call(&self, number: usize) -> Option<&Call> {
        self.calls.iter().find(|call| call.number == number)
    }

    pub fn call_mut(&mut self, number: usize) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.number == number)
    }

    pub fn violation(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }
}

impl Call {
    pub fn name(&self) -> String {
        format!("call-{}", self.number)
    }

    /// The id of its recording.
    pub fn recording(&self) -> String {
        let call = self.name().try_into().expect("a valid id of a call");
        RecordingId::of(&organisation(ORGANISATIONS[self.organisation]), &call).to_string()
    }

    pub fn concerns(&self, organisation: usize, person: Person) -> bool {
        self.organisation == organisation
            && match person {
                Person::User(user) => user == self.user,
                Person::Counterpart(counterpart) => counterpart == self.what.counterpart,
            }
    }
}
