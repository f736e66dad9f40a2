//! The recordings of one span: those that belong into the folder, by the rules of `domain::delivery`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{Day, day_of, is_late, issue::Issue, outcome::Reason},
    ids::{OrganisationId, RecordingId},
    recording::{Recording, State},
};
use platform::table::{awaited::Awaited, delivery::Found};

use crate::{App, Failure};

/// Days that a call stays awaited after the folder it went into, while that folder can still be built.
const KEPT: usize = 5;

/// A recording that belongs into the folder.
#[derive(Clone, Debug)]
pub enum Wanted {
    Of {
        recording: Box<Recording>,
        late: bool,
        /// What it is awaited by, where an earlier folder could not deliver it.
        restored: Option<Awaited>,
    },
    /// One that cannot be delivered, and of which nothing may be said, or can be.
    Bare(RecordingId, Reason),
}

/// The day's recordings of the span. What the index shows as expected is looked up, and stays awaited if it is.
pub async fn of_day(app: &App, organisation: &OrganisationId, issue: &Issue, (from, to): (&str, &str)) -> Result<Vec<Wanted>, Failure> {
    let now = (app.now)();
    let Found { recordings, unreadable } = app.table.started_in(organisation, from, to).await?;
    let (mut held, mut expected, mut expired) = (Vec::new(), Vec::new(), Vec::new());
    for recording in recordings {
        match recording.state {
            _ if !recording.exists(now) => {
                expired.extend((issue.holds(&recording) && issue.cut < recording.expires_at).then_some(recording.id))
            }
            State::Expected => expected.push(recording.id),
            _ if issue.holds(&recording) => held.push(recording),
            _ => {}
        }
    }
    let looked_up = app.table.recordings(organisation, &expected).await?;
    let missing: Vec<&Recording> = looked_up.recordings.iter().filter(|recording| recording.state == State::Expected).collect();
    if issue.name.is_scheduled() {
        app.table.await_late(&missing, now).await?;
    }
    held.extend(looked_up.recordings.into_iter().filter(|recording| issue.holds(recording)));
    let unreadable: BTreeSet<RecordingId> = unreadable.into_iter().chain(looked_up.unreadable).collect();
    let bare = unreadable.into_iter().map(|id| Wanted::Bare(id, Reason::Unreadable));
    let bare = bare.chain(expired.into_iter().map(|id| Wanted::Bare(id, Reason::Expired)));
    Ok(sorted(held.into_iter().map(|recording| Wanted::of(recording, None))).chain(bare).collect())
}

/// What came late, of the span, and what earlier folders could not deliver. What is awaited no longer is forgotten.
pub async fn late(app: &App, organisation: &OrganisationId, issue: &Issue, (from, to): (&str, &str)) -> Result<Vec<Wanted>, Failure> {
    let awaited = app.table.awaited_in(organisation, from, to).await?;
    let ids: Vec<RecordingId> = awaited.iter().map(|awaited| awaited.id).collect();
    let Found { recordings, unreadable } = app.table.recordings(organisation, &ids).await?;
    let mut found: BTreeMap<RecordingId, Recording> = recordings.into_iter().map(|recording| (recording.id, recording)).collect();
    let (now, mut came) = ((app.now)(), Vec::new());
    for one in awaited.into_iter().filter(|one| !unreadable.contains(&one.id)) {
        let recording = found.remove(&one.id);
        if is_over(&one, recording.as_ref(), issue.name.day, now) {
            app.table.await_no_longer(organisation, &one).await?;
        }
        let Some(recording) = recording.filter(|recording| recording.exists(now)) else { continue };
        // Its own day's spans have the others.
        let by_its_times = issue.holds(&recording) && Day::of(recording.started_at) != issue.name.day;
        match one.missed.is_some_and(|missed| missed < issue.name.day) {
            true if matches!(recording.state, State::Stored { .. }) => came.push(Wanted::of(recording, Some(one))),
            false if by_its_times => came.push(Wanted::of(recording, None)),
            _ => {}
        }
    }
    Ok(sorted(came.into_iter()).collect())
}

/// Whether a call need not be awaited any more: it is in a folder that is over, or a day ago it was already settled that it never comes.
fn is_over(awaited: &Awaited, found: Option<&Recording>, day: Day, now: DateTime<Utc>) -> bool {
    let over = std::iter::successors(Some(day), |day| Some(day.previous())).nth(KEPT).unwrap_or(day);
    match found.map(|recording| &recording.state) {
        Some(State::Expected) => false,
        Some(State::Stored { .. }) if awaited.missed.is_some() => false,
        Some(State::Stored { .. }) => found.and_then(day_of).is_some_and(|folder| folder < over),
        Some(State::Rejected { .. }) | None => awaited.since < now - TimeDelta::days(1),
    }
}

/// In the order of their start.
fn sorted(wanted: impl Iterator<Item = Wanted>) -> std::vec::IntoIter<Wanted> {
    let mut wanted: Vec<Wanted> = wanted.collect();
    wanted.sort_by_key(|wanted| match wanted {
        Wanted::Of { recording, .. } => (Some(recording.started_at), recording.id),
        Wanted::Bare(id, _) => (None, *id),
    });
    wanted.into_iter()
}

impl Wanted {
    fn of(recording: Recording, restored: Option<Awaited>) -> Self {
        let late = restored.is_some() || is_late(&recording);
        Self::Of { recording: Box::new(recording), late, restored }
    }

    pub fn id(&self) -> RecordingId {
        match self {
            Self::Of { recording, .. } => recording.id,
            Self::Bare(id, _) => *id,
        }
    }

    /// When the recording ends, where that is known.
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Of { recording, .. } => Some(recording.expires_at),
            Self::Bare(..) => None,
        }
    }
}
