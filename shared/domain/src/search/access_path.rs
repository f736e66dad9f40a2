//! A union of streams that a search can follow, with the entries read and the matches found.
//!
//! A posting has the position of a row but not all its values. Other postings that must contain the
//! row are read along, for a fortieth of the cost of fetching rows that one of them lacks.

mod cost;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{
    Entry, Found, Position, ReadRequest, ReadResponse, Search, Span, Stream,
    cursors::{Cursors, progress},
    plan::PROMPT_ROUND_TRIPS,
};
use crate::{ids::RecordingId, recording::Recording};
use cost::POSTED;

/// A union of streams that a search follows, or might follow.
#[derive(Clone, Debug)]
pub(super) struct AccessPath {
    cursors: Cursors,
    found: BTreeMap<Position, Recording>,
    /// Posting entries that are not classified yet.
    posted: BTreeSet<Position>,
    /// Posting entries that are worth fetching.
    wanted: BTreeSet<Position>,
    /// The number of posting entries whose rows were fetched.
    fetched: u64,
    /// Unions of postings that must contain a row to fetch, and the entries read from them.
    checks: Vec<(Cursors, BTreeSet<Position>)>,
    /// Whether a filter can only be checked on the fetched row.
    doubted: bool,
    /// Entries and half RCUs of the responses over 4 KB. A smaller one always costs one half RCU.
    priced: (u64, u64),
    asked: Vec<For>,
    fetching: Vec<Position>,
}

#[derive(Clone, Copy, Debug)]
enum For {
    Cursors(usize),
    Check(usize, usize),
    Fetch(usize),
}

impl AccessPath {
    pub(super) fn new(streams: Vec<Stream>, span: Span, horizon: DateTime<Utc>) -> Self {
        Self {
            cursors: Cursors::new(streams, span, horizon),
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

    /// The number of streams.
    pub(super) fn width(&self) -> usize {
        self.cursors.len()
    }

    pub(super) fn has_rows(&self) -> bool {
        self.cursors.has_rows()
    }

    /// Whether it is the stream of the whole organisation.
    pub(super) fn is_of_all(&self) -> bool {
        self.cursors.is_of_all()
    }

    pub(super) fn is_read(&self) -> bool {
        self.cursors.read() > 0 || self.cursors.is_done()
    }

    /// Whether nothing is left to read or fetch.
    pub(super) fn is_complete(&self) -> bool {
        self.cursors.is_done() && self.posted.is_empty() && self.wanted.is_empty()
    }

    /// Requests about `want` entries of the streams.
    pub(super) fn probe(&mut self, want: usize) -> Vec<ReadRequest> {
        let requests = self.cursors.begin(want as f64);
        self.asked = (0..requests.len()).map(For::Cursors).collect();
        requests
    }

    /// Restricts the rows to the postings of `other`, if reading these is cheaper than fetching.
    pub(super) fn intersect_with(&mut self, other: Self) {
        if !other.is_worth_checking(self) {
            self.doubted |= !other.cursors.is_posted();
            return;
        }
        self.checks.push((
            other.cursors,
            &(&other.posted | &other.wanted) | &other.found.into_keys().collect(),
        ));
    }

    /// Requests the reads that should raise the matches to `needed`, for at most `half_rcus`.
    /// Postings are cheap, so each round trip reads more of them ahead.
    pub(super) fn follow(
        &mut self,
        search: &Search<'_>,
        needed: usize,
        half_rcus: u64,
        round_trips: u32,
    ) -> Vec<ReadRequest> {
        self.classify(search);
        let missing = needed.saturating_sub(self.final_rows(search).count()) as f64;
        let candidates = self.rows_to_examine(missing, round_trips);
        let fetched_at_most = candidates.min(half_rcus as f64).ceil() as usize;
        self.fetching = self.worth_fetching(search, round_trips).take(fetched_at_most).collect();
        let left = half_rcus as f64 - self.fetching.len() as f64;
        let ahead = if self.has_rows() { 1.0 } else { f64::from(round_trips.clamp(1, 6)) };
        let want = (candidates - self.fetching.len() as f64) / self.passing() * ahead;
        self.asked.clear();
        let mut requests = Vec::new();
        if want > 0.0 {
            requests = self.read_on(search, want.min(left / self.price()).max(1.0), left);
        }
        let ids: Vec<RecordingId> = self.fetching.iter().map(|place| place.id).collect();
        for (n, ids) in ids.chunks(ReadRequest::ROWS_AT_MOST).enumerate() {
            self.asked.push(For::Fetch(n));
            requests.push(ReadRequest::Fetch(ids.to_vec()));
        }
        requests
    }

    /// The entries that are worth fetching, then the likely ones if the page should be ready.
    fn worth_fetching(
        &self,
        search: &Search<'_>,
        round_trips: u32,
    ) -> impl Iterator<Item = Position> {
        let is_hurried = round_trips >= PROMPT_ROUND_TRIPS && self.checks.is_empty();
        let likely = search.in_order(self.posted.iter().copied()).filter(move |_| is_hurried);
        search.in_order(self.wanted.iter().copied()).chain(likely)
    }

    /// Requests about `want` more entries, and the postings that decide about all waiting ones.
    fn read_on(&mut self, search: &Search<'_>, want: f64, half_rcus: f64) -> Vec<ReadRequest> {
        let half_rcus = half_rcus / self.checks.len().saturating_add(1) as f64;
        let waiting = search
            .in_order(self.posted.iter().copied())
            .last()
            .map(|place| progress(search.order, place));
        let goal = if self.cursors.is_done() {
            waiting.unwrap_or(f64::NEG_INFINITY)
        } else {
            self.cursors.goal(want)
        };
        let mut requests = if self.cursors.read() == 0 {
            self.cursors.begin(want)
        } else {
            self.cursors.requests_to(goal, half_rcus / self.price())
        };
        self.asked.extend((0..requests.len()).map(For::Cursors));
        for (check, (cursors, _)) in self.checks.iter_mut().enumerate() {
            let checking = cursors.requests_to(goal, half_rcus / POSTED);
            self.asked.extend((0..checking.len()).map(|n| For::Check(check, n)));
            requests.extend(checking);
        }
        requests
    }

    /// Takes the response to the request number `which`.
    pub(super) fn take(&mut self, search: &Search<'_>, which: usize, response: ReadResponse) {
        match (self.asked[which], response.found) {
            (For::Cursors(n), Found::Entries { entries, all }) => {
                if response.half_rcus > 1 {
                    let (priced, half_rcus) = self.priced;
                    self.priced = (
                        priced.saturating_add(entries.len() as u64),
                        half_rcus.saturating_add(response.half_rcus),
                    );
                }
                let places: Vec<Position> = entries.iter().map(Entry::place).collect();
                self.cursors.take(n, &places, all);
                for entry in entries {
                    self.sort_in(search, entry);
                }
            }
            (For::Check(check, n), Found::Entries { entries, all }) => {
                let places: Vec<Position> = entries.iter().map(Entry::place).collect();
                let (cursors, seen) = &mut self.checks[check];
                cursors.take(n, &places, all);
                seen.extend(places);
            }
            (For::Fetch(n), Found::Rows(rows)) => {
                for place in self
                    .fetching
                    .iter()
                    .skip(n.saturating_mul(ReadRequest::ROWS_AT_MOST))
                    .take(ReadRequest::ROWS_AT_MOST)
                {
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

    /// Decides which posting entries are worth fetching, as far as every posting has been read.
    pub(super) fn classify(&mut self, search: &Search<'_>) {
        let known_to = self.known_to(search);
        let known = search
            .in_order(self.posted.iter().copied())
            .take_while(|place| known_to.is_none_or(|end| !search.order.is_before(end, *place)));
        for place in known.collect::<Vec<_>>() {
            self.posted.remove(&place);
            if self.checks.iter().all(|(_, seen)| seen.contains(&place))
                && !self.found.contains_key(&place)
            {
                self.wanted.insert(place);
            }
        }
    }

    fn known_to(&self, search: &Search<'_>) -> Option<Position> {
        let ends = self
            .checks
            .iter()
            .map(|(cursors, _)| cursors)
            .chain([&self.cursors])
            .filter_map(Cursors::known_to);
        ends.reduce(|one, other| if search.order.is_before(one, other) { one } else { other })
    }

    /// The matching rows before everything that is still to be read or fetched, in search order.
    pub(super) fn final_rows<'a>(
        &'a self,
        search: &'a Search<'_>,
    ) -> impl Iterator<Item = &'a Recording> {
        let end = self.final_to(search);
        let found = search.in_order(self.found.iter());
        found
            .take_while(move |(place, _)| {
                end.is_none_or(|end| !search.order.is_before(end, **place))
            })
            .map(|(_, row)| row)
    }

    /// The position up to which the result is final; `None` if it is complete.
    pub(super) fn final_to(&self, search: &Search<'_>) -> Option<Position> {
        let waiting = [&self.posted, &self.wanted]
            .map(|places| search.in_order(places.iter().copied()).next());
        let before_them = waiting.into_iter().flatten().map(|place| place.before(search.order));
        let ends = self.cursors.known_to().into_iter().chain(before_them);
        ends.reduce(|one, other| if search.order.is_before(one, other) { one } else { other })
    }

    /// Whether the next step may find a match, or none is needed. It fetches classified postings.
    pub(super) fn finds_next(&self, search: &Search<'_>) -> bool {
        let first = search.in_order(self.posted.iter()).next();
        self.has_rows()
            || self.is_complete()
            || first.is_some_and(|place| {
                self.known_to(search).is_none_or(|end| !search.order.is_before(end, *place))
            })
    }
}
