//! The filters of a search (P10, P17): conditions on a recording, decided by one pure function.
//!
//! An index may narrow the recordings that are read, but only [`Filter::holds`] decides which ones
//! match. The result is the same whichever index is used.

mod access_path;
mod cursors;
mod digits;
pub mod length;
mod plan;
mod position;
mod posting;
mod predicate;
mod stream;
mod words;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

pub use digits::Digits;
pub use plan::{Page, Search, SearchPlan};
pub use position::{Order, Position, Span};
pub use posting::{Change, Place, Posting, ends_at};
pub use stream::{Entry, Found, Posted, ReadRequest, ReadResponse, Stream};
pub use words::{LETTERS, Words, tokens};

use crate::{
    counterpart::Counterpart,
    ids::{ConversationId, UserId},
    note::Mark,
    recording::{Direction, Recording, State},
};

/// The filters of a search. A filter that is left out lets every recording through.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// From this start, inclusive.
    pub from: Option<DateTime<Utc>>,
    /// To this start, exclusive.
    pub to: Option<DateTime<Utc>>,
    /// Of one of these users.
    pub users: Option<BTreeSet<UserId>>,
    /// Stored, and at least this long as measured from the audio.
    pub longer: Option<TimeDelta>,
    /// Stored, and at most this long as measured from the audio.
    pub shorter: Option<TimeDelta>,
    /// With this counterpart, or withheld.
    pub counterpart: Option<Counterpart>,
    /// With a counterpart whose number begins or ends with these digits.
    pub number: Option<Digits>,
    /// A leg of this conversation.
    pub conversation: Option<ConversationId>,
    /// With this participant besides the counterpart.
    pub participant: Option<Counterpart>,
    pub direction: Option<Direction>,
    pub mark: Option<Marked>,
    /// All of these words in the note, the last one as the beginning of a word.
    pub note: Option<Words>,
    /// All of these words in the field at this position.
    pub fields: [Option<Words>; 3],
    /// All of these words in the three fields together.
    pub any_field: Option<Words>,
    pub held: Option<bool>,
    pub state: Option<StateName>,
}

/// A condition on the mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    With(Mark),
    Without,
}

/// The states, by name only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateName {
    Expected,
    Stored,
    Rejected,
}

/// Why a text cannot be searched for.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidSearch {
    #[error("a number is searched for by 3 to 15 digits of its beginning or end")]
    Digits,
    #[error("a search for words contains 1 to 10 words of at most 64 characters")]
    Words,
}

impl Filter {
    /// Whether the recording matches. Its existence and the permission are checked elsewhere.
    pub fn holds(&self, recording: &Recording) -> bool {
        self.in_time(recording.started_at)
            && self.of_call(&recording.user, recording.direction, &recording.counterpart)
            && self.in_leg(recording)
            && self.in_state(recording)
            && self.in_annotation(recording)
    }

    /// Whether the recording of a posting may match.
    fn may_hold(&self, posted: &Posted) -> bool {
        self.in_time(posted.place.started_at)
            && self.of_call(&posted.user, posted.direction, &posted.counterpart)
    }

    fn in_time(&self, started_at: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= started_at) && self.to.is_none_or(|to| started_at < to)
    }

    fn of_call(&self, user: &UserId, direction: Direction, counterpart: &Counterpart) -> bool {
        self.users.as_ref().is_none_or(|users| users.contains(user))
            && self.counterpart.as_ref().is_none_or(|wanted| wanted == counterpart)
            && self.number.as_ref().is_none_or(|digits| digits.hold(counterpart))
            && self.direction.is_none_or(|wanted| wanted == direction)
    }

    fn in_leg(&self, recording: &Recording) -> bool {
        let leg = &recording.leg;
        self.conversation.as_ref().is_none_or(|wanted| leg.conversation.as_ref() == Some(wanted))
            && self.participant.as_ref().is_none_or(|wanted| leg.participants.contains(wanted))
    }

    fn in_state(&self, recording: &Recording) -> bool {
        let measured = matches!(recording.state, State::Stored { .. });
        self.longer.is_none_or(|least| measured && least <= recording.duration)
            && self.shorter.is_none_or(|most| measured && recording.duration <= most)
            && self.held.is_none_or(|held| held == recording.held_since.is_some())
            && self.state.is_none_or(|state| state.holds(&recording.state))
    }

    fn in_annotation(&self, recording: &Recording) -> bool {
        let annotation = &recording.annotation;
        let field =
            |place: usize| annotation.fields[place].as_ref().map_or("", |field| field.as_str());
        let each = (0..3).all(|place| {
            self.fields[place].as_ref().is_none_or(|words| words.hold([field(place)]))
        });
        each && self
            .any_field
            .as_ref()
            .is_none_or(|words| words.hold([field(0), field(1), field(2)]))
            && self.note.as_ref().is_none_or(|words| {
                words.hold([annotation.note.as_ref().map_or("", |note| note.as_str())])
            })
            && self.mark.as_ref().is_none_or(|mark| mark.holds(annotation.mark.as_ref()))
    }
}

impl Marked {
    fn holds(&self, mark: Option<&Mark>) -> bool {
        match self {
            Self::With(wanted) => mark == Some(wanted),
            Self::Without => mark.is_none(),
        }
    }
}

impl StateName {
    fn holds(self, state: &State) -> bool {
        matches!(
            (self, state),
            (Self::Expected, State::Expected)
                | (Self::Stored, State::Stored { .. })
                | (Self::Rejected, State::Rejected { .. })
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        note::{Annotation, Field, Note},
        recording::{Leg, tests::recording},
    };

    fn holds(change: impl FnOnce(&mut Filter)) -> bool {
        let recording = Recording {
            annotation: Annotation {
                note: Note::try_from("Ring Åsa om fakturan".to_owned()).ok(),
                mark: Mark::try_from("red".to_owned()).ok(),
                fields: [
                    Field::try_from("ärende 4411".to_owned()).ok(),
                    None,
                    Field::try_from("VIP".to_owned()).ok(),
                ],
            },
            state: State::Stored { at: recording().started_at },
            ..recording()
        };
        let mut filter = Filter::default();
        change(&mut filter);
        filter.holds(&recording)
    }

    fn words(text: &str) -> Option<Words> {
        Words::parse(text).ok()
    }

    #[test]
    fn a_length_filter_matches_only_stored_recordings() {
        let any_length = Filter { longer: Some(TimeDelta::zero()), ..Filter::default() };
        assert!(!any_length.holds(&recording()));
        assert!(any_length.holds(&Recording {
            state: State::Stored { at: recording().started_at },
            ..recording()
        }));
    }

    #[test]
    fn each_filter_matches_only_the_recordings_that_it_names() {
        let start = recording().started_at;
        let minute = TimeDelta::minutes(1);
        let millisecond = TimeDelta::milliseconds(1);
        assert!(holds(|_| ()));
        assert!(
            holds(|filter| (filter.from, filter.to) = (Some(start), Some(start + millisecond)))
        );
        assert!(!holds(|filter| filter.to = Some(start)));
        assert!(!holds(|filter| filter.from = Some(start + millisecond)));
        assert!(holds(|filter| (filter.longer, filter.shorter) = (Some(minute), Some(minute))));
        assert!(!holds(|filter| filter.longer = Some(minute + millisecond)));
        assert!(!holds(|filter| filter.shorter = Some(minute - millisecond)));
        assert!(!holds(|filter| filter.users = Some(BTreeSet::new())));
        assert!(holds(|filter| filter.direction = Some(Direction::In)));
        assert!(!holds(|filter| filter.direction = Some(Direction::Out)));
        assert!(holds(|filter| filter.number = Digits::parse("070-123").ok()));
        assert!(!holds(|filter| filter.number = Digits::parse("071").ok()));
        assert!(holds(|filter| filter.counterpart = Some(recording().counterpart)));
        assert!(!holds(|filter| filter.counterpart = Some(Counterpart::Withheld)));
        assert!(holds(
            |filter| filter.mark = Mark::try_from("red".to_owned()).ok().map(Marked::With)
        ));
        assert!(!holds(|filter| filter.mark = Some(Marked::Without)));
        assert!(holds(|filter| filter.note = words("åsa fak")));
        assert!(!holds(|filter| filter.note = words("asa")));
        assert!(holds(|filter| filter.fields[0] = words("4411")));
        assert!(!holds(|filter| filter.fields[1] = words("4411")));
        assert!(holds(|filter| filter.any_field = words("vip ärende")));
        assert!(!holds(|filter| filter.participant = Some(recording().counterpart)));
        let conversation = |id: &str| ConversationId::try_from(id.to_owned()).ok();
        assert!(!holds(|filter| filter.conversation = conversation("c")));
        let leg = Leg {
            conversation: conversation("c"),
            participants: vec![Counterpart::Withheld],
            sequence: None,
        };
        let conference = Recording { leg, ..recording() };
        let of = |filter: Filter| filter.holds(&conference);
        assert!(of(Filter { conversation: conversation("c"), ..Filter::default() }));
        assert!(!of(Filter { conversation: conversation("d"), ..Filter::default() }));
        let participant = |who| Filter { participant: Some(who), ..Filter::default() };
        assert!(of(participant(Counterpart::Withheld)));
        assert!(!of(participant(Counterpart::Unknown)));
        assert!(holds(|filter| filter.held = Some(false)));
        assert!(!holds(|filter| filter.held = Some(true)));
        assert!(holds(|filter| filter.state = Some(StateName::Stored)));
        assert!(!holds(|filter| filter.state = Some(StateName::Expected)));
    }
}
