//! The bound on a filter mix: its sparsest access path, and a probe of each other path.

use domain::search::{
    Filter, Found, Marked, Place, Posting, ReadRequest, Span, StateName, Stream, Words, length,
};

use crate::memory::Memory;

/// The most words or numbers that a partial one may stand for, to be a union of streams.
const NAMES: usize = 400;
/// A probe: rows, at least per stream, and posting entries, at most per stream and overall.
const ROWS: usize = 50;
const ROWS_EACH: usize = 10;
const POSTED_EACH: usize = 1_500;
const POSTED: usize = 8_000;

/// Whether the search may read so many rows and entries in the span.
pub fn allows(memory: &Memory, filter: &Filter, span: Span, read: u64) -> bool {
    let read = usize::try_from(read).unwrap_or(usize::MAX);
    let unions: Vec<(usize, usize)> =
        unions(memory, filter).iter().map(|union| held(memory, union, span, read)).collect();
    let looks: usize = unions.iter().map(|(all, look)| all.min(look)).sum();
    let sparsest = unions.iter().map(|(all, look)| all - all.min(look)).min().unwrap_or_default();
    read <= looks + sparsest
}

/// The entries of the union, counted up to `read` and a probe, and the size of a probe.
fn held(memory: &Memory, union: &[Stream], span: Span, read: usize) -> (usize, usize) {
    let look = look(union);
    (union.iter().map(|stream| memory.count(stream, span, read + look)).sum(), look)
}

fn look(union: &[Stream]) -> usize {
    match union.first() {
        Some(stream) if stream.has_rows() => ROWS.max(ROWS_EACH * union.len()) + 1,
        _ => POSTED.min(POSTED_EACH * union.len()).max(30 * union.len()),
    }
}

fn unions(memory: &Memory, filter: &Filter) -> Vec<Vec<Stream>> {
    let mut unions = vec![vec![Stream::Organisation]];
    unions
        .extend(filter.users.iter().map(|users| users.iter().cloned().map(Stream::User).collect()));
    unions.extend(
        filter.counterpart.iter().map(|counterpart| vec![Stream::Counterpart(counterpart.clone())]),
    );
    if let Some(digits) = &filter.number {
        let beginning =
            ReadRequest::Numbers { beginning: digits.beginning().to_owned(), limit: NAMES + 1 };
        let ending =
            digits.end().map(|end| ReadRequest::Endings { end: end.to_owned(), limit: NAMES + 1 });
        let requests: Vec<ReadRequest> = std::iter::once(beginning).chain(ending).collect();
        let number = |digits: String| format!("+{digits}").try_into().ok().map(Stream::Counterpart);
        unions.extend(
            named(memory, &requests).map(|names| names.into_iter().filter_map(number).collect()),
        );
    }
    if let Some(Marked::With(mark)) = &filter.mark {
        unions.push(vec![Stream::Mark(mark.clone())]);
    }
    unions.extend((filter.held == Some(true)).then(|| vec![Stream::Posting(Posting::Held)]));
    unions.extend((filter.state == Some(StateName::Rejected)).then(|| vec![Stream::Rejected]));
    if filter.longer.is_some() || filter.shorter.is_some() {
        unions.push(length::classes(filter.longer, filter.shorter).map(Stream::Length).collect());
    }
    let places = [Place::Field(1), Place::Field(2), Place::Field(3)];
    unions.extend(filter.note.iter().flat_map(|words| word_unions(memory, &[Place::Note], words)));
    unions.extend(filter.any_field.iter().flat_map(|words| word_unions(memory, &places, words)));
    for (words, place) in filter.fields.iter().zip(places) {
        unions.extend(words.iter().flat_map(|words| word_unions(memory, &[place], words)));
    }
    unions
}

fn word_unions(memory: &Memory, places: &[Place], words: &Words) -> Vec<Vec<Stream>> {
    let posting = |place: Place, word: &String| Stream::Posting(Posting::Word(place, word.clone()));
    let mut unions: Vec<Vec<Stream>> = words
        .whole()
        .iter()
        .map(|word| places.iter().map(|place| posting(*place, word)).collect())
        .collect();
    let beginnings = places.iter().map(|place| {
        let request = ReadRequest::Words {
            place: *place,
            beginning: words.beginning().to_owned(),
            limit: NAMES + 1,
        };
        named(memory, &[request])
            .map(|names| names.iter().map(|word| posting(*place, word)).collect::<Vec<_>>())
    });
    unions.extend(beginnings.collect::<Option<Vec<_>>>().map(|unions| unions.concat()));
    unions
}

/// The terms, unless there are more than a search reads together.
fn named(memory: &Memory, requests: &[ReadRequest]) -> Option<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    for request in requests {
        let Found::Names { names, .. } = memory.response(request).found else { continue };
        all.extend(names);
    }
    all.sort();
    all.dedup();
    (all.len() <= NAMES).then_some(all)
}
