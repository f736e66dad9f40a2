//! A device whose time passes only while the client waits, and whose chance has a seed.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use phone::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A virtual device. Its clones share the time.
#[derive(Clone)]
pub struct VirtualDevice(Arc<Mutex<Time>>);

struct Time {
    uptime: Duration,
    /// How often the clock was read. Each reading is a millisecond after the one before.
    readings: i64,
    sleeps: u32,
    random: ChaCha8Rng,
}

/// More sleeps than any test needs: a client that never ends fails instead.
const SLEEPS_AT_MOST: u32 = 100_000;

impl VirtualDevice {
    pub fn new(seed: u64) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed);
        let time = Time { uptime: Duration::ZERO, readings: 0, sleeps: 0, random };
        Self(Arc::new(Mutex::new(time)))
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().expect("no test panics with the lock")
    }
}

impl Device for VirtualDevice {
    fn now(&self) -> DateTime<Utc> {
        let mut time = self.time();
        time.readings += 1;
        let start: DateTime<Utc> = "2026-11-24T14:00:00Z".parse().expect("a time");
        start + time.uptime + TimeDelta::milliseconds(time.readings)
    }

    fn uptime(&self) -> Duration {
        self.time().uptime
    }

    fn random(&self) -> f64 {
        self.time().random.random()
    }

    async fn sleep(&self, pause: Duration) {
        {
            let mut time = self.time();
            time.uptime += pause;
            time.sleeps += 1;
            assert!(time.sleeps < SLEEPS_AT_MOST, "the client does not end");
        }
        tokio::task::yield_now().await;
    }
}
