//! The order of every list and every index: by the start of the call, then by the recording id.

use chrono::{DateTime, TimeDelta, Utc};

use crate::time::{earlier, later};
use crate::{ids::RecordingId, recording::Recording};

/// The position of a recording in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub started_at: DateTime<Utc>,
    pub id: RecordingId,
}

/// The end at which a search begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Newest,
    Oldest,
}

/// The positions still to be read: from `from`, before `to`, and later in this order than `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub order: Order,
    pub after: Option<Position>,
}

impl Position {
    pub fn of(recording: &Recording) -> Self {
        Self { started_at: recording.started_at, id: recording.id }
    }

    /// The position immediately before this one in this order.
    pub(super) fn before(self, order: Order) -> Self {
        let id = u128::from_be_bytes(self.id.to_bytes());
        let instant = TimeDelta::milliseconds(1);
        let (id, started_at) = match order {
            Order::Newest => id
                .checked_add(1)
                .map_or((0, later(self.started_at, instant)), |id| (id, self.started_at)),
            Order::Oldest => id
                .checked_sub(1)
                .map_or((u128::MAX, earlier(self.started_at, instant)), |id| (id, self.started_at)),
        };
        Self { started_at, id: RecordingId::from_bytes(id.to_be_bytes()) }
    }
}

impl Order {
    /// Whether `one` comes before `other` in this order.
    pub fn is_before(self, one: Position, other: Position) -> bool {
        match self {
            Self::Newest => one > other,
            Self::Oldest => one < other,
        }
    }
}

impl Span {
    pub fn holds(&self, place: Position) -> bool {
        self.from <= place.started_at
            && place.started_at < self.to
            && self.after.is_none_or(|after| self.order.is_before(after, place))
    }

    /// Whether the span contains no position.
    pub(super) fn is_empty(&self) -> bool {
        let instant = TimeDelta::milliseconds(1);
        let (first, last) = (self.from, earlier(self.to, instant));
        let ended = self.after.is_some_and(|after| match self.order {
            Order::Newest => after.started_at < first,
            Order::Oldest => after.started_at > last,
        });
        last < first || ended
    }

    /// The last position that was read. It and all positions before it are outside the span.
    pub(super) fn read_to(&self) -> Position {
        let instant = TimeDelta::milliseconds(1);
        let beginning = match self.order {
            Order::Newest => Position { started_at: self.to, id: RecordingId::from_bytes([0; 16]) },
            Order::Oldest => Position {
                started_at: earlier(self.from, instant),
                id: RecordingId::from_bytes([255; 16]),
            },
        };
        self.after.filter(|after| self.order.is_before(beginning, *after)).unwrap_or(beginning)
    }
}
