//! Hold, lift, expiry, retention change, erasure and redelivery in any order delete nothing held.
//!
//! A case is one recording in a table and a bucket that behave as the services promise. A write
//! succeeds if the state that it read is current. The table removes an expired item later and
//! notifies of it, perhaps late and repeatedly. Any step may be the last of its worker.
//! `domain::retention` makes the decisions. `SEED=… CASES=…` in the environment draw other cases,
//! or one again.

mod draw;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrderId, OrganisationId},
    retention::{DAYS, DAYS_AT_MOST, RetentionState, expires_at},
};
use draw::{Draw, environment};

/// The recording's item, of one registration.
#[derive(Clone, Debug)]
struct Item {
    registered: u32,
    /// The number of decisions about its retention.
    version: u32,
    retention: RetentionState,
    /// The holds that were placed and not lifted, counted separately.
    wanted: BTreeSet<OrderId>,
    erased: bool,
}

/// A decision in progress: the state that was read, and the next one.
#[derive(Clone, Debug)]
struct Write {
    seen: (u32, u32),
    next: RetentionState,
    /// The hold that it places (`true`) or lifts.
    hold: Option<(OrderId, bool)>,
    erases: bool,
}

/// A removal in progress, and the audio that was found, by the registrations it arrived for.
#[derive(Clone, Debug)]
struct Removal {
    registered: u32,
    found: Vec<u32>,
}

#[derive(Debug)]
struct World {
    now: DateTime<Utc>,
    item: Option<Item>,
    registrations: u32,
    audio: Vec<u32>,
    writes: Vec<Write>,
    /// Removals that the table notifies of, or that an erasure has begun.
    notified: Vec<u32>,
    removals: Vec<Removal>,
    holds: u8,
    deleted: u32,
}

/// Days that an organisation may choose, more often few than many.
fn days(draw: &mut Draw) -> u16 {
    let more = draw.below(usize::from(DAYS_AT_MOST - DAYS)) / (1 + draw.below(40));
    DAYS + u16::try_from(more).unwrap_or_default()
}

fn order(number: u8) -> OrderId {
    let demo = OrganisationId::try_from("demo".to_owned()).expect("a valid id");
    OrderId::of(&demo, &number.to_string(), DateTime::UNIX_EPOCH)
}

impl World {
    fn new() -> Self {
        let now = DateTime::from_timestamp(1_795_521_600, 0).expect("a valid moment");
        Self {
            now,
            item: None,
            registrations: 0,
            audio: vec![],
            writes: vec![],
            notified: vec![],
            removals: vec![],
            holds: 0,
            deleted: 0,
        }
    }

    /// Takes one step at random. Fails if it breaks the promise.
    fn step(&mut self, draw: &mut Draw) -> Result<(), String> {
        match draw.below(12) {
            0 | 1 => {
                self.now +=
                    TimeDelta::minutes(i64::try_from(draw.below(60 * 24 * 60)).unwrap_or_default())
            }
            2 => self.decide(draw),
            3 | 4 => self.write(draw),
            5 => self.expire(),
            6 | 7 => self.find(draw),
            8 => self.delete(draw)?,
            9 => self.erase()?,
            10 => self.register(),
            _ => self.upload(),
        }
        self.holds()
    }

    /// A worker reads the item and decides; it may write later, twice or never.
    fn decide(&mut self, draw: &mut Draw) {
        let Some(item) = &self.item else { return };
        let (retention, now) = (&item.retention, self.now);
        let hold = order(u8::try_from(draw.below(3)).unwrap_or_default());
        let (next, hold, erases) = match draw.below(10) {
            0..4 => (retention.with_hold(hold, now), Some((hold, true)), false),
            4..7 => (retention.without_hold(hold, now), Some((hold, false)), false),
            7 | 8 => (retention.with_retention(days(draw), now), None, false),
            _ => (retention.erased(now), None, true),
        };
        self.writes.extend(next.map(|next| Write {
            seen: (item.registered, item.version),
            next,
            hold,
            erases,
        }));
    }

    /// The table accepts a write if the state read is current. The worker may write again, unaware.
    fn write(&mut self, draw: &mut Draw) {
        if self.writes.is_empty() {
            return;
        }
        let place = draw.below(self.writes.len());
        let write = if draw.below(3) == 0 {
            self.writes[place].clone()
        } else {
            self.writes.swap_remove(place)
        };
        let Some(item) =
            self.item.as_mut().filter(|item| (item.registered, item.version) == write.seen)
        else {
            return;
        };
        self.holds += u8::from(write.next.is_held() && !item.retention.is_held());
        (item.retention, item.version, item.erased) = (write.next, item.version + 1, write.erases);
        match write.hold {
            Some((hold, true)) => item.wanted.insert(hold),
            Some((hold, false)) => item.wanted.remove(&hold),
            None => true,
        };
    }

    /// The table removes an expired item, and notifies of it.
    fn expire(&mut self) {
        // A held item has no `expires_at`.
        let expired =
            self.item.take_if(|item| !item.retention.is_held() && item.retention.day <= self.now);
        self.notified.extend(expired.map(|item| item.registered));
    }

    /// A worker that is notified of a removal, for the first time or again, looks for audio.
    fn find(&mut self, draw: &mut Draw) {
        let Some(registered) = self.notified.get(draw.below(self.notified.len())).copied() else {
            return;
        };
        self.removals.push(Removal { registered, found: self.audio.clone() });
    }

    /// It reads the current item and removes the audio found, except that of a newer registration.
    fn delete(&mut self, draw: &mut Draw) -> Result<(), String> {
        if self.removals.is_empty() {
            return Ok(());
        }
        let place = draw.below(self.removals.len());
        let removal = self.removals.swap_remove(place);
        let own = |item: &&Item| {
            item.registered == removal.registered && !item.retention.exists(self.now)
        };
        let another = self.item.as_ref().filter(|item| !own(item)).map(|item| item.registered);
        for came_for in removal
            .found
            .into_iter()
            .filter(|came_for| another.is_none_or(|another| *came_for < another))
        {
            let current = self
                .item
                .as_ref()
                .filter(|item| item.registered == came_for && item.retention.exists(self.now));
            if let Some(item) = current {
                return Err(format!("the audio of an existing recording was deleted: {item:?}"));
            }
            self.deleted +=
                u32::try_from(self.audio.extract_if(.., |audio| *audio == came_for).count())
                    .unwrap_or_default();
        }
        Ok(())
    }

    /// The worker of an erasure continues as the table would, but at once.
    fn erase(&mut self) -> Result<(), String> {
        let Some(item) = self.item.as_ref().filter(|item| item.erased) else { return Ok(()) };
        self.removals.push(Removal { registered: item.registered, found: self.audio.clone() });
        self.notified.push(item.registered);
        if item.retention.is_held() {
            return Err(format!("a held recording was erased: {item:?}"));
        }
        self.item = None;
        Ok(())
    }

    /// The app registers the call again if there is no item.
    fn register(&mut self) {
        if self.item.is_some() {
            return;
        }
        self.registrations += 1;
        let started_at = self.now - TimeDelta::hours(1);
        let day = expires_at(started_at, DAYS);
        let retention = RetentionState {
            begins_at: started_at,
            day,
            grace: None,
            held_since: None,
            holds: BTreeSet::new(),
        };
        self.item = Some(Item {
            registered: self.registrations,
            version: 0,
            retention,
            wanted: BTreeSet::new(),
            erased: false,
        });
    }

    /// The app uploads the audio by its link, only if there is none.
    fn upload(&mut self) {
        if let Some(item) = &self.item
            && self.audio.is_empty()
        {
            self.audio.push(item.registered);
        }
    }

    /// Checks that no hold is lost and that a held item has no end.
    fn holds(&self) -> Result<(), String> {
        let Some(item) = self.item.as_ref() else { return Ok(()) };
        if item.retention.holds != item.wanted {
            return Err(format!("a hold is lost or comes back: {item:?}"));
        }
        let promised = !item.retention.is_held()
            || (item.retention.held_since.is_some()
                && !item.erased
                && item.retention.exists(self.now + TimeDelta::days(100_000)));
        if promised { Ok(()) } else { Err(format!("a held recording has an end: {item:?}")) }
    }
}

#[test]
fn nothing_held_is_deleted_in_a_hundred_thousand_interleavings() {
    let (seed, cases) = (environment("SEED", 5), environment("CASES", 100_000));
    let (mut steps, mut holds, mut deleted, mut failures) = (0_u64, 0_u64, 0_u64, 0_u64);
    for number in 0..cases {
        let own = seed.wrapping_add(number);
        let (mut draw, mut world) = (Draw(own), World::new());
        world.register();
        world.upload();
        for _ in 0..30 + draw.below(60) {
            steps += 1;
            if let Err(broken) = world.step(&mut draw) {
                println!("SEED={own} CASES=1: {broken}");
                failures += 1;
                break;
            }
        }
        (holds, deleted) = (holds + u64::from(world.holds), deleted + u64::from(world.deleted));
    }
    println!(
        "{cases} interleavings from SEED={seed}: {steps} steps, {holds} times held, {deleted} times audio deleted, {failures} failures"
    );
    assert_eq!(failures, 0);
    assert!(
        cases < 1000 || (holds > cases / 4 && deleted > cases / 4),
        "the cases do not do what they are to show"
    );
}
