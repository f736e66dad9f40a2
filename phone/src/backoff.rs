//! Exponential back-off with full jitter.

use std::time::Duration;

/// The bounds of the pauses between the attempts of one request.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The bound of the first pause.
    pub base: Duration,
    /// The bound that no pause exceeds, except one that the service requests.
    pub most: Duration,
}

/// The longest pause that a service may request.
const REQUESTED_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), most: Duration::from_secs(15 * 60) }
    }
}

impl Backoff {
    /// The pause after the failed attempt of this number, which begins at 0.
    ///
    /// It is a random part of a bound that doubles with each attempt. `random` is at least 0 and
    /// less than 1. A requested pause comes first, so that phones do not return all at once.
    pub fn pause(&self, attempt: u32, requested: Option<Duration>, random: f64) -> Duration {
        let factor = 2_u32.saturating_pow(attempt);
        let bound = self.base.saturating_mul(factor).min(self.most);
        let requested = requested.unwrap_or_default().min(REQUESTED_AT_MOST);
        requested + bound.mul_f64(random.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALMOST: f64 = 0.999_999;

    fn seconds(attempt: u32, requested: Option<u64>, random: f64) -> f64 {
        let requested = requested.map(Duration::from_secs);
        Backoff::default().pause(attempt, requested, random).as_secs_f64()
    }

    #[test]
    fn the_bound_doubles_up_to_fifteen_minutes() {
        for (attempt, bound) in [(0, 1.0), (1, 2.0), (5, 32.0), (9, 512.0), (10, 900.0)] {
            let longest = seconds(attempt, None, ALMOST);
            assert!(longest < bound && longest > bound * 0.999, "{attempt}: {longest}");
        }
        assert!(seconds(u32::MAX, None, ALMOST) < 900.0);
    }

    #[test]
    fn the_jitter_is_full() {
        assert_eq!(seconds(3, None, 0.0), 0.0);
        assert_eq!(seconds(3, None, 0.5), 4.0);
    }

    #[test]
    fn no_attempt_comes_before_the_requested_time() {
        assert_eq!(seconds(0, Some(30), 0.0), 30.0);
        assert_eq!(seconds(0, Some(30), 0.5), 30.5);
        assert_eq!(seconds(0, Some(u64::MAX), 0.0), 86_400.0);
    }
}
