//! Recordings in memory, on the same streams as in the table, with the cost of reading them.

use std::collections::{BTreeSet, HashMap};

use domain::{
    counterpart::Counterpart,
    ids::RecordingId,
    recording::{Recording, State},
    search::{
        Entry, Found, Order, Page, Place, Position, Posted, Posting, ReadRequest, ReadResponse,
        Search, SearchPlan, Span, Stream, length,
    },
};

use crate::size;

#[derive(Clone, Debug, Default)]
pub struct Memory {
    rows: HashMap<RecordingId, Recording>,
    streams: HashMap<Stream, BTreeSet<Position>>,
    /// The words of each place.
    words: HashMap<Place, BTreeSet<String>>,
    numbers: BTreeSet<String>,
    endings: BTreeSet<String>,
    /// Outdated postings that still contain a recording.
    misleading: HashMap<RecordingId, Vec<Posting>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Rows and posting entries that were read.
    pub read: u64,
    /// Rows that were fetched by id.
    pub fetched: u64,
    /// Dictionary terms that were looked up.
    pub names: u64,
    pub requests: u64,
    pub round_trips: u64,
    pub half_rcus: u64,
}

/// The most bytes that one request reads: DynamoDB's page.
const PAGE: usize = 1_048_576;

/// The streams that contain a recording.
pub fn streams(recording: &Recording) -> Vec<Stream> {
    let mut streams = vec![
        Stream::Organisation,
        Stream::User(recording.user.clone()),
        Stream::Counterpart(recording.counterpart.clone()),
    ];
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
    /// Adds or replaces the recording.
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

    /// Removes the recording. Its terms remain in the dictionary for now, as in the table.
    pub fn remove(&mut self, id: RecordingId) {
        let Some(recording) = self.rows.remove(&id) else { return };
        for stream in streams(&recording) {
            self.streams.entry(stream).or_default().remove(&Position::of(&recording));
        }
        for posting in self.misleading.remove(&id).into_iter().flatten() {
            self.streams
                .entry(Stream::Posting(posting))
                .or_default()
                .remove(&Position::of(&recording));
        }
    }

    /// Leaves the recording on an outdated posting until its next change, as the table may.
    pub fn mislead(&mut self, id: RecordingId, posting: Posting) {
        let Some(recording) = self.rows.get(&id) else { return };
        self.streams
            .entry(Stream::Posting(posting.clone()))
            .or_default()
            .insert(Position::of(recording));
        self.misleading.entry(id).or_default().push(posting);
    }

    pub fn rows(&self) -> impl Iterator<Item = &Recording> {
        self.rows.values()
    }

    pub fn get(&self, id: RecordingId) -> Option<&Recording> {
        self.rows.get(&id)
    }

    /// The number of entries of a stream in a span, counted up to `most`.
    pub fn count(&self, stream: &Stream, span: Span, most: usize) -> usize {
        self.places(stream, span).take(most).count()
    }

    pub fn page(&self, search: &Search<'_>) -> (Page, Cost) {
        let (mut plan, mut cost) = (SearchPlan::new(search), Cost::default());
        loop {
            let requests = plan.requests();
            if requests.is_empty() {
                return (plan.page(), Cost { half_rcus: plan.half_rcus(), ..cost });
            }
            cost.round_trips += 1;
            cost.requests += requests.len() as u64;
            let responses =
                requests.iter().map(|request| self.response(request)).collect::<Vec<_>>();
            responses.iter().for_each(|response| cost.add(response));
            plan.take(responses);
        }
    }

    /// The cost of the page when recordings of the span are read in order until it is full.
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
        Cost { half_rcus: size::half_rcus(bytes), requests, round_trips: requests, ..cost }
    }

    pub fn response(&self, request: &ReadRequest) -> ReadResponse {
        match request {
            ReadRequest::Read { stream, span, limit } => self.read(stream, *span, *limit),
            ReadRequest::Fetch(ids) => {
                let rows: Vec<Recording> =
                    ids.iter().filter_map(|id| self.rows.get(id)).cloned().collect();
                let half_rcus = rows.iter().map(|row| size::half_rcus(size::row(row))).sum();
                ReadResponse { half_rcus, found: Found::Rows(rows) }
            }
            ReadRequest::Words { place, beginning, limit } => {
                let entry = |word: &str| size::word(*place, word);
                self.words.get(place).map_or_else(
                    || names([], 1, entry),
                    |words| names(beginning_with(words, beginning), *limit, entry),
                )
            }
            ReadRequest::Numbers { beginning, limit } => {
                names(beginning_with(&self.numbers, beginning), *limit, size::digits)
            }
            ReadRequest::Endings { end, limit } => {
                let end: String = end.chars().rev().collect();
                names(
                    beginning_with(&self.endings, &end)
                        .map(|digits| digits.chars().rev().collect()),
                    *limit,
                    size::digits,
                )
            }
        }
    }

    fn read(&self, stream: &Stream, span: Span, limit: usize) -> ReadResponse {
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
        ReadResponse { half_rcus: size::half_rcus(bytes), found: Found::Entries { entries, all } }
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
    Entry::Posted(Box::new(Posted {
        place,
        user: row.user.clone(),
        direction: row.direction,
        counterpart: row.counterpart.clone(),
    }))
}

fn beginning_with<'a>(
    names: &'a BTreeSet<String>,
    beginning: &'a str,
) -> impl Iterator<Item = String> + 'a {
    names.range(beginning.to_owned()..).take_while(move |name| name.starts_with(beginning)).cloned()
}

fn names(
    names: impl IntoIterator<Item = String>,
    limit: usize,
    entry: impl Fn(&str) -> usize,
) -> ReadResponse {
    let mut names = names.into_iter();
    let found: Vec<String> = names.by_ref().take(limit).collect();
    let bytes = found.iter().map(|name| entry(name)).sum();
    let all = found.len() < limit;
    ReadResponse { half_rcus: size::half_rcus(bytes), found: Found::Names { names: found, all } }
}

impl Cost {
    fn add(&mut self, response: &ReadResponse) {
        match &response.found {
            Found::Entries { entries, .. } => self.read += entries.len() as u64,
            Found::Rows(rows) => self.fetched += rows.len() as u64,
            Found::Names { names, .. } => self.names += names.len() as u64,
        }
    }
}
