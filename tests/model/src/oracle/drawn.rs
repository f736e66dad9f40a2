//! Plausible and unusual searches in a changing organisation.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    counterpart::Counterpart,
    ids::UserId,
    recording::{Direction, Recording},
    search::{LETTERS, Order, tokens},
    time::Instant,
};
use rand::{Rng, RngExt, seq::IndexedRandom};

use super::{life::Life, manner::one, reference::state, typed::Typed};
use crate::draw::user;

/// Rows of a page.
const LIMITS: [usize; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 17, 20, 30, 49, 50, 60];

/// Generates a search. Most values come from an existing recording, so that a mix has matches.
pub fn search(life: &mut Life) -> Typed {
    let count = life.standing.len().max(1);
    let any = life.random.random_range(0..count);
    let like = life.standing.values().nth(any).cloned();
    let filters = *one(&mut life.random, &[1, 2, 3, 0, 4, 2, 6, 12]);
    let least = count / 40; // so that a search has some forty pages at most
    let mut typed = Typed {
        seen: life.random.random_bool(0.4).then(|| seen(life)),
        order: if life.random.random_bool(0.5) { Order::Newest } else { Order::Oldest },
        limit: if life.random.random_bool(0.1) {
            1000
        } else {
            one(&mut life.random, &LIMITS).to_owned().max(least)
        },
        ..Typed::default()
    };
    for _ in 0..filters {
        fill_in(life, &mut typed, like.as_ref());
    }
    if !life.callers.is_empty() {
        at_the_door(life, &mut typed);
    }
    if let Some((from, to)) = life.window {
        typed.from = Some(typed.from.map_or(from, |typed| typed.max(from)));
        typed.to = Some(typed.to.map_or(to, |typed| typed.min(to)));
    }
    typed
}

/// Restricts the search to permitted users and to whole seconds, as in a query string.
fn at_the_door(life: &mut Life, typed: &mut Typed) {
    typed.seen = one(&mut life.random, &life.callers).clone();
    typed.user =
        typed.user.take().filter(|user| typed.seen.as_ref().is_none_or(|seen| seen.contains(user)));
    let seconds = |length: TimeDelta| TimeDelta::seconds(length.num_seconds());
    (typed.longer, typed.shorter) = (typed.longer.map(seconds), typed.shorter.map(seconds));
    if life.random.random_bool(0.1) {
        let user = one(&mut life.random, &life.manner.users).as_str().to_uppercase();
        // In the local cloud, a user's name is not the id but begins with it.
        let from = if life.manner.plain { 0 } else { life.random.random_range(0..user.len()) };
        typed.name = Some(user[from..].to_owned());
    }
}

/// Some users, seldom more than a search reads one by one.
fn seen(life: &mut Life) -> BTreeSet<UserId> {
    let users = &life.manner.users;
    match life.random.random_range(0..10) {
        0 => BTreeSet::new(),
        1 => (1..=[150, 201, 250][life.random.random_range(0..3)]).map(user).collect(),
        2..5 => [one(&mut life.random, users).clone()].into(),
        _ => {
            let some = life.random.random_range(1..=users.len());
            (0..some).map(|_| one(&mut life.random, users).clone()).collect()
        }
    }
}

/// Sets one of the filters, three times out of four to a value of `like`.
fn fill_in(life: &mut Life, typed: &mut Typed, like: Option<&Recording>) {
    let like = like.filter(|_| life.random.random_bool(0.75));
    let random = &mut life.random;
    match random.random_range(0..16) {
        0 => typed.from = Some(moment(life, like)),
        1 => typed.to = Some(moment(life, like)),
        2 => typed.user = Some(like.map_or_else(|| user(1), |like| like.user.clone())),
        3 => {
            typed.longer = Some(length(life).min(like.map_or(TimeDelta::MAX, |like| like.duration)))
        }
        4 => {
            typed.shorter =
                Some(length(life).max(like.map_or(TimeDelta::zero(), |like| like.duration)))
        }
        5 => {
            typed.counterpart = Some(
                like.map_or_else(|| one(random, &life.manner.numbers), |like| &like.counterpart)
                    .to_string(),
            )
        }
        6 => {
            let of = like
                .map_or_else(|| one(random, &life.manner.numbers), |like| &like.counterpart)
                .clone();
            typed.number = Some(number(random, &of));
        }
        7 => {
            typed.direction = Some(if like.is_none_or(|like| like.direction == Direction::In) {
                "in"
            } else {
                "out"
            })
        }
        8 => typed.mark = Some(mark(life, like)),
        9 | 10 => {
            typed.note = words(
                life,
                like.and_then(|like| like.annotation.note.as_ref()).map(|note| note.as_str()),
            )
        }
        place @ 11..14 => {
            let field = like
                .and_then(|like| like.annotation.fields[place - 11].as_ref())
                .map(|field| field.as_str());
            typed.fields[place - 11] = words(life, field);
        }
        14 => {
            typed.any_field = words(
                life,
                like.and_then(|like| like.annotation.fields[0].as_ref())
                    .map(|field| field.as_str()),
            )
        }
        _ if random.random_bool(0.5) => {
            typed.held = Some(like.is_none_or(|like| like.held_since.is_some()))
        }
        _ => typed.state = Some(like.map_or("rejected", state)),
    }
}

fn mark(life: &mut Life, like: Option<&Recording>) -> String {
    let any = one(&mut life.random, &life.manner.marks).as_str();
    let mark =
        like.map_or(Some(any), |like| like.annotation.mark.as_ref().map(|mark| mark.as_str()));
    mark.unwrap_or("none").to_owned()
}

/// A moment near a call, to the microsecond, or one long before or after all of them.
fn moment(life: &mut Life, like: Option<&Recording>) -> DateTime<Utc> {
    let random = &mut life.random;
    let call = like.map_or(life.now, |like| like.started_at);
    match random.random_range(0..10) {
        0 => Instant::clamped(call - TimeDelta::days(50_000)).utc(),
        1 => Instant::clamped(call + TimeDelta::days(2_000_000)).utc(),
        2..4 => call + TimeDelta::microseconds(random.random_range(-1500..=1500)),
        4 => call,
        5 => call + TimeDelta::milliseconds(1),
        _ => call + (life.manner.spread / 100) * random.random_range(-60..=60),
    }
}

fn length(life: &mut Life) -> TimeDelta {
    let beside = TimeDelta::milliseconds([-1, 0, 0, 0, 1][life.random.random_range(0..5)]);
    (*one(&mut life.random, &life.manner.lengths) + beside).max(TimeDelta::zero())
}

/// Three or more first digits, in international, national or bare form, or last digits.
fn number(random: &mut impl Rng, of: &Counterpart) -> String {
    let Counterpart::Number(number) = of else { return "070".to_owned() };
    let digits = number.digits();
    let length = random.random_range(3..=digits.len());
    let beginning = &digits[..length];
    let typed = match random.random_range(0..5) {
        0 => format!("+{beginning}"),
        1 => format!("00{beginning}"),
        2 if digits.starts_with("46") && length > 4 => format!("0{}", &beginning[2..]),
        3 => beginning.to_owned(),
        _ => digits[digits.len() - length..].to_owned(),
    };
    let at = random.random_range(1..typed.len());
    let between = ["", "", " ", "-", " - ", ".", "/", "\u{a0}"][random.random_range(0..8)];
    format!("{}{between}{}", &typed[..at], &typed[at..])
}

/// Some of the words of a text, or of the vocabulary. Half the time, the last is cut short.
fn words(life: &mut Life, of: Option<&str>) -> Option<String> {
    let random = &mut life.random;
    let own = of
        .filter(|_| random.random_bool(0.8))
        .map(|text| text.split([' ', '\n']).filter(|word| takes(word)).collect::<Vec<_>>());
    let count = *one(random, &[1, 2, 3, 9]);
    let mut words: Vec<String> = Vec::new();
    for _ in 0..count {
        let some = own.as_ref().and_then(|own| own.choose(random)).map(|word| (*word).to_owned());
        words.push(some.unwrap_or_else(|| one(random, &life.manner.words).clone()));
    }
    if let Some(last) = words.last_mut()
        && random.random_bool(0.5)
    {
        let letters = last.chars().count();
        *last = last.chars().take(random.random_range(1..=letters)).collect();
    }
    if random.random_bool(0.2) {
        words = words.iter().map(|word| word.to_uppercase()).collect();
    }
    let typed = words.join([" ", " ", ", "][random.random_range(0..3)]);
    let all = tokens(&typed);
    ((1..=10).contains(&all.len()) && all.iter().all(|word| word.chars().count() <= LETTERS))
        .then_some(typed)
}

fn takes(word: &str) -> bool {
    !tokens(word).is_empty()
}
