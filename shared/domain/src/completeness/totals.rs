//! How many calls of a day, or of a user's day, are in each state.

use serde::{Deserialize, Serialize};

use super::line::{CallState, Line};

/// The calls in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Totals {
    pub stored: u64,
    pub damaged: u64,
    pub expected: u64,
    pub rejected: u64,
    pub refused: u64,
    pub not_recorded: u64,
    pub erased: u64,
    pub missing: u64,
    /// Missing calls that a person has explained.
    pub explained: u64,
    /// Calls that the operator's switch reported.
    pub reported: u64,
    /// Calls that began while another call of their user lasted.
    pub overlapping: u64,
}

impl Totals {
    pub fn add(&mut self, line: &Line) {
        let of_state = match line.state {
            CallState::Stored => &mut self.stored,
            CallState::Damaged => &mut self.damaged,
            CallState::Expected => &mut self.expected,
            CallState::Rejected => &mut self.rejected,
            CallState::Refused => &mut self.refused,
            CallState::NotRecorded => &mut self.not_recorded,
            CallState::Erased => &mut self.erased,
            CallState::Missing => &mut self.missing,
        };
        *of_state = of_state.saturating_add(line.calls);
        if line.state == CallState::Missing && line.explained {
            self.explained = self.explained.saturating_add(line.calls);
        }
        if line.overlaps {
            self.overlapping = self.overlapping.saturating_add(1);
        }
        if line.reported {
            self.reported = self.reported.saturating_add(line.calls);
        }
    }

    /// All calls, each in one state.
    pub fn calls(&self) -> u64 {
        self.demanded().saturating_add(self.refused).saturating_add(self.not_recorded)
    }

    /// The calls that were to be recorded, as far as known.
    fn demanded(&self) -> u64 {
        [self.stored, self.damaged, self.expected, self.rejected, self.erased, self.missing]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// Whether more than this percentage of the calls to record is missing without an explanation.
    pub fn exceeds(&self, percent: f64) -> bool {
        let unexplained = self.missing.saturating_sub(self.explained);
        unexplained as f64 * 100.0 > percent * self.demanded() as f64
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;
    use crate::recording::tests::recording;

    #[test]
    fn each_line_counts_once_and_a_gap_counts_its_calls() {
        let mut totals = Totals::default();
        for state in CallState::VARIANTS {
            totals.add(&Line { state: *state, ..Line::of_recording(&recording()) });
        }
        assert_eq!(totals.calls(), 8);
        let gap = Line { state: CallState::Missing, calls: 4, explained: true, ..line() };
        totals.add(&gap);
        assert_eq!((totals.calls(), totals.missing, totals.explained), (12, 5, 4));
        assert_eq!(totals.reported, 0);
    }

    fn line() -> Line {
        Line::of_recording(&recording())
    }

    #[test]
    fn the_missing_share_counts_unexplained_calls_that_were_to_be_recorded() {
        let totals = Totals { stored: 99, missing: 1, not_recorded: 1000, ..Totals::default() };
        assert!(!totals.exceeds(1.0), "exactly one per cent");
        assert!(Totals { missing: 2, ..totals }.exceeds(1.0));
        assert!(!Totals { missing: 2, explained: 1, ..totals }.exceeds(1.0));
        assert!(Totals { missing: 1, ..Totals::default() }.exceeds(50.0));
        assert!(!Totals::default().exceeds(0.0));
    }
}
