//! The phones of an office: their calls, and the uploads of these.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    ids::{CallId, DeviceId, RecordingId},
    recording::Direction,
};
use phone::{Progress, State};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{
    BEGIN, CALLING,
    life::{Clock, up_to, within},
};

/// An installation of the app, until the phone dies or the app is installed anew.
#[derive(Clone, Debug)]
pub struct Installation {
    pub device: DeviceId,
    pub from: DateTime<Utc>,
    pub to: Option<DateTime<Utc>>,
    /// Whether the files survive it, so that the next installation registers them under new ids.
    pub leaves_files: bool,
    /// Whether it counts its calls instead of giving each a random id.
    pub counts: bool,
    offline: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

/// A phone's user: the installations in order, and the clock.
#[derive(Clone, Debug)]
pub struct Phone {
    pub installations: Vec<Installation>,
    pub clock: Clock,
}

/// A call as it was.
#[derive(Clone, Debug)]
pub struct Call {
    pub user: usize,
    pub installation: usize,
    pub id: CallId,
    pub started_at: DateTime<Utc>,
    pub duration: TimeDelta,
    pub direction: Direction,
    /// The other end as the phone writes it.
    pub written: &'static str,
    pub file: usize,
    /// The phone's number of the call.
    pub number: u64,
    /// Whether the phone's disk lost it before its upload.
    pub is_spoilt: bool,
}

/// The upload of a call by one installation.
#[derive(Clone, Debug)]
pub struct Upload {
    pub call: usize,
    pub id: CallId,
    /// The ids that its recording may have.
    pub ids: [RecordingId; 2],
    pub installation: usize,
    pub number: u64,
    pub state: State,
    pub progress: Progress,
    /// When registrations reached the service.
    pub registrations: Vec<DateTime<Utc>>,
    pub linked_at: DateTime<Utc>,
}

/// The other end of a call as phones show it.
const WRITTEN: [&str; 24] = [
    "+46701234567",
    "070-123 45 67",
    "0046 8 123 456 78",
    "+46 (0)70 123 45 67",
    "tel:+46701234567",
    "08-50 10 20 30",
    "112",
    "1177",
    "114 14",
    "4411",
    "*21#",
    "#31#0701234567",
    "sip:anna@bolaget.se",
    "sips:+46701234567@operator.se;user=phone",
    "anna@bolaget.se",
    "Växeln",
    "Kundtjänst 👋",
    "withheld",
    "anonymous",
    "+266696687",
    "",
    "unknown",
    "+999999999999999999999999",
    "0",
];

impl Phone {
    pub fn draw(random: &mut ChaCha8Rng, name: &str, counts: bool) -> Self {
        let mut installations = vec![Installation::draw(random, name, 0, BEGIN, counts)];
        while let Some(ended) = installations.last().and_then(|last| last.to) {
            let from = ended + TimeDelta::minutes(1) + up_to(random, TimeDelta::days(2));
            let number = installations.len();
            installations.push(Installation::draw(random, name, number, from, counts));
        }
        Self { installations, clock: Clock::draw(random) }
    }

    /// The installation that exists at `at`.
    pub fn at(&self, at: DateTime<Utc>) -> Option<usize> {
        self.installations.iter().position(|one| one.exists(at))
    }
}

impl Installation {
    fn draw(
        random: &mut ChaCha8Rng,
        name: &str,
        number: usize,
        from: DateTime<Utc>,
        counts: bool,
    ) -> Self {
        let last = BEGIN + CALLING;
        let ends = from < last && random.random_bool(0.25);
        let to = ends.then(|| within(random, from, last));
        let mut offline = Vec::new();
        let mut at = from;
        while at < last {
            let begins = at + up_to(random, TimeDelta::days(8));
            let longest = match random.random_range(0..50) {
                0 => TimeDelta::days(12),
                1..10 => TimeDelta::hours(14),
                _ => TimeDelta::minutes(40),
            };
            at = begins + up_to(random, longest);
            offline.push((begins, at));
        }
        let device = DeviceId::try_from(format!("{name}-{number}")).expect("a valid id");
        Self { device, from, to, leaves_files: random.random_bool(0.3), counts, offline }
    }

    pub fn exists(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }

    /// Whether it has a network for `long` without interruption, from `at` on and before its end.
    pub fn has_network_after(&self, at: DateTime<Utc>, long: TimeDelta) -> bool {
        let Some(to) = self.to else { return true };
        let ends = self.offline.iter().map(|(_, to)| *to).filter(|to| *to > at);
        let mut begins = std::iter::once(self.online(at)).chain(ends);
        begins.any(|begin| {
            let is_cut =
                |(from, to): &(DateTime<Utc>, DateTime<Utc>)| *from < begin + long && begin < *to;
            begin + long <= to && !self.offline.iter().any(is_cut)
        })
    }

    /// The next instant with a network, from `at` on.
    pub fn online(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let offline = self.offline.iter().find(|(from, to)| (*from..*to).contains(&at));
        offline.map_or(at, |(_, to)| *to)
    }
}

impl Call {
    /// A call of the user's phone at a time when it works.
    pub fn draw(random: &mut ChaCha8Rng, user: usize, phone: &Phone, files: usize) -> Self {
        let (started_at, installation) = loop {
            let at = within(random, BEGIN, BEGIN + CALLING);
            if let Some(installation) = phone.at(at) {
                break (at, installation);
            }
        };
        let started_at = started_at.trunc_subsecs(3);
        let seconds = match random.random_range(0..20) {
            0 => 0,
            1..18 => random.random_range(1..600),
            _ => random.random_range(600..7_200),
        };
        Self {
            user,
            installation,
            id: CallId::try_from(format!("{:032x}", random.random::<u128>())).expect("a valid id"),
            started_at,
            duration: TimeDelta::seconds(seconds),
            direction: if random.random_bool(0.5) { Direction::In } else { Direction::Out },
            written: WRITTEN[random.random_range(0..WRITTEN.len())],
            file: random.random_range(0..files),
            number: 0,
            is_spoilt: random.random_bool(0.002),
        }
    }

    pub fn ends_at(&self) -> DateTime<Utc> {
        self.started_at + self.duration
    }
}
