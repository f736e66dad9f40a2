//! A storm notices defects: each one that a test builds in makes one of a few storms fail, and the
//! message names the promise that it breaks.

use storm::{aws::sabotage::DEFECTS, storm::Storm};

/// The parts in which the defects are tried, each a test of its own so that they run at once.
const PARTS: usize = 4;

fn are_noticed(part: usize) {
    for (sabotage, message) in DEFECTS.into_iter().skip(part).step_by(PARTS) {
        let noticed = Storm::noticing(sabotage, message);
        assert!(noticed.is_ok(), "{sabotage:?} is not noticed as {message:?}, but as {noticed:?}");
    }
}

macro_rules! parts {
    ($($name:ident: $part:literal,)*) => {$(
        #[test]
        fn $name() {
            are_noticed($part);
        }
    )*};
}

parts! {
    defects_are_noticed_0: 0,
    defects_are_noticed_1: 1,
    defects_are_noticed_2: 2,
    defects_are_noticed_3: 3,
}
