//! A search, step by step: what to read next, until a page is full, nothing is left, or one request has read as much as it may.
//!
//! 1. Look up the words and numbers that parts of them may stand for, and read the first page of each clause's streams, at once.
//! 2. Follow the clause that is likely to cost the least to the page's end, by how close its entries lie and how many of them are found.
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
/// Rows of a clause that is looked at before one leads.
const PROBE: usize = 50;
/// Streams of a union that are looked at without a second thought.
const NARROW: f64 = 8.0;
/// Streams of a union that is better than all of the organisation, whatever they hold: of rows, and of postings.
const FEW: usize = 5;
const BETTER_THAN_ALL: usize = 64;
/// How far back a search without a beginning is thought to go, when costs are compared.
const FAR: f64 = 180.0 * 86_400_000.0;

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
}

/// The whole millisecond at or after an instant: starts are whole milliseconds, and one lies before the instant if it lies before that.
fn whole(instant: DateTime<Utc>) -> DateTime<Utc> {
    let cut = instant.trunc_subsecs(3);
    if cut < instant { cut + TimeDelta::milliseconds(1) } else { cut }
}

/// The end of the last millisecond that a place spells, with 13 digits.
const END_OF_TIME: DateTime<Utc> = match DateTime::from_timestamp_millis(9_999_999_999_999) {
    Some(end) => end,
    None => DateTime::<Utc>::MAX_UTC,
};

/// Adds the organisation's stream where no other is sure to be better.
fn fall_back(leads: &mut Vec<Lead>, span: Span) {
    if leads.iter().all(|lead| lead.width() > if lead.has_rows() { FEW } else { BETTER_THAN_ALL }) {
        leads.push(Lead::new(vec![Stream::Organisation], span));
    }
}

impl<'a> Walk<'a> {
    pub fn new(search: &'a Search<'a>) -> Self {
        let span = search.span();
        let (mut leads, mut unknown) = (Vec::new(), Vec::new());
        for clause in clauses(search.filter) {
            match clause {
                Clause::Union(streams) => leads.push(Lead::new(streams, span)),
                clause => unknown.push(clause),
            }
        }
        if span.is_empty() || leads.iter().any(|lead| lead.width() == 0) {
            (leads, unknown) = (vec![Lead::new(Vec::new(), span)], Vec::new());
        }
        if unknown.is_empty() {
            fall_back(&mut leads, span);
        }
        Self { search, span, unknown, leads, asked: Vec::new(), following: false, spared: NARROW + 0.5, half_units: 0, trips: 0 }
    }

    /// What to read now; nothing when the page is ready.
    pub fn asks(&mut self) -> Vec<Ask> {
        self.trips += 1;
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
            self.half_units += answer.half_units;
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
                self.leads.push(Lead::new(streams, self.span));
            }
        }
        fall_back(&mut self.leads, self.span);
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
        let probe = PROBE.min(self.search.limit.saturating_add(1));
        let looks: Vec<usize> = (0..self.leads.len()).filter(|n| self.is_worth_a_look(&self.leads[*n])).collect();
        for n in looks {
            for (which, ask) in self.leads[n].probe(probe).into_iter().enumerate() {
                self.asked.push(To::Lead(n, which));
                asks.push(ask);
            }
        }
        asks
    }

    /// Chooses who leads, unless a look at others is worth its price.
    fn choose(&mut self) {
        let hits = self.leads.iter().filter_map(Lead::hits).reduce(f64::max);
        let way = ((self.span.to - self.span.from).num_milliseconds() as f64).min(FAR);
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
        if !self.leads.iter().any(|lead| self.is_worth_a_look(lead)) {
            let mut lead = self.leads.swap_remove(cheapest);
            for other in std::mem::take(&mut self.leads) {
                if other.is_worth_checking(&lead) {
                    lead.check(other);
                }
            }
            self.leads = vec![lead];
            self.following = true;
        }
    }

    /// Whether looking at the lead may spare more than it costs.
    fn is_worth_a_look(&self, lead: &Lead) -> bool {
        let alone = self.leads.len() == 1 && self.unknown.is_empty();
        !lead.is_read() && (lead.width() as f64) < self.spared && !alone
    }

    /// Follows the one that leads.
    fn next(&mut self) -> Vec<Ask> {
        let left = HALF_UNITS.saturating_sub(self.half_units);
        let Some(lead) = self.leads.first_mut() else { return Vec::new() };
        lead.sort_out(self.search);
        let needed = self.search.limit.saturating_add(1);
        if lead.is_complete() || lead.settled(self.search).take(needed).count() == needed || left == 0 || self.trips > TRIPS {
            return Vec::new();
        }
        let asks = lead.follow(self.search, needed, left, self.trips);
        self.asked = (0..asks.len()).map(|which| To::Lead(0, which)).collect();
        asks
    }
}
