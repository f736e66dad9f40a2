//! Faults of the usage: what is counted on users against what is stored.
//!
//! The bucket is listed anyway, so the sum of all users is held against all that is there, every night, for the price of reading their counts.
//! Where the rows that were read are all there are, each user's is. A count is never corrected here: bills come of it, and a person decides.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{RecordingId, UserId},
    recording::State,
    sweep::{Count, Kind, unbalanced},
};
use platform::table::sweep::{ALL, Finding, Reads};
use serde_json::json;

use crate::{Failure, Order, look::Seen, organisation::Fault};

/// The faults of the counts, which were `counted` before the bucket was listed. 1 read for each MB of them, where these are not what is there.
pub async fn faults(order: &Order, reads: &mut Reads<'_>, seen: &Seen, faults: &[Fault], counted: Counts) -> Result<Vec<Fault>, Failure> {
    let (stored, there) = (by_user(seen), settled(seen, faults));
    if compared(&counted, &counted, &stored, there).is_empty() {
        return Ok(Vec::new());
    }
    let after = reads.usage().await?; // perhaps something came or went while the bucket was listed
    let wrong = compared(&counted, &after, &stored, there);
    Ok(wrong.into_iter().map(|(user, after, there)| fault(order, user, after, there)).collect())
}

type Counts = BTreeMap<UserId, Count>;

/// What is wrong: of each user where the rows are all that is there, of all users together otherwise.
fn compared(before: &Counts, after: &Counts, stored: &Counts, there: Count) -> Vec<(Option<UserId>, Count, Count)> {
    let sum = |counts: &Counts| counts.values().copied().sum::<Count>();
    if sum(stored) != there {
        let wrong = unbalanced(sum(before), sum(after), there);
        return wrong.then_some((None, sum(after), there)).into_iter().collect();
    }
    let of = |counts: &Counts, user: &UserId| counts.get(user).copied().unwrap_or_default();
    let users: BTreeSet<_> = before.keys().chain(after.keys()).chain(stored.keys()).collect();
    let wrong = users.into_iter().filter(|user| unbalanced(of(before, user), of(after, user), of(stored, user)));
    wrong.map(|user| (Some(user.clone()), of(after, user), of(stored, user))).collect()
}

/// What the rows say is stored, by user. What has ended is counted until it is removed.
fn by_user(seen: &Seen) -> Counts {
    let mut stored = Counts::new();
    for row in seen.rows.values().filter(|row| matches!(row.state, State::Stored { .. })) {
        let count = stored.entry(row.user.clone()).or_default();
        *count = *count + Count::of(row.audio.length);
    }
    stored
}

/// What should be counted by what lies in the bucket: less what is not stored, and with what is stored and not there.
fn settled(seen: &Seen, faults: &[Fault]) -> Count {
    let current = |id: RecordingId| seen.listing.of.get(&id).and_then(|object| object.versions.first()).filter(|version| !version.marker);
    let lies = |id: RecordingId| current(id).map(|version| Count::of(version.length)).unwrap_or_default();
    let mut there = seen.listing.there;
    let is_stored = |id: &RecordingId| seen.rows.get(id).is_some_and(|row| matches!(row.state, State::Stored { .. }));
    for id in seen.listing.of.keys().filter(|id| !is_stored(id)) {
        there = there - lies(*id);
    }
    let audio = [Kind::Lost, Kind::Removed, Kind::Replaced];
    for id in faults.iter().filter(|fault| audio.contains(&fault.finding.kind)).filter_map(|fault| fault.finding.recording()) {
        if let Some(row) = seen.rows.get(&id).filter(|row| is_stored(&row.id)) {
            there = there - lies(id) + Count::of(row.audio.length);
        }
    }
    there
}

fn fault(order: &Order, user: Option<UserId>, counted: Count, there: Count) -> Fault {
    let shown = |count: Count| json!({ "recordings": count.recordings, "bytes": count.bytes });
    let finding = Finding::new(Kind::Usage, user.as_ref().map_or(ALL, UserId::as_str), order.night, false);
    let detail = Some(json!({ "counted": shown(counted), "stored": shown(there) }).to_string());
    Fault { finding: Finding { user, detail, ..finding }, mend: None }
}
