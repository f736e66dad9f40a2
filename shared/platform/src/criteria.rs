//! The criteria of a job: the filters of `GET /v1/recordings` under the same names.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::{
    counterpart::Counterpart,
    ids::{ConversationId, OrganisationId, RecordingId, UserId},
    note::{InvalidNote, Mark},
    people::Name,
    phone::Country,
    recording::Direction,
    search::{self, Digits, InvalidSearch, Marked, StateName, Words},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use utoipa::ToSchema;

use crate::table::{self, Table};

/// Named recordings, or all that match a filter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Criteria {
    Recordings(Vec<RecordingId>),
    Filter {
        filter: Box<Filter>,
        /// The users whom the filter's name matched.
        users: Option<Vec<UserId>>,
        /// The organisation's, to which national numbers belong. Older jobs have none: Sweden.
        #[serde(default)]
        country: Country,
    },
}

impl Criteria {
    /// Reads the stored criteria of a job. Times outside the bounds, in old jobs, are moved to the
    /// nearest bound. The meaning is the same, since no call is outside.
    ///
    /// # Errors
    /// The JSON does not have this form.
    pub fn stored(json: &str) -> serde_json::Result<Self> {
        let mut stored: Value = serde_json::from_str(json)?;
        for end in ["from", "to"] {
            let Some(time) = stored.pointer_mut(&format!("/filter/filter/{end}")) else { continue };
            if let Some(at) = time.as_str().and_then(|text| text.parse().ok()) {
                *time = Value::String(Instant::clamped(at).to_string());
            }
        }
        serde_json::from_value(stored)
    }
}

/// The filters of a search, in any combination, as in `GET /v1/recordings`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = CriteriaRecordings)]
pub struct Filter {
    #[schema(value_type = Option<String>, format = DateTime)]
    pub from: Option<Instant>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub to: Option<Instant>,
    #[schema(value_type = Option<String>)]
    pub user: Option<UserId>,
    pub name: Option<String>,
    pub min_seconds: Option<u32>,
    pub max_seconds: Option<u32>,
    /// In any form, as in a registration.
    pub counterpart: Option<String>,
    pub number: Option<String>,
    #[schema(value_type = Option<String>)]
    pub conversation: Option<ConversationId>,
    /// Someone who took part besides the counterpart, in any form.
    pub participant: Option<String>,
    #[schema(value_type = Option<String>)]
    pub direction: Option<Direction>,
    pub mark: Option<String>,
    pub note: Option<String>,
    pub field1: Option<String>,
    pub field2: Option<String>,
    pub field3: Option<String>,
    pub fields: Option<String>,
    pub held: Option<bool>,
    pub state: Option<State>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CriteriaState)]
pub enum State {
    Expected,
    Stored,
    Rejected,
}

/// Why no search can be made of a filter.
#[derive(Debug, Error)]
pub enum InvalidFilter {
    #[error(transparent)]
    Text(#[from] InvalidSearch),
    #[error(transparent)]
    Mark(#[from] InvalidNote),
    #[error("a name has at most 100 characters")]
    LongName,
    #[error(
        "the organisation has more users than a search by name can look through; look the user up and name them by `user`"
    )]
    ManyUsers,
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl Filter {
    /// The filter with its counterpart in the one form in which recordings have it.
    #[must_use]
    pub fn in_country(self, country: Country) -> Self {
        let read = |text: String| Counterpart::read(&text, country).into();
        let (counterpart, participant) = (self.counterpart.map(read), self.participant.map(read));
        Self { counterpart, participant, ..self }
    }

    /// The search filter, limited to the recordings of `users` if given. National numbers are the
    /// country's.
    pub fn search(
        &self,
        users: Option<&[UserId]>,
        country: Country,
    ) -> Result<search::Filter, InvalidFilter> {
        let digits = |typed: &str| Digits::parse_in(typed, country);
        let seconds =
            |seconds: Option<u32>| seconds.map(|seconds| TimeDelta::seconds(seconds.into()));
        Ok(search::Filter {
            from: self.from.map(Instant::utc),
            to: self.to.map(Instant::utc),
            users: self.among(users),
            longer: seconds(self.min_seconds),
            shorter: seconds(self.max_seconds),
            counterpart: self.counterpart.clone().map(Counterpart::from),
            number: self.number.as_deref().map(digits).transpose()?,
            conversation: self.conversation.clone(),
            participant: self.participant.clone().map(Counterpart::from),
            direction: self.direction,
            mark: self.mark.as_deref().map(marked).transpose()?,
            note: words(self.note.as_deref())?,
            fields: [
                words(self.field1.as_deref())?,
                words(self.field2.as_deref())?,
                words(self.field3.as_deref())?,
            ],
            any_field: words(self.fields.as_deref())?,
            held: self.held,
            state: self.state.map(StateName::from),
        })
    }

    fn among(&self, users: Option<&[UserId]>) -> Option<BTreeSet<UserId>> {
        match (users, &self.user) {
            (None, None) => None,
            (None, Some(user)) => Some([user.clone()].into()),
            (Some(users), user) => Some(
                users
                    .iter()
                    .filter(|found| user.as_ref().is_none_or(|user| user == *found))
                    .cloned()
                    .collect(),
            ),
        }
    }
}

/// The most users that are matched one by one. Otherwise all are read, 1,000 in a request.
const LOOKED_AT: usize = 500;

/// All users whose name matches, limited to `users` if given; `users` if there is no name. No
/// request, or 1 for each MB of the organisation's users or each 100 of `users`.
///
/// # Errors
/// The name is too long, or the organisation has too many users to search.
pub async fn named(
    table: &Table,
    organisation: &OrganisationId,
    name: Option<&str>,
    users: Option<BTreeSet<UserId>>,
) -> Result<Option<BTreeSet<UserId>>, InvalidFilter> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(users) };
    if name.chars().count() > Name::CHARACTERS {
        return Err(InvalidFilter::LongName);
    }
    if let Some(few) = users.as_ref().filter(|users| users.len() <= LOOKED_AT) {
        return Ok(Some(table.directory().among(organisation, few, name).await?));
    }
    let found = table
        .directory()
        .users_holding(organisation, name)
        .await?
        .ok_or(InvalidFilter::ManyUsers)?;
    Ok(Some(
        found
            .into_iter()
            .filter(|user| users.as_ref().is_none_or(|users| users.contains(user)))
            .collect(),
    ))
}

fn words(typed: Option<&str>) -> Result<Option<Words>, InvalidSearch> {
    typed.map(Words::parse).transpose()
}

fn marked(name: &str) -> Result<Marked, InvalidNote> {
    if name == Mark::NONE {
        return Ok(Marked::Without);
    }
    Mark::try_from(name.to_owned()).map(Marked::With)
}

impl From<State> for StateName {
    fn from(state: State) -> Self {
        match state {
            State::Expected => Self::Expected,
            State::Stored => Self::Stored,
            State::Rejected => Self::Rejected,
        }
    }
}
