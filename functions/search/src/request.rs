//! What to look for, as the query string says it.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use platform::{
    http::{Cause, Problem, cursor, page},
    table::recording::{self, Position},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// The last start that fits a key: 13 digits of milliseconds.
pub const END_OF_TIME: DateTime<Utc> = match DateTime::from_timestamp_millis(9_999_999_999_999) {
    Some(end) => end,
    None => DateTime::<Utc>::MAX_UTC,
};

/// The filters of a search.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Calls that began at this time or later (RFC 3339).
    pub from: Option<DateTime<Utc>>,
    /// Calls that began before this time (RFC 3339).
    pub to: Option<DateTime<Utc>>,
    /// Calls of this user. Without the right to see others', one's own.
    #[param(value_type = Option<String>)]
    pub user: Option<UserId>,
    /// Which end of the time range comes first.
    #[serde(default)]
    #[param(inline)]
    pub order: Order,
    /// Rows on a page, 1 to 1,000; 50 unless given. A page may come short and still have a cursor.
    limit: Option<usize>,
    /// From the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    #[default]
    Newest,
    Oldest,
}

impl Filter {
    pub fn limit(&self) -> Result<usize, Problem> {
        page::limit(self.limit)
    }

    pub fn after(&self) -> Result<Option<Position>, Problem> {
        let read = self.cursor.as_deref().map(cursor::read).transpose();
        read.map_err(|error| Problem::because(Cause::Invalid, error))
    }
}

impl From<Order> for recording::Order {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::Newest,
            Order::Oldest => Self::Oldest,
        }
    }
}
