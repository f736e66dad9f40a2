//! How far the streams of a union have been read, and how much of each to read next.
//!
//! A union is known up to the end of its least-read stream. To advance, all streams are read to
//! about the same moment. The density of the entries read so far determines how many that takes. A
//! long range is divided into pieces that are read in parallel.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Order, Position, ReadRequest, Span, Stream};
use crate::time::{earlier, later};

/// A piece of a stream, and how far it has been read.
#[derive(Clone, Debug)]
struct Cursor {
    stream: usize,
    span: Span,
    done: bool,
}

/// The streams of a union, and the cursors in them.
#[derive(Clone, Debug)]
pub(super) struct Cursors {
    streams: Vec<Stream>,
    /// By stream, the entries read and the progress that they extend over, in milliseconds.
    read: Vec<(u64, f64)>,
    cursors: Vec<Cursor>,
    /// The progress at the first entry found. A search may begin long before the first recording.
    first: Option<f64>,
    /// Where the entries are assumed to end. A search may continue long after.
    horizon: DateTime<Utc>,
    /// The cursors being read, in the order of the requests.
    asked: Vec<usize>,
}

/// Entries of a piece, well within one response.
const PIECE: f64 = 1500.0;
/// Pieces that are read in parallel.
const PIECES: usize = 512;
/// How many entries cost no more than one: of rows, and of postings.
const ROWS: f64 = 10.0;
const POSTED: f64 = 30.0;
/// Up to this many streams of rows, the first read requests only the wanted entries.
const NARROW: f64 = 8.0;
/// Posting entries of the first read, in all streams together.
const FIRST: f64 = 8000.0;

impl Cursors {
    pub(super) fn new(streams: Vec<Stream>, span: Span, horizon: DateTime<Utc>) -> Self {
        let cursors =
            (0..streams.len()).map(|stream| Cursor { stream, span, done: false }).collect();
        Self {
            read: vec![(0, 0.0); streams.len()],
            streams,
            cursors,
            first: None,
            horizon,
            asked: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    pub(super) fn has_rows(&self) -> bool {
        self.streams.first().is_none_or(Stream::has_rows)
    }

    pub(super) fn is_of_all(&self) -> bool {
        matches!(self.streams[..], [Stream::Organisation])
    }

    /// Whether every posting contains the value that selects the streams.
    pub(super) fn is_posted(&self) -> bool {
        self.streams.first().is_none_or(|stream| {
            matches!(stream, Stream::Organisation | Stream::User(_) | Stream::Counterpart(_))
        })
    }

    pub(super) fn is_done(&self) -> bool {
        self.cursors.iter().all(|cursor| cursor.done)
    }

    /// The number of cursors that are not at their end.
    pub(super) fn open(&self) -> usize {
        self.cursors.iter().filter(|cursor| !cursor.done).count()
    }

    pub(super) fn read(&self) -> u64 {
        self.read.iter().map(|(entries, _)| entries).sum()
    }

    /// The position up to which all streams have been read; `None` if they are complete.
    pub(super) fn known_to(&self) -> Option<Position> {
        let ends = self
            .cursors
            .iter()
            .filter(|cursor| !cursor.done)
            .map(|cursor| (cursor.span.order, cursor.span.read_to()));
        ends.reduce(|one, other| if one.0.is_before(other.1, one.1) { other } else { one })
            .map(|(_, place)| place)
    }

    /// Entries per millisecond, in all streams together.
    pub(super) fn density(&self) -> f64 {
        (0..self.streams.len()).map(|stream| self.density_of(stream)).sum()
    }

    /// The first requests, for about `want` entries.
    pub(super) fn begin(&mut self, want: f64) -> Vec<ReadRequest> {
        let open = self.open().max(1) as f64;
        let each = if self.has_rows() && open <= NARROW {
            want / open
        } else if self.has_rows() {
            (want / open).max(ROWS)
        } else {
            want.min(FIRST / open).max(POSTED)
        };
        self.request(f64::INFINITY, |_| Some(each))
    }

    /// The progress that should yield about `want` more entries.
    pub(super) fn goal(&self, want: f64) -> f64 {
        let open: Vec<(f64, f64)> = self
            .cursors
            .iter()
            .filter(|cursor| !cursor.done)
            .map(|cursor| (self.density_of(cursor.stream), cursor.progress()))
            .collect();
        let holds = |goal: f64| {
            open.iter().map(|(density, progress)| density * (goal - progress).max(0.0)).sum::<f64>()
        };
        let mut low = open.iter().map(|(_, progress)| *progress).fold(f64::INFINITY, f64::min);
        let mut high =
            open.iter().map(|(density, progress)| progress + want / density).fold(low, f64::max);
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            if holds(middle) < want { low = middle } else { high = middle }
        }
        high
    }

    /// The requests that advance the cursors to `goal`, for at most `most` entries.
    pub(super) fn requests_to(&mut self, goal: f64, most: f64) -> Vec<ReadRequest> {
        if self.first.is_none() {
            return self.begin(most);
        }
        let horizon = self.split_at_horizon(goal);
        self.cut(goal.min(horizon));
        let at_least = if self.has_rows() { ROWS } else { POSTED };
        let ahead: Vec<Option<f64>> = self
            .cursors
            .iter()
            .map(|cursor| {
                let is_beyond = cursor.progress() >= horizon;
                let end = if is_beyond { cursor.end() } else { cursor.end().min(horizon) };
                let entries =
                    (self.density_of(cursor.stream) * (goal.min(end) - cursor.progress())).max(0.0);
                let whole = end <= goal; // the rest of a piece would cost another request
                (cursor.progress() <= goal).then(|| match (is_beyond, whole) {
                    (true, _) if cursor.span.after.is_none() => at_least,
                    (_, true) => entries * 2.5 + 2.0 * at_least,
                    _ => entries.max(at_least),
                })
            })
            .collect();
        self.request(most, |n| ahead[n])
    }

    fn request(&mut self, mut most: f64, limit: impl Fn(usize) -> Option<f64>) -> Vec<ReadRequest> {
        self.asked.clear();
        let mut requests = Vec::new();
        for (n, cursor) in self.cursors.iter().enumerate().filter(|(_, cursor)| !cursor.done) {
            if requests.len() < PIECES
                && (most > 0.0 || requests.is_empty())
                && let Some(limit) = limit(n)
            {
                let limit = limit.min(most.max(1.0)).ceil();
                most -= limit;
                self.asked.push(n);
                requests.push(ReadRequest::Read {
                    stream: self.streams[cursor.stream].clone(),
                    span: cursor.span,
                    limit: limit as usize,
                });
            }
        }
        requests
    }

    /// Takes the positions in the response to the request number `which`; `all` if no more follow.
    pub(super) fn take(&mut self, which: usize, places: &[Position], all: bool) {
        let horizon = self.horizon();
        let cursor = &mut self.cursors[self.asked[which]];
        if let Some(first) = places.first() {
            let progress = progress(cursor.span.order, *first);
            self.first = Some(self.first.map_or(progress, |known| known.min(progress)));
        }
        let began = cursor.progress().max(self.first.unwrap_or(f64::NEG_INFINITY));
        cursor.done = all;
        if let Some(last) = places.last() {
            cursor.span.after = Some(*last);
        }
        // The end of the range says nothing of the density: it may be decades after the last entry.
        let ended =
            if all { cursor.end().min(horizon).max(cursor.progress()) } else { cursor.progress() };
        let read = &mut self.read[cursor.stream];
        *read = (read.0.saturating_add(places.len() as u64), read.1 + (ended - began).max(0.0));
    }

    fn density_of(&self, stream: usize) -> f64 {
        let (entries, progress) = self.read[stream];
        entries.max(1) as f64 / progress.max(1.0)
    }

    /// The progress at the assumed end of the entries.
    fn horizon(&self) -> f64 {
        let Some(cursor) = self.cursors.first() else { return f64::INFINITY };
        progress(cursor.span.order, Position { started_at: self.horizon, ..cursor.span.read_to() })
    }

    /// Splits the cursors at the horizon if the goal is beyond it, and returns its progress.
    fn split_at_horizon(&mut self, goal: f64) -> f64 {
        let horizon = self.horizon();
        for n in 0..self.cursors.len() {
            let density = self.density_of(self.cursors[n].stream);
            let cursor = &mut self.cursors[n];
            let is_long = density * (horizon - cursor.progress()) > PIECE;
            if goal >= horizon && !cursor.done && is_long && horizon < cursor.end() {
                let rest =
                    cursor.split(TimeDelta::milliseconds((horizon - cursor.progress()) as i64));
                self.cursors.push(rest);
            }
        }
        horizon
    }

    /// Splits the cursors with many entries before the goal into pieces, at most [`PIECES`] in all.
    fn cut(&mut self, goal: f64) {
        for n in 0..self.cursors.len() {
            let cursor = &self.cursors[n];
            let length = goal.min(cursor.end()) - cursor.progress();
            let most = PIECES.saturating_sub(self.cursors.len()) as f64;
            let pieces = (self.density_of(cursor.stream) * length / PIECE).ceil().min(most);
            if cursor.done || pieces < 2.0 {
                continue;
            }
            let length = TimeDelta::milliseconds((length / pieces) as i64);
            let mut last = n;
            for _ in 1..pieces as usize {
                let rest = self.cursors[last].split(length);
                last = self.cursors.len();
                self.cursors.push(rest);
            }
        }
    }
}

/// The progress at a position, in milliseconds of call start.
pub(super) fn progress(order: Order, place: Position) -> f64 {
    let at = place.started_at.timestamp_millis() as f64;
    if order == Order::Newest { -at } else { at }
}

impl Cursor {
    /// The progress that has been read.
    fn progress(&self) -> f64 {
        progress(self.span.order, self.span.read_to())
    }

    /// The progress at its end.
    fn end(&self) -> f64 {
        let started_at =
            if self.span.order == Order::Newest { self.span.from } else { self.span.to };
        progress(self.span.order, Position { started_at, ..self.span.read_to() })
    }

    /// Shortens the cursor to its next `length`, and returns the rest.
    fn split(&mut self, length: TimeDelta) -> Self {
        let mut rest = Self { span: Span { after: None, ..self.span }, ..self.clone() };
        let read_to = self.span.read_to().started_at;
        match self.span.order {
            Order::Newest => {
                self.span.from = earlier(read_to, length).max(self.span.from);
                rest.span.to = self.span.from;
            }
            Order::Oldest => {
                self.span.to = later(read_to, length).min(self.span.to);
                rest.span.from = self.span.to;
            }
        }
        rest
    }
}
