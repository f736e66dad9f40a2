//! A search, step by step: what to read next, until a page is full, nothing is left, or one request has read as much as it may.
//!
//! 1. Look up the words and numbers that parts of them may stand for, and read the first page of each clause's streams, at once.
//! 2. Follow the clause that is likely to cost the least to the page's end, by how close its entries lie and how many of them are found.
//! 3. End a page that someone waits for as soon as it has found something and has taken its time; the rest comes with the cursor.
//!
//! The walk reads nothing itself: it says what to read and takes the answers, so that the table and the rows in memory share every rule.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::{
    Answer, Ask, Filter, Found, Order, Position, Span, Stream,
    clause::{Clause, NAMES_AT_MOST, clauses},
    lead::Lead,
};
use crate::recording::Recording;
use crate::time::{earlier, later};

/// A search for a page.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    pub filter: &'a Filter,
    pub order: Order,
    /// Rows of a page; as many as one request may read if it is [`usize::MAX`].
    pub limit: usize,
    /// After this place, for the next page.
    pub after: Option<Position>,
    pub now: DateTime<Utc>,
}

/// A page that was found.
#[derive(Clone, Debug)]
pub struct Page {
    pub rows: Vec<Recording>,
    /// After where the next page begins; none when this was the last. A page that came short of its limit may have one.
    pub next: Option<Position>,
}

/// A search under way: give [`Walk::asks`] their answers with [`Walk::take`] until there are none.
#[derive(Debug)]
pub struct Walk<'a> {
    search: &'a Search<'a>,
    span: Span,
    unknown: Vec<Clause>,
    leads: Vec<Lead>,
    asked: Vec<To>,
    following: bool,
    /// Half units that a look at a lead may cost: it has to spare as much.
    spared: f64,
    half_units: u64,
    trips: u32,
}

/// Whom an answer is for, and to which of their asks.
#[derive(Clone, Copy, Debug)]
enum To {
    Unknown(usize, usize),
    Lead(usize, usize),
}

/// Half units that one page may read: 1,000 read units, less what a guess may be off.
const HALF_UNITS: u64 = 1_800;
/// Times that one page may wait for the table.
const TRIPS: u32 = 8;
/// Rows of a page that someone waits for, and what it may take once it has found something: 300 read units, less what a guess may be off,
/// and 3 times to wait for the table.
const WAITED_FOR: usize = 100;
const PROMPT_HALF_UNITS: u64 = 560;
pub(super) const PROMPT_TRIPS: u32 = 3;
/// Rows of a clause that is looked at before one leads.
const PROBE: usize = 50;
/// Entries of a posting that is looked at, where other filters hold, too: they cost a thirtieth of what fetching a row does.
const PROBE_POSTED: usize = 1500;
/// Streams of a union that are looked at without a second thought, and while names are looked up and nothing else is there to look at.
const NARROW: f64 = 8.0;
const MEANWHILE: usize = 32;
/// Streams of a union that is better than all of the organisation, whatever they hold: of rows, and of postings.
const FEW: usize = 5;
const BETTER_THAN_ALL: usize = 64;
/// How far back a search without a beginning is thought to go, when costs are compared.
const FAR: TimeDelta = TimeDelta::days(180);

impl<'a> Search<'a> {
    /// Whether the row is to be shown.
    pub(super) fn finds(&self, row: &Recording) -> bool {
        row.exists(self.now) && self.filter.holds(row)
    }

    pub(super) fn either_way<'b, T: 'b>(&self, sorted: impl DoubleEndedIterator<Item = T> + 'b) -> Box<dyn Iterator<Item = T> + 'b> {
        match self.order {
            Order::Oldest => Box::new(sorted),
            Order::Newest => Box::new(sorted.rev()),
        }
    }

    fn span(&self) -> Span {
        let from = self.filter.from.map_or(DateTime::UNIX_EPOCH, |from| whole(from).max(DateTime::UNIX_EPOCH));
        let to = self.filter.to.map_or(END_OF_TIME, |to| whole(to).min(END_OF_TIME));
        Span { from, to, order: self.order, after: self.after }
    }

    /// Where what is recorded is thought to end, on the search's way.
    fn horizon(&self) -> DateTime<Utc> {
        match self.order {
            Order::Newest => earlier(self.now, FAR),
            Order::Oldest => self.now,
        }
    }
}

/// The whole millisecond at or after an instant: starts are whole milliseconds, and one lies before the instant if it lies before that.
fn whole(instant: DateTime<Utc>) -> DateTime<Utc> {
    let cut = instant.trunc_subsecs(3);
    if cut < instant { later(cut, TimeDelta::milliseconds(1)) } else { cut }
}

/// The end of the last millisecond that a place spells, with 13 digits.
const END_OF_TIME: DateTime<Utc> = match DateTime::from_timestamp_millis(9_999_999_999_999) {
    Some(end) => end,
    None => DateTime::<Utc>::MAX_UTC,
};

/// Adds the organisation's stream where no other is sure to be better.
fn fall_back(leads: &mut Vec<Lead>, search: &Search<'_>) {
    if leads.iter().all(|lead| !lead.is_of_all() && lead.width() > if lead.has_rows() { FEW } else { BETTER_THAN_ALL }) {
        leads.push(lead(search, vec![Stream::Organisation]));
    }
}

fn lead(search: &Search<'_>, streams: Vec<Stream>) -> Lead {
    Lead::new(streams, search.span(), search.horizon())
}

impl<'a> Walk<'a> {
    pub fn new(search: &'a Search<'a>) -> Self {
        let span = search.span();
        let (mut leads, mut unknown) = (Vec::new(), Vec::new());
        for clause in clauses(search.filter) {
            match clause {
                Clause::Union(streams) => leads.push(lead(search, streams)),
                clause => unknown.push(clause),
            }
        }
        if span.is_empty() || leads.iter().any(|lead| lead.width() == 0) {
            (leads, unknown) = (vec![lead(search, Vec::new())], Vec::new());
        }
        // Of one word alone the postings tell all; otherwise what the first page finds tells who should lead.
        if !(leads.is_empty() && matches!(unknown[..], [Clause::Beginning(..)])) {
            fall_back(&mut leads, search);
        }
        Self { search, span, unknown, leads, asked: Vec::new(), following: false, spared: NARROW + 0.5, half_units: 0, trips: 0 }
    }

    /// What to read now; nothing when the page is ready.
    pub fn asks(&mut self) -> Vec<Ask> {
        self.trips = self.trips.saturating_add(1);
        self.asked.clear();
        if !self.following && self.unknown.is_empty() {
            self.choose();
        }
        if !self.following { self.first() } else { self.next() }
    }

    /// Takes the answers to the asks, in their order.
    pub fn take(&mut self, answers: Vec<Answer>) {
        let mut named: BTreeMap<usize, Option<Vec<Stream>>> = BTreeMap::new();
        for (to, answer) in std::mem::take(&mut self.asked).into_iter().zip(answers) {
            self.half_units = self.half_units.saturating_add(answer.half_units);
            match to {
                To::Lead(lead, which) => self.leads[lead].take(self.search, which, answer),
                To::Unknown(clause, which) => {
                    let known = named.entry(clause).or_insert_with(|| Some(Vec::new()));
                    let Found::Names { names, all } = answer.found else { continue };
                    if all {
                        known.iter_mut().for_each(|streams| streams.extend(self.unknown[clause].streams(which, names.clone())));
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
                self.leads.push(lead(self.search, streams));
            }
        }
        fall_back(&mut self.leads, self.search);
    }

    /// Read units that the walk took so far, doubled.
    pub fn half_units(&self) -> u64 {
        self.half_units
    }

    /// The page.
    pub fn page(&self) -> Page {
        let Some(lead) = self.leads.first() else { return Page { rows: Vec::new(), next: None } };
        let mut settled = lead.settled(self.search);
        let rows: Vec<Recording> = settled.by_ref().take(self.search.limit).cloned().collect();
        let next = if settled.next().is_some() { rows.last().map(Position::of) } else { lead.settled_to(self.search) };
        Page { rows, next }
    }

    /// Looks up what is unknown, and looks at what may lead.
    fn first(&mut self) -> Vec<Ask> {
        let mut asks = Vec::new();
        for (clause, unknown) in self.unknown.iter().enumerate() {
            for (which, ask) in unknown.asks().into_iter().enumerate() {
                self.asked.push(To::Unknown(clause, which));
                asks.push(ask);
            }
        }
        let looks = self.looks();
        let is_mix = self.leads.len().saturating_add(self.unknown.len()) > 1;
        let probe = PROBE.min(self.search.limit.saturating_add(1));
        for n in looks {
            let want = if is_mix && !self.leads[n].has_rows() { PROBE_POSTED } else { probe };
            for (which, ask) in self.leads[n].probe(want).into_iter().enumerate() {
                self.asked.push(To::Lead(n, which));
                asks.push(ask);
            }
        }
        asks
    }

    /// The leads to look at.
    fn looks(&self) -> Vec<usize> {
        let mut looks: Vec<usize> = (0..self.leads.len()).filter(|n| self.is_worth_a_look(&self.leads[*n])).collect();
        if looks.is_empty() && !self.unknown.is_empty() {
            let narrowest = (0..self.leads.len()).min_by_key(|n| self.leads[*n].width());
            looks.extend(narrowest.filter(|n| self.leads[*n].width() <= MEANWHILE));
        }
        looks
    }

    /// Chooses who leads, unless a look at others is worth its price.
    fn choose(&mut self) {
        let hits = self.leads.iter().filter_map(Lead::hits).reduce(f64::max);
        let way = (self.span.to.signed_duration_since(self.span.from).num_milliseconds() as f64).min(FAR.num_milliseconds() as f64);
        let costs = self.leads.iter().enumerate().filter(|(_, lead)| lead.is_read() || self.leads.len() == 1);
        let cheapest = costs
            .map(|(n, lead)| (n, lead.cost(self.search, hits, way, &self.leads)))
            .reduce(|one, other| if other.1 < one.1 { other } else { one });
        let Some((cheapest, cost)) = cheapest else {
            let narrowest = self.leads.iter().map(Lead::width).min().unwrap_or_default();
            self.spared = self.spared.max(narrowest as f64 + 0.5);
            return;
        };
        self.spared = cost / 2.0;
        if self.trips >= PROMPT_TRIPS || !self.leads.iter().any(|lead| self.is_worth_a_look(lead)) {
            let chosen = if self.trips == PROMPT_TRIPS { self.prompt(cheapest, way) } else { cheapest };
            let mut lead = self.leads.swap_remove(chosen);
            std::mem::take(&mut self.leads).into_iter().for_each(|other| lead.heed(other));
            self.leads = vec![lead];
            self.following = true;
        }
    }

    /// Who leads when the page should be ready after this trip: where that cannot be, rows that can be read to their end.
    fn prompt(&self, cheapest: usize, way: f64) -> usize {
        let left = PROMPT_HALF_UNITS.saturating_sub(self.half_units) as f64;
        let wholes = self.leads.iter().enumerate().filter_map(|(n, lead)| Some((n, lead.whole(way)?))).filter(|(_, cost)| *cost < left);
        let least = wholes.reduce(|one, other| if other.1 < one.1 { other } else { one }).map(|(n, _)| n);
        least.filter(|_| !self.leads[cheapest].finds_next(self.search)).unwrap_or(cheapest)
    }

    /// Whether looking at the lead may spare more than it costs.
    fn is_worth_a_look(&self, lead: &Lead) -> bool {
        let alone = self.leads.len() == 1 && self.unknown.is_empty();
        !lead.is_read() && (lead.width() as f64) < self.spared && !alone
    }

    /// Follows the one that leads.
    fn next(&mut self) -> Vec<Ask> {
        let Some(lead) = self.leads.first_mut() else { return Vec::new() };
        lead.sort_out(self.search);
        let needed = self.search.limit.saturating_add(1);
        let found = lead.settled(self.search).take(needed).count();
        let left = left(self.search.limit, self.half_units, self.trips, found > 0);
        if lead.is_complete() || found == needed || left == 0 {
            return Vec::new();
        }
        let asks = lead.follow(self.search, needed, left, self.trips);
        self.asked = (0..asks.len()).map(|which| To::Lead(0, which)).collect();
        asks
    }
}

/// Half units that a page may still take on its trip `trips`.
fn left(limit: usize, half_units: u64, trips: u32, has_found: bool) -> u64 {
    let in_all = HALF_UNITS.saturating_sub(half_units);
    let promptly = PROMPT_HALF_UNITS.saturating_sub(half_units);
    let is_late = promptly == 0 || trips > PROMPT_TRIPS;
    match (limit <= WAITED_FOR, is_late) {
        _ if trips > TRIPS => 0,
        (true, true) if has_found => 0,
        (true, false) if has_found || trips < PROMPT_TRIPS => promptly,
        _ => in_all,
    }
}
