//! The recordings of one chunk that belong in the folder, by the rules of `domain::delivery`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{Day, day_of, folder::DeliveryFolder, is_late, outcome::Reason},
    ids::{OrganisationId, RecordingId},
    recording::{Recording, State},
};
use platform::table::{delivery::Found, late_arrival::LateArrival};

use crate::{App, Failure};

/// Days after the call's folder, while it may still be built, that a late-arrival entry remains.
const RETAINED: usize = 5;

/// A recording that belongs in the folder.
#[derive(Clone, Debug)]
pub enum Wanted {
    Of {
        recording: Box<Recording>,
        late: bool,
        /// The late-arrival entry, where an earlier folder could not deliver the recording.
        restored: Option<LateArrival>,
        /// Whether an earlier folder, built after this one was due, has recorded that this one missed it.
        thought_missed: bool,
    },
    /// A recording that cannot be delivered and whose details are unreadable or expired.
    Bare(RecordingId, Reason),
}

/// The day's recordings of the chunk. Those that the index shows as expected are read again. A
/// recording that is still expected becomes a late arrival, and so does one stored since the close.
pub async fn of_day(
    app: &App,
    organisation: &OrganisationId,
    delivery_folder: &DeliveryFolder,
    (from, to): (&str, &str),
) -> Result<Vec<Wanted>, Failure> {
    let now = (app.now)();
    let Found { recordings, unreadable } =
        app.table.folders().started_in(organisation, from, to).await?;
    let (mut included, mut expected, mut expired) = (Vec::new(), Vec::new(), Vec::new());
    let mut late = Vec::new();
    for recording in recordings {
        match recording.state {
            _ if !recording.exists(now) => expired.extend(
                (delivery_folder.holds(&recording)
                    && delivery_folder.cutoff < recording.expires_at)
                    .then_some(recording.id),
            ),
            State::Expected => expected.push(recording.id),
            _ if delivery_folder.holds(&recording) => included.push(recording),
            State::Stored { .. } => late.push(recording),
            State::Rejected { .. } => {}
        }
    }
    let looked_up = app.table.folders().with_ids(organisation, &expected).await?;
    for recording in looked_up.recordings {
        match recording.state {
            _ if delivery_folder.holds(&recording) => included.push(recording),
            State::Expected | State::Stored { .. } => late.push(recording),
            State::Rejected { .. } => {}
        }
    }
    if delivery_folder.name.is_scheduled() {
        record_late(app, organisation, late, now).await?;
    }
    let unreadable: BTreeSet<RecordingId> =
        unreadable.into_iter().chain(looked_up.unreadable).collect();
    let bare = unreadable.into_iter().map(|id| Wanted::Bare(id, Reason::Unreadable));
    let bare = bare.chain(expired.into_iter().map(|id| Wanted::Bare(id, Reason::Expired)));
    Ok(sorted(included.into_iter().map(|recording| Wanted::of(recording, None)))
        .chain(bare)
        .collect())
}

/// Records late arrivals. After an outage the folder of one may already be built: it is recorded as
/// missed there, so that the next folder delivers it if that one did not.
async fn record_late(
    app: &App,
    organisation: &OrganisationId,
    late: Vec<Recording>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let (entries, mut missed) = (app.table.late_arrivals(), BTreeMap::<Day, Vec<_>>::new());
    let mut in_time = Vec::new();
    for recording in without_entry(app, organisation, late).await? {
        match day_of(&recording).filter(|day| day.settled_at() <= now) {
            Some(day) => missed.entry(day).or_default().push((recording.id, recording.expires_at)),
            None => in_time.push(recording),
        }
    }
    entries.await_all(&in_time, now).await?;
    for (day, recordings) in missed {
        entries.await_again(organisation, day, &recordings, now).await?;
    }
    Ok(())
}

/// The recordings that are no late arrivals yet, or still expected. The entry of a stored one may name
/// the folder that missed it, and stays as it is. No request; 1 for each MB of entries if any is stored.
async fn without_entry(
    app: &App,
    organisation: &OrganisationId,
    mut late: Vec<Recording>,
) -> Result<Vec<Recording>, Failure> {
    let is_expected = |recording: &Recording| recording.state == State::Expected;
    if !late.iter().all(is_expected) {
        let entries = app.table.late_arrivals().between(organisation, "0", "~").await?;
        let known: BTreeSet<RecordingId> = entries.iter().map(|entry| entry.id).collect();
        late.retain(|recording| is_expected(recording) || !known.contains(&recording.id));
    }
    Ok(late)
}

/// The chunk's late arrivals, and recordings that earlier folders missed. Deletes expired entries.
pub async fn late(
    app: &App,
    organisation: &OrganisationId,
    delivery_folder: &DeliveryFolder,
    (from, to): (&str, &str),
) -> Result<Vec<Wanted>, Failure> {
    let late_arrivals = app.table.late_arrivals().between(organisation, from, to).await?;
    let ids: Vec<RecordingId> = late_arrivals.iter().map(|late_arrival| late_arrival.id).collect();
    let Found { recordings, unreadable } = app.table.folders().with_ids(organisation, &ids).await?;
    let mut found: BTreeMap<RecordingId, Recording> =
        recordings.into_iter().map(|recording| (recording.id, recording)).collect();
    let (now, day, mut wanted) = ((app.now)(), delivery_folder.name.day, Vec::new());
    for late_arrival in
        late_arrivals.into_iter().filter(|late_arrival| !unreadable.contains(&late_arrival.id))
    {
        let recording = found.remove(&late_arrival.id);
        if is_over(&late_arrival, recording.as_ref(), day, now) {
            app.table.late_arrivals().await_no_longer(organisation, &late_arrival).await?;
        }
        let Some(recording) = recording.filter(|recording| recording.exists(now)) else { continue };
        // The other recordings belong to the chunks of their own day.
        let in_this_folder =
            delivery_folder.holds(&recording) && Day::of(recording.started_at) != day;
        let is_stored = matches!(recording.state, State::Stored { .. });
        match late_arrival.missed {
            // Of folders that are built at once after an outage, only the newest delivers it.
            Some(missed) if missed < day => {
                let restored = || Wanted::of(recording, Some(late_arrival));
                wanted.extend((is_stored && now < day.next().closed_at()).then(restored));
            }
            missed if in_this_folder => {
                wanted.push(Wanted::of(recording, None).thought_missed(missed == Some(day)));
            }
            _ => {}
        }
    }
    Ok(sorted(wanted.into_iter()).collect())
}

/// Whether the folder cannot be built any more, or after a day the call is rejected or gone.
fn is_over(
    late_arrival: &LateArrival,
    found: Option<&Recording>,
    day: Day,
    now: DateTime<Utc>,
) -> bool {
    let over =
        std::iter::successors(Some(day), |day| Some(day.previous())).nth(RETAINED).unwrap_or(day);
    match found.map(|recording| &recording.state) {
        Some(State::Expected) => false,
        Some(State::Stored { .. }) if late_arrival.missed.is_some() => false,
        Some(State::Stored { .. }) => found.and_then(day_of).is_some_and(|folder| folder < over),
        Some(State::Rejected { .. }) | None => late_arrival.since < now - TimeDelta::days(1),
    }
}

/// Sorts by start.
fn sorted(wanted: impl Iterator<Item = Wanted>) -> std::vec::IntoIter<Wanted> {
    let mut wanted: Vec<Wanted> = wanted.collect();
    wanted.sort_by_key(|wanted| match wanted {
        Wanted::Of { recording, .. } => (Some(recording.started_at), recording.id),
        Wanted::Bare(id, _) => (None, *id),
    });
    wanted.into_iter()
}

impl Wanted {
    fn of(recording: Recording, restored: Option<LateArrival>) -> Self {
        let late = restored.is_some() || is_late(&recording);
        Self::Of { recording: Box::new(recording), late, restored, thought_missed: false }
    }

    fn thought_missed(self, thought: bool) -> Self {
        match self {
            Self::Of { recording, late, restored, .. } => {
                Self::Of { recording, late, restored, thought_missed: thought }
            }
            bare => bare,
        }
    }

    pub fn id(&self) -> RecordingId {
        match self {
            Self::Of { recording, .. } => recording.id,
            Self::Bare(id, _) => *id,
        }
    }

    /// The expiry of the recording, where it is known.
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Of { recording, .. } => Some(recording.expires_at),
            Self::Bare(..) => None,
        }
    }
}
