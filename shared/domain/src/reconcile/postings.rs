//! Compares the postings of one word with the recordings that contain it.

use std::{cmp::Reverse, collections::HashMap};

use chrono::{DateTime, SubsecRound, Utc};

use super::{Kind, nightly_order};
use crate::{
    ids::RecordingId,
    recording::Recording,
    search::{Posting, ends_at},
};

/// A posting that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    pub id: RecordingId,
    pub started_at: DateTime<Utc>,
    /// To the second; `None` if it never ends.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A posting that is missing, wrong or left over, with the id and start of its recording.
pub type Misplaced = (Kind, RecordingId, DateTime<Utc>);

/// The discrepancies between the `found` postings of a word and the recordings that have it,
/// `says`, in one range of starts. Recordings and postings that have ended are ignored.
pub fn postings(says: &Says<'_>, found: &[Posted], now: DateTime<Utc>) -> Vec<Misplaced> {
    let by_place: HashMap<_, _> =
        found.iter().map(|posted| ((posted.id, posted.started_at), posted.ends_at)).collect();
    let missing = says.values().filter(|recording| recording.exists(now)).filter_map(|recording| {
        let kind = match by_place.get(&(recording.id, recording.started_at)) {
            Some(ends) if *ends == ends_at(recording).map(|ends| ends.trunc_subsecs(0)) => {
                return None;
            }
            Some(_) => Kind::PostingWrong,
            None => Kind::PostingMissing,
        };
        Some((kind, recording.id, recording.started_at))
    });
    let is_valid = |posted: &Posted| {
        says.get(&posted.id).is_some_and(|recording| recording.started_at == posted.started_at)
    };
    let left = found
        .iter()
        .filter(|posted| posted.ends_at.is_none_or(|ends| ends > now) && !is_valid(posted));
    let mut discrepancies: Vec<_> = missing
        .chain(left.map(|posted| (Kind::PostingLeft, posted.id, posted.started_at)))
        .collect();
    discrepancies.sort();
    discrepancies
}

/// The postings of the recordings, each with its recordings. The most frequent come first; equally
/// frequent ones have another order each `night`.
pub fn stated<'a>(
    recordings: impl IntoIterator<Item = &'a Recording>,
    night: DateTime<Utc>,
) -> Vec<(Posting, Says<'a>)> {
    let mut by_posting: HashMap<Posting, Says<'a>> = HashMap::new();
    for recording in recordings {
        for posting in Posting::of(recording) {
            by_posting.entry(posting).or_default().insert(recording.id, recording);
        }
    }
    let mut sorted = Vec::from_iter(by_posting);
    sorted.sort_by_cached_key(|(posting, says)| {
        (Reverse(says.len()), nightly_order(posting, night), posting.clone())
    });
    sorted
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
        let mut noted = Recording {
            id: RecordingId::of(&recording().organisation, &call),
            call,
            ..recording()
        };
        noted.expires_at = now() + TimeDelta::days(180) + TimeDelta::milliseconds(250);
        noted.annotation.note = Note::try_from(note.to_owned()).ok();
        noted
    }

    fn posted(of: &Recording) -> Posted {
        Posted {
            id: of.id,
            started_at: of.started_at,
            ends_at: ends_at(of).map(|ends| ends.trunc_subsecs(0)),
        }
    }

    fn discrepancies(says: &[&Recording], found: &[Posted]) -> Vec<(Kind, RecordingId)> {
        let discrepancies = postings(
            &says.iter().map(|recording| (recording.id, *recording)).collect(),
            found,
            now(),
        );
        discrepancies.into_iter().map(|(kind, id, _)| (kind, id)).collect()
    }

    #[test]
    fn a_posting_is_missing_wrong_or_left_over() {
        let of = noted("call-1", "ring");
        assert_eq!(discrepancies(&[&of], &[posted(&of)]), []);
        assert_eq!(discrepancies(&[&of], &[]), [(Kind::PostingMissing, of.id)]);
        assert_eq!(discrepancies(&[], &[posted(&of)]), [(Kind::PostingLeft, of.id)]);
        assert_eq!(
            discrepancies(&[&of], &[Posted { ends_at: None, ..posted(&of) }]),
            [(Kind::PostingWrong, of.id)]
        );
        let earlier = Posted { started_at: now() - TimeDelta::hours(1), ..posted(&of) };
        assert_eq!(
            discrepancies(&[&of], &[earlier]),
            [(Kind::PostingMissing, of.id), (Kind::PostingLeft, of.id)]
        );
    }

    #[test]
    fn postings_of_a_held_recording_have_no_end() {
        let held = Recording { held_since: Some(now()), ..noted("call-1", "ring") };
        assert_eq!(discrepancies(&[&held], &[posted(&held)]), []);
        assert_eq!(
            discrepancies(&[&held], &[posted(&noted("call-1", "ring"))]),
            [(Kind::PostingWrong, held.id)]
        );
    }

    #[test]
    fn each_night_begins_with_another_of_the_equally_frequent_words() {
        let noted = noted("call-1", "ett två tre fyra fem sex sju åtta nio tio");
        let first = |night| stated([&noted], now() + TimeDelta::days(night))[0].0.clone();
        let first_words: std::collections::BTreeSet<_> = (0..50).map(first).collect();
        assert!(first_words.len() > 5, "{first_words:?}");
        assert_eq!(first(1), first(1));
    }

    #[test]
    fn ended_recordings_and_postings_are_ignored() {
        let ended = Recording { expires_at: now(), ..noted("call-1", "ring") };
        assert_eq!(discrepancies(&[&ended], &[]), []);
        assert_eq!(discrepancies(&[], &[posted(&ended)]), []);
    }

    #[test]
    fn the_most_frequent_words_come_first() {
        let (one, two) = (noted("call-1", "ring igen"), noted("call-2", "ring"));
        let words: Vec<_> = stated([&one, &two], now())
            .into_iter()
            .map(|(posting, of)| (format!("{posting:?}"), of.len()))
            .collect();
        assert_eq!(
            words,
            [("Word(Note, \"ring\")".to_owned(), 2), ("Word(Note, \"igen\")".to_owned(), 1)]
        );
    }
}
