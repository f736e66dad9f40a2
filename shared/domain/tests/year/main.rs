//! A year of an organisation in virtual time, by the rules alone. Calls are registered; their audio
//! arrives, late, twice, spoilt or never. Days are delivered, including both on which clocks
//! change. Recordings are held, lifted, given another retention, erased and expire. Then no more
//! calls come until everything has ended, and every recording must be accounted for.
//!
//! `USERS=… SEED=…` in the environment draw another year. `make year` has 1,000 users.

mod calls;
#[path = "../draw/mod.rs"]
mod draw;
mod service;

use std::{collections::BTreeMap, time::Instant};

use calls::{Call, Fate};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use domain::{
    delivery::Day,
    ids::{OrderId, OrganisationId},
};
use draw::{Draw, environment};
use service::{Service, State};

/// An event at its own time.
#[derive(Debug)]
enum Event {
    Register(Call),
    Notified(Call),
    Lift(Vec<u64>, OrderId),
}

struct Year {
    service: Service,
    draw: Draw,
    events: BTreeMap<(DateTime<Utc>, u64), Event>,
    count: u64,
    /// Calls so far.
    calls: u64,
}

impl Year {
    fn plan(&mut self, at: DateTime<Utc>, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    /// Draws the calls of a day, and the fate of each.
    fn draw_day(&mut self, day: NaiveDate, users: usize) {
        let calls = calls::of(day, users, self.calls, &mut self.draw);
        self.calls = calls.last().map_or(self.calls, |last| last.number + 1);
        for call in calls {
            self.plan(call.registered_at, Event::Register(call));
            match call.fate {
                Fate::Comes { at, twice } => {
                    self.plan(at, Event::Notified(call));
                    if twice {
                        self.plan(at + TimeDelta::hours(30), Event::Notified(call));
                    }
                }
                Fate::Spoilt { at } => self.plan(at, Event::Notified(call)),
                Fate::Never => {}
            }
        }
    }

    /// The actions of administrators in the course of a day.
    fn administer(&mut self, day: NaiveDate) {
        match day.ordinal() {
            100 => self.service.keep_for(200),
            250 => self.service.keep_for(180),
            other if other % 30 == 0 => {
                let numbers = self.some(25);
                self.service.erase(&numbers);
            }
            other if other % 7 == 0 => {
                let numbers = self.some(40);
                let hold = OrderId::of(
                    &OrganisationId::try_from("demo".to_owned()).expect("a valid id"),
                    &day.to_string(),
                    self.service.now,
                );
                self.service.hold(&numbers, hold);
                let lifted = self.service.now
                    + TimeDelta::days(1 + i64::try_from(self.draw.below(300)).unwrap_or_default());
                self.plan(lifted, Event::Lift(numbers, hold));
            }
            _ => {}
        }
    }

    /// The numbers of some recordings that exist.
    fn some(&mut self, number: usize) -> Vec<u64> {
        let end = usize::try_from(self.calls).unwrap_or_default();
        let drawn = (0..number * 4)
            .map(|_| self.draw.below(end) as u64)
            .collect::<std::collections::BTreeSet<_>>();
        let now = self.service.now;
        let there = drawn.into_iter().filter(|number| {
            self.service.rows.get(number).is_some_and(|row| row.retention.exists(now))
        });
        there.take(number).collect()
    }

    /// Advances to `end` by half hours, with the events until then.
    fn go_on(&mut self, end: DateTime<Utc>) {
        while self.service.now < end {
            let next = self.service.now + TimeDelta::minutes(30);
            while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= next)
            {
                let ((at, _), event) = entry.remove_entry();
                self.service.now = at;
                match event {
                    Event::Register(call) => self.service.register(&call),
                    Event::Notified(call) => self.service.ingest(&call),
                    Event::Lift(numbers, hold) => self.service.lift(&numbers, hold),
                }
            }
            self.service.now = next;
            self.service.tick();
        }
    }
}

#[test]
fn every_recording_of_a_year_is_accounted_for() {
    let (seed, users) =
        (environment("SEED", 1), usize::try_from(environment("USERS", 4)).unwrap_or_default());
    let began = Instant::now();
    let first = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day");
    let day = |date: NaiveDate| Day::try_from(date.to_string()).expect("a day");
    // The scheduler runs at five past and at twenty-five to.
    let start = day(first).begins_at() + TimeDelta::minutes(5);
    let service = Service::new(start, users);
    let mut year = Year { service, draw: Draw(seed), events: BTreeMap::new(), count: 0, calls: 0 };
    for date in first.iter_days().take(365) {
        year.draw_day(date, users);
        year.go_on(day(date).ends_at());
        year.administer(date);
    }
    let existing = year.service.rows.len();
    let stored = |service: &Service| {
        let mut bytes = vec![0; users];
        for row in service.rows.values().filter(|row| matches!(row.state, State::Stored { .. })) {
            bytes[row.user] += row.bytes;
        }
        bytes
    };
    assert_eq!(year.service.usage, stored(&year.service), "the usage is what is stored");
    // All holds are lifted within 300 days, and the last of the held recordings end 7 days later.
    year.go_on(day(first + TimeDelta::days(365 + 320)).begins_at());
    let counts = &year.service.counts;
    println!(
        "{users} users, SEED={seed}: {counts:#?}\n{existing} existed when the year ended; {:.0?} for all",
        began.elapsed()
    );
    assert!(year.service.rows.is_empty(), "{} have not ended", year.service.rows.len());
    assert!(year.service.usage.iter().all(|bytes| *bytes == 0), "usage is left");
    assert_eq!(counts.registered, counts.expired + counts.erased);
    assert_eq!(counts.registered, counts.stored + counts.rejected + counts.never_came);
    assert_eq!(
        counts.folders,
        365 + 320,
        "a folder of each day, with calls or without, from the day before the first"
    );
    assert!(
        counts.delivered_late > 0
            && counts.notified_again > 0
            && counts.erased > 0
            && counts.held > 0,
        "the year lacks something"
    );
}
