//! The likely cost and yield of an access path, estimated from the entries read so far.

use super::{
    super::{Search, plan::PROMPT_ROUND_TRIPS},
    AccessPath,
};

/// Half RCUs of an entry before any was read: about 300 bytes of a row, 120 of a posting.
const ROW: f64 = 0.075;
pub(super) const POSTED: f64 = 0.03;
/// How many more rows to read on the next round trip at most, relative to the rows read so far. A
/// small sample predicts the hit rate poorly.
const GROWTH: f64 = 16.0;
/// Rows to fetch for each match if the hit rate is unknown and the page should be ready.
const DOUBT: f64 = 4.0;
/// The assumed share of a posting's entries that another posting contains too.
const SHARED: f64 = 0.1;

impl AccessPath {
    /// The likely cost of the rest of the search in half RCUs, over at most `progress`. A path
    /// without matches uses `hits`, the matches per millisecond of other paths.
    pub(in crate::search) fn cost(
        &self,
        search: &Search<'_>,
        hits: Option<f64>,
        progress: f64,
        others: &[Self],
    ) -> f64 {
        let missing = search.limit.saturating_sub(self.final_rows(search).count()) as f64;
        let all = if self.cursors.is_done() { 0.0 } else { self.cursors.density() * progress };
        let entries = if self.cursors.has_rows() && !self.found.is_empty() {
            let found = self.found.len() as f64;
            missing * self.examined() as f64 / (found - found.sqrt() * 0.7) // a lucky sample must not count too much
        } else {
            hits.map_or(f64::INFINITY, |hits| self.cursors.density() * missing / hits)
        };
        let entries = entries.min(all);
        let reading =
            if entries > 0.0 { entries * self.price() + self.cursors.open() as f64 } else { 0.0 };
        if self.cursors.has_rows() {
            return reading;
        }
        let checked = others.iter().filter(|other| other.is_worth_checking(self)).count();
        let to_fetch = (entries * self.passing()
            + self.posted.len().saturating_add(self.wanted.len()) as f64)
            * SHARED.powi(i32::try_from(checked).unwrap_or(i32::MAX));
        reading * checked.saturating_add(1) as f64 + to_fetch
    }

    /// The likely cost of reading all its rows in half RCUs, if it advances by at most `progress`.
    pub(in crate::search) fn whole(&self, progress: f64) -> Option<f64> {
        (self.has_rows() && self.is_read())
            .then(|| self.cursors.density() * progress * self.price() + self.cursors.open() as f64)
    }

    /// The matches per millisecond, if there are any.
    pub(in crate::search) fn hits(&self) -> Option<f64> {
        (!self.found.is_empty()).then(|| {
            self.found.len() as f64 * self.cursors.density() / self.cursors.read().max(1) as f64
        })
    }

    /// Half RCUs of an entry.
    pub(super) fn price(&self) -> f64 {
        let (entries, half_rcus) = self.priced;
        if half_rcus > 0 {
            half_rcus as f64 / entries as f64
        } else if self.cursors.has_rows() {
            ROW
        } else {
            POSTED
        }
    }

    /// The share of the entries read that may match: all rows, and postings worth fetching.
    pub(super) fn passing(&self) -> f64 {
        if self.cursors.has_rows() || self.cursors.read() == 0 {
            return 1.0;
        }
        let passed =
            self.posted.len().saturating_add(self.wanted.len()) as f64 + self.fetched as f64;
        passed.max(1.0) / self.cursors.read() as f64
    }

    /// The share of the examined rows that matched.
    fn rate(&self) -> f64 {
        let examined = self.examined();
        if examined == 0 {
            1.0
        } else {
            (self.found.len().max(1) as f64 / examined as f64).min(1.0)
        }
    }

    fn examined(&self) -> u64 {
        if self.cursors.has_rows() { self.cursors.read() } else { self.fetched }
    }

    /// Whether reading these postings along with `path` is cheaper than fetching what they lack.
    pub(super) fn is_worth_checking(&self, path: &Self) -> bool {
        let postings = !self.cursors.has_rows() && !path.cursors.has_rows() && self.is_read();
        postings && self.cursors.density() * POSTED < path.cursors.density() * path.passing() / 2.0
    }

    /// The rows to examine for `missing` more matches on round trip number `round_trips`.
    pub(super) fn rows_to_examine(&self, missing: f64, round_trips: u32) -> f64 {
        let wanted = (missing + 2.0 * missing.sqrt()) / self.rate();
        match (self.examined(), round_trips < PROMPT_ROUND_TRIPS) {
            (0, _) if self.doubted && round_trips == PROMPT_ROUND_TRIPS => missing * DOUBT,
            (0, _) => missing,
            (examined, true) => wanted.min(GROWTH * examined as f64),
            (_, false) => 2.0 * wanted,
        }
    }
}
