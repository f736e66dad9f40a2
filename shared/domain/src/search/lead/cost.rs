//! What following a lead is likely to cost and to find, guessed from what was read of it.

use super::{
    super::{Search, walk::PROMPT_TRIPS},
    Lead,
};

/// Half units of an entry, before any was read: some 300 bytes of a row, 120 of a posting.
const ROW: f64 = 0.075;
pub(super) const POSTED: f64 = 0.03;
/// How many times the rows that were looked at to look at next, at first: few found ones tell little of how far to go.
const GROWTH: f64 = 16.0;
/// Rows that are fetched for one to find, where that can only be guessed and the page should be ready.
const DOUBT: f64 = 4.0;
/// Share of a posting's entries that another is guessed to hold too.
const SHARED: f64 = 0.1;

impl Lead {
    /// What the search is likely to cost from here, in half units, if it goes on for `way` at most. What its own rows do not tell is
    /// guessed from `hits`, what others found a millisecond.
    pub(in crate::search) fn cost(&self, search: &Search<'_>, hits: Option<f64>, way: f64, others: &[Self]) -> f64 {
        let missing = search.limit.saturating_sub(self.settled(search).count()) as f64;
        let all = if self.tracks.is_done() { 0.0 } else { self.tracks.density() * way };
        let entries = if self.tracks.has_rows() && !self.found.is_empty() {
            let found = self.found.len() as f64;
            missing * self.looked_at() as f64 / (found - found.sqrt() * 0.7) // a lucky look should not tell too much
        } else {
            hits.map_or(f64::INFINITY, |hits| self.tracks.density() * missing / hits)
        };
        let entries = entries.min(all);
        let reading = if entries > 0.0 { entries * self.price() + self.tracks.open() as f64 } else { 0.0 };
        if self.tracks.has_rows() {
            return reading;
        }
        let checked = others.iter().filter(|other| other.is_worth_checking(self)).count();
        let to_fetch = (entries * self.passing() + self.posted.len().saturating_add(self.wanted.len()) as f64)
            * SHARED.powi(i32::try_from(checked).unwrap_or(i32::MAX));
        reading * checked.saturating_add(1) as f64 + to_fetch
    }

    /// What reading all its rows is likely to cost, in half units, if they go on for `way` at most.
    pub(in crate::search) fn whole(&self, way: f64) -> Option<f64> {
        (self.has_rows() && self.is_read()).then(|| self.tracks.density() * way * self.price() + self.tracks.open() as f64)
    }

    /// What is found a millisecond, as far as can be told.
    pub(in crate::search) fn hits(&self) -> Option<f64> {
        (!self.found.is_empty()).then(|| self.found.len() as f64 * self.tracks.density() / self.tracks.read().max(1) as f64)
    }

    /// Half units of an entry.
    pub(super) fn price(&self) -> f64 {
        let (entries, half_units) = self.priced;
        if half_units > 0 {
            half_units as f64 / entries as f64
        } else if self.tracks.has_rows() {
            ROW
        } else {
            POSTED
        }
    }

    /// Of the entries that were read, the share that may be found: all rows, and those postings whose rows are worth fetching.
    pub(super) fn passing(&self) -> f64 {
        if self.tracks.has_rows() || self.tracks.read() == 0 {
            return 1.0;
        }
        let passed = self.posted.len().saturating_add(self.wanted.len()) as f64 + self.fetched as f64;
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

    /// Whether what this union posts is cheaper read along with `lead`'s than found out by fetching.
    pub(super) fn is_worth_checking(&self, lead: &Self) -> bool {
        let postings = !self.tracks.has_rows() && !lead.tracks.has_rows() && self.is_read();
        postings && self.tracks.density() * POSTED < lead.tracks.density() * lead.passing() / 2.0
    }

    /// Rows to look at for `missing` more on the trip `trips`.
    pub(super) fn to_look_at(&self, missing: f64, trips: u32) -> f64 {
        let wanted = (missing + 2.0 * missing.sqrt()) / self.rate();
        match (self.looked_at(), trips < PROMPT_TRIPS) {
            (0, _) if self.doubted && trips == PROMPT_TRIPS => missing * DOUBT,
            (0, _) => missing,
            (looked_at, true) => wanted.min(GROWTH * looked_at as f64),
            (_, false) => 2.0 * wanted,
        }
    }
}
