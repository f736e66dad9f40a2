//! Numbers in headers, and shares of them without overflow.

use std::time::Duration;

/// The duration of `units` at `rate` units a second; `None` if the rate is 0.
pub(super) fn time(units: u64, rate: u64) -> Option<Duration> {
    let nanoseconds = u128::from(units.checked_rem(rate)?)
        .saturating_mul(1_000_000_000)
        .checked_div(u128::from(rate))?;
    Some(Duration::new(units.checked_div(rate)?, u32::try_from(nanoseconds).ok()?))
}

/// `number × part ÷ whole`, without overflow; zero if the whole is 0.
pub(super) fn share(number: u64, part: u64, whole: u64) -> u64 {
    let product = u128::from(number).saturating_mul(u128::from(part));
    product
        .checked_div(u128::from(whole))
        .map_or(0, |share| u64::try_from(share).unwrap_or(u64::MAX))
}

/// `duration × part ÷ whole`, to the microsecond; zero if the whole is 0.
pub(super) fn share_of_time(duration: Duration, part: u64, whole: u64) -> Duration {
    let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(share(microseconds, part, whole))
}

/// A number of up to eight bytes, least significant first.
pub(super) fn le(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A number of up to eight bytes, most significant first.
pub(super) fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_read_as_they_were_written(number in any::<u64>()) {
            prop_assert_eq!((be(&number.to_be_bytes()), le(&number.to_le_bytes())), (number, number));
        }

        #[test]
        fn a_share_never_overflows(number in any::<u64>(), part in any::<u64>(), whole in any::<u64>()) {
            prop_assert!(part > whole || share(number, part, whole) <= number);
            prop_assert!(time(number, whole).is_some() == (whole > 0));
        }
    }
}
