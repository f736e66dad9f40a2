//! The parameters of an organisation: its size, and the few values that its calls share.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{counterpart::Counterpart, ids::UserId, note::Mark};
use rand::{Rng, RngExt};

use crate::draw::{MARKS, NOW, user};

/// The parameters of an organisation's recordings.
#[derive(Clone, Debug)]
pub struct Manner {
    /// The recordings at the beginning.
    pub recordings: usize,
    pub users: Vec<UserId>,
    pub numbers: Vec<Counterpart>,
    pub marks: Vec<Mark>,
    pub lengths: Vec<TimeDelta>,
    pub words: Vec<String>,
    /// The maximum number of words in a note.
    pub wordy: usize,
    /// Moments at which several calls begin.
    pub moments: Vec<DateTime<Utc>>,
    /// The share of calls that begin at one of them.
    pub ties: f64,
    /// The range before the present in which the other calls begin.
    pub spread: TimeDelta,
    /// The retention in days.
    pub days: i64,
    /// The prefix of call ids, before their number.
    pub called: String,
    /// The beginning. All first calls are earlier.
    pub begins: DateTime<Utc>,
    /// Whether only the app acts: nothing is held or removed, and audio matches its registration.
    pub plain: bool,
}

/// Words that look alike, have two encodings or fold to each other, and one of maximum length.
const WORDS: [&str; 30] = [
    "faktura",
    "fakturan",
    "Fakturor",
    "fak",
    "åter",
    "ater",
    "ÅTERBETALNING",
    "a\u{30a}ter",
    "Örjan",
    "orjan",
    "O\u{308}RJAN",
    "café",
    "CAFE",
    "cafe\u{301}er",
    "4411",
    "44",
    "4",
    "o",
    "Ä",
    "ærlig",
    "Ørsted",
    "naïve",
    "ﬁn",
    "ﬁnal",
    "½",
    "№5",
    "Łódź",
    "йога",
    "x",
    "ﬀ",
];
/// Separators between words.
pub const BETWEEN: [&str; 7] = [" ", " ", " ", ", ", "-", "\n", " … "];

impl Manner {
    /// Generates a manner, usually small. A large one exceeds what one request reads.
    pub fn draw(random: &mut impl Rng, large: bool) -> Self {
        let many = random.random_bool(0.1);
        let recordings =
            if large { random.random_range(4_000..12_000) } else { random.random_range(20..=400) };
        let spread = TimeDelta::milliseconds(10_i64.pow(random.random_range(2..=10)) + 1);
        let moments = (0..random.random_range(1..=6)).map(|_| back(random, NOW, spread)).collect();
        Self {
            recordings,
            users: (1..=if many { 260 } else { random.random_range(1..=8) }).map(user).collect(),
            numbers: numbers(random),
            marks: MARKS
                .iter()
                .take(random.random_range(1..=4))
                .map(|mark| valid(Mark::try_from((*mark).to_owned())))
                .collect(),
            lengths: (0..random.random_range(1..=12)).map(|_| length(random)).collect(),
            words: words(random),
            wordy: if !large && random.random_bool(0.05) { 160 } else { 6 },
            moments,
            ties: [0.0, 0.3, 0.95][random.random_range(0..3)],
            spread,
            days: [1, 30, 115, 180][random.random_range(0..4)],
            called: "call-".to_owned(),
            begins: NOW,
            plain: false,
        }
    }
}

/// A moment within the last `spread` before `from`.
pub fn back(random: &mut impl Rng, from: DateTime<Utc>, spread: TimeDelta) -> DateTime<Utc> {
    from - TimeDelta::milliseconds(random.random_range(0..spread.num_milliseconds()))
}

/// A few numbers with common beginnings and ends, or some hundred.
fn numbers(random: &mut impl Rng) -> Vec<Counterpart> {
    let few = [
        "+46701234567",
        "+46701234999",
        "+4684650567",
        "+4531390040",
        "+4673555000000",
        "withheld",
        "+46700701234",
    ];
    let mut numbers: Vec<String> = few.into_iter().map(str::to_owned).collect();
    if random.random_bool(0.15) {
        numbers.extend(
            (0..random.random_range(150..500))
                .map(|_| format!("+4670{}", random.random_range(1_000_000..9_999_999))),
        );
    }
    numbers.into_iter().map(Counterpart::from).collect()
}

/// A few words, or some hundred with a common beginning.
fn words(random: &mut impl Rng) -> Vec<String> {
    let mut words: Vec<String> = WORDS.into_iter().map(str::to_owned).collect();
    words.extend([64, 65, 90].map(|letters| "å".repeat(letters)));
    if random.random_bool(0.15) {
        words.extend((0..random.random_range(150..500)).map(|number| format!("fa{number}")));
    }
    words
}

/// Any length up to a few hours; half of them near the bound of a class.
fn length(random: &mut impl Rng) -> TimeDelta {
    let half_steps = f64::from(random.random_range(0..=27_u8));
    let bound = (1000.0 * 2_f64.powf(half_steps / 2.0)).round() as i64;
    let beside = [bound - 1, bound, bound + 1][random.random_range(0..3)];
    TimeDelta::milliseconds(if random.random_bool(0.5) {
        beside
    } else {
        random.random_range(0..20_000_000)
    })
}

/// One of several, the first ones more often.
pub fn one<'a, T>(random: &mut impl Rng, of: &'a [T]) -> &'a T {
    let place: f64 = random.random_range(0.0..1.0);
    &of[(place * place * of.len() as f64) as usize]
}

pub(super) fn valid<T, E: std::fmt::Debug>(drawn: Result<T, E>) -> T {
    drawn.expect("what is drawn is valid")
}
