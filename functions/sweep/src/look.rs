//! What a sweep sees of recordings and objects.
//!
//! The day's rows are read whole. What the allowance leaves goes, in this order, to what earlier nights found, to calls that were registered
//! late, to older rows, and to objects whose item is not among all these. What there is no room for is put off to the next night.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrganisationId, RecordingId},
    recording::Recording,
    sweep::{Count, Object, allowance, drawn, outlived, window},
};
use platform::{
    objects,
    table::sweep::{Finding, Reads, Swept},
};

use crate::{App, Failure, Order};

/// What is seen.
#[derive(Debug)]
pub struct Seen {
    /// The starts whose recordings are all among the rows.
    pub window: (DateTime<Utc>, DateTime<Utc>),
    pub rows: HashMap<RecordingId, Recording>,
    /// How many recordings the window has.
    pub day: usize,
    /// How many older ones were looked at as they came round.
    pub older: usize,
    pub rolled: Option<String>,
    pub listing: Listing,
    /// The read units that this sweep may take.
    pub allowance: f64,
    /// Whatever came before this has been held against its item.
    pub complete: DateTime<Utc>,
    /// What an earlier night found and there was no room to look at.
    pub put_off: HashSet<String>,
}

/// What lies in the bucket.
#[derive(Debug, Default)]
pub struct Listing {
    /// Of recordings that are looked at.
    pub of: HashMap<RecordingId, Object>,
    /// Of others, whose item has to be looked for.
    unknown: Vec<(RecordingId, Object)>,
    pub strays: Vec<String>,
    pub objects: u64,
    /// Those that are there at keys of recordings, and their bytes.
    pub there: Count,
}

/// How much longer ago than its last look a sweep asks for objects: a listing takes some minutes.
const OVERLAP: TimeDelta = TimeDelta::hours(1);
/// Items that are read one by one, for each unit of room, and rows of an index: an item costs half a unit, 25 rows of the usual size cost one.
/// What an earlier night found and what is unknown get a fifth of the room each, older rows a third, words the rest.
const ITEMS_A_UNIT: f64 = 0.4;
const ROWS_A_UNIT: f64 = 8.0;

/// Looks at recordings and objects. 1 read for each MB of the day's rows and for each 100 others, and 1 list for each 1,000 versions.
pub async fn look(
    app: &App,
    order: &Order,
    reads: &mut Reads<'_>,
    last: Option<&Swept>,
    before: &[Finding],
    now: DateTime<Utc>,
) -> Result<Seen, Failure> {
    let window = window(now, last.map(|last| last.at));
    let since = last.map_or(window.0, |last| last.complete);
    let days = app.table.organisation(&order.organisation).await?.map_or(0, |organisation| organisation.retention_days);
    reads.spent += 1.0;
    let mut rows: HashMap<_, _> = by_id(reads.started_in(window).await?);
    let (day, allowance) = (rows.len(), allowance(rows.len()));
    let room = (allowance - reads.spent).max(0.0);

    let known: Vec<_> = before.iter().filter_map(Finding::recording).chain(reads.awaited(window.0).await?).collect();
    let mut known: Vec<_> = known.into_iter().filter(|id| !rows.contains_key(id)).collect::<HashSet<_>>().into_iter().collect();
    known.sort_by_cached_key(|id| drawn(id, order.night));
    let put_off = known.split_off(known.len().min(share(room, ITEMS_A_UNIT)));
    rows.extend(by_id(reads.named(&known, false).await?));

    let (older, rolled) = reads.after(last.and_then(|last| last.rolled.as_deref()), window.0, day.min(share(room, ROWS_A_UNIT))).await?;
    let older_rows = older.len();
    rows.extend(by_id(older));

    let known: HashSet<_> = known.into_iter().collect();
    let is_wanted = |id: &RecordingId| rows.contains_key(id) || known.contains(id);
    let is_suspect = |object: &Object| {
        let odd = object.versions.len() > 1 || object.versions.iter().any(|version| version.marker);
        odd || object.versions.iter().any(|version| version.modified_at >= since - OVERLAP || outlived(version.modified_at, days, now))
    };
    let see = |listing: &mut Listing, key: String, object: Object| listing.see(&order.organisation, key, object, is_wanted, is_suspect);
    let parts = app.objects.everything(&order.organisation, see).await?;
    let mut listing = parts.into_iter().reduce(Listing::and).unwrap_or_default();

    let unknown = listing.room_for(share(room, ITEMS_A_UNIT), order.night);
    let complete = if listing.unknown.is_empty() { now } else { since };
    rows.extend(by_id(reads.named(&unknown, false).await?));
    let put_off = put_off.iter().map(ToString::to_string).collect();
    Ok(Seen { window, rows, day, older: older_rows, rolled, listing, allowance, complete, put_off })
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
        let current = object.versions.first().filter(|version| !version.marker).map(|version| version.length);
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
        Self { objects: self.objects + other.objects, there: self.there + other.there, ..self }
    }

    /// Takes so many of the unknown among those that are looked at, others each night.
    fn room_for(&mut self, room: usize, night: DateTime<Utc>) -> Vec<RecordingId> {
        self.unknown.sort_by_cached_key(|(id, _)| drawn(id, night));
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

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of some thousand units, never below 0")]
fn share(room: f64, a_unit: f64) -> usize {
    (room * a_unit) as usize
}
