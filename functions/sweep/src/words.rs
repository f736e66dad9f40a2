//! Faults of the postings: those of the day's words against the recordings of the day.
//!
//! A word costs half a unit or more, whoever says it. So the words come first that most recordings say, then others each night; and a part of
//! what the allowance leaves goes into words of the directory that nobody said that day, where each night goes on where the last one ended.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::{
    ids::RecordingId,
    search::{Change, Posting},
    sweep::{Kind, Says, postings, said},
};
use platform::table::{
    key,
    sweep::{Finding, Reads},
};

use crate::{App, Failure, Order, look::Seen, mend::Mend, organisation::Fault};

/// What was found, and where the next night goes on.
#[derive(Debug)]
pub struct Said {
    pub faults: Vec<Fault>,
    pub looked_at: u64,
    /// The words of the day.
    pub of: u64,
    pub next: Option<String>,
}

/// What is wrong with the postings of one recording.
#[derive(Debug, Default)]
struct Wrong {
    change: Change,
    kinds: BTreeMap<Kind, usize>,
}

/// Of what the allowance leaves: the words of the day, and these with others. The rest is for looking again at what seems wrong.
const OF_THE_DAY: f64 = 0.7;
const WITH_OTHERS: f64 = 0.9;

/// The faults of the postings. 1 read for each word, and for each recording with a fault.
pub async fn faults(
    app: &App,
    order: &Order,
    reads: &mut Reads<'_>,
    seen: &Seen,
    place: Option<String>,
    now: DateTime<Utc>,
) -> Result<Said, Failure> {
    let (from, to) = seen.window;
    let day = seen.rows.values().filter(|row| (from..to).contains(&row.started_at));
    let said = said(day, order.night);
    let (of, room) = (said.len() as u64, (seen.allowance - reads.spent).max(0.0));
    let (of_the_day, with_others) = (reads.spent + room * OF_THE_DAY, reads.spent + room * WITH_OTHERS);
    let (mut wrong, mut looked_at, mut says) = (BTreeMap::new(), 0, HashMap::new());
    for (posting, by) in said {
        if reads.spent < of_the_day {
            look_at(reads, seen, &posting, &by, now, &mut wrong).await?;
            looked_at += 1;
        }
        says.insert(posting, by);
    }
    let next = others(reads, seen, place, with_others, &says, now, &mut wrong).await?;
    let mut faults = Vec::new();
    for ((id, started_at), wrong) in wrong {
        faults.extend(confirm(app, order, reads, id, started_at, wrong).await?);
    }
    Ok(Said { faults, looked_at, of, next })
}

/// By id and start.
type AllWrong = BTreeMap<(RecordingId, DateTime<Utc>), Wrong>;

async fn look_at(
    reads: &mut Reads<'_>,
    seen: &Seen,
    posting: &Posting,
    says: &Says<'_>,
    now: DateTime<Utc>,
    all: &mut AllWrong,
) -> Result<(), Failure> {
    let found = reads.posted(posting, seen.window).await?;
    for (kind, id, started_at) in postings(says, &found, now) {
        let wrong = all.entry((id, started_at)).or_default();
        let change = if kind == Kind::PostingLeft { &mut wrong.change.gone } else { &mut wrong.change.put };
        change.insert(posting.clone());
        *wrong.kinds.entry(kind).or_default() += 1;
    }
    Ok(())
}

/// Looks at words of the directory that nobody said, and at what is held, as far as there is room.
async fn others(
    reads: &mut Reads<'_>,
    seen: &Seen,
    place: Option<String>,
    enough: f64,
    says: &HashMap<Posting, Says<'_>>,
    now: DateTime<Utc>,
    all: &mut AllWrong,
) -> Result<Option<String>, Failure> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 0 it is 0")]
    let room = ((enough - reads.spent) as usize).min(1000);
    if room == 0 {
        return Ok(place);
    }
    let (words, next) = reads.words(place.as_deref(), room).await?;
    for posting in words.into_iter().chain([Posting::Held]).filter(|posting| !says.contains_key(posting)) {
        look_at(reads, seen, &posting, &HashMap::new(), now, all).await?;
    }
    Ok(next)
}

/// What of it is a fault as the recording stands at this moment.
async fn confirm(
    app: &App,
    order: &Order,
    reads: &mut Reads<'_>,
    id: RecordingId,
    started_at: DateTime<Utc>,
    wrong: Wrong,
) -> Result<Vec<Fault>, Failure> {
    let stands = app.table.standing_recording(&order.organisation, id).await?.filter(|stands| stands.started_at == started_at);
    reads.spent += 1.0;
    let change = wrong.change.still(stands.as_ref());
    if change.is_empty() {
        return Ok(Vec::new());
    }
    let about = |finding: Finding| stands.as_ref().map_or(finding.clone(), |stands| finding.about(stands));
    let left = |kind| if kind == Kind::PostingLeft { !change.gone.is_empty() } else { !change.put.is_empty() };
    let kinds = wrong.kinds.into_keys().filter(|kind| left(*kind));
    let mut faults: Vec<_> = kinds.map(|kind| Fault { finding: about(Finding::new(kind, id, order.night, true)), mend: None }).collect();
    if let Some(first) = faults.first_mut() {
        first.mend = Some(match stands.clone() {
            Some(stands) => Mend::Post { stands: Box::new(stands), change },
            None => Mend::Unpost { at: key::at(started_at, id), gone: change.gone },
        });
    }
    Ok(faults)
}
