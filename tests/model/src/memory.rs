//! Recordings in memory, on the streams that the table keeps them on, with what reading them would cost.

use std::collections::{BTreeSet, HashMap};

use domain::{
    ids::RecordingId,
    phone::Counterpart,
    recording::{Recording, State},
    search::{Answer, Ask, Entry, Found, Order, Page, Place, Position, Posted, Posting, Search, Span, Stream, Walk, length},
};

use crate::size;

/// An organisation's recordings.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    rows: HashMap<RecordingId, Recording>,
    streams: HashMap<Stream, BTreeSet<Position>>,
    /// By the place that they stand in.
    words: HashMap<Place, BTreeSet<String>>,
    numbers: BTreeSet<String>,
    endings: BTreeSet<String>,
    /// Postings that a recording is on though they are not true of it.
    misleading: HashMap<RecordingId, Vec<Posting>>,
}

/// What a walk took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Rows and entries of postings that were read.
    pub read: u64,
    /// Rows that were fetched by id.
    pub fetched: u64,
    /// Names that were looked up.
    pub names: u64,
    pub requests: u64,
    /// Times that it waited.
    pub trips: u64,
    /// Read units, doubled.
    pub half_units: u64,
}

/// What one request reads at most: DynamoDB's page.
const PAGE: usize = 1_048_576;

/// The streams that a recording is on.
pub fn streams(recording: &Recording) -> Vec<Stream> {
    let mut streams = vec![Stream::Organisation, Stream::User(recording.user.clone()), Stream::Counterpart(recording.counterpart.clone())];
    streams.extend(recording.annotation.mark.clone().map(Stream::Mark));
    match recording.state {
        State::Stored { .. } => streams.push(Stream::Length(length::class(recording.duration))),
        State::Rejected { .. } => streams.push(Stream::Rejected),
        State::Expected => {}
    }
    streams.extend(Posting::of(recording).into_iter().map(Stream::Posting));
    streams
}

impl Memory {
    /// Puts the recording in, in place of what was there.
    pub fn put(&mut self, recording: Recording) {
        self.remove(recording.id);
        let place = Position::of(&recording);
        for stream in streams(&recording) {
            if let Stream::Posting(Posting::Word(place, word)) = &stream {
                self.words.entry(*place).or_default().insert(word.clone());
            }
            self.streams.entry(stream).or_default().insert(place);
        }
        if let Counterpart::Number(number) = &recording.counterpart {
            self.numbers.insert(number.digits().to_owned());
            self.endings.insert(number.digits().chars().rev().collect());
        }
        self.rows.insert(recording.id, recording);
    }

    /// Takes the recording away. Words and numbers that nothing uses any more stay known, as they do for a while in the table.
    pub fn remove(&mut self, id: RecordingId) {
        let Some(recording) = self.rows.remove(&id) else { return };
        for stream in streams(&recording) {
            self.streams.entry(stream).or_default().remove(&Position::of(&recording));
        }
        for posting in self.misleading.remove(&id).into_iter().flatten() {
            self.streams.entry(Stream::Posting(posting)).or_default().remove(&Position::of(&recording));
        }
    }

    /// Puts the recording on a posting that is not true of it any more, as the table may have it, until it changes again.
    pub fn mislead(&mut self, id: RecordingId, posting: Posting) {
        let Some(recording) = self.rows.get(&id) else { return };
        self.streams.entry(Stream::Posting(posting.clone())).or_default().insert(Position::of(recording));
        self.misleading.entry(id).or_default().push(posting);
    }

    pub fn rows(&self) -> impl Iterator<Item = &Recording> {
        self.rows.values()
    }

    pub fn get(&self, id: RecordingId) -> Option<&Recording> {
        self.rows.get(&id)
    }

    /// How many entries a stream holds in a span, counted up to `most`.
    pub fn count(&self, stream: &Stream, span: Span, most: usize) -> usize {
        self.places(stream, span).take(most).count()
    }

    /// A page, and what it took.
    pub fn page(&self, search: &Search<'_>) -> (Page, Cost) {
        let (mut walk, mut cost) = (Walk::new(search), Cost::default());
        loop {
            let asks = walk.asks();
            if asks.is_empty() {
                return (walk.page(), Cost { half_units: walk.half_units(), ..cost });
            }
            cost.trips += 1;
            cost.requests += asks.len() as u64;
            let answers = asks.iter().map(|ask| self.answer(ask)).collect::<Vec<_>>();
            answers.iter().for_each(|answer| cost.add(answer));
            walk.take(answers);
        }
    }

    /// What the page would take by going through all of the span's recordings, one request after the other, until it is full.
    pub fn plain(&self, search: &Search<'_>, span: Span) -> Cost {
        let (mut cost, mut found, mut bytes) = (Cost::default(), 0, 0);
        for place in self.places(&Stream::Organisation, span) {
            let row = &self.rows[&place.id];
            cost.read += 1;
            bytes += size::row(row);
            found += usize::from(row.exists(search.now) && search.filter.holds(row));
            if found > search.limit {
                break;
            }
        }
        let requests = bytes.div_ceil(PAGE).max(1) as u64;
        Cost { half_units: size::half_units(bytes), requests, trips: requests, ..cost }
    }

    /// What the table would answer.
    pub fn answer(&self, ask: &Ask) -> Answer {
        match ask {
            Ask::Read { stream, span, limit } => self.read(stream, *span, *limit),
            Ask::Fetch(ids) => {
                let rows: Vec<Recording> = ids.iter().filter_map(|id| self.rows.get(id)).cloned().collect();
                let half_units = rows.iter().map(|row| size::half_units(size::row(row))).sum();
                Answer { half_units, found: Found::Rows(rows) }
            }
            Ask::Words { place, beginning, limit } => {
                let entry = |word: &str| size::word(*place, word);
                self.words.get(place).map_or_else(|| names([], 1, entry), |words| names(beginning_with(words, beginning), *limit, entry))
            }
            Ask::Numbers { beginning, limit } => names(beginning_with(&self.numbers, beginning), *limit, size::digits),
            Ask::Endings { end, limit } => {
                let end: String = end.chars().rev().collect();
                names(beginning_with(&self.endings, &end).map(|digits| digits.chars().rev().collect()), *limit, size::digits)
            }
        }
    }

    fn read(&self, stream: &Stream, span: Span, limit: usize) -> Answer {
        let (mut bytes, mut entries) = (0, Vec::new());
        let mut places = self.places(stream, span);
        while entries.len() < limit
            && bytes < PAGE
            && let Some(place) = places.next()
        {
            let row = &self.rows[&place.id];
            bytes += size::entry(row, stream);
            entries.push(entry(row, stream, place));
        }
        let all = places.next().is_none() && entries.len() < limit;
        Answer { half_units: size::half_units(bytes), found: Found::Entries { entries, all } }
    }

    fn places(&self, stream: &Stream, span: Span) -> Box<dyn Iterator<Item = Position> + '_> {
        let first = |started_at| Position { started_at, id: RecordingId::from_bytes([0; 16]) };
        let held = self.streams.get(stream).into_iter().flat_map(move |places| {
            let (mut from, mut to) = (first(span.from), first(span.to));
            match (span.order, span.after) {
                (Order::Newest, Some(after)) => to = to.min(after),
                (Order::Oldest, Some(after)) => from = from.max(after),
                _ => {}
            }
            (from < to).then(|| places.range(from..to)).into_iter().flatten()
        });
        let held = held.copied().filter(move |place| span.holds(*place));
        if span.order == Order::Oldest { Box::new(held) } else { Box::new(held.rev()) }
    }
}

fn entry(row: &Recording, stream: &Stream, place: Position) -> Entry {
    if stream.has_rows() {
        return Entry::Row(Box::new(row.clone()));
    }
    Entry::Posted(Box::new(Posted { place, user: row.user.clone(), direction: row.direction, counterpart: row.counterpart.clone() }))
}

fn beginning_with<'a>(names: &'a BTreeSet<String>, beginning: &'a str) -> impl Iterator<Item = String> + 'a {
    names.range(beginning.to_owned()..).take_while(move |name| name.starts_with(beginning)).cloned()
}

fn names(names: impl IntoIterator<Item = String>, limit: usize, entry: impl Fn(&str) -> usize) -> Answer {
    let mut names = names.into_iter();
    let found: Vec<String> = names.by_ref().take(limit).collect();
    let bytes = found.iter().map(|name| entry(name)).sum();
    let all = found.len() < limit;
    Answer { half_units: size::half_units(bytes), found: Found::Names { names: found, all } }
}

impl Cost {
    fn add(&mut self, answer: &Answer) {
        match &answer.found {
            Found::Entries { entries, .. } => self.read += entries.len() as u64,
            Found::Rows(rows) => self.fetched += rows.len() as u64,
            Found::Names { names, .. } => self.names += names.len() as u64,
        }
    }
}
