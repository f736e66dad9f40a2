//! The costliest searches that a caller can make, and what none of them may do: read more than is allowed for one page, wait for the table
//! too often, stand still, or have no end.

use std::{collections::BTreeSet, fmt};

use anyhow::ensure;
use chrono::{DateTime, TimeDelta};
use domain::{
    ids::{RecordingId, UserId},
    note::Mark,
    phone::Counterpart,
    recording::Direction,
    search::{Digits, Filter, Marked, Order, Position, Search, StateName, Words},
};
use rand::RngExt;

use crate::{
    draw::{Draw, MARKS, NOW, user},
    memory::{Cost, Memory},
    shape,
};

/// What a page may take: 1,000 read units, and waiting for the table 8 times.
pub const HALF_UNITS: u64 = 2_000;
pub const TRIPS: u64 = 8;
/// A page of so many rows that has found something comes short once it took 280 read units, or waited 3 times.
pub const WAITED_FOR: usize = 100;
pub const PROMPT_HALF_UNITS: u64 = 560;
pub const PROMPT_TRIPS: u64 = 3;
/// Users that a supervisor may reach.
const USERS: u64 = 5_000;
/// Pages that a walk is followed for; then it goes on near its end.
const FOLLOWED: usize = 60;

/// A search that is hostile, or drawn as any other.
#[derive(Clone, Debug)]
pub struct Asked {
    pub filter: Filter,
    pub order: Order,
    pub limit: usize,
    pub after: Option<Position>,
}

/// The most that was seen.
#[derive(Debug, Default)]
pub struct Bound {
    pub walks: u64,
    pub pages: u64,
    pub short: u64,
    /// The page that took the most units, and the one that took the most trips.
    pub costliest: Option<(Cost, Asked)>,
    pub longest: Option<(Cost, Asked)>,
}

impl Asked {
    /// Draws one.
    pub fn draw(draw: &mut Draw) -> Self {
        let mut filter = if draw.random.random_bool(0.3) { shape::any(draw) } else { Filter::default() };
        for _ in 0..[0, 1, 2, 3, 5, 9][draw.random.random_range(0..6)] {
            burden(draw, &mut filter);
        }
        let limit = [1, 2, 50, 51, 200, 999, 1000, 1000][draw.random.random_range(0..8)];
        let order = if draw.random.random_bool(0.5) { Order::Newest } else { Order::Oldest };
        Self { filter, order, limit, after: draw.random.random_bool(0.3).then(|| anywhere(draw)) }
    }

    fn search(&self) -> Search<'_> {
        Search { filter: &self.filter, order: self.order, limit: self.limit, after: self.after, now: NOW }
    }
}

/// Fills in one more of the filters with what is most work: many streams, or few that hold much and of which little is found.
fn burden(draw: &mut Draw, filter: &mut Filter) {
    match draw.random.random_range(0..14) {
        0 => filter.users = Some(users(draw)),
        1 => filter.note = letters(draw),
        2..5 => {
            let place = draw.random.random_range(0..3);
            filter.fields[place] = letters(draw);
        }
        5 => filter.any_field = letters(draw),
        6 => filter.number = Digits::parse(["467", "468", "070", "000", "123", "0046"][draw.random.random_range(0..6)]).ok(),
        7 => filter.counterpart = Some(if draw.random.random_bool(0.5) { Counterpart::Withheld } else { draw.counterpart() }),
        8 => filter.mark = Some(if draw.random.random_bool(0.2) { Marked::Without } else { Marked::With(mark(draw)) }),
        9 => filter.longer = Some(TimeDelta::milliseconds(draw.random.random_range(0..200_000))),
        10 => filter.shorter = Some(TimeDelta::milliseconds(draw.random.random_range(0..200_000))),
        11 => filter.held = Some(draw.random.random_bool(0.7)),
        12 => filter.state = Some([StateName::Expected, StateName::Stored, StateName::Rejected][draw.random.random_range(0..3)]),
        _ => filter.direction = Some(Direction::Out),
    }
}

/// Users of the organisation and others, on both sides of how many are read one by one.
fn users(draw: &mut Draw) -> BTreeSet<UserId> {
    let count = [2, 64, 65, 199, 200, 201, USERS][draw.random.random_range(0..7)];
    (1..=count).map(user).collect()
}

/// Words as long and as short as a search takes, as many as it takes, or a common one.
fn letters(draw: &mut Draw) -> Option<Words> {
    let typed = match draw.random.random_range(0..6) {
        0 => "f t r m b k a o l p".to_owned(),
        1 => "å".repeat(64),
        2 => (0..10).map(|_| draw.word()).collect::<Vec<_>>().join(" "),
        3 => "ärende 1".to_owned(),
        4 => draw.word(),
        _ => ["f", "t", "k", "m", "ä", "1"][draw.random.random_range(0..6)].to_owned(),
    };
    Words::parse(&typed).ok()
}

fn mark(draw: &mut Draw) -> Mark {
    MARKS[draw.random.random_range(0..MARKS.len())].to_owned().try_into().expect("a mark")
}

/// A place that a forged cursor may name.
fn anywhere(draw: &mut Draw) -> Position {
    let (week, end) = (7 * 86_400_000, NOW.timestamp_millis());
    let milliseconds = match draw.random.random_range(0..6) {
        0 => draw.random.random_range(-8_000_000_000_000_000..8_000_000_000_000_000),
        1 => [0, -1, 9_999_999_999_999, 10_000_000_000_000][draw.random.random_range(0..4)],
        _ => end - draw.random.random_range(0..26 * week),
    };
    let id = [0, u128::MAX, draw.random.random()][draw.random.random_range(0..3)];
    Position { started_at: DateTime::from_timestamp_millis(milliseconds).unwrap_or(NOW), id: RecordingId::from_bytes(id.to_be_bytes()) }
}

impl Bound {
    /// Follows the search from page to page.
    ///
    /// # Errors
    /// When a page takes more than it may, or the walk stands still, goes back or does not end.
    pub fn holds(&mut self, memory: &Memory, mut asked: Asked) -> anyhow::Result<()> {
        self.walks += 1;
        let all = memory.rows().count();
        let mut pages = 0;
        while let Some(next) = self.page(memory, &asked)? {
            pages += 1;
            if asked.limit >= all / FOLLOWED || pages < FOLLOWED {
                ensure!(pages <= all + FOLLOWED, "the walk has no end: {}", Shown(&asked));
                asked.after = Some(next);
            } else {
                (pages, asked.after) = (0, Some(near_the_end(memory, &asked, next)));
            }
        }
        Ok(())
    }

    fn page(&mut self, memory: &Memory, asked: &Asked) -> anyhow::Result<Option<Position>> {
        let (page, cost) = memory.page(&asked.search());
        self.pages += 1;
        self.short += u64::from(page.next.is_some() && page.rows.len() < asked.limit);
        if self.costliest.as_ref().is_none_or(|(most, _)| most.half_units < cost.half_units) {
            self.costliest = Some((cost, asked.clone()));
        }
        if self.longest.as_ref().is_none_or(|(most, _)| most.trips < cost.trips) {
            self.longest = Some((cost, asked.clone()));
        }
        ensure!(cost.half_units <= HALF_UNITS, "a page took {cost:?}: {}", Shown(asked));
        ensure!(cost.trips <= TRIPS, "a page took {cost:?}: {}", Shown(asked));
        ensure!(page.rows.len() <= asked.limit, "a page has {} rows: {}", page.rows.len(), Shown(asked));
        if let (Some(after), Some(next)) = (asked.after, page.next) {
            ensure!(asked.order.is_before(after, next), "a page goes on at {next:?} after {cost:?}: {}", Shown(asked));
        }
        Ok(page.next)
    }
}

/// A place on the way with some rows after it, no earlier than where the walk is.
fn near_the_end(memory: &Memory, asked: &Asked, next: Position) -> Position {
    let mut places: Vec<Position> = memory.rows().map(Position::of).filter(|place| asked.order.is_before(next, *place)).collect();
    places.sort_unstable();
    if asked.order == Order::Newest {
        places.reverse();
    }
    let left = places.len();
    places.get(left.saturating_sub(FOLLOWED / 2 * asked.limit)).copied().unwrap_or(next)
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} walks, {} pages, {} of them short", self.walks, self.pages, self.short)?;
        for (what, seen) in [("the costliest", &self.costliest), ("the longest", &self.longest)] {
            let Some((cost, asked)) = seen else { continue };
            let units = cost.half_units as f64 / 2.0;
            writeln!(
                f,
                "{what} page: {units} read units, {} trips, {} requests, {} rows read, {} fetched",
                cost.trips, cost.requests, cost.read, cost.fetched
            )?;
            writeln!(f, "  {}", Shown(asked))?;
        }
        Ok(())
    }
}

/// A search in few words.
struct Shown<'a>(&'a Asked);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Filter { from, to, users, longer, shorter, counterpart, number, direction, mark, note, fields, any_field, held, state } =
            &self.0.filter;
        write!(f, "limit {}, {:?}", self.0.limit, self.0.order)?;
        let users = users.as_ref().map(|users| format!("{} users", users.len()));
        let parts: [(&str, Option<String>); 16] = [
            ("after", self.0.after.map(|after| after.started_at.to_rfc3339())),
            ("from", from.map(|from| from.to_rfc3339())),
            ("to", to.map(|to| to.to_rfc3339())),
            ("of", users),
            ("longer", longer.map(|longer| longer.to_string())),
            ("shorter", shorter.map(|shorter| shorter.to_string())),
            ("counterpart", counterpart.as_ref().map(|counterpart| format!("{counterpart:?}"))),
            ("number", number.as_ref().map(|number| format!("{}…", number.beginning()))),
            ("direction", direction.map(|direction| direction.to_string())),
            ("mark", mark.as_ref().map(|mark| format!("{mark:?}"))),
            ("note", spelt(note.as_ref())),
            ("field 1", spelt(fields[0].as_ref())),
            ("field 2", spelt(fields[1].as_ref())),
            ("field 3", spelt(fields[2].as_ref())),
            ("any field", spelt(any_field.as_ref())),
            ("held, state", (held.is_some() || state.is_some()).then(|| format!("{held:?} {state:?}"))),
        ];
        for (name, value) in parts {
            if let Some(value) = value {
                write!(f, "; {name} {value}")?;
            }
        }
        Ok(())
    }
}

fn spelt(words: Option<&Words>) -> Option<String> {
    words.map(|words| format!("{} {}…", words.whole().join(" "), words.beginning()))
}
