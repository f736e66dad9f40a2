//! The costliest searches that a caller can make, and their bounds: the read units and the round
//! trips of a page, progress on each page, and an end.

use std::{collections::BTreeSet, fmt};

use anyhow::ensure;
use chrono::{DateTime, TimeDelta};
use domain::{
    counterpart::Counterpart,
    ids::{RecordingId, UserId},
    note::Mark,
    recording::Direction,
    search::{Digits, Filter, Marked, Order, Position, Search, StateName, Words},
};
use rand::RngExt;

use crate::{
    draw::{Draw, MARKS, NOW, user},
    memory::{Cost, Memory},
    shape,
};

/// The bounds of a page: 1,000 read units and 8 round trips.
pub const HALF_RCUS: u64 = 2_000;
pub const ROUND_TRIPS: u64 = 8;
/// A page of up to so many rows returns early with its matches after 280 read units or 3 trips.
pub const WAITED_FOR: usize = 100;
pub const PROMPT_HALF_RCUS: u64 = 560;
pub const PROMPT_ROUND_TRIPS: u64 = 3;
/// The most users that a supervisor reaches in these searches.
const USERS: u64 = 5_000;
/// The number of pages to follow before continuing near the end.
const FOLLOWED: usize = 60;

#[derive(Clone, Debug)]
pub struct Asked {
    pub filter: Filter,
    pub order: Order,
    pub limit: usize,
    pub after: Option<Position>,
}

/// The highest costs so far.
#[derive(Debug, Default)]
pub struct Bound {
    pub plans: u64,
    pub pages: u64,
    pub short: u64,
    /// The page with the most read units, and the one with the most round trips.
    pub costliest: Option<(Cost, Asked)>,
    pub longest: Option<(Cost, Asked)>,
}

impl Asked {
    pub fn draw(draw: &mut Draw) -> Self {
        let mut filter =
            if draw.random.random_bool(0.3) { shape::any(draw) } else { Filter::default() };
        for _ in 0..[0, 1, 2, 3, 5, 9][draw.random.random_range(0..6)] {
            burden(draw, &mut filter);
        }
        let limit = [1, 2, 50, 51, 200, 999, 1000, 1000][draw.random.random_range(0..8)];
        let order = if draw.random.random_bool(0.5) { Order::Newest } else { Order::Oldest };
        Self { filter, order, limit, after: draw.random.random_bool(0.3).then(|| anywhere(draw)) }
    }

    fn search(&self) -> Search<'_> {
        Search {
            filter: &self.filter,
            order: self.order,
            limit: self.limit,
            after: self.after,
            now: NOW,
        }
    }
}

/// Adds a filter that is costly: many streams, or few large ones with few matches.
fn burden(draw: &mut Draw, filter: &mut Filter) {
    match draw.random.random_range(0..14) {
        0 => filter.users = Some(users(draw)),
        1 => filter.note = letters(draw),
        2..5 => {
            let place = draw.random.random_range(0..3);
            filter.fields[place] = letters(draw);
        }
        5 => filter.any_field = letters(draw),
        6 => {
            filter.number = Digits::parse(
                ["467", "468", "070", "000", "123", "0046"][draw.random.random_range(0..6)],
            )
            .ok()
        }
        7 => {
            filter.counterpart = Some(if draw.random.random_bool(0.5) {
                Counterpart::Withheld
            } else {
                draw.counterpart()
            })
        }
        8 => {
            filter.mark = Some(if draw.random.random_bool(0.2) {
                Marked::Without
            } else {
                Marked::With(mark(draw))
            })
        }
        9 => filter.longer = Some(TimeDelta::milliseconds(draw.random.random_range(0..200_000))),
        10 => filter.shorter = Some(TimeDelta::milliseconds(draw.random.random_range(0..200_000))),
        11 => filter.held = Some(draw.random.random_bool(0.7)),
        12 => {
            filter.state = Some(
                [StateName::Expected, StateName::Stored, StateName::Rejected]
                    [draw.random.random_range(0..3)],
            )
        }
        _ => filter.direction = Some(Direction::Out),
    }
}

/// Users of the organisation and others, in numbers around the limit for reading them one by one.
fn users(draw: &mut Draw) -> BTreeSet<UserId> {
    let count = [2, 64, 65, 199, 200, 201, USERS][draw.random.random_range(0..7)];
    (1..=count).map(user).collect()
}

/// The longest and the shortest words that a search accepts, the most of them, or a common one.
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

/// A position that a forged cursor may name.
fn anywhere(draw: &mut Draw) -> Position {
    let (week, end) = (7 * 86_400_000, NOW.timestamp_millis());
    let milliseconds = match draw.random.random_range(0..6) {
        0 => draw.random.random_range(-8_000_000_000_000_000..8_000_000_000_000_000),
        1 => [0, -1, 9_999_999_999_999, 10_000_000_000_000][draw.random.random_range(0..4)],
        _ => end - draw.random.random_range(0..26 * week),
    };
    let id = [0, u128::MAX, draw.random.random()][draw.random.random_range(0..3)];
    Position {
        started_at: DateTime::from_timestamp_millis(milliseconds).unwrap_or(NOW),
        id: RecordingId::from_bytes(id.to_be_bytes()),
    }
}

impl Bound {
    /// Follows the search from page to page.
    ///
    /// # Errors
    /// When a page exceeds its bounds, or the search does not advance, goes back or does not end.
    pub fn holds(&mut self, memory: &Memory, mut asked: Asked) -> anyhow::Result<()> {
        self.plans += 1;
        let all = memory.rows().count();
        let mut pages = 0;
        while let Some(next) = self.page(memory, &asked)? {
            pages += 1;
            if asked.limit >= all / FOLLOWED || pages < FOLLOWED {
                ensure!(pages <= all + FOLLOWED, "the search has no end: {}", Shown(&asked));
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
        if self.costliest.as_ref().is_none_or(|(most, _)| most.half_rcus < cost.half_rcus) {
            self.costliest = Some((cost, asked.clone()));
        }
        if self.longest.as_ref().is_none_or(|(most, _)| most.round_trips < cost.round_trips) {
            self.longest = Some((cost, asked.clone()));
        }
        ensure!(cost.half_rcus <= HALF_RCUS, "a page took {cost:?}: {}", Shown(asked));
        ensure!(cost.round_trips <= ROUND_TRIPS, "a page took {cost:?}: {}", Shown(asked));
        ensure!(
            page.rows.len() <= asked.limit,
            "a page has {} rows: {}",
            page.rows.len(),
            Shown(asked)
        );
        if let (Some(after), Some(next)) = (asked.after, page.next) {
            ensure!(
                asked.order.is_before(after, next),
                "a page continues at {next:?} after {cost:?}: {}",
                Shown(asked)
            );
        }
        Ok(page.next)
    }
}

/// A position with some rows after it, no earlier than `next`.
fn near_the_end(memory: &Memory, asked: &Asked, next: Position) -> Position {
    let mut places: Vec<Position> = memory
        .rows()
        .map(Position::of)
        .filter(|place| asked.order.is_before(next, *place))
        .collect();
    places.sort_unstable();
    if asked.order == Order::Newest {
        places.reverse();
    }
    let left = places.len();
    places.get(left.saturating_sub(FOLLOWED / 2 * asked.limit)).copied().unwrap_or(next)
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} walks, {} pages, {} of them short", self.plans, self.pages, self.short)?;
        for (what, seen) in [("the costliest", &self.costliest), ("the longest", &self.longest)] {
            let Some((cost, asked)) = seen else { continue };
            let units = cost.half_rcus as f64 / 2.0;
            writeln!(
                f,
                "{what} page: {units} read units, {} trips, {} requests, {} rows read, {} fetched",
                cost.round_trips, cost.requests, cost.read, cost.fetched
            )?;
            writeln!(f, "  {}", Shown(asked))?;
        }
        Ok(())
    }
}

/// A search in short form.
struct Shown<'a>(&'a Asked);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Filter {
            from,
            to,
            users,
            longer,
            shorter,
            counterpart,
            number,
            conversation,
            participant,
            direction,
            mark,
            note,
            fields,
            any_field,
            held,
            state,
        } = &self.0.filter;
        write!(f, "limit {}, {:?}", self.0.limit, self.0.order)?;
        let users = users.as_ref().map(|users| format!("{} users", users.len()));
        let parts: [(&str, Option<String>); 18] = [
            ("after", self.0.after.map(|after| after.started_at.to_rfc3339())),
            ("from", from.map(|from| from.to_rfc3339())),
            ("to", to.map(|to| to.to_rfc3339())),
            ("of", users),
            ("longer", longer.map(|longer| longer.to_string())),
            ("shorter", shorter.map(|shorter| shorter.to_string())),
            ("counterpart", counterpart.as_ref().map(|counterpart| format!("{counterpart:?}"))),
            ("number", number.as_ref().map(|number| format!("{}…", number.beginning()))),
            ("conversation", conversation.as_ref().map(|id| format!("{id:?}"))),
            ("participant", participant.as_ref().map(|participant| format!("{participant:?}"))),
            ("direction", direction.map(|direction| direction.to_string())),
            ("mark", mark.as_ref().map(|mark| format!("{mark:?}"))),
            ("note", written(note.as_ref())),
            ("field 1", written(fields[0].as_ref())),
            ("field 2", written(fields[1].as_ref())),
            ("field 3", written(fields[2].as_ref())),
            ("any field", written(any_field.as_ref())),
            (
                "held, state",
                (held.is_some() || state.is_some()).then(|| format!("{held:?} {state:?}")),
            ),
        ];
        for (name, value) in parts {
            if let Some(value) = value {
                write!(f, "; {name} {value}")?;
            }
        }
        Ok(())
    }
}

fn written(words: Option<&Words>) -> Option<String> {
    words.map(|words| format!("{} {}…", words.whole().join(" "), words.beginning()))
}
