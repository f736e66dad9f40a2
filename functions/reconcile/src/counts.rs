//! Discrepancies between the users' usage counts and the stored recordings.
//!
//! The bucket is listed anyway, so comparing the total of all users costs only the reading of their
//! counts, every night. Where the rows contain every recording, each user is compared too. A count
//! is never corrected here, because bills depend on it: a person decides.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{
    ids::{RecordingId, UserId},
    reconcile::{Count, Kind, unbalanced},
    recording::State,
};
use platform::table::reconcile::{ALL, Finding, Reads};
use serde_json::json;

use crate::{Failure, Order, look::Seen, organisation::Discrepancy, progress::Progress};

/// How long a removal usually takes from its first object to its count. One that is retried takes longer,
/// and is a discrepancy for a night.
const REMOVAL: Duration = Duration::from_millis(500);

/// The discrepancies, if the counts from before the listing are wrong: 2 more reads for each MB.
/// `users` has these counts and the stored recordings by user, of a night with one invocation.
pub async fn discrepancies(
    order: &Order,
    reads: &mut Reads<'_>,
    progress: &Progress,
    users: Option<(Counts, Counts)>,
) -> Result<Vec<Discrepancy>, Failure> {
    let (counted, stored) = users.unzip();
    let before = Before { totals: progress.counted, users: counted.unwrap_or_default() };
    let stored = stored.filter(|stored| sum(stored) == progress.there);
    let wrong = |after: &Counts| compared(&before, after, stored.as_ref(), progress.there);
    if order.progress.is_none() && wrong(&before.users).is_empty() {
        return Ok(Vec::new());
    }
    let after = reads.usage().await?; // objects may have changed during the listing
    if wrong(&after).is_empty() {
        return Ok(Vec::new());
    }
    tokio::time::sleep(REMOVAL).await; // a removal deletes the audio first, and returns the count last
    let after = reads.usage().await?;
    Ok(wrong(&after)
        .into_iter()
        .map(|(user, after, there)| discrepancy(order, user, after, there))
        .collect())
}

pub type Counts = BTreeMap<UserId, Count>;

/// The counts from before the listing, and the least and the most of all users since then.
struct Before {
    totals: (Count, Count),
    users: Counts,
}

pub fn sum(counts: &Counts) -> Count {
    counts.values().copied().sum()
}

/// The wrong counts: by user where the rows contain every recording, otherwise of all users.
fn compared(
    before: &Before,
    after: &Counts,
    stored: Option<&Counts>,
    there: Count,
) -> Vec<(Option<UserId>, Count, Count)> {
    let Some(stored) = stored else {
        let ((least, most), after) = (before.totals, sum(after));
        let wrong = unbalanced(least.min(after), most.max(after), there);
        return wrong.then_some((None, after, there)).into_iter().collect();
    };
    let of = |counts: &Counts, user: &UserId| counts.get(user).copied().unwrap_or_default();
    let users: BTreeSet<_> = before.users.keys().chain(after.keys()).chain(stored.keys()).collect();
    let wrong = users
        .into_iter()
        .filter(|user| unbalanced(of(&before.users, user), of(after, user), of(stored, user)));
    wrong.map(|user| (Some(user.clone()), of(after, user), of(stored, user))).collect()
}

/// The stored recordings by user. An expired one counts until it is removed.
pub fn by_user(seen: &Seen) -> Counts {
    let mut stored = Counts::new();
    for row in seen.rows.values().filter(|row| matches!(row.state, State::Stored { .. })) {
        let count = stored.entry(row.user.clone()).or_default();
        *count = *count + Count::of(row.audio.length);
    }
    stored
}

/// The expected total of what was listed: the objects, without those not stored, and with stored
/// ones that are lost.
pub fn expected_total(seen: &Seen, discrepancies: &[Discrepancy]) -> Count {
    let current = |id: RecordingId| {
        seen.listing
            .of
            .get(&id)
            .and_then(|object| object.versions.first())
            .filter(|version| !version.marker)
    };
    let stored_at =
        |id: RecordingId| current(id).map(|version| Count::of(version.length)).unwrap_or_default();
    let mut there = seen.listing.there;
    let is_stored = |id: &RecordingId| {
        seen.rows.get(id).is_some_and(|row| matches!(row.state, State::Stored { .. }))
    };
    for id in seen.listing.of.keys().filter(|id| !is_stored(id)) {
        there = there - stored_at(*id);
    }
    let audio = [Kind::Lost, Kind::Removed, Kind::Replaced];
    for id in discrepancies
        .iter()
        .filter(|discrepancy| audio.contains(&discrepancy.finding.kind))
        .filter_map(|discrepancy| discrepancy.finding.recording())
    {
        if let Some(row) = seen.rows.get(&id).filter(|row| is_stored(&row.id)) {
            there = there - stored_at(id) + Count::of(row.audio.length);
        }
    }
    there
}

fn discrepancy(order: &Order, user: Option<UserId>, counted: Count, there: Count) -> Discrepancy {
    let shown = |count: Count| json!({ "recordings": count.recordings, "bytes": count.bytes });
    let finding =
        Finding::new(Kind::Usage, user.as_ref().map_or(ALL, UserId::as_str), order.night, false);
    let detail = Some(json!({ "counted": shown(counted), "stored": shown(there) }).to_string());
    Discrepancy { finding: Finding { user, detail, ..finding }, repair: None }
}
