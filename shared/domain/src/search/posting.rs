//! Postings: the entries by which a search finds a recording that contains a word or is held.
//!
//! A posting states that one place contains one distinct word. A search checks each recording
//! anyway ([`super::Filter`]), so only a missing posting is a defect.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use data_encoding::BASE32HEX_NOPAD;
use sha2::{Digest, Sha256};

use super::words::{LETTERS, tokens};
use crate::{
    counterpart::Counterpart,
    ids::ConversationId,
    note::Annotation,
    recording::{PARTICIPANTS_AT_MOST, Recording},
};

/// The text that contains a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Note,
    /// One of the three fields, counted from 1 like its name.
    Field(u8),
    /// The conversation, whose id is hashed to one word.
    Conversation,
    /// A participant besides the counterpart, hashed to one word.
    Participant,
}

/// An entry by which a recording is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Posting {
    /// A folded word ([`tokens`]), cut after [`LETTERS`] characters.
    Word(Place, String),
    /// The recording is held.
    Held,
}

/// The effect of a change on a recording's postings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Postings that are new or have another end.
    pub put: BTreeSet<Posting>,
    /// Postings that no longer belong to the recording.
    pub gone: BTreeSet<Posting>,
}

impl Place {
    pub const ALL: [Self; 6] = [
        Self::Note,
        Self::Field(1),
        Self::Field(2),
        Self::Field(3),
        Self::Conversation,
        Self::Participant,
    ];

    /// The name of the attribute that contains the words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Field(1) => "f1",
            Self::Field(2) => "f2",
            Self::Field(_) => "f3",
            Self::Conversation => "conversation",
            Self::Participant => "participant",
        }
    }
}

impl Posting {
    /// The most postings that a recording has.
    ///
    /// Ordinary text separates its words by a character: 500 words in a note of 1000 characters and
    /// 64 in a field of 128, 693 postings with that of a held recording. But some Unicode
    /// characters spell several words (½ is "1⁄2", ⑴ is "(1)"), and in a text of only these, each
    /// begins a word. At most 128 words of each text lie wholly within one character.
    pub const AT_MOST: usize =
        (1000 + 1) + 3 * (128 + 1) + 4 * Self::WITHIN_A_CHARACTER + Self::OF_A_LEG + 1;
    const WITHIN_A_CHARACTER: usize = 128;
    const OF_A_LEG: usize = 1 + PARTICIPANTS_AT_MOST;

    /// The posting of all legs of a conversation.
    pub fn conversation(id: &ConversationId) -> Self {
        Self::Word(Place::Conversation, hashed(&id.to_string()))
    }

    /// The posting of the calls in which someone took part besides the counterpart.
    pub fn participant(participant: &Counterpart) -> Self {
        Self::Word(Place::Participant, hashed(&participant.to_string()))
    }

    /// The postings of a recording: at most [`Self::AT_MOST`].
    pub fn of(recording: &Recording) -> BTreeSet<Self> {
        let leg = &recording.leg;
        let conversation = leg.conversation.iter().map(Self::conversation);
        let participants = leg.participants.iter().map(Self::participant);
        let held = recording.held_since.map(|_| Self::Held);
        let words = Self::of_annotation(&recording.annotation).into_iter();
        words.chain(conversation).chain(participants).chain(held).collect()
    }

    /// The words of an annotation.
    pub fn of_annotation(annotation: &Annotation) -> BTreeSet<Self> {
        let field =
            |place: usize| annotation.fields[place].as_ref().map_or("", |field| field.as_str());
        let texts = [
            annotation.note.as_ref().map_or("", |note| note.as_str()),
            field(0),
            field(1),
            field(2),
        ];
        let words = Place::ALL
            .into_iter()
            .zip(texts)
            .flat_map(|(place, text)| tokens(text).into_iter().map(move |word| (place, word)));
        words.map(|(place, word)| Self::Word(place, cut(word))).collect()
    }
}

impl Change {
    /// The difference between `before` and `after`; `None` is a recording that is not registered.
    pub fn between(before: Option<&Recording>, after: Option<&Recording>) -> Self {
        let of = |recording: Option<&Recording>| recording.map(Posting::of).unwrap_or_default();
        let (was, is) = (of(before), of(after));
        let gone = was.difference(&is).cloned().collect();
        let has_same_end = before.map(ends_at) == after.map(ends_at);
        Self { put: if has_same_end { is.difference(&was).cloned().collect() } else { is }, gone }
    }

    /// The part that still applies to the `current` recording: it has all of `put`, none of `gone`.
    ///
    /// So a change may be processed twice, late, or after a later one. Each word comes and goes
    /// with a change, which is processed after the recording has changed.
    pub fn still(&self, current: Option<&Recording>) -> Self {
        let is = current.map(Posting::of).unwrap_or_default();
        Self {
            put: self.put.intersection(&is).cloned().collect(),
            gone: self.gone.difference(&is).cloned().collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.gone.is_empty()
    }
}

/// When the recording and its postings end; `None` while it is held.
pub fn ends_at(recording: &Recording) -> Option<DateTime<Utc>> {
    recording.held_since.is_none().then_some(recording.expires_at)
}

/// A text of any characters as one word of 26 letters and digits.
fn hashed(text: &str) -> String {
    BASE32HEX_NOPAD.encode(&Sha256::digest(text)[..16]).to_ascii_lowercase()
}

fn cut(mut word: String) -> String {
    if let Some((end, _)) = word.char_indices().nth(LETTERS) {
        word.truncate(end);
    }
    word
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        note::{Field, Note},
        recording::tests::recording,
        search::{Filter, Words},
    };

    fn noted(note: &str, field: &str) -> Recording {
        let mut recording = recording();
        recording.annotation.note = Note::try_from(note.to_owned()).ok();
        recording.annotation.fields[1] = Field::try_from(field.to_owned()).ok();
        recording
    }

    fn word(place: Place, word: &str) -> Posting {
        Posting::Word(place, word.to_owned())
    }

    /// Every character that spells a word and separates the text around it.
    static PARTING: LazyLock<Vec<char>> = LazyLock::new(|| {
        let parts =
            |c: &char| !tokens(&c.to_string()).is_empty() && tokens(&format!("x{c}x")).len() > 1;
        ('\0'..=char::MAX).filter(parts).collect()
    });

    #[test]
    fn each_distinct_word_of_each_place_is_a_posting() {
        let found = Posting::of(&noted("Ring Åsa, ring!", "Åsa 4411"));
        let expected = [
            word(Place::Note, "ring"),
            word(Place::Note, "åsa"),
            word(Place::Field(2), "4411"),
            word(Place::Field(2), "åsa"),
        ];
        assert_eq!(found, expected.into());
        let held = Recording { held_since: Some(recording().started_at), ..recording() };
        assert_eq!(Posting::of(&held), [Posting::Held].into());
    }

    #[test]
    fn a_conversation_and_each_participant_are_postings_of_one_word() {
        let mut recording = recording();
        let conversation = ConversationId::try_from("Conf/2026#1".to_owned()).ok();
        recording.leg.conversation = conversation.clone();
        recording.leg.participants =
            ["+46701740605", "anna@example.org"].map(|text| text.to_owned().into()).into();
        let found = Posting::of(&recording);
        assert_eq!(found.len(), 3);
        assert!(conversation.iter().all(|id| found.contains(&Posting::conversation(id))));
        let number = Counterpart::from("+46701740605".to_owned());
        assert!(found.contains(&Posting::participant(&number)));
        let is_word = |posting: &Posting| matches!(posting, Posting::Word(_, word) if tokens(word) == [word.clone()]);
        assert!(found.iter().all(is_word), "{found:?}");
    }

    #[test]
    fn an_edit_changes_the_postings_of_the_words_that_it_changes() {
        let (before, after) = (noted("ring åsa", "4411"), noted("ring örjan", "4411"));
        let change = Change::between(Some(&before), Some(&after));
        assert_eq!(
            change,
            Change {
                put: [word(Place::Note, "örjan")].into(),
                gone: [word(Place::Note, "åsa")].into()
            }
        );
        assert_eq!(Change::between(Some(&before), Some(&before)), Change::default());
        assert_eq!(Change::between(Some(&before), None).gone, Posting::of(&before));
        assert_eq!(
            Change::between(None, Some(&before)),
            Change { put: Posting::of(&before), gone: BTreeSet::new() }
        );
    }

    #[test]
    fn all_postings_are_put_again_when_the_recording_gets_another_end() {
        let before = noted("ring åsa", "");
        let longer = Recording {
            expires_at: before.expires_at + chrono::TimeDelta::days(1),
            ..before.clone()
        };
        let held = Recording { held_since: Some(before.started_at), ..before.clone() };
        assert_eq!(
            Change::between(Some(&before), Some(&longer)),
            Change { put: Posting::of(&before), gone: BTreeSet::new() }
        );
        assert_eq!(Change::between(Some(&before), Some(&held)).put, Posting::of(&held));
        let lifted = Change::between(Some(&held), Some(&before));
        assert_eq!(lifted, Change { put: Posting::of(&before), gone: [Posting::Held].into() });
    }

    #[test]
    fn an_old_change_applies_only_as_far_as_the_current_recording_agrees() {
        let change = Change::between(Some(&noted("a b", "")), Some(&noted("b c d", "")));
        let still = change.still(Some(&noted("a d", "")));
        assert_eq!(still, Change { put: [word(Place::Note, "d")].into(), gone: BTreeSet::new() });
        assert_eq!(
            change.still(None),
            Change { put: BTreeSet::new(), gone: [word(Place::Note, "a")].into() }
        );
    }

    #[test]
    fn characters_that_spell_several_words_add_no_more_than_the_limit() {
        let alone = |c: &char| tokens(&format!("α{c}α")); // a word that touches a neighbour has its letter
        let words = PARTING
            .iter()
            .flat_map(alone)
            .filter(|word| !word.starts_with('α') && !word.ends_with('α'));
        let within: BTreeSet<String> = words.collect();
        println!("{} characters spell {} words within", PARTING.len(), within.len());
        assert!(within.len() <= Posting::WITHIN_A_CHARACTER, "{}: {within:?}", within.len());
    }

    proptest! {
        #[test]
        fn a_recording_that_a_search_finds_has_the_postings(text in "\\PC{0,80}|[aå]{60,70}( [bö]{60,70})?", typed in "\\PC{0,20}|[aå]{60,64}") {
            let recording = noted(&text, "");
            let Ok(words) = Words::parse(&typed) else { return Ok(()) };
            let filter = Filter { note: Some(words), ..Filter::default() };
            if filter.holds(&recording) {
                let mut typed = tokens(&typed);
                let beginning = typed.pop().unwrap_or_default();
                let of = Posting::of(&recording);
                prop_assert!(typed.into_iter().all(|whole| of.contains(&word(Place::Note, &whole))));
                prop_assert!(of.iter().any(|posting| matches!(posting, Posting::Word(Place::Note, token) if token.starts_with(&beginning))));
            }
        }

        #[test]
        fn no_text_has_more_postings_than_the_limit(seed in prop::collection::vec(any::<prop::sample::Index>(), 1000)) {
            let note: String = seed.iter().map(|index| *index.get(&PARTING)).collect();
            prop_assert!(Posting::of(&noted(&note, &note.chars().take(128).collect::<String>())).len() <= Posting::AT_MOST);
        }

        #[test]
        fn a_posting_is_no_longer_than_a_searched_word(text in "\\PC{0,900}") {
            for posting in Posting::of(&noted(&text, "")) {
                prop_assert!(matches!(posting, Posting::Word(_, token) if (1..=LETTERS).contains(&token.chars().count())));
            }
        }
    }
}
