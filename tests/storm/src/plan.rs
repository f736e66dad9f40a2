//! The actions of people in a storm, drawn from its seed. Any can be left out without changing the others.

use chrono::TimeDelta;
use rand::{Rng, RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// The organisations of every storm.
pub const ORGANISATIONS: [&str; 2] = ["alfa", "beta"];
/// Their recorded users. Sven supervises the first two, and Karin administers.
pub const USERS: [&str; 3] = ["anna", "omar", "maja"];
pub const COUNTERPARTS: [&str; 5] =
    ["+46701740611", "+4684650012", "sip:kund@bolaget.example", "4411", "withheld"];
pub const NOTES: [&str; 5] =
    ["ring faktura", "Offert på tio", "reklamation faktura", "åäö möte tisdag", "x"];
/// Queues that a poison message may come to, as in the template.
pub const QUEUES: [&str; 4] = ["queue", "removals", "retention-jobs", "delivery-queue"];

/// Something that somebody does.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Names its call, hold or job. Other steps refer to it.
    pub number: usize,
    /// After the beginning of the storm.
    pub at: TimeDelta,
    pub organisation: usize,
    pub what: Action,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Call(Call),
    /// Edits a call's note and mark, as its user or the administrator.
    Annotate {
        call: usize,
        by_administrator: bool,
        note: usize,
        mark: bool,
    },
    /// Annotates by call id, perhaps before the registration.
    AnnotateCall {
        call: usize,
        note: usize,
    },
    Listen {
        call: usize,
        by: Whom,
    },
    Search {
        as_whom: Whom,
        filter: Filter,
    },
    /// Holds the calls with these numbers, as far as they are registered.
    HoldCalls {
        calls: Vec<usize>,
    },
    HoldFilter {
        filter: Filter,
    },
    Lift {
        hold: usize,
    },
    Erase {
        person: Person,
    },
    Retain {
        days: u16,
    },
    /// Makes Sven a supervisor of his group, or ends that.
    Supervise {
        active: bool,
    },
    Report {
        calls: Vec<usize>,
    },
    /// Puts a message into a queue that no function can read.
    Poison {
        queue: usize,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub user: usize,
    pub counterpart: usize,
    pub note: Option<usize>,
    pub seconds: u32,
    /// How long before the registration it began.
    pub ago: TimeDelta,
    /// How long the phone waits before it uploads; `None` if it never does.
    pub upload_after: Option<TimeDelta>,
    /// Whether the uploaded bytes are audio.
    pub audio: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    User(usize),
    Supervisor,
    Administrator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    All,
    User(usize),
    Counterpart(usize),
    Note(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    User(usize),
    Counterpart(usize),
}

/// How long people are busy at the beginning, and around the day when the first calls end.
pub const BUSY: TimeDelta = TimeDelta::days(1);
/// When the second busy time begins: some hours before the first call's retention is over.
pub const LATER: TimeDelta = TimeDelta::days(179);
/// How long it lasts.
pub const BUSY_LATER: TimeDelta = TimeDelta::days(3);
const CALLS: usize = 14;
const OTHERS: usize = 22;

/// The steps of a seed, in order of time.
pub fn draw(seed: u64) -> Vec<Step> {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    let mut steps = Vec::new();
    for number in 0..CALLS {
        let organisation = usize::from(random.random_bool(0.3));
        let at = minutes(random, BUSY);
        steps.push(Step { number, at, organisation, what: Action::Call(call(random)) });
    }
    for number in CALLS..CALLS + OTHERS {
        let late = random.random_bool(0.4);
        let at = if late {
            LATER + minutes(random, BUSY_LATER)
        } else {
            minutes(random, BUSY + TimeDelta::hours(12))
        };
        let organisation = usize::from(random.random_bool(0.3));
        let holds: Vec<usize> = steps
            .iter()
            .filter(|step| {
                matches!(step.what, Action::HoldCalls { .. } | Action::HoldFilter { .. })
            })
            .map(|step| step.number)
            .collect();
        let what = other(random, &holds);
        steps.push(Step { number, at, organisation, what });
    }
    // A step about another happens in its organisation, and usually after it.
    for index in 0..steps.len() {
        let about = match &steps[index].what {
            Action::Annotate { call, .. }
            | Action::AnnotateCall { call, .. }
            | Action::Listen { call, .. } => *call,
            Action::Lift { hold } => *hold,
            Action::HoldCalls { calls } | Action::Report { calls } => calls[0],
            _ => continue,
        };
        steps[index].organisation = steps[about].organisation;
        if steps[index].at < steps[about].at && random.random_bool(0.9) {
            steps[index].at = steps[about].at + minutes(random, TimeDelta::hours(3));
        }
    }
    steps.sort_by_key(|step| step.at);
    steps
}

fn call(random: &mut impl Rng) -> Call {
    Call {
        user: random.random_range(0..USERS.len()),
        counterpart: random.random_range(0..COUNTERPARTS.len()),
        note: random.random_bool(0.5).then(|| random.random_range(0..NOTES.len())),
        seconds: random.random_range(1..4),
        ago: match random.random_range(0..10) {
            0 => TimeDelta::days(random.random_range(1..20)),
            _ => TimeDelta::seconds(random.random_range(5..3_600)),
        },
        upload_after: random.random_bool(0.95).then(|| match random.random_range(0..5) {
            0 => TimeDelta::minutes(random.random_range(1..600)),
            _ => TimeDelta::seconds(random.random_range(0..60)),
        }),
        audio: random.random_bool(0.92),
    }
}

fn other(random: &mut impl Rng, holds: &[usize]) -> Action {
    let call = random.random_range(0..CALLS);
    let calls = vec![call, random.random_range(0..CALLS), random.random_range(0..CALLS)];
    let note = random.random_range(0..NOTES.len());
    match random.random_range(0..22) {
        0..4 => Action::Annotate {
            call,
            by_administrator: random.random_bool(0.5),
            note,
            mark: random.random_bool(0.5),
        },
        4 => Action::AnnotateCall { call, note },
        5..8 => Action::Listen { call, by: whom(random) },
        8..11 => Action::Search { as_whom: whom(random), filter: filter(random) },
        11..13 => Action::HoldCalls { calls },
        13..15 => Action::HoldFilter { filter: filter(random) },
        15..17 => match holds.choose(random) {
            Some(hold) => Action::Lift { hold: *hold },
            None => Action::HoldCalls { calls },
        },
        17 => Action::Erase {
            person: if random.random_bool(0.5) {
                Person::User(random.random_range(0..USERS.len()))
            } else {
                Person::Counterpart(random.random_range(0..COUNTERPARTS.len() - 1))
            },
        },
        18 => Action::Retain { days: [180, 181, 183, 400][random.random_range(0..4)] },
        19 => Action::Report { calls },
        20 => Action::Supervise { active: random.random_bool(0.4) },
        _ => Action::Poison { queue: random.random_range(0..QUEUES.len()) },
    }
}

fn whom(random: &mut impl Rng) -> Whom {
    match random.random_range(0..3) {
        0 => Whom::User(random.random_range(0..USERS.len())),
        1 => Whom::Supervisor,
        _ => Whom::Administrator,
    }
}

fn filter(random: &mut impl Rng) -> Filter {
    match random.random_range(0..4) {
        0 => Filter::All,
        1 => Filter::User(random.random_range(0..USERS.len())),
        2 => Filter::Counterpart(random.random_range(0..COUNTERPARTS.len())),
        _ => Filter::Note(random.random_range(0..NOTES.len())),
    }
}

fn minutes(random: &mut impl Rng, within: TimeDelta) -> TimeDelta {
    TimeDelta::milliseconds(random.random_range(0..within.num_milliseconds()))
}
