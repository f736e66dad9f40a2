//! A search, step by step: what to read until the page is full, complete or at its read limit.
//!
//! 1. Look up the words and numbers that match in part, and probe each predicate, in parallel.
//! 2. Follow the predicate that should cost the least to the end of the page, by the density of its
//!    entries and the share that matches.
//! 3. End a page that someone waits for once it has a match and has used its time.
//!
//! The plan returns requests and takes responses, so tables and rows in memory share every rule.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::{
    Filter, Found, Order, Position, ReadRequest, ReadResponse, Span, Stream,
    access_path::AccessPath,
    predicate::{NAMES_AT_MOST, Predicate, predicates},
};
use crate::recording::Recording;
use crate::time::{earlier, later};

/// A search for one page.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    pub filter: &'a Filter,
    pub order: Order,
    /// Rows of a page. [`usize::MAX`] means as many as one request may read.
    pub limit: usize,
    /// The position after which the page begins.
    pub after: Option<Position>,
    pub now: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub struct Page {
    pub rows: Vec<Recording>,
    /// The position after which the next page begins; `None` on the last, which may be short.
    pub next: Option<Position>,
}

/// A search in progress. Answer [`SearchPlan::requests`] with [`SearchPlan::take`] until done.
#[derive(Debug)]
pub struct SearchPlan<'a> {
    search: &'a Search<'a>,
    span: Span,
    unknown: Vec<Predicate>,
    paths: Vec<AccessPath>,
    asked: Vec<To>,
    following: bool,
    /// The half RCUs that a probe may use. It must save as much.
    budget: f64,
    half_rcus: u64,
    round_trips: u32,
}

/// The receiver of a response, and the index of its request.
#[derive(Clone, Copy, Debug)]
enum To {
    Unknown(usize, usize),
    AccessPath(usize, usize),
}

/// The half RCUs that one page may use: 1,000 RCUs, minus a margin for estimates.
const HALF_RCUS: u64 = 1_800;
/// How many times one page may wait for the table.
const ROUND_TRIPS: u32 = 8;
/// The most rows of a page that someone waits for. Once it has a match, it may use 300 RCUs, minus
/// a margin for estimates, and 3 round trips.
const WAITED_FOR: usize = 100;
const PROMPT_HALF_RCUS: u64 = 560;
pub(super) const PROMPT_ROUND_TRIPS: u32 = 3;
/// Rows of a predicate that a probe reads.
const PROBE: usize = 50;
/// Entries of a posting that a probe reads beside other filters, each a thirtieth of a fetch.
const PROBE_POSTED: usize = 1500;
/// Streams of a union that is always probed, and of one that is probed while names are looked up.
const NARROW: f64 = 8.0;
const MEANWHILE: usize = 32;
/// Streams of a union that is better than the whole organisation's: of rows, and of postings.
const FEW: usize = 5;
const BETTER_THAN_ALL: usize = 64;
/// How far back a search without a beginning is assumed to go when costs are compared.
const FAR: TimeDelta = TimeDelta::days(180);

impl<'a> Search<'a> {
    /// Whether the row exists and matches.
    pub(super) fn finds(&self, row: &Recording) -> bool {
        row.exists(self.now) && self.filter.holds(row)
    }

    pub(super) fn in_order<'b, T: 'b>(
        &self,
        sorted: impl DoubleEndedIterator<Item = T> + 'b,
    ) -> Box<dyn Iterator<Item = T> + 'b> {
        match self.order {
            Order::Oldest => Box::new(sorted),
            Order::Newest => Box::new(sorted.rev()),
        }
    }

    fn span(&self) -> Span {
        let from = self
            .filter
            .from
            .map_or(DateTime::UNIX_EPOCH, |from| whole(from).max(DateTime::UNIX_EPOCH));
        let to = self.filter.to.map_or(END_OF_TIME, |to| whole(to).min(END_OF_TIME));
        Span { from, to, order: self.order, after: self.after }
    }

    /// Where the recordings are assumed to end, in search order.
    fn horizon(&self) -> DateTime<Utc> {
        match self.order {
            Order::Newest => earlier(self.now, FAR),
            Order::Oldest => self.now,
        }
    }
}

/// The first whole millisecond at or after an instant: starts are whole milliseconds.
fn whole(instant: DateTime<Utc>) -> DateTime<Utc> {
    let cut = instant.trunc_subsecs(3);
    if cut < instant { later(cut, TimeDelta::milliseconds(1)) } else { cut }
}

/// The last millisecond that a position can contain, with 13 digits.
const END_OF_TIME: DateTime<Utc> = match DateTime::from_timestamp_millis(9_999_999_999_999) {
    Some(end) => end,
    None => DateTime::<Utc>::MAX_UTC,
};

/// Adds the organisation's stream unless another path is certain to be better.
fn fall_back(paths: &mut Vec<AccessPath>, search: &Search<'_>) {
    if paths.iter().all(|path| {
        !path.is_of_all() && path.width() > if path.has_rows() { FEW } else { BETTER_THAN_ALL }
    }) {
        paths.push(path(search, vec![Stream::Organisation]));
    }
}

fn path(search: &Search<'_>, streams: Vec<Stream>) -> AccessPath {
    AccessPath::new(streams, search.span(), search.horizon())
}

impl<'a> SearchPlan<'a> {
    pub fn new(search: &'a Search<'a>) -> Self {
        let span = search.span();
        let (mut paths, mut unknown) = (Vec::new(), Vec::new());
        for predicate in predicates(search.filter) {
            match predicate {
                Predicate::Union(streams) => paths.push(path(search, streams)),
                predicate => unknown.push(predicate),
            }
        }
        if span.is_empty() || paths.iter().any(|path| path.width() == 0) {
            (paths, unknown) = (vec![path(search, Vec::new())], Vec::new());
        }
        // A single word needs only its postings. Otherwise the first page shows what to follow.
        if !(paths.is_empty() && matches!(unknown[..], [Predicate::Beginning(..)])) {
            fall_back(&mut paths, search);
        }
        Self {
            search,
            span,
            unknown,
            paths,
            asked: Vec::new(),
            following: false,
            budget: NARROW + 0.5,
            half_rcus: 0,
            round_trips: 0,
        }
    }

    /// The requests to perform now; none when the page is ready.
    pub fn requests(&mut self) -> Vec<ReadRequest> {
        self.round_trips = self.round_trips.saturating_add(1);
        self.asked.clear();
        if !self.following && self.unknown.is_empty() {
            self.choose();
        }
        if !self.following { self.first() } else { self.next() }
    }

    /// Takes the responses, in the order of the requests.
    pub fn take(&mut self, responses: Vec<ReadResponse>) {
        let mut named: BTreeMap<usize, Option<Vec<Stream>>> = BTreeMap::new();
        for (to, response) in std::mem::take(&mut self.asked).into_iter().zip(responses) {
            self.half_rcus = self.half_rcus.saturating_add(response.half_rcus);
            match to {
                To::AccessPath(path, which) => self.paths[path].take(self.search, which, response),
                To::Unknown(predicate, which) => {
                    let known = named.entry(predicate).or_insert_with(|| Some(Vec::new()));
                    let Found::Names { names, all } = response.found else { continue };
                    if all {
                        known.iter_mut().for_each(|streams| {
                            streams.extend(self.unknown[predicate].streams(which, names.clone()))
                        });
                    } else {
                        *known = None;
                    }
                }
            }
        }
        if named.is_empty() {
            return;
        }
        self.unknown.clear();
        for mut streams in named.into_values().flatten() {
            let mut seen = std::collections::HashSet::new();
            streams.retain(|stream| seen.insert(stream.clone()));
            if streams.len() <= NAMES_AT_MOST {
                self.paths.push(path(self.search, streams));
            }
        }
        fall_back(&mut self.paths, self.search);
    }

    /// The half RCUs used so far.
    pub fn half_rcus(&self) -> u64 {
        self.half_rcus
    }

    pub fn page(&self) -> Page {
        let Some(path) = self.paths.first() else { return Page { rows: Vec::new(), next: None } };
        let mut final_rows = path.final_rows(self.search);
        let rows: Vec<Recording> = final_rows.by_ref().take(self.search.limit).cloned().collect();
        let next = if final_rows.next().is_some() {
            rows.last().map(Position::of)
        } else {
            path.final_to(self.search)
        };
        Page { rows, next }
    }

    /// Looks up the unknown names, and probes paths.
    fn first(&mut self) -> Vec<ReadRequest> {
        let mut requests = Vec::new();
        for (predicate, unknown) in self.unknown.iter().enumerate() {
            for (which, request) in unknown.requests().into_iter().enumerate() {
                self.asked.push(To::Unknown(predicate, which));
                requests.push(request);
            }
        }
        let probes = self.probes();
        let is_mix = self.paths.len().saturating_add(self.unknown.len()) > 1;
        let probe = PROBE.min(self.search.limit.saturating_add(1));
        for n in probes {
            let want = if is_mix && !self.paths[n].has_rows() { PROBE_POSTED } else { probe };
            for (which, request) in self.paths[n].probe(want).into_iter().enumerate() {
                self.asked.push(To::AccessPath(n, which));
                requests.push(request);
            }
        }
        requests
    }

    fn probes(&self) -> Vec<usize> {
        let mut probes: Vec<usize> =
            (0..self.paths.len()).filter(|n| self.is_worth_probing(&self.paths[*n])).collect();
        if probes.is_empty() && !self.unknown.is_empty() {
            let narrowest = (0..self.paths.len()).min_by_key(|n| self.paths[*n].width());
            probes.extend(narrowest.filter(|n| self.paths[*n].width() <= MEANWHILE));
        }
        probes
    }

    /// Chooses the path to follow, unless it is worth probing others.
    fn choose(&mut self) {
        let hits = self.paths.iter().filter_map(AccessPath::hits).reduce(f64::max);
        let progress = (self.span.to.signed_duration_since(self.span.from).num_milliseconds()
            as f64)
            .min(FAR.num_milliseconds() as f64);
        let costs = self
            .paths
            .iter()
            .enumerate()
            .filter(|(_, path)| path.is_read() || self.paths.len() == 1);
        let cheapest = costs
            .map(|(n, path)| (n, path.cost(self.search, hits, progress, &self.paths)))
            .reduce(|one, other| if other.1 < one.1 { other } else { one });
        let Some((cheapest, cost)) = cheapest else {
            let narrowest = self.paths.iter().map(AccessPath::width).min().unwrap_or_default();
            self.budget = self.budget.max(narrowest as f64 + 0.5);
            return;
        };
        self.budget = cost / 2.0;
        if self.round_trips >= PROMPT_ROUND_TRIPS
            || !self.paths.iter().any(|path| self.is_worth_probing(path))
        {
            let chosen = if self.round_trips == PROMPT_ROUND_TRIPS {
                self.prompt(cheapest, progress)
            } else {
                cheapest
            };
            let mut path = self.paths.swap_remove(chosen);
            std::mem::take(&mut self.paths)
                .into_iter()
                .for_each(|other| path.intersect_with(other));
            self.paths = vec![path];
            self.following = true;
        }
    }

    /// The path to follow when the page should be ready after this round trip. If the cheapest
    /// cannot have a match by then, one of rows that can be read to its end.
    fn prompt(&self, cheapest: usize, progress: f64) -> usize {
        let left = PROMPT_HALF_RCUS.saturating_sub(self.half_rcus) as f64;
        let wholes = self
            .paths
            .iter()
            .enumerate()
            .filter_map(|(n, path)| Some((n, path.whole(progress)?)))
            .filter(|(_, cost)| *cost < left);
        let least =
            wholes.reduce(|one, other| if other.1 < one.1 { other } else { one }).map(|(n, _)| n);
        least.filter(|_| !self.paths[cheapest].finds_next(self.search)).unwrap_or(cheapest)
    }

    /// Whether probing the path may save more than it costs.
    fn is_worth_probing(&self, path: &AccessPath) -> bool {
        let alone = self.paths.len() == 1 && self.unknown.is_empty();
        !path.is_read() && (path.width() as f64) < self.budget && !alone
    }

    fn next(&mut self) -> Vec<ReadRequest> {
        let Some(path) = self.paths.first_mut() else { return Vec::new() };
        path.classify(self.search);
        let needed = self.search.limit.saturating_add(1);
        let found = path.final_rows(self.search).take(needed).count();
        let left = left(self.search.limit, self.half_rcus, self.round_trips, found > 0);
        if path.is_complete() || found == needed || left == 0 {
            return Vec::new();
        }
        let requests = path.follow(self.search, needed, left, self.round_trips);
        self.asked = (0..requests.len()).map(|which| To::AccessPath(0, which)).collect();
        requests
    }
}

/// The half RCUs that a page may still use on round trip number `round_trips`.
fn left(limit: usize, half_rcus: u64, round_trips: u32, has_found: bool) -> u64 {
    let in_all = HALF_RCUS.saturating_sub(half_rcus);
    let promptly = PROMPT_HALF_RCUS.saturating_sub(half_rcus);
    let is_late = promptly == 0 || round_trips > PROMPT_ROUND_TRIPS;
    match (limit <= WAITED_FOR, is_late) {
        _ if round_trips > ROUND_TRIPS => 0,
        (true, true) if has_found => 0,
        (true, false) if has_found || round_trips < PROMPT_ROUND_TRIPS => promptly,
        _ => in_all,
    }
}
