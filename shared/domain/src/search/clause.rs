//! What of a filter a search can be led by.
//!
//! A clause is a set of streams that together hold every recording that one part of the filter lets through. Any clause may lead: the rows
//! it leads to are held against the whole filter.

use super::{Ask, Digits, Filter, Marked, Place, Posting, StateName, Stream, Words, length};
use crate::phone::Counterpart;

/// Streams to read together, or what to look up to know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    Union(Vec<Stream>),
    /// Words that begin so, in any of these places.
    Beginning(Vec<Place>, String),
    /// Numbers that begin or end so.
    Digits(Digits),
}

/// Words, or numbers, that a part of one may stand for. More are not looked for one by one.
pub(super) const NAMES_AT_MOST: usize = 400;
/// Classes of length that are read together; of more than these the organisation's stream is no worse.
const CLASSES_AT_MOST: usize = 20;

/// The clauses of a filter. None that can be told to hold nothing are left out: a search for no user at all has an empty union.
pub(super) fn clauses(filter: &Filter) -> Vec<Clause> {
    let mut clauses = Vec::new();
    clauses.extend(
        filter.users.iter().filter(|users| users.len() <= NAMES_AT_MOST).map(|users| union(users.iter().cloned().map(Stream::User))),
    );
    clauses.extend(filter.counterpart.iter().map(|counterpart| union([Stream::Counterpart(counterpart.clone())])));
    clauses.extend(filter.number.iter().cloned().map(Clause::Digits));
    if let Some(Marked::With(mark)) = &filter.mark {
        clauses.push(union([Stream::Mark(mark.clone())]));
    }
    if filter.held == Some(true) {
        clauses.push(union([Stream::Posting(Posting::Held)]));
    }
    if filter.state == Some(StateName::Rejected) {
        clauses.push(union([Stream::Rejected]));
    }
    let classes = length::classes(filter.longer, filter.shorter);
    if (filter.longer.is_some() || filter.shorter.is_some()) && classes.len() <= CLASSES_AT_MOST {
        clauses.push(union(classes.map(Stream::Length)));
    }
    let fields = [Place::Field(1), Place::Field(2), Place::Field(3)];
    let places = [(&filter.note, vec![Place::Note]), (&filter.any_field, fields.to_vec())];
    let each_field = filter.fields.iter().zip(fields).map(|(words, field)| (words, vec![field]));
    for (words, places) in places.into_iter().chain(each_field) {
        clauses.extend(words.iter().flat_map(|words| of_words(words, &places)));
    }
    clauses
}

fn of_words(words: &Words, places: &[Place]) -> Vec<Clause> {
    let posting = |word: &String| union(places.iter().map(|place| Stream::Posting(Posting::Word(*place, word.clone()))));
    let beginning = Clause::Beginning(places.to_vec(), words.beginning().to_owned());
    words.whole().iter().map(posting).chain([beginning]).collect()
}

fn union(streams: impl IntoIterator<Item = Stream>) -> Clause {
    Clause::Union(streams.into_iter().collect())
}

impl Clause {
    /// What to look up.
    pub(super) fn asks(&self) -> Vec<Ask> {
        let limit = NAMES_AT_MOST + 1;
        match self {
            Self::Union(_) => Vec::new(),
            Self::Beginning(places, beginning) => {
                places.iter().map(|place| Ask::Words { place: *place, beginning: beginning.clone(), limit }).collect()
            }
            Self::Digits(digits) => {
                let beginning = Ask::Numbers { beginning: digits.beginning().to_owned(), limit };
                let ending = digits.end().map(|end| Ask::Endings { end: end.to_owned(), limit });
                std::iter::once(beginning).chain(ending).collect()
            }
        }
    }

    /// The streams that an answer to the `which`-th of [`Clause::asks`] names.
    pub(super) fn streams(&self, which: usize, names: Vec<String>) -> Vec<Stream> {
        match self {
            Self::Union(streams) => streams.clone(),
            Self::Beginning(places, _) => {
                let place = places[which];
                names.into_iter().map(|word| Stream::Posting(Posting::Word(place, word))).collect()
            }
            Self::Digits(_) => names.into_iter().filter_map(number).map(Stream::Counterpart).collect(),
        }
    }
}

fn number(digits: String) -> Option<Counterpart> {
    Counterpart::try_from(format!("+{digits}")).ok()
}
