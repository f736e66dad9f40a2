//! One way through a search: a union of streams, what was read of it, and what of that is found.
//!
//! A posting says where a row is and not all that the row says. Where other postings have to hold the row too, they are read along, which
//! costs a fortieth of fetching rows that one of them does not hold.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{
    Answer, Ask, Entry, Found, Position, Search, Span, Stream,
    track::{Tracks, way},
    walk::PROMPT_TRIPS,
};
use crate::{ids::RecordingId, recording::Recording};

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
    /// Half units that reading took, fetching apart.
    half_units: u64,
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

/// Half units of an entry, before any was read: some 300 bytes of a row, 120 of a posting.
const ROW: f64 = 0.075;
const POSTED: f64 = 0.03;
/// How many times the rows that were looked at to look at next, at first: few found ones tell little of how far to go.
const GROWTH: f64 = 16.0;
/// Share of a posting's entries that another is guessed to hold too.
const SHARED: f64 = 0.1;

impl Lead {
    pub(super) fn new(streams: Vec<Stream>, span: Span, horizon: DateTime<Utc>) -> Self {
        Self {
            tracks: Tracks::new(streams, span, horizon),
            found: BTreeMap::new(),
            posted: BTreeSet::new(),
            wanted: BTreeSet::new(),
            fetched: 0,
            checks: Vec::new(),
            half_units: 0,
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

    /// Whether what this union posts is cheaper read along with `lead`'s than found out by fetching.
    pub(super) fn is_worth_checking(&self, lead: &Self) -> bool {
        let postings = !self.tracks.has_rows() && !lead.tracks.has_rows() && self.is_read();
        postings && self.tracks.density() * POSTED < lead.tracks.density() * lead.passing() / 2.0
    }

    /// Has nothing fetched that `other` does not post.
    pub(super) fn check(&mut self, other: Self) {
        self.checks.push((other.tracks, &(&other.posted | &other.wanted) | &other.found.into_keys().collect()));
    }

    /// Asks for what should bring the number found up to `needed`, for at most `half_units`. Postings
    /// are cheap: the longer it takes, the more of them it reads ahead.
    pub(super) fn follow(&mut self, search: &Search<'_>, needed: usize, half_units: u64, trips: u32) -> Vec<Ask> {
        self.sort_out(search);
        let missing = needed.saturating_sub(self.settled(search).count()) as f64;
        let rate = self.rate();
        let candidates = if self.looked_at() > 0 { self.guess(missing, rate, trips) } else { missing };
        let fetched_at_most = candidates.min(half_units as f64).ceil() as usize;
        self.fetching = search.either_way(self.wanted.iter().copied()).take(fetched_at_most).collect();
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

    /// Rows to look at for `missing` more, where a share of `rate` was found so far.
    fn guess(&self, missing: f64, rate: f64, trips: u32) -> f64 {
        let wanted = (missing + 2.0 * missing.sqrt()) / rate;
        if trips < PROMPT_TRIPS { wanted.min(GROWTH * self.looked_at() as f64) } else { 2.0 * wanted }
    }

    /// Asks for about `want` more entries, and for what is needed to check them and those that wait for that.
    fn read_on(&mut self, search: &Search<'_>, want: f64, half_units: f64) -> Vec<Ask> {
        let half_units = half_units / (1 + self.checks.len()) as f64;
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
                self.half_units += answer.half_units;
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
                for place in self.fetching.iter().skip(n * Ask::ROWS_AT_MOST).take(Ask::ROWS_AT_MOST) {
                    self.wanted.remove(place);
                    self.fetched += 1;
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

    /// What the search is likely to cost from here, in half units, if it goes on for `way` at most. What its own rows do not tell is
    /// guessed from `hits`, what others found a millisecond.
    pub(super) fn cost(&self, search: &Search<'_>, hits: Option<f64>, way: f64, others: &[Self]) -> f64 {
        let missing = search.limit.saturating_sub(self.settled(search).count()) as f64;
        let all = if self.tracks.is_done() { 0.0 } else { self.tracks.density() * way };
        let entries = if self.tracks.has_rows() && !self.found.is_empty() {
            let found = self.found.len() as f64;
            missing * self.looked_at() as f64 / (found - found.sqrt() * 0.7) // a lucky look should not tell too much
        } else {
            hits.map_or(f64::INFINITY, |hits| self.tracks.density() * missing / hits)
        };
        let entries = entries.min(all);
        if self.tracks.has_rows() {
            return entries * self.price();
        }
        let checked = others.iter().filter(|other| other.is_worth_checking(self)).count();
        let to_fetch = (entries * self.passing() + (self.posted.len() + self.wanted.len()) as f64)
            * SHARED.powi(i32::try_from(checked).unwrap_or(i32::MAX));
        entries * self.price() * (1 + checked) as f64 + to_fetch
    }

    /// What is found a millisecond, as far as can be told.
    pub(super) fn hits(&self) -> Option<f64> {
        (!self.found.is_empty()).then(|| self.found.len() as f64 * self.tracks.density() / self.tracks.read().max(1) as f64)
    }

    /// Half units of an entry.
    fn price(&self) -> f64 {
        if self.tracks.read() > 0 {
            self.half_units as f64 / self.tracks.read() as f64
        } else if self.tracks.has_rows() {
            ROW
        } else {
            POSTED
        }
    }

    /// Of the entries that were read, the share that may be found: all rows, and those postings whose rows are worth fetching.
    fn passing(&self) -> f64 {
        if self.tracks.has_rows() || self.tracks.read() == 0 {
            return 1.0;
        }
        let passed = (self.posted.len() + self.wanted.len()) as f64 + self.fetched as f64;
        passed.max(1.0) / self.tracks.read() as f64
    }

    /// Of the rows that were looked at, the share that was found.
    fn rate(&self) -> f64 {
        let looked_at = self.looked_at();
        if looked_at == 0 { 1.0 } else { (self.found.len().max(1) as f64 / looked_at as f64).min(1.0) }
    }

    /// Rows that were looked at.
    fn looked_at(&self) -> u64 {
        if self.tracks.has_rows() { self.tracks.read() } else { self.fetched }
    }
}
