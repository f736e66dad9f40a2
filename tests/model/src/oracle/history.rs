//! The versions of every recording by step. A page is read at a step; changes happen between steps.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{ids::RecordingId, recording::Recording};

use super::life::Happening;

#[derive(Clone, Debug, Default)]
pub struct History {
    pub versions: Vec<Version>,
    /// The time at each step.
    pub clock: Vec<DateTime<Utc>>,
    /// The versions of each recording, the latest last.
    of: HashMap<RecordingId, Vec<usize>>,
}

/// A recording from step `since` until before step `until`.
#[derive(Clone, Debug)]
pub struct Version {
    pub since: usize,
    pub until: usize,
    pub recording: Recording,
}

const STILL: usize = i32::MAX as usize;

impl History {
    /// Begins a step and returns its number. Later changes come after it.
    pub fn step(&mut self, shows: DateTime<Utc>) -> usize {
        self.clock.push(shows);
        self.clock.len() - 1
    }

    /// Records a change before the next step.
    pub fn happen(&mut self, happening: &Happening) {
        let next = self.clock.len();
        let of = self.of.entry(happening.id()).or_default();
        if let Some(standing) = of.last() {
            let version = &mut self.versions[*standing];
            version.until = version.until.min(next);
        }
        if let Some(after) = &happening.after {
            of.push(self.versions.len());
            self.versions.push(Version { since: next, until: STILL, recording: after.clone() });
        }
    }

    /// The recording at the step.
    pub fn at(&self, id: RecordingId, step: usize) -> Option<&Recording> {
        let versions = self.of.get(&id)?.iter().map(|version| &self.versions[*version]);
        versions
            .rev()
            .find(|version| (version.since..version.until).contains(&step))
            .map(|version| &version.recording)
    }
}
