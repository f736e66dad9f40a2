//! The right end of each recording, by what people ordered and by when holds protected it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::retention::{BACKDATED, GRACE, expires_at};

use crate::{
    aws::{Image, Past},
    plan::ORGANISATIONS,
    truth::{Call, Erasure, Truth},
};

/// The only right end of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Exists,
    Gone,
    /// Something happened at the same time that decides. The reason why nobody can predict the end.
    Open(&'static str),
}

/// How long a job may take in a storm.
pub(super) const JOB: TimeDelta = TimeDelta::days(1);

/// A possible retention of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Possible {
    begins_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    /// The end that a lifted hold promised.
    grace: Option<DateTime<Utc>>,
}

/// The changes of the end of a recording.
enum Event {
    /// A change of the retention takes effect between two moments, if no other one overtakes it.
    Retain { to: DateTime<Utc>, days: u16, is_alone: bool },
    /// The last hold was lifted.
    Release,
}

/// The only right end of the call's recording, whose past is known.
pub(super) fn fate(truth: &Truth, past: &Past, now: DateTime<Utc>, call: &Call) -> Fate {
    let images = past.of(ORGANISATIONS[call.organisation], &call.recording());
    let Some(registered_at) = call.registered_at else { return Fate::Open("not registered") };
    let mut open = None;
    let concerns = |erasure: &&Erasure| call.concerns(erasure.organisation, erasure.person);
    for erasure in truth.erasures.iter().filter(concerns) {
        let ended_at = past.ended(&erasure.id);
        match erasure_of((erasure, ended_at), images, now, (call, registered_at)) {
            Fate::Gone => return Fate::Gone,
            Fate::Open(reason) => open = Some(reason),
            Fate::Exists => {}
        }
    }
    let is_held = images.last().is_some_and(Image::is_held);
    let possible = possible(truth, images, now, (call, registered_at));
    if !is_held && possible.iter().all(|one| one.ends_at <= now) {
        return Fate::Gone;
    }
    match open {
        Some(reason) => Fate::Open(reason),
        None if is_held || possible.iter().all(|one| one.ends_at > now) => Fate::Exists,
        None => Fate::Open("the retention changed at its end"),
    }
}

/// The end of the recording by an erasure alone.
fn erasure_of(
    (erasure, ended_at): (&Erasure, Option<DateTime<Utc>>),
    past: &[Image],
    now: DateTime<Utc>,
    (call, registered_at): (&Call, DateTime<Utc>),
) -> Fate {
    let is_refused = !erasure.is_accepted && erasure.confirmed_at.is_some();
    let done_at = ended_at.or(erasure.confirmed_at.map(|at| at + JOB));
    if is_refused || done_at.is_some_and(|at| call.sent_at >= at) || erasure.sent_at > now {
        return Fate::Exists;
    }
    let Some(done_at) = done_at.filter(|at| *at <= now) else {
        return Fate::Open("being erased");
    };
    let held: Vec<bool> = between(past, erasure.sent_at, done_at).map(Image::is_held).collect();
    if !held.is_empty() && held.iter().all(|held| *held) {
        return Fate::Exists;
    }
    match () {
        () if registered_at > erasure.sent_at => Fate::Open("registered during an erasure"),
        () if held.contains(&true) => Fate::Open("held during a part of an erasure"),
        () => Fate::Gone,
    }
}

/// The images of the time between two moments.
pub(super) fn between(
    past: &[Image],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> impl Iterator<Item = &Image> {
    let first = past.partition_point(|image| image.at <= from).saturating_sub(1);
    past[first..].iter().take_while(move |image| image.at <= to)
}

/// Every retention that the recording may have, if no erasure ends it.
fn possible(
    truth: &Truth,
    past: &[Image],
    now: DateTime<Utc>,
    (call, registered_at): (&Call, DateTime<Utc>),
) -> Vec<Possible> {
    let changes: Vec<_> = truth
        .changes
        .iter()
        .filter(|change| change.organisation == call.organisation && change.sent_at <= now)
        .filter(|change| change.is_accepted || change.confirmed_at.is_none())
        .map(|change| (change.sent_at, change.confirmed_at.unwrap_or(now) + JOB, change.days))
        .collect();
    let is_alone = |(from, to, _): &(DateTime<Utc>, DateTime<Utc>, u16)| {
        changes.iter().filter(|(other, end, _)| other <= to && end >= from).count() == 1
    };
    let mut days = vec![180];
    for change in changes.iter().filter(|(from, ..)| *from <= registered_at) {
        if is_alone(change) && change.1 <= call.sent_at {
            days.clear();
        }
        days.push(change.2);
    }
    let begins = [call.sent_at, registered_at].map(|at| call.started_at.max(at - BACKDATED));
    let mut possible: Vec<Possible> = begins
        .into_iter()
        .flat_map(|begins_at| days.iter().map(move |days| (begins_at, *days)))
        .map(|(begins_at, days)| Possible {
            begins_at,
            ends_at: expires_at(begins_at, days),
            grace: None,
        })
        .collect();
    let mut events: Vec<(DateTime<Utc>, Event)> = changes
        .iter()
        .filter(|(_, to, _)| *to > call.sent_at)
        .map(|change| {
            let (from, to, days) = *change;
            (from, Event::Retain { to, days, is_alone: is_alone(change) })
        })
        .collect();
    let released = past.windows(2).filter(|pair| pair[0].is_held() && !pair[1].is_held());
    events.extend(released.map(|pair| (pair[1].at, Event::Release)));
    events.sort_by_key(|(at, _)| *at);
    for (at, event) in events {
        possible = possible.into_iter().flat_map(|one| after(one, at, &event, past)).collect();
    }
    possible.dedup();
    possible
}

/// The possible retentions after an event.
fn after(one: Possible, at: DateTime<Utc>, event: &Event, past: &[Image]) -> Vec<Possible> {
    match event {
        Event::Release if one.ends_at <= at => {
            let ends_at = at + GRACE;
            vec![Possible { ends_at, grace: Some(ends_at), ..one }]
        }
        Event::Release => vec![one],
        Event::Retain { to, days, is_alone } => {
            let mut held = between(past, at, *to).map(Image::is_held);
            let is_held = held.next() == Some(true);
            let always_held = is_held && held.all(|held| held);
            if one.ends_at <= at && !is_held {
                return vec![one];
            }
            let ends_at = expires_at(one.begins_at, *days).max(one.grace.unwrap_or_default());
            let changed = Possible { ends_at, ..one.clone() };
            match *is_alone && (one.ends_at > *to || always_held) {
                true => vec![changed],
                false => vec![one, changed],
            }
        }
    }
}
