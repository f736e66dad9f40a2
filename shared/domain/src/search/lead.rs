//! One way through a search: a union of streams, what was read of it, and what of that is found.
//!
//! A posting says where a row is and not all that the row says. Where other postings have to hold the row too, they are read along, which
//! costs a fortieth of fetching rows that one of them does not hold.

mod cost;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{
    Answer, Ask, Entry, Found, Position, Search, Span, Stream,
    track::{Tracks, way},
    walk::PROMPT_TRIPS,
};
use crate::{ids::RecordingId, recording::Recording};
use cost::POSTED;

/// A union that leads a search, or might.
#[derive(Clone, Debug)]
pub(super) struct Lead {
    tracks: Tracks,
    found: BTreeMap<Position, Recording>,
    /// Entries of postings of which it is not known yet whether they are worth fetching.
    posted: BTreeSet<Position>,
    /// Those that are.
    wanted: BTreeSet<Position>,
    /// Entries of postings whose rows were fetched.
    fetched: u64,
    /// Unions of postings that must hold what is fetched, and what was read of them.
    checks: Vec<(Tracks, BTreeSet<Position>)>,
    /// Whether there is a filter that only the fetched row can be held against.
    doubted: bool,
    /// Entries of answers of more than 4 KB, and the half units that those took: less costs as much as that.
    priced: (u64, u64),
    /// What each of the asks is for.
    asked: Vec<For>,
    fetching: Vec<Position>,
}

#[derive(Clone, Copy, Debug)]
enum For {
    Tracks(usize),
    Check(usize, usize),
    Fetch(usize),
}

impl Lead {
    pub(super) fn new(streams: Vec<Stream>, span: Span, horizon: DateTime<Utc>) -> Self {
        Self {
            tracks: Tracks::new(streams, span, horizon),
            found: BTreeMap::new(),
            posted: BTreeSet::new(),
            wanted: BTreeSet::new(),
            fetched: 0,
            checks: Vec::new(),
            doubted: false,
            priced: (0, 0),
            asked: Vec::new(),
            fetching: Vec::new(),
        }
    }

    /// Streams that it reads.
    pub(super) fn width(&self) -> usize {
        self.tracks.len()
    }

    pub(super) fn has_rows(&self) -> bool {
        self.tracks.has_rows()
    }

    /// Whether it reads all of the organisation.
    pub(super) fn is_of_all(&self) -> bool {
        self.tracks.is_of_all()
    }

    pub(super) fn is_read(&self) -> bool {
        self.tracks.read() > 0 || self.tracks.is_done()
    }

    /// Whether nothing is left to read or fetch.
    pub(super) fn is_complete(&self) -> bool {
        self.tracks.is_done() && self.posted.is_empty() && self.wanted.is_empty()
    }

    /// Asks for about `want` entries of the streams.
    pub(super) fn probe(&mut self, want: usize) -> Vec<Ask> {
        let asks = self.tracks.begin(want as f64);
        self.asked = (0..asks.len()).map(For::Tracks).collect();
        asks
    }

    /// Takes into account a union that must hold what is found, too: what it does not post is not fetched, where that is cheaper.
    pub(super) fn heed(&mut self, other: Self) {
        if !other.is_worth_checking(self) {
            self.doubted |= !other.tracks.is_posted();
            return;
        }
        self.checks.push((other.tracks, &(&other.posted | &other.wanted) | &other.found.into_keys().collect()));
    }

    /// Asks for what should bring the number found up to `needed`, for at most `half_units`. Postings
    /// are cheap: the longer it takes, the more of them it reads ahead.
    pub(super) fn follow(&mut self, search: &Search<'_>, needed: usize, half_units: u64, trips: u32) -> Vec<Ask> {
        self.sort_out(search);
        let missing = needed.saturating_sub(self.settled(search).count()) as f64;
        let candidates = self.to_look_at(missing, trips);
        let fetched_at_most = candidates.min(half_units as f64).ceil() as usize;
        self.fetching = self.worth_fetching(search, trips).take(fetched_at_most).collect();
        let left = half_units as f64 - self.fetching.len() as f64;
        let ahead = if self.has_rows() { 1.0 } else { f64::from(trips.clamp(1, 6)) };
        let want = (candidates - self.fetching.len() as f64) / self.passing() * ahead;
        self.asked.clear();
        let mut asks = Vec::new();
        if want > 0.0 {
            asks = self.read_on(search, want.min(left / self.price()).max(1.0), left);
        }
        let ids: Vec<RecordingId> = self.fetching.iter().map(|place| place.id).collect();
        for (n, ids) in ids.chunks(Ask::ROWS_AT_MOST).enumerate() {
            self.asked.push(For::Fetch(n));
            asks.push(Ask::Fetch(ids.to_vec()));
        }
        asks
    }

    /// What is known to be worth fetching, and then, when the page should be ready, what is likely to be.
    fn worth_fetching(&self, search: &Search<'_>, trips: u32) -> impl Iterator<Item = Position> {
        let is_hurried = trips >= PROMPT_TRIPS && self.checks.is_empty();
        let likely = search.either_way(self.posted.iter().copied()).filter(move |_| is_hurried);
        search.either_way(self.wanted.iter().copied()).chain(likely)
    }

    /// Asks for about `want` more entries, and for what is needed to check them and those that wait for that.
    fn read_on(&mut self, search: &Search<'_>, want: f64, half_units: f64) -> Vec<Ask> {
        let half_units = half_units / self.checks.len().saturating_add(1) as f64;
        let waiting = search.either_way(self.posted.iter().copied()).last().map(|place| way(search.order, place));
        let goal = if self.tracks.is_done() { waiting.unwrap_or(f64::NEG_INFINITY) } else { self.tracks.goal(want) };
        let mut asks = if self.tracks.read() == 0 { self.tracks.begin(want) } else { self.tracks.asks_to(goal, half_units / self.price()) };
        self.asked.extend((0..asks.len()).map(For::Tracks));
        for (check, (tracks, _)) in self.checks.iter_mut().enumerate() {
            let checking = tracks.asks_to(goal, half_units / POSTED);
            self.asked.extend((0..checking.len()).map(|n| For::Check(check, n)));
            asks.extend(checking);
        }
        asks
    }

    /// Takes the answer to the `which`-th of the asks.
    pub(super) fn take(&mut self, search: &Search<'_>, which: usize, answer: Answer) {
        match (self.asked[which], answer.found) {
            (For::Tracks(n), Found::Entries { entries, all }) => {
                if answer.half_units > 1 {
                    let (priced, half_units) = self.priced;
                    self.priced = (priced.saturating_add(entries.len() as u64), half_units.saturating_add(answer.half_units));
                }
                let places: Vec<Position> = entries.iter().map(Entry::place).collect();
                self.tracks.take(n, &places, all);
                for entry in entries {
                    self.sort_in(search, entry);
                }
            }
            (For::Check(check, n), Found::Entries { entries, all }) => {
                let places: Vec<Position> = entries.iter().map(Entry::place).collect();
                let (tracks, seen) = &mut self.checks[check];
                tracks.take(n, &places, all);
                seen.extend(places);
            }
            (For::Fetch(n), Found::Rows(rows)) => {
                for place in self.fetching.iter().skip(n.saturating_mul(Ask::ROWS_AT_MOST)).take(Ask::ROWS_AT_MOST) {
                    self.wanted.remove(place);
                    self.posted.remove(place);
                    self.fetched = self.fetched.saturating_add(1);
                }
                for row in rows.into_iter().filter(|row| search.finds(row)) {
                    self.found.insert(Position::of(&row), row);
                }
            }
            _ => {}
        }
    }

    fn sort_in(&mut self, search: &Search<'_>, entry: Entry) {
        match entry {
            Entry::Row(row) => {
                if search.finds(&row) {
                    self.found.insert(Position::of(&row), *row);
                }
            }
            Entry::Posted(posted) => {
                if search.filter.may_hold(&posted) {
                    self.posted.insert(posted.place);
                }
            }
        }
    }

    /// Sorts out what is worth fetching of the entries up to where everything is known.
    pub(super) fn sort_out(&mut self, search: &Search<'_>) {
        let known_to = self.known_to(search);
        let known = search
            .either_way(self.posted.iter().copied())
            .take_while(|place| known_to.is_none_or(|end| !search.order.is_before(end, *place)));
        for place in known.collect::<Vec<_>>() {
            self.posted.remove(&place);
            if self.checks.iter().all(|(_, seen)| seen.contains(&place)) && !self.found.contains_key(&place) {
                self.wanted.insert(place);
            }
        }
    }

    fn known_to(&self, search: &Search<'_>) -> Option<Position> {
        let ends = self.checks.iter().map(|(tracks, _)| tracks).chain([&self.tracks]).filter_map(Tracks::known_to);
        ends.reduce(|one, other| if search.order.is_before(one, other) { one } else { other })
    }

    /// What is found before anything that is still to be read or fetched, in the search's order.
    pub(super) fn settled<'a>(&'a self, search: &'a Search<'_>) -> impl Iterator<Item = &'a Recording> {
        let end = self.settled_to(search);
        let found = search.either_way(self.found.iter());
        found.take_while(move |(place, _)| end.is_none_or(|end| !search.order.is_before(end, **place))).map(|(_, row)| row)
    }

    /// Up to where the search is answered, if it is not to its end.
    pub(super) fn settled_to(&self, search: &Search<'_>) -> Option<Position> {
        let waiting = [&self.posted, &self.wanted].map(|places| search.either_way(places.iter().copied()).next());
        let before_them = waiting.into_iter().flatten().map(|place| place.before(search.order));
        let ends = self.tracks.known_to().into_iter().chain(before_them);
        ends.reduce(|one, other| if search.order.is_before(one, other) { one } else { other })
    }

    /// Whether its next step may find something, or none is needed: what postings lead to is fetched once it is known.
    pub(super) fn finds_next(&self, search: &Search<'_>) -> bool {
        let first = search.either_way(self.posted.iter()).next();
        self.has_rows()
            || self.is_complete()
            || first.is_some_and(|place| self.known_to(search).is_none_or(|end| !search.order.is_before(end, *place)))
    }
}
