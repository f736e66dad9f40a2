//! The postings of one word against the recordings that say it.

use std::{cmp::Reverse, collections::HashMap};

use chrono::{DateTime, SubsecRound, Utc};

use super::{Kind, drawn};
use crate::{
    ids::RecordingId,
    recording::Recording,
    search::{Posting, ends_at},
};

/// A posting that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    pub id: RecordingId,
    pub started_at: DateTime<Utc>,
    /// To the second; none: it never ends.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A posting that is missing, wrong or left over: of the recording with this id and start.
pub type Misplaced = (Kind, RecordingId, DateTime<Utc>);

/// What does not agree between the `found` postings of a word, all those of a span of time, and the recordings of that span: `says` holds those
/// that have the posting. What has ended at `now` goes by itself, with its postings.
pub fn postings(says: &Says<'_>, found: &[Posted], now: DateTime<Utc>) -> Vec<Misplaced> {
    let by_place: HashMap<_, _> = found.iter().map(|posted| ((posted.id, posted.started_at), posted.ends_at)).collect();
    let missing = says.values().filter(|recording| recording.exists(now)).filter_map(|recording| {
        let kind = match by_place.get(&(recording.id, recording.started_at)) {
            Some(ends) if *ends == ends_at(recording).map(|ends| ends.trunc_subsecs(0)) => return None,
            Some(_) => Kind::PostingWrong,
            None => Kind::PostingMissing,
        };
        Some((kind, recording.id, recording.started_at))
    });
    let said = |posted: &Posted| says.get(&posted.id).is_some_and(|recording| recording.started_at == posted.started_at);
    let left = found.iter().filter(|posted| posted.ends_at.is_none_or(|ends| ends > now) && !said(posted));
    let mut faults: Vec<_> = missing.chain(left.map(|posted| (Kind::PostingLeft, posted.id, posted.started_at))).collect();
    faults.sort();
    faults
}

/// The postings of the recordings, those that most have first, and of those that as many have others each `night`; each with the recordings.
pub fn said<'a>(recordings: impl IntoIterator<Item = &'a Recording>, night: DateTime<Utc>) -> Vec<(Posting, Says<'a>)> {
    let mut said: HashMap<Posting, Says<'a>> = HashMap::new();
    for recording in recordings {
        for posting in Posting::of(recording) {
            said.entry(posting).or_default().insert(recording.id, recording);
        }
    }
    let mut said = Vec::from_iter(said);
    said.sort_by_cached_key(|(posting, says)| (Reverse(says.len()), drawn(posting, night), posting.clone()));
    said
}

/// The recordings that have a posting.
pub type Says<'a> = HashMap<RecordingId, &'a Recording>;

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{ids::CallId, note::Note, recording::tests::recording};

    fn now() -> DateTime<Utc> {
        recording().started_at
    }

    fn noted(call: &str, note: &str) -> Recording {
        let call = CallId::try_from(call.to_owned()).expect("a valid id");
        let mut noted = Recording { id: RecordingId::of(&recording().organisation, &call), call, ..recording() };
        noted.expires_at = now() + TimeDelta::days(180) + TimeDelta::milliseconds(250);
        noted.annotation.note = Note::try_from(note.to_owned()).ok();
        noted
    }

    fn posted(of: &Recording) -> Posted {
        Posted { id: of.id, started_at: of.started_at, ends_at: ends_at(of).map(|ends| ends.trunc_subsecs(0)) }
    }

    fn faults(says: &[&Recording], found: &[Posted]) -> Vec<(Kind, RecordingId)> {
        let faults = postings(&says.iter().map(|recording| (recording.id, *recording)).collect(), found, now());
        faults.into_iter().map(|(kind, id, _)| (kind, id)).collect()
    }

    #[test]
    fn a_posting_is_missing_wrong_or_left_over() {
        let of = noted("call-1", "ring");
        assert_eq!(faults(&[&of], &[posted(&of)]), []);
        assert_eq!(faults(&[&of], &[]), [(Kind::PostingMissing, of.id)]);
        assert_eq!(faults(&[], &[posted(&of)]), [(Kind::PostingLeft, of.id)]);
        assert_eq!(faults(&[&of], &[Posted { ends_at: None, ..posted(&of) }]), [(Kind::PostingWrong, of.id)]);
        let earlier = Posted { started_at: now() - TimeDelta::hours(1), ..posted(&of) };
        assert_eq!(faults(&[&of], &[earlier]), [(Kind::PostingMissing, of.id), (Kind::PostingLeft, of.id)]);
    }

    #[test]
    fn what_is_held_has_postings_without_an_end() {
        let held = Recording { held_since: Some(now()), ..noted("call-1", "ring") };
        assert_eq!(faults(&[&held], &[posted(&held)]), []);
        assert_eq!(faults(&[&held], &[posted(&noted("call-1", "ring"))]), [(Kind::PostingWrong, held.id)]);
    }

    #[test]
    fn each_night_draws_others_of_the_words_that_as_many_say() {
        let said_by_one = noted("call-1", "ett två tre fyra fem sex sju åtta nio tio");
        let first = |night| said([&said_by_one], now() + TimeDelta::days(night))[0].0.clone();
        let drawn: std::collections::BTreeSet<_> = (0..50).map(first).collect();
        assert!(drawn.len() > 5, "{drawn:?}");
        assert_eq!(first(1), first(1));
    }

    #[test]
    fn what_has_ended_goes_by_itself() {
        let ended = Recording { expires_at: now(), ..noted("call-1", "ring") };
        assert_eq!(faults(&[&ended], &[]), []);
        assert_eq!(faults(&[], &[posted(&ended)]), []);
    }

    #[test]
    fn the_words_that_most_say_come_first() {
        let (one, two) = (noted("call-1", "ring igen"), noted("call-2", "ring"));
        let words: Vec<_> = said([&one, &two], now()).into_iter().map(|(posting, of)| (format!("{posting:?}"), of.len())).collect();
        assert_eq!(words, [("Word(Note, \"ring\")".to_owned(), 2), ("Word(Note, \"igen\")".to_owned(), 1)]);
    }
}
