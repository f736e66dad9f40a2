//! The storm's clock: the runtime's paused time, which advances when no task can proceed.
//!
//! Each storm has a thread of its own, and so a clock of its own. The functions read it by [`now`].

use std::cell::Cell;

use chrono::{DateTime, TimeDelta, Utc};
use dynoxide::storage_backend::Clock;
use tokio::time::Instant;

thread_local! {
    static ORIGIN: Cell<Option<(Instant, DateTime<Utc>)>> = const { Cell::new(None) };
}

/// Starts this thread's clock at a time.
pub fn start(at: DateTime<Utc>) {
    ORIGIN.set(Some((Instant::now(), at)));
}

/// The present moment of this thread's storm.
pub fn now() -> DateTime<Utc> {
    let (began, at) = ORIGIN.get().expect("the storm has started the clock");
    at + TimeDelta::from_std(began.elapsed()).expect("a storm takes less than 300 million years")
}

/// Waits until a time. Returns at once if it is past.
pub async fn wait_until(at: DateTime<Utc>) {
    tokio::time::sleep((at - now()).to_std().unwrap_or_default()).await;
}

/// The clock as the table reads it.
#[derive(Clone, Copy, Debug)]
pub struct TableClock;

impl Clock for TableClock {
    fn now_unix_secs(&self) -> u64 {
        now().timestamp().unsigned_abs()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        now().timestamp_millis() as f64 / 1_000.0
    }
}
