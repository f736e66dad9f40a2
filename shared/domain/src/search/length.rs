//! Classes of call length, so that calls about as long as asked for are found without reading the others.
//!
//! A class is half as wide again as the one below it (the bounds are powers of √2), because people ask in proportions: "under half a
//! minute", "over an hour". A stored recording keeps the class that it was given, so a change of the bounds has to write them all anew.

use std::ops::RangeInclusive;

use chrono::TimeDelta;

/// Where each class but the first begins, in milliseconds: √2 to the power of 0 to 27, in seconds. The first holds what is under a second,
/// the last what is over three hours and a quarter.
const BOUNDS: [i64; 28] = [
    1_000, 1_414, 2_000, 2_828, 4_000, 5_657, 8_000, 11_314, 16_000, 22_627, 32_000, 45_255, 64_000, 90_510, 128_000, 181_019, 256_000,
    362_039, 512_000, 724_077, 1_024_000, 1_448_155, 2_048_000, 2_896_309, 4_096_000, 5_792_619, 8_192_000, 11_585_238,
];

/// The class of a duration: 0 to 28.
pub fn class(duration: TimeDelta) -> u8 {
    let milliseconds = duration.num_milliseconds();
    BOUNDS.iter().take_while(|bound| **bound <= milliseconds).fold(0_u8, |class, _| class.saturating_add(1))
}

/// The classes that hold every duration from `longer` to `shorter`, both inclusive; empty if there is none.
pub fn classes(longer: Option<TimeDelta>, shorter: Option<TimeDelta>) -> RangeInclusive<u8> {
    longer.map_or(0, class)..=class(shorter.unwrap_or(TimeDelta::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any duration, and as often one beside a bound.
    fn duration() -> impl Strategy<Value = TimeDelta> {
        let beside = (prop::sample::select(BOUNDS.to_vec()), -1..=1_i64).prop_map(|(bound, off)| bound + off);
        prop_oneof![0..100_000_000_i64, beside].prop_map(TimeDelta::milliseconds)
    }

    proptest! {
        #[test]
        fn a_duration_that_is_asked_for_lies_in_a_class_that_is_looked_in(
            lasts in duration(), longer in prop::option::of(duration()), shorter in prop::option::of(duration()),
        ) {
            if longer.is_none_or(|least| least <= lasts) && shorter.is_none_or(|most| lasts <= most) {
                prop_assert!(classes(longer, shorter).contains(&class(lasts)));
            }
        }

        #[test]
        fn a_class_that_is_not_looked_in_holds_nothing_that_is_asked_for(
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
    fn without_an_end_every_class_is_looked_in() {
        assert_eq!(classes(None, None), 0..=28);
        assert!(classes(Some(TimeDelta::hours(1)), Some(TimeDelta::minutes(1))).is_empty());
    }
}
