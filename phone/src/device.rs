//! The clock, the waiting and the chance of a device, which tests replace.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// The parts of a device that make a client's behaviour depend on time and chance.
pub trait Device {
    /// The time of the device's clock, right or wrong.
    fn now(&self) -> DateTime<Utc>;

    /// The time since any fixed moment. It never goes back.
    fn uptime(&self) -> Duration;

    /// A random number that is at least 0 and less than 1.
    fn random(&self) -> f64;

    /// Waits.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

/// The device that the program runs on.
#[derive(Clone, Debug)]
pub struct System {
    started: Instant,
}

impl Default for System {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Device for System {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    fn random(&self) -> f64 {
        rand::random()
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }
}
