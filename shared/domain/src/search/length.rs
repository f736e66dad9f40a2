//! Classes of call length, so that a search for a length reads only calls of about that length.
//!
//! Each bound is √2 times the one below it, because people think in proportions: "under half a
//! minute", "over an hour". Recordings store their class, so new bounds must rewrite them all.

use std::ops::RangeInclusive;

use chrono::TimeDelta;

/// The lower bound of each class but the first, in milliseconds: √2 to the power of 0 to 27, in
/// seconds. The first class is below a second, the last above 3.2 hours.
const BOUNDS: [i64; 28] = [
    1_000, 1_414, 2_000, 2_828, 4_000, 5_657, 8_000, 11_314, 16_000, 22_627, 32_000, 45_255,
    64_000, 90_510, 128_000, 181_019, 256_000, 362_039, 512_000, 724_077, 1_024_000, 1_448_155,
    2_048_000, 2_896_309, 4_096_000, 5_792_619, 8_192_000, 11_585_238,
];

/// The class of a duration: 0 to 28.
pub fn class(duration: TimeDelta) -> u8 {
    let milliseconds = duration.num_milliseconds();
    BOUNDS
        .iter()
        .take_while(|bound| **bound <= milliseconds)
        .fold(0_u8, |class, _| class.saturating_add(1))
}

/// The classes that contain the durations from `longer` to `shorter`, both inclusive.
pub fn classes(longer: Option<TimeDelta>, shorter: Option<TimeDelta>) -> RangeInclusive<u8> {
    longer.map_or(0, class)..=class(shorter.unwrap_or(TimeDelta::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any duration, or with equal probability one next to a bound.
    fn duration() -> impl Strategy<Value = TimeDelta> {
        let beside = (prop::sample::select(BOUNDS.to_vec()), -1..=1_i64)
            .prop_map(|(bound, off)| bound + off);
        prop_oneof![0..100_000_000_i64, beside].prop_map(TimeDelta::milliseconds)
    }

    proptest! {
        #[test]
        fn a_matching_duration_is_in_a_selected_class(
            lasts in duration(), longer in prop::option::of(duration()), shorter in prop::option::of(duration()),
        ) {
            if longer.is_none_or(|least| least <= lasts) && shorter.is_none_or(|most| lasts <= most) {
                prop_assert!(classes(longer, shorter).contains(&class(lasts)));
            }
        }

        #[test]
        fn a_class_that_is_not_selected_has_no_matching_duration(
            lasts in duration(), longer in duration(), shorter in duration(),
        ) {
            if !classes(Some(longer), Some(shorter)).contains(&class(lasts)) {
                prop_assert!(lasts < longer || lasts > shorter);
            }
        }
    }

    #[test]
    fn the_bounds_are_powers_of_the_square_root_of_two() {
        for (power, bound) in (0_u8..).zip(BOUNDS) {
            assert_eq!(bound, (1000.0 * 2_f64.powf(f64::from(power) / 2.0)).round() as i64);
            assert_eq!(class(TimeDelta::milliseconds(bound)), power + 1);
            assert_eq!(class(TimeDelta::milliseconds(bound - 1)), power);
        }
    }

    #[test]
    fn every_class_is_selected_without_bounds() {
        assert_eq!(classes(None, None), 0..=28);
        assert!(classes(Some(TimeDelta::hours(1)), Some(TimeDelta::minutes(1))).is_empty());
    }
}
