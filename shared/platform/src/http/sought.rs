//! Which recordings an order is about, by the filters of `GET /v1/recordings` under the same names.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{RecordingId, UserId},
    note::Mark,
    phone::Counterpart,
    recording::Direction,
    search::{self, Digits, InvalidSearch, Marked, StateName, Words},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::{Cause, Problem};

/// The recordings themselves, or what they have in common.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sought {
    Recordings(Vec<RecordingId>),
    Filter {
        filter: Box<Filter>,
        /// The users whom the filter's name found.
        users: Option<Vec<UserId>>,
    },
}

/// The filters of a search, any mix of them, as `GET /v1/recordings` has them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = SoughtRecordings)]
pub struct Filter {
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    #[schema(value_type = Option<String>)]
    pub user: Option<UserId>,
    pub name: Option<String>,
    pub min_seconds: Option<u32>,
    pub max_seconds: Option<u32>,
    #[schema(value_type = Option<String>)]
    pub counterpart: Option<Counterpart>,
    pub number: Option<String>,
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
#[schema(as = SoughtState)]
pub enum State {
    Expected,
    Stored,
    Rejected,
}

impl Filter {
    /// The search that is asked for, among the recordings of `users`, if not everyone's.
    pub fn search(&self, users: Option<&[UserId]>) -> Result<search::Filter, Problem> {
        let seconds = |seconds: Option<u32>| seconds.map(|seconds| TimeDelta::seconds(seconds.into()));
        Ok(search::Filter {
            from: self.from,
            to: self.to,
            users: self.among(users),
            longer: seconds(self.min_seconds),
            shorter: seconds(self.max_seconds),
            counterpart: self.counterpart.clone(),
            number: self.number.as_deref().map(Digits::parse).transpose().map_err(invalid)?,
            direction: self.direction,
            mark: self.mark.as_deref().map(marked).transpose()?,
            note: words(self.note.as_deref())?,
            fields: [words(self.field1.as_deref())?, words(self.field2.as_deref())?, words(self.field3.as_deref())?],
            any_field: words(self.fields.as_deref())?,
            held: self.held,
            state: self.state.map(StateName::from),
        })
    }

    fn among(&self, users: Option<&[UserId]>) -> Option<BTreeSet<UserId>> {
        match (users, &self.user) {
            (None, None) => None,
            (None, Some(user)) => Some([user.clone()].into()),
            (Some(users), user) => Some(users.iter().filter(|found| user.as_ref().is_none_or(|user| user == *found)).cloned().collect()),
        }
    }
}

fn words(typed: Option<&str>) -> Result<Option<Words>, Problem> {
    typed.map(Words::parse).transpose().map_err(invalid)
}

fn marked(name: &str) -> Result<Marked, Problem> {
    if name == "none" {
        return Ok(Marked::Without);
    }
    Mark::try_from(name.to_owned()).map(Marked::With).map_err(|error| Problem::because(Cause::Invalid, error))
}

fn invalid(error: InvalidSearch) -> Problem {
    Problem::because(Cause::Invalid, error)
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
