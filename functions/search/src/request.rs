//! The criteria of a search in the query string.

use std::collections::BTreeSet;

use domain::{
    ids::{ConversationId, UserId},
    phone::Country,
    recording::Direction,
    search::{self, Position},
    time::Instant,
};
use platform::{
    criteria, cursor,
    http::{Cause, Problem, page},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// The filters of a search, in any combination.
#[derive(Debug, Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Calls that began at this time or later (RFC 3339, years 2000 to 2199).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
    /// Calls that began before this time (RFC 3339, years 2000 to 2199).
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
    /// Calls of this user.
    #[param(value_type = Option<String>)]
    pub user: Option<UserId>,
    /// Calls of users whose name, id, number or extension contains this text, in any case. It includes removed
    /// users, and only users whose calls the caller may list. It is refused in an organisation of
    /// some 50,000 users or more; use `user` instead.
    pub name: Option<String>,
    /// Stored calls of at least this many seconds, measured from the audio.
    min_seconds: Option<u32>,
    /// Stored calls of at most this many seconds, measured from the audio.
    max_seconds: Option<u32>,
    /// Calls with this counterpart, in any form: a number, a short number, a SIP address, a name,
    /// `withheld` or `unknown`.
    counterpart: Option<String>,
    /// Calls whose number begins or ends with these 3 to 15 digits, as in `070-123 45 67`, `+4670`
    /// or `4567`.
    number: Option<String>,
    /// The legs of this conversation.
    #[param(value_type = Option<String>)]
    conversation: Option<ConversationId>,
    /// Calls in which this party took part besides the counterpart, in any form.
    participant: Option<String>,
    /// `in` or `out`.
    #[param(value_type = Option<String>)]
    direction: Option<Direction>,
    /// Calls with this mark, or `none` for those without one.
    mark: Option<String>,
    /// Words of the note: all of them, the last one as the beginning of a word. Case and accents
    /// are ignored, but å, ä and ö are distinct.
    note: Option<String>,
    /// Words of the first field, with the same rules.
    field1: Option<String>,
    /// Words of the second field, with the same rules.
    field2: Option<String>,
    /// Words of the third field, with the same rules.
    field3: Option<String>,
    /// Words of the three fields together, with the same rules.
    fields: Option<String>,
    /// Only held recordings (`true`), or only recordings that are not held (`false`).
    held: Option<bool>,
    /// `expected`, `stored` or `rejected`.
    #[param(inline)]
    state: Option<criteria::State>,
    /// The end of the time range that comes first.
    #[serde(default)]
    #[param(inline)]
    pub order: Order,
    /// Rows on a page, 1 to 1,000; 50 by default. A page may have fewer and still have a cursor. A
    /// CSV file has up to 10,000.
    limit: Option<usize>,
    /// The cursor of the previous page, or the header `next-cursor` of the previous CSV file.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    #[default]
    Newest,
    Oldest,
}

impl Filter {
    /// The search filter, limited to the recordings of `users` if given.
    pub fn search(
        &self,
        users: Option<BTreeSet<UserId>>,
        country: Country,
    ) -> Result<search::Filter, Problem> {
        Ok(search::Filter { users, ..self.criteria().in_country(country).search(None, country)? })
    }

    /// The filters that jobs have, too.
    fn criteria(&self) -> criteria::Filter {
        criteria::Filter {
            from: self.from,
            to: self.to,
            user: self.user.clone(),
            name: self.name.clone(),
            min_seconds: self.min_seconds,
            max_seconds: self.max_seconds,
            counterpart: self.counterpart.clone(),
            number: self.number.clone(),
            conversation: self.conversation.clone(),
            participant: self.participant.clone(),
            direction: self.direction,
            mark: self.mark.clone(),
            note: self.note.clone(),
            field1: self.field1.clone(),
            field2: self.field2.clone(),
            field3: self.field3.clone(),
            fields: self.fields.clone(),
            held: self.held,
            state: self.state,
        }
    }

    /// The filters in use, with their values. [`crate::asked`] prepares them for an audit event.
    pub fn asked(&self) -> Value {
        let mut asked = serde_json::to_value(self).unwrap_or_default();
        if let Value::Object(asked) = &mut asked {
            asked.retain(|name, value| {
                !value.is_null() && !matches!(name.as_str(), "order" | "limit" | "cursor")
            });
        }
        asked
    }

    /// Whether it is the first page.
    pub fn begins(&self) -> bool {
        self.cursor.is_none()
    }

    pub fn limit(&self) -> Result<usize, Problem> {
        page::limit(self.limit)
    }

    pub fn after(&self) -> Result<Option<Position>, Problem> {
        let read = self.cursor.as_deref().map(cursor::read).transpose();
        read.map_err(|error| Problem::because(Cause::Invalid, error))
    }
}

impl From<Order> for search::Order {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::Newest,
            Order::Oldest => Self::Oldest,
        }
    }
}
