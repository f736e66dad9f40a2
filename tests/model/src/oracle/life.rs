//! A changing organisation: its recordings, and random changes to them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{CallId, RecordingId, UserId},
    note::{Annotation, Field, Note},
    recording::{Audio, ContentType, Direction, Recording, Sha256, State},
    search::{Order, Position},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::manner::{BETWEEN, Manner, back, one, valid};
use crate::draw::{NOW, organisation};

#[derive(Clone, Debug)]
pub struct Life {
    pub random: ChaCha8Rng,
    pub manner: Manner,
    pub now: DateTime<Utc>,
    /// The users that each caller of the service may see. Searches are limited to query strings.
    pub callers: Vec<Option<BTreeSet<UserId>>>,
    /// The time range of every search.
    pub window: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The recordings in the table, including expired ones that are not removed.
    pub standing: BTreeMap<Position, Recording>,
    calls: u64,
}

/// A change of a recording. A new one has no `before`, a removed one no `after`.
#[derive(Clone, Debug)]
pub struct Happening {
    pub before: Option<Recording>,
    pub after: Option<Recording>,
}

impl Happening {
    pub fn id(&self) -> RecordingId {
        self.before.as_ref().or(self.after.as_ref()).expect("something happens to a recording").id
    }
}

impl Life {
    /// The `number`-th organisation of a seed; one in a hundred is large.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number);
        let manner = Manner::draw(&mut random, number % 100 == 99);
        Self {
            random,
            manner,
            now: NOW,
            callers: Vec::new(),
            window: None,
            standing: BTreeMap::new(),
            calls: 0,
        }
    }

    /// The first recordings.
    pub fn begins(&mut self) -> Vec<Happening> {
        (0..self.manner.recordings).map(|_| self.comes()).collect()
    }

    /// Advances the time, usually by less than a second.
    pub fn passes(&mut self) {
        let longest = [1_000, 60_000, 86_400_000][[0, 0, 0, 1, 2][self.random.random_range(0..5)]];
        self.now += TimeDelta::milliseconds(self.random.random_range(0..longest));
    }

    /// Makes a random change, half the time just ahead of `place` in a search in `order`.
    pub fn happens(&mut self, place: Option<Position>, order: Order) -> Happening {
        let kind = self.random.random_range(0..10);
        if kind < 3 || self.standing.is_empty() {
            return self.comes();
        }
        let before = self.someone(place, order);
        let mut after = before.clone();
        match kind {
            _ if !before.exists(self.now) => return self.becomes(Some(before), None),
            3 if !self.manner.plain => return self.becomes(Some(before), None),
            4 if !self.manner.plain => {
                after.held_since = before.held_since.is_none().then_some(self.now)
            }
            5 | 6 => after = self.proceeds(before.clone()),
            _ => self.edit(&mut after),
        }
        self.becomes(Some(before), Some(after))
    }

    fn comes(&mut self) -> Happening {
        let made = self.recording();
        self.becomes(None, Some(made))
    }

    fn becomes(&mut self, before: Option<Recording>, after: Option<Recording>) -> Happening {
        if let Some(before) = &before {
            self.standing.remove(&Position::of(before));
        }
        if let Some(after) = &after {
            self.standing.insert(Position::of(after), after.clone());
        }
        Happening { before, after }
    }

    fn someone(&mut self, place: Option<Position>, order: Order) -> Recording {
        let near = place.filter(|_| self.random.random_bool(0.5));
        let off = self.random.random_range(0..8);
        let ahead: Option<&Recording> = near.and_then(|place| match order {
            Order::Newest => self.standing.range(..place).rev().nth(off).map(|(_, row)| row),
            Order::Oldest => self.standing.range(place..).nth(off).map(|(_, row)| row),
        });
        let any = self.random.random_range(0..self.standing.len());
        ahead.or_else(|| self.standing.values().nth(any)).cloned().expect("there is a recording")
    }

    /// Advances the state: the audio arrives or is refused, or the call is registered again.
    fn proceeds(&mut self, mut recording: Recording) -> Recording {
        let plain = self.manner.plain;
        recording.state = match recording.state {
            State::Expected if plain || self.random.random_bool(0.8) => {
                State::Stored { at: self.now }
            }
            State::Expected => rejected(),
            State::Rejected { .. } => State::Expected,
            stored @ State::Stored { .. } => return Recording { state: stored, ..recording },
        };
        if matches!(recording.state, State::Stored { .. }) && !plain {
            recording.duration = *one(&mut self.random, &self.manner.lengths);
        }
        recording
    }

    fn edit(&mut self, recording: &mut Recording) {
        let stated = &mut recording.annotation;
        match self.random.random_range(0..5) {
            0 | 1 => stated.note = self.note(),
            2 => {
                stated.mark = self
                    .random
                    .random_bool(0.7)
                    .then(|| one(&mut self.random, &self.manner.marks).clone())
            }
            place => stated.fields[place - 2] = self.field(),
        }
        recording.version += 1;
    }

    fn recording(&mut self) -> Recording {
        self.calls += 1;
        let call = valid(CallId::try_from(format!("{}{}", self.manner.called, self.calls)));
        let (random, manner) = (&mut self.random, &self.manner);
        let at_a_moment = random.random_bool(manner.ties);
        let started_at = if at_a_moment {
            *one(random, &manner.moments)
        } else {
            back(random, manner.begins, manner.spread)
        };
        let expires_at = (started_at + TimeDelta::days(manner.days)).timestamp();
        let mut sha256 = [0; 32];
        random.fill(&mut sha256);
        Recording {
            id: RecordingId::of(&organisation(), &call),
            organisation: organisation(),
            user: one(random, &manner.users).clone(),
            call,
            direction: if random.random_bool(0.6) { Direction::In } else { Direction::Out },
            counterpart: one(random, &manner.numbers).clone(),
            started_at,
            duration: *one(random, &manner.lengths),
            audio: Audio {
                content_type: ContentType::parse("audio/ogg").expect("a known type"),
                length: 480_000,
                sha256: Sha256(sha256),
            },
            version: 0,
            registered_at: NOW,
            expires_at: DateTime::from_timestamp(expires_at, 0).expect("a moment of our time"),
            sound: Default::default(),
            reported: Default::default(),
            leg: Default::default(),
            held_since: (!manner.plain && random.random_bool(0.1)).then_some(NOW),
            state: match random.random_range(0..10) {
                0..2 => State::Expected,
                2 => rejected(),
                _ => State::Stored { at: NOW },
            },
            annotation: self.annotation(),
        }
    }

    fn annotation(&mut self) -> Annotation {
        Annotation {
            note: self.random.random_bool(0.5).then(|| self.note()).flatten(),
            mark: self
                .random
                .random_bool(0.3)
                .then(|| one(&mut self.random, &self.manner.marks).clone()),
            fields: std::array::from_fn(|_| {
                self.random.random_bool(0.2).then(|| self.field()).flatten()
            }),
        }
    }

    /// A note, or none if it is too long or empty.
    fn note(&mut self) -> Option<Note> {
        let words = self.random.random_range(0..=self.manner.wordy);
        Note::try_from(self.text(words)).ok().filter(|note| !note.as_str().is_empty())
    }

    fn field(&mut self) -> Option<Field> {
        let words = self.random.random_range(0..=3);
        Field::try_from(self.text(words).replace('\n', " "))
            .ok()
            .filter(|field| !field.as_str().is_empty())
    }

    fn text(&mut self, words: usize) -> String {
        let random = &mut self.random;
        (0..words)
            .map(|_| format!("{}{}", one(random, &self.manner.words), one(random, &BETWEEN)))
            .collect()
    }
}

fn rejected() -> State {
    State::Rejected { reason: "the audio is not the one that was registered".to_owned() }
}
