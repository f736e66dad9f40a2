//! What a search reads: sorted streams, and directories of words and numbers.
//!
//! A search is written over these and knows no table, so that it runs over millions of rows in memory, too, where it is measured and
//! compared with other ways to the same answer.

use super::{Place, Posting, Span, length};
use crate::{
    ids::{RecordingId, UserId},
    note::Mark,
    phone::Counterpart,
    recording::{Direction, Recording, State},
    search::Position,
};

/// The recordings of one kind, in the one order. Every stream but a posting's yields whole rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// All of the organisation.
    Organisation,
    User(UserId),
    Counterpart(Counterpart),
    Mark(Mark),
    /// Stored ones whose measured length is of this class, see [`length`].
    Length(u8),
    Rejected,
    /// Held ones, or those that say a word.
    Posting(Posting),
}

/// Something to read. All that a search asks for at once is read at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The first `limit` entries of a stream in a span, or as many as one request gives.
    Read { stream: Stream, span: Span, limit: usize },
    /// These rows, at most [`Ask::ROWS_AT_MOST`]; those that exist.
    Fetch(Vec<RecordingId>),
    /// The first `limit` known words of a place that begin with this text.
    Words { place: Place, beginning: String, limit: usize },
    /// The first `limit` known numbers that begin with these digits.
    Numbers { beginning: String, limit: usize },
    /// The first `limit` known numbers that end with these digits.
    Endings { end: String, limit: usize },
}

/// What an [`Ask`] gave, and what it cost.
#[derive(Clone, Debug)]
pub struct Answer {
    pub found: Found,
    /// Read units that the table charged, doubled: an eventually consistent read of up to 4 KB costs half of one.
    pub half_units: u64,
}

#[derive(Clone, Debug)]
pub enum Found {
    /// Of [`Ask::Read`]: entries, and whether there are no more in the span.
    Entries { entries: Vec<Entry>, all: bool },
    /// Of [`Ask::Fetch`].
    Rows(Vec<Recording>),
    /// Of the directories: words, or digits of numbers, and whether there are no more.
    Names { names: Vec<String>, all: bool },
}

/// An entry of a stream.
#[derive(Clone, Debug)]
pub enum Entry {
    Row(Box<Recording>),
    Posted(Box<Posted>),
}

/// An entry of a posting: where its row is, and what of the row never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub place: Position,
    pub user: UserId,
    pub direction: Direction,
    pub counterpart: Counterpart,
}

impl Ask {
    /// Rows that are fetched by id at once: DynamoDB's limit.
    pub const ROWS_AT_MOST: usize = 100;
}

impl Stream {
    pub fn has_rows(&self) -> bool {
        !matches!(self, Self::Posting(_))
    }

    /// Whether a recording is on the stream.
    pub fn holds(&self, recording: &Recording) -> bool {
        match self {
            Self::Organisation => true,
            Self::User(user) => *user == recording.user,
            Self::Counterpart(counterpart) => *counterpart == recording.counterpart,
            Self::Mark(mark) => Some(mark) == recording.annotation.mark.as_ref(),
            Self::Length(class) => matches!(recording.state, State::Stored { .. }) && length::class(recording.duration) == *class,
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
