//! What to look for, as the query string says it.

use std::collections::BTreeSet;

use domain::{
    ids::UserId,
    phone::Counterpart,
    recording::Direction,
    search::{self, Position},
    time::Instant,
};
use platform::http::{Cause, Problem, cursor, page, sought};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// The filters of a search: any mix of them.
#[derive(Debug, Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Calls that began at this time or later (RFC 3339, of the years 2000 to 2199).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
    /// Calls that began before this time (RFC 3339, likewise).
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
    /// Calls of this user.
    #[param(value_type = Option<String>)]
    pub user: Option<UserId>,
    /// Calls of users whose name, id or number holds this text, whatever its case: of all of them whose calls the caller may list, removed
    /// users too. In an organisation of some 50,000 users and more it is refused; name the user by `user`.
    pub name: Option<String>,
    /// Stored calls of at least this many seconds, as measured from the audio.
    min_seconds: Option<u32>,
    /// Stored calls of at most this many seconds, likewise.
    max_seconds: Option<u32>,
    /// Calls with this number, in E.164 form, or `withheld`.
    #[param(value_type = Option<String>)]
    counterpart: Option<Counterpart>,
    /// Calls with a number that begins or ends with these 3 to 15 digits, however they are typed: `070-123 45 67`, `+4670`, `4567`.
    number: Option<String>,
    /// `in` or `out`.
    #[param(value_type = Option<String>)]
    direction: Option<Direction>,
    /// Calls with this mark, or `none` for those without one.
    mark: Option<String>,
    /// Words of the note, all of them, the last one as the beginning of a word; whatever their case and accents, å, ä and ö kept apart.
    note: Option<String>,
    /// Words of the first field, likewise.
    field1: Option<String>,
    /// Words of the second field, likewise.
    field2: Option<String>,
    /// Words of the third field, likewise.
    field3: Option<String>,
    /// Words of the three fields together, likewise.
    fields: Option<String>,
    /// Only held recordings (`true`), or only those that are not.
    held: Option<bool>,
    /// `expected`, `stored` or `rejected`.
    #[param(inline)]
    state: Option<sought::State>,
    /// Which end of the time range comes first.
    #[serde(default)]
    #[param(inline)]
    pub order: Order,
    /// Rows on a page, 1 to 1,000; 50 unless given. A page may come short and still have a cursor. A CSV file holds up to 10,000.
    limit: Option<usize>,
    /// From the page before; a CSV file that is not the last names it in the header `next-cursor`.
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
    /// The search that is asked for, among the recordings of `users`, if not everyone's.
    pub fn search(&self, users: Option<BTreeSet<UserId>>) -> Result<search::Filter, Problem> {
        Ok(search::Filter { users, ..self.sought().search(None)? })
    }

    /// The filters that orders have, too.
    fn sought(&self) -> sought::Filter {
        sought::Filter {
            from: self.from,
            to: self.to,
            user: self.user.clone(),
            name: self.name.clone(),
            min_seconds: self.min_seconds,
            max_seconds: self.max_seconds,
            counterpart: self.counterpart.clone(),
            number: self.number.clone(),
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

    /// The filters that are used, with what is asked of each: see [`crate::asked`] for how an audit event tells them.
    pub fn asked(&self) -> Value {
        let mut asked = serde_json::to_value(self).unwrap_or_default();
        if let Value::Object(asked) = &mut asked {
            asked.retain(|name, value| !value.is_null() && !matches!(name.as_str(), "order" | "limit" | "cursor"));
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
