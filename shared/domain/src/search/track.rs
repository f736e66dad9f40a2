//! How far the streams of a union have been read, and how much of each to read next.
//!
//! A union is known up to where the stream that was read least ends. To move that end, each stream is read to about the same moment: how
//! much that takes of each is told by how close its entries have lain so far. A long way is cut into pieces that are read at once.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ask, Order, Position, Span, Stream};
use crate::time::{earlier, later};

/// A piece of a stream that is read, or being read.
#[derive(Clone, Debug)]
struct Track {
    /// Which of the union's streams.
    stream: usize,
    span: Span,
    /// Whether it leads to the end of the whole way.
    is_last: bool,
    done: bool,
}

/// The streams of a union and the tracks through them.
#[derive(Clone, Debug)]
pub(super) struct Tracks {
    streams: Vec<Stream>,
    /// Entries read of each, and milliseconds of the way that they lie on.
    read: Vec<(u64, f64)>,
    tracks: Vec<Track>,
    /// The way to the first entry that was met: a search may begin long before anything was recorded.
    first: Option<f64>,
    /// Where the entries are thought to end: a search may go on long after.
    horizon: DateTime<Utc>,
    /// The tracks that are being read, in the order of the asks.
    asked: Vec<usize>,
}

/// Entries of a piece: well within what one request gives.
const PIECE: f64 = 1500.0;
/// Pieces that are read at once.
const PIECES: usize = 512;
/// Entries that cost no more than one: of rows, and of postings.
const ROWS: f64 = 10.0;
const POSTED: f64 = 30.0;
/// Streams of which no more is read to begin with than is wanted.
const NARROW: f64 = 8.0;
/// Entries of postings to begin with, all streams together.
const FIRST: f64 = 8000.0;

impl Tracks {
    pub(super) fn new(streams: Vec<Stream>, span: Span, horizon: DateTime<Utc>) -> Self {
        let tracks = (0..streams.len()).map(|stream| Track { stream, span, is_last: true, done: false }).collect();
        Self { read: vec![(0, 0.0); streams.len()], streams, tracks, first: None, horizon, asked: Vec::new() }
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

    /// Whether what they are of is what every posting says of its row.
    pub(super) fn is_posted(&self) -> bool {
        self.streams.first().is_none_or(|stream| matches!(stream, Stream::Organisation | Stream::User(_) | Stream::Counterpart(_)))
    }

    pub(super) fn is_done(&self) -> bool {
        self.tracks.iter().all(|track| track.done)
    }

    /// Tracks that are not at their end.
    pub(super) fn open(&self) -> usize {
        self.tracks.iter().filter(|track| !track.done).count()
    }

    /// Entries read.
    pub(super) fn read(&self) -> u64 {
        self.read.iter().map(|(entries, _)| entries).sum()
    }

    /// Up to where everything is known; none if everything is.
    pub(super) fn known_to(&self) -> Option<Position> {
        let ends = self.tracks.iter().filter(|track| !track.done).map(|track| (track.span.order, track.span.read_to()));
        ends.reduce(|one, other| if one.0.is_before(other.1, one.1) { other } else { one }).map(|(_, place)| place)
    }

    /// Entries a millisecond, all streams together.
    pub(super) fn density(&self) -> f64 {
        (0..self.streams.len()).map(|stream| self.density_of(stream)).sum()
    }

    /// What to read first, for about `want` entries.
    pub(super) fn begin(&mut self, want: f64) -> Vec<Ask> {
        let open = self.open().max(1) as f64;
        let each = if self.has_rows() && open <= NARROW {
            want / open
        } else if self.has_rows() {
            (want / open).max(ROWS)
        } else {
            want.min(FIRST / open).max(POSTED)
        };
        self.ask(f64::INFINITY, |_| Some(each))
    }

    /// Where the way should lead for about `want` more entries.
    pub(super) fn goal(&self, want: f64) -> f64 {
        let open: Vec<(f64, f64)> =
            self.tracks.iter().filter(|track| !track.done).map(|track| (self.density_of(track.stream), track.way())).collect();
        let holds = |goal: f64| open.iter().map(|(density, way)| density * (goal - way).max(0.0)).sum::<f64>();
        let mut low = open.iter().map(|(_, way)| *way).fold(f64::INFINITY, f64::min);
        let mut high = open.iter().map(|(density, way)| way + want / density).fold(low, f64::max);
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            if holds(middle) < want { low = middle } else { high = middle }
        }
        high
    }

    /// What to read to come to the goal, `most` entries in all.
    pub(super) fn asks_to(&mut self, goal: f64, most: f64) -> Vec<Ask> {
        if self.first.is_none() {
            return self.begin(most);
        }
        let horizon = self.split_at_horizon(goal);
        self.cut(goal.min(horizon));
        let at_least = if self.has_rows() { ROWS } else { POSTED };
        let ahead: Vec<Option<f64>> = self
            .tracks
            .iter()
            .map(|track| {
                let is_beyond = track.way() >= horizon;
                let end = if is_beyond { track.end() } else { track.end().min(horizon) };
                let entries = (self.density_of(track.stream) * (goal.min(end) - track.way())).max(0.0);
                let whole = end <= goal; // what was left of a piece would cost another request
                (track.way() <= goal).then(|| match (is_beyond, whole) {
                    (true, _) if track.span.after.is_none() => at_least,
                    (_, true) => entries * 2.5 + 2.0 * at_least,
                    _ => entries.max(at_least),
                })
            })
            .collect();
        self.ask(most, |n| ahead[n])
    }

    fn ask(&mut self, mut most: f64, limit: impl Fn(usize) -> Option<f64>) -> Vec<Ask> {
        self.asked.clear();
        let mut asks = Vec::new();
        for (n, track) in self.tracks.iter().enumerate().filter(|(_, track)| !track.done) {
            if asks.len() < PIECES
                && (most > 0.0 || asks.is_empty())
                && let Some(limit) = limit(n)
            {
                let limit = limit.min(most.max(1.0)).ceil();
                most -= limit;
                self.asked.push(n);
                asks.push(Ask::Read { stream: self.streams[track.stream].clone(), span: track.span, limit: limit as usize });
            }
        }
        asks
    }

    /// Takes the places that the `which`-th of the asks gave, and whether there are no more.
    pub(super) fn take(&mut self, which: usize, places: &[Position], all: bool) {
        let horizon = self.horizon();
        let track = &mut self.tracks[self.asked[which]];
        if let Some(first) = places.first() {
            let way = way(track.span.order, *first);
            self.first = Some(self.first.map_or(way, |known| known.min(way)));
        }
        let began = track.way().max(self.first.unwrap_or(f64::NEG_INFINITY));
        track.done = all;
        if let Some(last) = places.last() {
            track.span.after = Some(*last);
        }
        // Where the whole way ends says nothing of how close entries lie: it may be decades from the last.
        let ended = if all { track.end().min(horizon).max(track.way()) } else { track.way() };
        let read = &mut self.read[track.stream];
        *read = (read.0.saturating_add(places.len() as u64), read.1 + (ended - began).max(0.0));
    }

    fn density_of(&self, stream: usize) -> f64 {
        let (entries, way) = self.read[stream];
        entries.max(1) as f64 / way.max(1.0)
    }

    /// How far that is where entries are thought to end.
    fn horizon(&self) -> f64 {
        let Some(track) = self.tracks.first() else { return f64::INFINITY };
        way(track.span.order, Position { started_at: self.horizon, ..track.span.read_to() })
    }

    /// Cuts the tracks where entries are thought to end, if the goal lies beyond; answers with how far that is.
    fn split_at_horizon(&mut self, goal: f64) -> f64 {
        let horizon = self.horizon();
        for n in 0..self.tracks.len() {
            let density = self.density_of(self.tracks[n].stream);
            let track = &mut self.tracks[n];
            let is_long = density * (horizon - track.way()) > PIECE;
            if goal >= horizon && !track.done && is_long && horizon < track.end() {
                let rest = track.split(TimeDelta::milliseconds((horizon - track.way()) as i64));
                self.tracks.push(rest);
            }
        }
        horizon
    }

    /// Cuts the tracks on which much lies before the goal, so that their pieces are read at once; into no more than [`PIECES`] in all.
    fn cut(&mut self, goal: f64) {
        for n in 0..self.tracks.len() {
            let track = &self.tracks[n];
            let length = goal.min(track.end()) - track.way();
            let most = PIECES.saturating_sub(self.tracks.len()) as f64;
            let pieces = (self.density_of(track.stream) * length / PIECE).ceil().min(most);
            if track.done || pieces < 2.0 {
                continue;
            }
            let length = TimeDelta::milliseconds((length / pieces) as i64);
            let mut last = n;
            for _ in 1..pieces as usize {
                let rest = self.tracks[last].split(length);
                last = self.tracks.len();
                self.tracks.push(rest);
            }
        }
    }
}

/// How far on its way a walk is at a place, in milliseconds.
pub(super) fn way(order: Order, place: Position) -> f64 {
    let at = place.started_at.timestamp_millis() as f64;
    if order == Order::Newest { -at } else { at }
}

impl Track {
    /// How far it is read.
    fn way(&self) -> f64 {
        way(self.span.order, self.span.read_to())
    }

    /// Where it ends.
    fn end(&self) -> f64 {
        let started_at = if self.span.order == Order::Newest { self.span.from } else { self.span.to };
        way(self.span.order, Position { started_at, ..self.span.read_to() })
    }

    /// Leaves the next `length` of the way, and gives what comes after it.
    fn split(&mut self, length: TimeDelta) -> Self {
        let mut rest = Self { span: Span { after: None, ..self.span }, ..self.clone() };
        self.is_last = false;
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
