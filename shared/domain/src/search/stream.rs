//! The reads of a search: sorted streams, and the dictionary of words and numbers.
//!
//! A search depends on these and not on the table. It also runs over millions of rows in memory,
//! where it is measured and compared with other algorithms.

use super::{Place, Posting, Span, length};
use crate::{
    counterpart::Counterpart,
    ids::{RecordingId, UserId},
    note::Mark,
    recording::{Direction, Recording, State},
    search::Position,
};

/// The recordings of one kind, in search order. Every stream except a posting's yields whole rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    Organisation,
    User(UserId),
    Counterpart(Counterpart),
    Mark(Mark),
    /// Stored recordings whose measured length is in this class, see [`length`].
    Length(u8),
    Rejected,
    /// Recordings that are held or contain a word.
    Posting(Posting),
}

/// One read. All requests of a round trip are performed in parallel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadRequest {
    /// The first `limit` entries of a stream in a span, or as many as one response contains.
    Read { stream: Stream, span: Span, limit: usize },
    /// These rows, if they exist; at most [`ReadRequest::ROWS_AT_MOST`].
    Fetch(Vec<RecordingId>),
    /// The first `limit` known words of a place that begin with this text.
    Words { place: Place, beginning: String, limit: usize },
    /// The first `limit` known numbers that begin with these digits.
    Numbers { beginning: String, limit: usize },
    /// The first `limit` known numbers that end with these digits.
    Endings { end: String, limit: usize },
}

/// The result of a [`ReadRequest`], and its cost.
#[derive(Clone, Debug)]
pub struct ReadResponse {
    pub found: Found,
    /// The RCUs charged, doubled: an eventually consistent read of up to 4 KB costs half an RCU.
    pub half_rcus: u64,
}

#[derive(Clone, Debug)]
pub enum Found {
    /// For [`ReadRequest::Read`]: entries, and whether there are no more in the span.
    Entries { entries: Vec<Entry>, all: bool },
    /// For [`ReadRequest::Fetch`].
    Rows(Vec<Recording>),
    /// For the dictionary: words, or digits of numbers, and whether there are no more.
    Names { names: Vec<String>, all: bool },
}

#[derive(Clone, Debug)]
pub enum Entry {
    Row(Box<Recording>),
    Posted(Box<Posted>),
}

/// An entry of a posting: the position of its row, and the values of the row that never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub place: Position,
    pub user: UserId,
    pub direction: Direction,
    pub counterpart: Counterpart,
}

impl ReadRequest {
    /// The most rows in one fetch by id: DynamoDB's limit.
    pub const ROWS_AT_MOST: usize = 100;
}

impl Stream {
    pub fn has_rows(&self) -> bool {
        !matches!(self, Self::Posting(_))
    }

    /// Whether the stream contains the recording.
    pub fn holds(&self, recording: &Recording) -> bool {
        match self {
            Self::Organisation => true,
            Self::User(user) => *user == recording.user,
            Self::Counterpart(counterpart) => *counterpart == recording.counterpart,
            Self::Mark(mark) => Some(mark) == recording.annotation.mark.as_ref(),
            Self::Length(class) => {
                matches!(recording.state, State::Stored { .. })
                    && length::class(recording.duration) == *class
            }
            Self::Rejected => matches!(recording.state, State::Rejected { .. }),
            Self::Posting(posting) => Posting::of(recording).contains(posting),
        }
    }
}

impl Entry {
    pub fn place(&self) -> Position {
        match self {
            Self::Row(row) => Position::of(row),
            Self::Posted(posted) => posted.place,
        }
    }
}
