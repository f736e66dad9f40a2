//! Discrepancies between the postings of the day's words and the recordings of the day.
//!
//! A word costs at least half a unit, however few recordings contain it. So the commonest words are
//! read first, and then others each night. Part of the remaining allowance goes to other words of
//! the dictionary, where each night continues after the last one.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::{
    ids::RecordingId,
    reconcile::{Kind, Says, postings, stated},
    search::{Change, Posting},
};
use platform::table::{
    key,
    reconcile::{Finding, Reads},
};

use crate::{App, Failure, Order, look::Seen, organisation::Discrepancy, repair::RepairStep};

/// The discrepancies, and where the next night continues.
#[derive(Debug)]
pub struct Checked {
    pub discrepancies: Vec<Discrepancy>,
    pub looked_at: u64,
    /// The number of the day's words.
    pub of: u64,
    pub next: Option<String>,
}

/// The wrong postings of one recording.
#[derive(Debug, Default)]
struct Wrong {
    change: Change,
    kinds: BTreeMap<Kind, usize>,
}

/// Shares of the allowance left for the day's words, and for all words. The rest is for confirming.
const OF_THE_DAY: f64 = 0.7;
const WITH_OTHERS: f64 = 0.9;

/// The confirmed discrepancies. 1 read for each word, and for each recording with a candidate.
pub async fn discrepancies(
    app: &App,
    order: &Order,
    reads: &mut Reads<'_>,
    seen: &Seen,
    place: Option<String>,
    now: DateTime<Utc>,
) -> Result<Checked, Failure> {
    let (from, to) = seen.window;
    let day = seen.rows.values().filter(|row| (from..to).contains(&row.started_at));
    let day_words = stated(day, order.night);
    let (of, room) = (day_words.len() as u64, (seen.allowance - reads.spent).max(0.0));
    let (of_the_day, with_others) =
        (reads.spent + room * OF_THE_DAY, reads.spent + room * WITH_OTHERS);
    let (mut wrong, mut looked_at, mut says) = (BTreeMap::new(), 0, HashMap::new());
    for (posting, by) in day_words {
        if reads.spent < of_the_day {
            check(reads, seen, &posting, &by, now, &mut wrong).await?;
            looked_at += 1;
        }
        says.insert(posting, by);
    }
    let next = others(reads, seen, place, with_others, &says, now, &mut wrong).await?;
    let mut discrepancies = Vec::new();
    for ((id, started_at), wrong) in wrong {
        discrepancies.extend(confirm(app, order, reads, id, started_at, wrong).await?);
    }
    Ok(Checked { discrepancies, looked_at, of, next })
}

/// By id and start.
type AllWrong = BTreeMap<(RecordingId, DateTime<Utc>), Wrong>;

async fn check(
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
        let change =
            if kind == Kind::PostingLeft { &mut wrong.change.gone } else { &mut wrong.change.put };
        change.insert(posting.clone());
        *wrong.kinds.entry(kind).or_default() += 1;
    }
    Ok(())
}

/// Reads other words of the dictionary, and the holds, as far as the allowance suffices.
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
    for posting in
        words.into_iter().chain([Posting::Held]).filter(|posting| !says.contains_key(posting))
    {
        check(reads, seen, &posting, &HashMap::new(), now, all).await?;
    }
    Ok(next)
}

/// The discrepancies that remain when the recording is read again.
async fn confirm(
    app: &App,
    order: &Order,
    reads: &mut Reads<'_>,
    id: RecordingId,
    started_at: DateTime<Utc>,
    wrong: Wrong,
) -> Result<Vec<Discrepancy>, Failure> {
    let recording = app
        .table
        .index()
        .recording(&order.organisation, id)
        .await?
        .filter(|recording| recording.started_at == started_at);
    reads.spent += 1.0;
    let change = wrong.change.still(recording.as_ref());
    if change.is_empty() {
        return Ok(Vec::new());
    }
    let about = |finding: Finding| {
        recording.as_ref().map_or(finding.clone(), |recording| finding.about(recording))
    };
    let left = |kind| {
        if kind == Kind::PostingLeft { !change.gone.is_empty() } else { !change.put.is_empty() }
    };
    let kinds = wrong.kinds.into_keys().filter(|kind| left(*kind));
    let mut discrepancies: Vec<_> = kinds
        .map(|kind| Discrepancy {
            finding: about(Finding::new(kind, id, order.night, true)),
            repair: None,
        })
        .collect();
    if let Some(first) = discrepancies.first_mut() {
        first.repair = Some(match recording.clone() {
            Some(recording) => RepairStep::Post { recording: Box::new(recording), change },
            None => RepairStep::Unpost { at: key::at(started_at, id), gone: change.gone },
        });
    }
    Ok(discrepancies)
}
