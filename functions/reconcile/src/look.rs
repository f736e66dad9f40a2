//! Reads the recordings and objects that a night compares.
//!
//! All rows of the day are read. The remaining allowance goes, in this order, to earlier findings,
//! late registrations, older rows, and objects without a row. The next night does the rest.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrganisationId, RecordingId},
    reconcile::{Count, Object, allowance, nightly_order, past_retention, window},
    recording::Recording,
};
use platform::{
    objects,
    table::reconcile::{Finding, Reads, Reconciled},
    versions::Range,
};

use crate::{App, Failure, Order, progress::Progress};

/// The recordings and objects of one night.
#[derive(Debug)]
pub struct Seen {
    /// The range of starts whose recordings are all among the rows.
    pub window: (DateTime<Utc>, DateTime<Utc>),
    pub rows: HashMap<RecordingId, Recording>,
    /// The number of recordings in the window.
    pub day: usize,
    /// The number of older recordings that were read in their turn.
    pub older: usize,
    pub listing: Listing,
    /// The ranges of keys that were listed.
    ranges: Vec<Range>,
    /// The read units available to this reconciliation.
    pub allowance: f64,
    /// Every object from before this time was compared with its item in an earlier night.
    pub since: DateTime<Utc>,
    /// Earlier findings that the allowance did not suffice for.
    pub postponed: HashSet<String>,
}

/// The contents of the bucket.
#[derive(Debug, Default)]
pub struct Listing {
    /// The objects of recordings to compare.
    pub of: HashMap<RecordingId, Object>,
    /// Other objects, whose items have to be read.
    unknown: Vec<(RecordingId, Object)>,
    /// Whether some of these were left out.
    is_cut: bool,
    pub strays: Vec<String>,
    pub objects: u64,
    /// The current objects at keys of recordings, and their bytes.
    pub there: Count,
}

/// Objects are compared again from this long before the last listing, which takes some minutes.
const OVERLAP: TimeDelta = TimeDelta::hours(1);
/// Items and index rows per remaining unit: an item costs half a unit, 25 ordinary rows one.
/// Earlier findings and unknown objects get a fifth of the units each, older rows a third, words
/// the rest.
const ITEMS_A_UNIT: f64 = 0.4;
/// Unknown objects that a listing may have beyond twice those that the night has room for.
const SPARE: usize = 1_000;
const ROWS_A_UNIT: f64 = 8.0;

/// Reads recordings and objects: 1 read for each MB of the day's rows and each 100 others, and 1
/// list for each 1,000 versions.
pub async fn look(
    app: &App,
    order: &Order,
    reads: &mut Reads<'_>,
    last: Option<&Reconciled>,
    before: &[Finding],
    progress: &mut Progress,
) -> Result<Seen, Failure> {
    let now = (app.now)();
    let window = window(progress.began, last.map(|last| last.at));
    let since = last.map_or(window.0, |last| last.complete);
    let days = app
        .table
        .people()
        .organisation(&order.organisation)
        .await?
        .map_or(0, |organisation| organisation.retention_days);
    reads.spent += 1.0;
    let mut rows: HashMap<_, _> = by_id(reads.started_in(window).await?);
    let (day, allowance) = (rows.len(), allowance(rows.len()));
    if order.progress.is_none() {
        progress.room = share(allowance - reads.spent, 1.0) as u64;
    }
    let room = progress.room as f64;

    let known: Vec<_> = before
        .iter()
        .filter_map(Finding::recording)
        .chain(reads.late_arrival(window.0).await?)
        .collect();
    let is_ahead = |id: &RecordingId| {
        let key = objects::key(&order.organisation, *id);
        progress.rest.iter().any(|range| range.contains(&key))
    };
    let mut known: Vec<_> = known
        .into_iter()
        .filter(|id| !rows.contains_key(id) && is_ahead(id))
        .collect::<HashSet<_>>()
        .into_iter()
        .collect();
    known.sort_by_cached_key(|id| nightly_order(id, order.night));
    let postponed = known.split_off(known.len().min(share(room, ITEMS_A_UNIT)));
    rows.extend(by_id(reads.named(&known, false).await?));

    let (older, rolled) = reads
        .after(
            last.and_then(|last| last.rolled.as_deref()),
            window.0,
            day.min(share(room, ROWS_A_UNIT)),
        )
        .await?;
    let older_count = older.len();
    rows.extend(by_id(older));
    if order.progress.is_none() {
        progress.rolled = rolled;
    }

    let known: HashSet<_> = known.into_iter().collect();
    let is_wanted = |id: &RecordingId| rows.contains_key(id) || known.contains(id);
    let is_suspect = |object: &Object| {
        let odd = object.versions.len() > 1 || object.versions.iter().any(|version| version.marker);
        odd || object.versions.iter().any(|version| {
            version.modified_at >= since - OVERLAP || past_retention(version.modified_at, days, now)
        })
    };
    let most = share(room, ITEMS_A_UNIT);
    let see = |listing: &mut Listing, key: String, object: Object| {
        listing.see(&order.organisation, key, object, is_wanted, is_suspect);
        listing.bound(most, order.night);
    };
    let rest = std::mem::take(&mut progress.rest);
    let listed = app.objects.list(&order.organisation, rest, app.pages, see).await?;
    let mut listing = listed.parts.into_iter().reduce(Listing::and).unwrap_or_default();
    progress.rest = listed.rest;

    let unknown = listing.room_for(most, order.night);
    progress.complete &= listing.unknown.is_empty() && !listing.is_cut;
    progress.objects += listing.objects;
    rows.extend(by_id(reads.named(&unknown, false).await?));
    let postponed = postponed.iter().map(ToString::to_string).collect();
    Ok(Seen {
        window,
        rows,
        day,
        older: older_count,
        listing,
        ranges: listed.seen,
        allowance,
        since,
        postponed,
    })
}

impl Seen {
    /// Whether this invocation has listed where the recording's audio belongs.
    pub fn has_listed(&self, of: &OrganisationId, id: RecordingId) -> bool {
        let key = objects::key(of, id);
        self.ranges.iter().any(|range| range.contains(&key))
    }

    /// Whether a finding about audio, or about an object, is among what was listed.
    pub fn has_compared(&self, of: &OrganisationId, finding: &Finding) -> bool {
        finding.kind.is_of_audio()
            && match finding.recording() {
                Some(id) => self.has_listed(of, id),
                None => self.ranges.iter().any(|range| range.contains(&finding.subject)),
            }
    }
}

impl Listing {
    fn see(
        &mut self,
        of: &OrganisationId,
        key: String,
        object: Object,
        is_wanted: impl Fn(&RecordingId) -> bool,
        is_suspect: impl Fn(&Object) -> bool,
    ) {
        self.objects += 1;
        let current =
            object.versions.first().filter(|version| !version.marker).map(|version| version.length);
        match objects::owner(&key).filter(|(owner, _)| owner == of) {
            None => self.strays.extend(current.map(|_| key)),
            Some((_, id)) => {
                self.there = self.there + current.map(Count::of).unwrap_or_default();
                match is_wanted(&id) {
                    true => _ = self.of.insert(id, object),
                    false if is_suspect(&object) => self.unknown.push((id, object)),
                    false => {}
                }
            }
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.of.extend(other.of);
        self.unknown.extend(other.unknown);
        self.strays.extend(other.strays);
        let is_cut = self.is_cut || other.is_cut;
        let (objects, there) = (self.objects + other.objects, self.there + other.there);
        Self { objects, there, is_cut, ..self }
    }

    /// Leaves out unknown objects that this night has no room for, once they are many.
    fn bound(&mut self, room: usize, night: DateTime<Utc>) {
        if self.unknown.len() > 2 * room + SPARE {
            self.unknown.sort_by_cached_key(|(id, _)| nightly_order(id, night));
            self.unknown.truncate(room);
            self.is_cut = true;
        }
    }

    /// Selects up to `room` of the unknown objects for comparison, others each night.
    fn room_for(&mut self, room: usize, night: DateTime<Utc>) -> Vec<RecordingId> {
        self.unknown.sort_by_cached_key(|(id, _)| nightly_order(id, night));
        let rest = self.unknown.split_off(self.unknown.len().min(room));
        let some = std::mem::replace(&mut self.unknown, rest);
        let ids = some.iter().map(|(id, _)| *id).collect();
        self.of.extend(some);
        ids
    }
}

fn by_id(recordings: Vec<Recording>) -> HashMap<RecordingId, Recording> {
    recordings.into_iter().map(|recording| (recording.id, recording)).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of some thousand units, never below 0"
)]
fn share(room: f64, a_unit: f64) -> usize {
    (room * a_unit) as usize
}
