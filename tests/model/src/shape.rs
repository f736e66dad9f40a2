//! The search shapes whose cost is measured. Each generates a random filter.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use domain::{
    counterpart::Counterpart,
    ids::UserId,
    recording::Direction,
    search::{Digits, Filter, Marked, Order, Span, StateName, Words},
};
use rand::RngExt;

use crate::draw::{Draw, NOW, user};

/// A shape: its name, whether it is a single filter, and how a filter is generated.
pub type Shape = (&'static str, bool, fn(&mut Draw) -> Filter);

pub const SHAPES: [Shape; 24] = [
    ("nothing", true, |_| Filter::default()),
    ("time", true, time),
    ("user", true, |draw| Filter { users: Some([draw.user()].into()), ..Filter::default() }),
    ("20 users of a group", true, |draw| Filter { users: Some(group(draw)), ..Filter::default() }),
    ("number", true, |draw| Filter { counterpart: Some(draw.counterpart()), ..Filter::default() }),
    ("beginning of a number", true, |draw| part(draw, true)),
    ("end of a number", true, |draw| part(draw, false)),
    ("withheld", true, |_| Filter {
        counterpart: Some(Counterpart::Withheld),
        ..Filter::default()
    }),
    ("direction", true, |draw| Filter { direction: Some(direction(draw)), ..Filter::default() }),
    ("mark", true, |draw| Filter { mark: Some(Marked::With(draw.mark())), ..Filter::default() }),
    ("length", true, length),
    ("word", true, |draw| noted(draw, 1)),
    ("two words", false, |draw| noted(draw, 2)),
    ("case number", true, |draw| Filter {
        any_field: words(&draw.random.random_range(100_000..999_999).to_string()),
        ..Filter::default()
    }),
    ("held", true, |_| Filter { held: Some(true), ..Filter::default() }),
    ("rejected", true, |_| Filter { state: Some(StateName::Rejected), ..Filter::default() }),
    ("user, time", false, |draw| Filter { users: Some([draw.user()].into()), ..time(draw) }),
    ("user, length, direction", false, |draw| Filter {
        users: Some([draw.user()].into()),
        direction: Some(direction(draw)),
        ..length(draw)
    }),
    ("user, number", false, |draw| Filter {
        users: Some([draw.user()].into()),
        counterpart: Some(draw.counterpart()),
        ..Filter::default()
    }),
    ("user, word", false, |draw| Filter { users: Some([draw.user()].into()), ..noted(draw, 1) }),
    ("group, word", false, |draw| Filter { users: Some(group(draw)), ..noted(draw, 1) }),
    ("mark, word", false, |draw| Filter {
        mark: Some(Marked::With(draw.mark())),
        ..noted(draw, 1)
    }),
    ("mark, number, time", false, |draw| Filter {
        mark: Some(Marked::With(draw.mark())),
        counterpart: Some(draw.counterpart()),
        ..time(draw)
    }),
    ("any mix", false, any),
];

/// The span that the search may read, newest first.
pub fn span(filter: &Filter) -> Span {
    let (first, last) = (DateTime::UNIX_EPOCH, NOW + TimeDelta::days(1));
    Span {
        from: filter.from.unwrap_or(first),
        to: filter.to.unwrap_or(last),
        order: Order::Newest,
        after: None,
    }
}

/// Some filters, each equally likely.
pub fn any(draw: &mut Draw) -> Filter {
    let mut filter = if draw.random.random_bool(0.5) { time(draw) } else { Filter::default() };
    for _ in 0..draw.random.random_range(1..=4) {
        match draw.random.random_range(0..11) {
            0 => filter.users = Some([draw.user()].into()),
            1 => filter.users = Some(group(draw)),
            2 => filter.counterpart = Some(draw.counterpart()),
            3 => {
                let beginning = draw.random.random_bool(0.5);
                filter.number = part(draw, beginning).number;
            }
            4 => filter.direction = Some(direction(draw)),
            5 => {
                filter.mark = Some(if draw.random.random_bool(0.8) {
                    Marked::With(draw.mark())
                } else {
                    Marked::Without
                })
            }
            6 => {
                let length = length(draw);
                (filter.longer, filter.shorter) = (length.longer, length.shorter);
            }
            7 => filter.note = noted(draw, 1).note,
            8 => filter.note = noted(draw, 2).note,
            9 => filter.fields[0] = words("ärende"),
            _ => filter.held = Some(draw.random.random_bool(0.5)),
        }
    }
    filter
}

pub fn time(draw: &mut Draw) -> Filter {
    let length = 10_f64.powf(draw.random.random_range(0.0..2.26));
    let milliseconds = (length * 86_400_000.0) as i64;
    let latest = (draw.days * 86_400_000 - milliseconds).max(1);
    let from =
        draw.now - TimeDelta::milliseconds(milliseconds + draw.random.random_range(0..latest));
    Filter {
        from: Some(from),
        to: Some(from + TimeDelta::milliseconds(milliseconds)),
        ..Filter::default()
    }
}

fn group(draw: &mut Draw) -> BTreeSet<UserId> {
    (0..20).map(|_| user(draw.random.random_range(1..=draw.users as u64))).collect()
}

fn direction(draw: &mut Draw) -> Direction {
    if draw.random.random_bool(0.55) { Direction::In } else { Direction::Out }
}

fn part(draw: &mut Draw, beginning: bool) -> Filter {
    let Counterpart::Number(number) = draw.counterpart() else { return part(draw, beginning) };
    let (digits, length) = (number.digits().to_owned(), draw.random.random_range(3..=8));
    let typed = if beginning {
        format!("+{}", &digits[..length])
    } else {
        digits[digits.len() - length..].to_owned()
    };
    Filter { number: Digits::parse(&typed).ok(), ..Filter::default() }
}

fn length(draw: &mut Draw) -> Filter {
    let (one, other) = (draw.duration(), draw.duration());
    match draw.random.random_range(0..3) {
        0 => Filter { longer: Some(one), ..Filter::default() },
        1 => Filter { shorter: Some(one), ..Filter::default() },
        _ => Filter {
            longer: Some(one.min(other)),
            shorter: Some(one.max(other)),
            ..Filter::default()
        },
    }
}

/// Words as someone types them. Half the time, the last one is cut short.
fn noted(draw: &mut Draw, count: usize) -> Filter {
    let mut typed: Vec<String> = (0..count).map(|_| draw.word()).collect();
    if draw.random.random_bool(0.5)
        && let Some(last) = typed.last_mut()
    {
        let letters = last.chars().count();
        *last = last.chars().take(letters.div_ceil(2).max(2)).collect();
    }
    Filter { note: words(&typed.join(" ")), ..Filter::default() }
}

fn words(typed: &str) -> Option<Words> {
    Words::parse(typed).ok()
}
