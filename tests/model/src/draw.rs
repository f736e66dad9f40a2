//! Generates organisations, recordings and searches from a seed.
//!
//! Users call unevenly (Zipf, exponent 0.4). 60 % of calls are with frequent numbers (a pool of 12
//! per user, Zipf 1.0), 35 % with unique numbers, 5 % withheld; 55 % are incoming. They begin on
//! weekdays between 8 and 17, one in twenty at another time. Lengths are log-normal: 60 % under 90
//! s, 85 % under 5 min. 6 % have one of 8 marks, each half as frequent as the one before. 15 % have
//! a note of 2 to 12 words out of 20,000 (Zipf 1.0). 20 % have a case number in the first field, 5
//! % a customer's name in the second. 2 in 1,000 are expected, 3 rejected, 1 held.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc, Weekday};
use domain::{
    counterpart::Counterpart,
    ids::{CallId, OrganisationId, RecordingId, UserId},
    note::{Annotation, Field, Mark, Note},
    recording::{Audio, ContentType, Direction, Recording, Sha256, State},
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Zipf};

/// A generator of recordings of one organisation.
#[derive(Debug)]
pub struct Draw {
    pub random: ChaCha8Rng,
    pub users: usize,
    /// The days before `now` over which the calls spread.
    pub days: i64,
    pub now: DateTime<Utc>,
    drawn: u64,
}

/// The vocabulary of notes.
const WORDS: u64 = 20_000;
/// The present moment of every generated organisation.
pub const NOW: DateTime<Utc> = DateTime::from_timestamp(1_795_521_600, 0).expect("a valid moment");

impl Draw {
    pub fn new(seed: u64, users: usize, days: i64) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed), users, days, now: NOW, drawn: 0 }
    }

    pub fn recording(&mut self) -> Recording {
        self.drawn += 1;
        let call = valid(CallId::try_from(format!("{:016x}", self.drawn)));
        let organisation = organisation();
        let id = RecordingId::of(&organisation, &call);
        let started_at = self.started_at();
        let mut sha256 = [0; 32];
        self.random.fill_bytes(&mut sha256);
        let registered_at = started_at + TimeDelta::seconds(60);
        let duration = self.duration();
        Recording {
            id,
            organisation,
            user: self.user(),
            call,
            direction: if self.random.random_bool(0.55) { Direction::In } else { Direction::Out },
            counterpart: self.counterpart(),
            started_at,
            duration,
            audio: Audio {
                content_type: valid(ContentType::parse("audio/ogg").ok_or("no type")),
                length: duration.num_milliseconds() as u64 * 3,
                sha256: Sha256(sha256),
            },
            annotation: self.annotation(),
            version: 0,
            registered_at,
            expires_at: started_at + TimeDelta::days(180),
            sound: Default::default(),
            reported: Default::default(),
            leg: Default::default(),
            held_since: self.random.random_bool(0.001).then_some(registered_at),
            state: self.state(registered_at),
        }
    }

    pub fn user(&mut self) -> UserId {
        let n = self.zipf(self.users as f64, 0.4);
        user(n)
    }

    pub fn counterpart(&mut self) -> Counterpart {
        let (kind, pool) = (self.random.random_range(0..100), self.users as f64 * 12.0);
        let number = match kind {
            0..60 => 700_000_000 + self.zipf(pool, 1.0) * 7_919 % 99_999_999,
            60..95 => 800_000_000 + self.random.random_range(0..99_999_999),
            _ => return Counterpart::Withheld,
        };
        Counterpart::from(format!("+46{number}"))
    }

    pub fn mark(&mut self) -> Mark {
        let n = (0..7).find(|_| self.random.random_bool(0.5)).unwrap_or(7);
        valid(Mark::try_from(MARKS[n].to_owned()))
    }

    /// A word as notes contain it.
    pub fn word(&mut self) -> String {
        spell(self.zipf(WORDS as f64, 1.0))
    }

    pub fn note(&mut self) -> Note {
        let words: Vec<String> =
            (0..self.random.random_range(2..=12)).map(|_| self.word()).collect();
        valid(Note::try_from(words.join(" ")))
    }

    pub fn duration(&mut self) -> TimeDelta {
        let seconds: f64 = valid(LogNormal::new(4.2, 1.35)).sample(&mut self.random);
        TimeDelta::milliseconds((seconds.clamp(1.0, 14_000.0) * 1000.0) as i64)
    }

    fn annotation(&mut self) -> Annotation {
        let case = format!("ärende {}", self.random.random_range(100_000..999_999));
        let customer = format!("{} {} ab", self.word(), self.word());
        let mut field =
            |share, text| self.random.random_bool(share).then(|| valid(Field::try_from(text)));
        let fields = [field(0.2, case), field(0.05, customer), None];
        Annotation {
            note: self.random.random_bool(0.15).then(|| self.note()),
            mark: self.random.random_bool(0.06).then(|| self.mark()),
            fields,
        }
    }

    fn state(&mut self, at: DateTime<Utc>) -> State {
        match self.random.random_range(0..1000) {
            0..2 => State::Expected,
            2..5 => State::Rejected {
                reason: "the audio is not the one that was registered".to_owned(),
            },
            _ => State::Stored { at },
        }
    }

    fn started_at(&mut self) -> DateTime<Utc> {
        let odd = self.random.random_bool(0.05);
        loop {
            let back = self.random.random_range(60_000..self.days * 86_400_000);
            let at = self.now - TimeDelta::milliseconds(back);
            let at_work = !matches!(at.weekday(), Weekday::Sat | Weekday::Sun)
                && (7..16).contains(&at.hour());
            if odd || at_work {
                return at;
            }
        }
    }

    fn zipf(&mut self, n: f64, exponent: f64) -> u64 {
        valid(Zipf::new(n, exponent)).sample(&mut self.random) as u64
    }
}

pub const MARKS: [&str; 8] =
    ["red", "blue", "green", "yellow", "purple", "orange", "brown", "grey"];

pub fn organisation() -> OrganisationId {
    valid(OrganisationId::try_from(crate::size::ORGANISATION.to_owned()))
}

pub fn user(n: u64) -> UserId {
    valid(UserId::try_from(format!("user{n:05}")))
}

/// The `n`-th most frequent word.
fn spell(n: u64) -> String {
    const SYLLABLES: [&str; 28] = [
        "fak", "tu", "ra", "ring", "mö", "te", "be", "tal", "ning", "kund", "av", "tal", "ord",
        "er", "le", "ve", "rans", "pris", "of", "fert", "sam", "tal", "å", "ter", "upp", "följ",
        "på", "min",
    ];
    let (mut word, mut rest) = (String::new(), n);
    loop {
        word.push_str(SYLLABLES[(rest % 28) as usize]);
        rest /= 28;
        if rest == 0 {
            return word;
        }
    }
}

fn valid<T, E: std::fmt::Debug>(drawn: Result<T, E>) -> T {
    drawn.expect("what is drawn is valid")
}
