//! The parts of a filter that an index or a set of postings can answer.
//!
//! A predicate is a set of streams that together contain every recording that one part of the
//! filter lets through. A search may follow any of them, as the whole filter is checked on the
//! rows.

use super::{
    Digits, Filter, Marked, Place, Posting, ReadRequest, StateName, Stream, Words, length,
};
use crate::counterpart::Counterpart;

/// Streams to read together, or the names to look up first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Predicate {
    Union(Vec<Stream>),
    /// Words that begin with this text, in any of these places.
    Beginning(Vec<Place>, String),
    /// Numbers that begin or end with these digits.
    Digits(Digits),
}

/// The most words or numbers that one part may stand for. More are not read one by one.
pub(super) const NAMES_AT_MOST: usize = 400;
/// The most classes of length to read together; otherwise the organisation's stream is no worse.
const CLASSES_AT_MOST: usize = 20;

/// The predicates of a filter, with or without matches: a search for no user has an empty union.
pub(super) fn predicates(filter: &Filter) -> Vec<Predicate> {
    let mut predicates = Vec::new();
    predicates.extend(
        filter
            .users
            .iter()
            .filter(|users| users.len() <= NAMES_AT_MOST)
            .map(|users| union(users.iter().cloned().map(Stream::User))),
    );
    predicates.extend(
        filter
            .counterpart
            .iter()
            .map(|counterpart| union([Stream::Counterpart(counterpart.clone())])),
    );
    let conversation = filter.conversation.iter().map(Posting::conversation);
    let participant = filter.participant.iter().map(Posting::participant);
    predicates
        .extend(conversation.chain(participant).map(|posting| union([Stream::Posting(posting)])));
    predicates.extend(filter.number.iter().cloned().map(Predicate::Digits));
    if let Some(Marked::With(mark)) = &filter.mark {
        predicates.push(union([Stream::Mark(mark.clone())]));
    }
    if filter.held == Some(true) {
        predicates.push(union([Stream::Posting(Posting::Held)]));
    }
    if filter.state == Some(StateName::Rejected) {
        predicates.push(union([Stream::Rejected]));
    }
    let classes = length::classes(filter.longer, filter.shorter);
    if (filter.longer.is_some() || filter.shorter.is_some()) && classes.len() <= CLASSES_AT_MOST {
        predicates.push(union(classes.map(Stream::Length)));
    }
    let fields = [Place::Field(1), Place::Field(2), Place::Field(3)];
    let places = [(&filter.note, vec![Place::Note]), (&filter.any_field, fields.to_vec())];
    let each_field = filter.fields.iter().zip(fields).map(|(words, field)| (words, vec![field]));
    for (words, places) in places.into_iter().chain(each_field) {
        predicates.extend(words.iter().flat_map(|words| of_words(words, &places)));
    }
    predicates
}

fn of_words(words: &Words, places: &[Place]) -> Vec<Predicate> {
    let posting = |word: &String| {
        union(places.iter().map(|place| Stream::Posting(Posting::Word(*place, word.clone()))))
    };
    let beginning = Predicate::Beginning(places.to_vec(), words.beginning().to_owned());
    words.whole().iter().map(posting).chain([beginning]).collect()
}

fn union(streams: impl IntoIterator<Item = Stream>) -> Predicate {
    Predicate::Union(streams.into_iter().collect())
}

impl Predicate {
    /// The look-ups that it needs.
    pub(super) fn requests(&self) -> Vec<ReadRequest> {
        let limit = NAMES_AT_MOST + 1;
        match self {
            Self::Union(_) => Vec::new(),
            Self::Beginning(places, beginning) => places
                .iter()
                .map(|place| ReadRequest::Words {
                    place: *place,
                    beginning: beginning.clone(),
                    limit,
                })
                .collect(),
            Self::Digits(digits) => {
                let beginning =
                    ReadRequest::Numbers { beginning: digits.beginning().to_owned(), limit };
                let ending =
                    digits.end().map(|end| ReadRequest::Endings { end: end.to_owned(), limit });
                std::iter::once(beginning).chain(ending).collect()
            }
        }
    }

    /// The streams for the response to number `which` of [`Predicate::requests`].
    pub(super) fn streams(&self, which: usize, names: Vec<String>) -> Vec<Stream> {
        match self {
            Self::Union(streams) => streams.clone(),
            Self::Beginning(places, _) => {
                let place = places[which];
                names.into_iter().map(|word| Stream::Posting(Posting::Word(place, word))).collect()
            }
            Self::Digits(_) => names
                .iter()
                .filter_map(|digits| Counterpart::with_digits(digits))
                .map(Stream::Counterpart)
                .collect(),
        }
    }
}
