//! The troubles of a storm, drawn from its seed: how often they come, and how late things happen.

use std::time::Duration;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Probabilities of each request or message, and the longest delays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weather {
    /// A request is throttled: by the table, the bucket, the queue.
    pub throttled: f64,
    /// A request fails before it has an effect.
    pub failed: f64,
    /// A request has its effect, and the response is lost.
    pub lost: f64,
    /// A write fails, because another one touches the same item or object; of a transaction also
    /// because an item is throttled.
    pub conflicted: f64,
    /// Of a batch only some parts are processed.
    pub partial: f64,
    /// A request hangs, and the process with it.
    pub hung: f64,
    /// An invocation's process ends right before one of its requests, or right after it.
    pub crashed: f64,
    /// An invocation is throttled by Lambda.
    pub refused: f64,
    /// A message, stream record or event arrives twice.
    pub doubled: f64,
    /// S3 sends no event.
    pub silent: f64,
    /// A read that is not consistent returns an older state, if there is one.
    pub stale: f64,
    /// The longest latency of a request.
    pub latency: Duration,
    /// How far the indexes are behind the table, at most.
    pub index_lag: Duration,
    /// How late messages, events and stream records arrive, at most.
    pub delay: Duration,
    /// How long after its expiry TTL removes an item, at most.
    pub ttl: Duration,
    /// The share of a partition's units that it serves: a storm is too small to need all of them.
    pub units: f64,
    /// Invocations of a function in a chain after which Lambda ends it, unless the template permits
    /// loops. Less than in AWS, for the same reason.
    pub chain: u32,
}

/// The kinds of trouble that every run of many storms has. Only API Gateway's time-out is rarer: all
/// functions but one end before it.
pub const TROUBLES: [&str; 19] = [
    "throttled",
    "exhausted",
    "failed",
    "lost",
    "hung",
    "timed out",
    "conflicted",
    "conflicted item",
    "conflicted object",
    "unprocessed items",
    "unprocessed keys",
    "unsent messages",
    "kept objects",
    "crashed",
    "refused",
    "doubled",
    "silent",
    "stale",
    "looped",
];

/// Invocations of a chain after which Lambda ends it: AWS Lambda Developer Guide, "Recursive loop
/// detection".
const CHAIN: u32 = 16;

impl Weather {
    /// Nothing goes wrong, and everything happens at once.
    pub fn calm() -> Self {
        Self {
            latency: Duration::from_millis(20),
            index_lag: Duration::from_millis(50),
            delay: Duration::from_millis(200),
            ttl: Duration::from_secs(3_600),
            units: 1.0,
            chain: CHAIN,
            ..Self::default()
        }
    }

    /// The weather of a seed. Each kind of trouble is absent from a third of the storms, so that no
    /// kind always hides another.
    pub fn draw(seed: u64) -> Self {
        let random = &mut ChaCha8Rng::seed_from_u64(seed ^ 0x57EA_7443);
        Self {
            throttled: rate(random, 0.05),
            failed: rate(random, 0.02),
            lost: rate(random, 0.02),
            conflicted: rate(random, 0.03),
            partial: rate(random, 0.2),
            hung: rate(random, 0.004),
            crashed: rate(random, 0.15),
            refused: rate(random, 0.05),
            doubled: rate(random, 0.2),
            silent: rate(random, 0.05),
            stale: rate(random, 0.5),
            latency: span(random, 10, 2_000),
            index_lag: span(random, 20, 180_000),
            delay: span(random, 100, 600_000),
            ttl: span(random, 60_000, 4 * 86_400_000),
            units: share(random),
            chain: if random.random_bool(1.0 / 3.0) {
                CHAIN
            } else {
                random.random_range(2..CHAIN)
            },
        }
    }

    /// Changes that each take one kind of trouble away.
    pub fn calmer() -> [fn(&mut Self); 17] {
        [
            |weather| weather.throttled = 0.0,
            |weather| weather.failed = 0.0,
            |weather| weather.lost = 0.0,
            |weather| weather.conflicted = 0.0,
            |weather| weather.partial = 0.0,
            |weather| weather.hung = 0.0,
            |weather| weather.crashed = 0.0,
            |weather| weather.refused = 0.0,
            |weather| weather.doubled = 0.0,
            |weather| weather.silent = 0.0,
            |weather| weather.stale = 0.0,
            |weather| weather.latency = Self::calm().latency,
            |weather| weather.index_lag = Self::calm().index_lag,
            |weather| weather.delay = Self::calm().delay,
            |weather| weather.ttl = Self::calm().ttl,
            |weather| weather.units = Self::calm().units,
            |weather| weather.chain = Self::calm().chain,
        ]
    }
}

fn rate(random: &mut impl Rng, most: f64) -> f64 {
    if random.random_bool(1.0 / 3.0) { 0.0 } else { random.random_range(0.0..most) }
}

/// A share of everything, in a third of the storms all of it. All magnitudes are as likely.
fn share(random: &mut impl Rng) -> f64 {
    if random.random_bool(1.0 / 3.0) { 1.0 } else { random.random_range(0.002_f64.ln()..0.0).exp() }
}

/// A span of time between two numbers of milliseconds. All magnitudes are as likely.
fn span(random: &mut impl Rng, least: u64, most: u64) -> Duration {
    let (least, most) = ((least as f64).ln(), (most as f64).ln());
    Duration::from_millis(random.random_range(least..most).exp() as u64)
}
