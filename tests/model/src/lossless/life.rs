//! The truth about users and phones: when each user was recorded, what each clock showed, and when
//! each phone had a network.

use chrono::{DateTime, TimeDelta, Utc};
use domain::people::Period;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{AFTER, BEGIN, CALLING};

/// A change of a user's recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Activated,
    Acknowledged,
    Deactivated,
    PlanEnded,
    PlanBegun,
}

/// A user's changes in order, and the periods in which they were recorded.
#[derive(Clone, Debug, Default)]
pub struct Life {
    pub changes: Vec<(DateTime<Utc>, Change)>,
    recorded: Vec<Period>,
}

/// A device's clock: from each instant on, how far it is ahead.
#[derive(Clone, Debug)]
pub struct Clock(Vec<(DateTime<Utc>, TimeDelta)>);

/// A random time up to `most`.
pub fn up_to(random: &mut ChaCha8Rng, most: TimeDelta) -> TimeDelta {
    TimeDelta::milliseconds(random.random_range(0..most.num_milliseconds().max(1)))
}

pub fn within(random: &mut ChaCha8Rng, from: DateTime<Utc>, to: DateTime<Utc>) -> DateTime<Utc> {
    from + up_to(random, to - from)
}

impl Life {
    /// Four in five users are recorded from before the beginning. Periods last from hours to months.
    pub fn draw(random: &mut ChaCha8Rng) -> Self {
        let day = TimeDelta::days;
        let mut life = Self::default();
        let mut at = match random.random_bool(0.8) {
            true => BEGIN - day(30) + up_to(random, day(25)),
            false => within(random, BEGIN - day(5), BEGIN + CALLING),
        };
        let end = BEGIN + CALLING + AFTER;
        while at < end {
            life.changes.push((at, Change::Activated));
            let acknowledged = at + up_to(random, day(2));
            let longest = if random.random_bool(0.3) { day(4) } else { day(120) };
            let ended = at + TimeDelta::minutes(1) + up_to(random, longest);
            if acknowledged < ended {
                life.changes.push((acknowledged, Change::Acknowledged));
                life.recorded.push(Period { from: acknowledged, to: ended });
            }
            let gap = up_to(random, day(6));
            at = ended + TimeDelta::minutes(2) + gap;
            if random.random_bool(0.4) {
                life.changes.push((ended, Change::PlanEnded));
                life.changes.push((at - TimeDelta::minutes(1), Change::PlanBegun));
            } else {
                life.changes.push((ended, Change::Deactivated));
            }
        }
        life
    }

    pub fn is_recorded(&self, at: DateTime<Utc>) -> bool {
        self.recorded.iter().any(|period| (period.from..period.to).contains(&at))
    }

    /// Whether the recording begins or ends within `by` of `at`.
    pub fn changes_near(&self, at: DateTime<Utc>, by: TimeDelta) -> bool {
        let is_near = |change: DateTime<Utc>| (change - at).abs() <= by;
        self.recorded.iter().any(|period| is_near(period.from) || is_near(period.to))
    }
}

impl Clock {
    /// Most clocks are right within a minute. Others are wrong throughout, or are set meanwhile.
    pub fn draw(random: &mut ChaCha8Rng) -> Self {
        let first = DateTime::<Utc>::MIN_UTC;
        let wrong = |random: &mut ChaCha8Rng| match random.random_range(0..4) {
            0 => TimeDelta::days(730),
            1 => DateTime::UNIX_EPOCH - BEGIN, // never set
            2 => TimeDelta::hours(random.random_range(-12..13)),
            _ => TimeDelta::minutes(random.random_range(-400_000..400_000)),
        };
        match random.random_range(0..20) {
            0..14 => Self(vec![(first, TimeDelta::seconds(random.random_range(-50..51)))]),
            14..18 => Self(vec![(first, wrong(random))]),
            _ => {
                let mut settings = vec![(first, wrong(random))];
                for _ in 0..random.random_range(1..5) {
                    let at = within(random, BEGIN, BEGIN + CALLING);
                    let right = random.random_bool(0.5);
                    let ahead = if right { TimeDelta::zero() } else { wrong(random) };
                    settings.push((at, ahead));
                }
                settings.sort();
                Self(settings)
            }
        }
    }

    pub fn ahead(&self, at: DateTime<Utc>) -> TimeDelta {
        let before = self.0.iter().take_while(|(from, _)| *from <= at);
        before.last().map_or(TimeDelta::zero(), |(_, ahead)| *ahead)
    }

    pub fn shows(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at + self.ahead(at)
    }
}
