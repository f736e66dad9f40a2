//! Storms: some of every kind in each run of the tests. Equal seeds make equal storms.

use std::collections::BTreeSet;

use storm::{
    storm::Storm,
    weather::{TROUBLES, Weather},
};

/// Seeds of one run of the tests: `SEEDS`.
const SEEDS: u64 = 200;
/// The parts in which the seeds run, each a test of its own so that they run at once.
const PARTS: u64 = 8;
/// Kinds of trouble that may be absent from a part.
const RARE: usize = 3;

fn live_through(part: u64) -> anyhow::Result<()> {
    let seeds = std::env::var("SEEDS").map_or(Ok(SEEDS), |seeds| seeds.parse())?;
    let (mut wrong, mut troubles, mut storms) = (Vec::new(), BTreeSet::new(), 0);
    for seed in (1..=seeds).filter(|seed| seed % PARTS == part) {
        let outcome = Storm::of(seed).run()?;
        wrong.extend(outcome.wrong.iter().map(|what| format!("seed {seed}: {what}")));
        troubles.extend(outcome.troubles.into_keys());
        storms += 1;
    }
    assert!(wrong.is_empty(), "`make storm SEED=…` replays one:\n{}", wrong.join("\n"));
    let absent: Vec<_> = TROUBLES.iter().filter(|trouble| !troubles.contains(*trouble)).collect();
    assert!(storms < 20 || absent.len() <= RARE, "these troubles never came: {absent:?}");
    Ok(())
}

macro_rules! parts {
    ($($name:ident: $part:literal,)*) => {$(
        #[test]
        fn $name() -> anyhow::Result<()> {
            live_through($part)
        }
    )*};
}

parts! {
    nothing_is_lost_in_storms_0: 0,
    nothing_is_lost_in_storms_1: 1,
    nothing_is_lost_in_storms_2: 2,
    nothing_is_lost_in_storms_3: 3,
    nothing_is_lost_in_storms_4: 4,
    nothing_is_lost_in_storms_5: 5,
    nothing_is_lost_in_storms_6: 6,
    nothing_is_lost_in_storms_7: 7,
}

#[test]
fn a_storm_is_the_same_each_time() -> anyhow::Result<()> {
    let first = Storm::of(9).run()?;
    Storm::of(10).run()?;
    let second = Storm::of(9).run()?;
    assert_eq!((first.trace, first.requests), (second.trace, second.requests));
    assert!(first.requests > 1_000, "{} requests", first.requests);
    // It has more processes than the SDK's default cache of identities has room for.
    let (first, second) = (Storm::of(97).run()?, Storm::of(97).run()?);
    assert_eq!((first.trace, first.requests), (second.trace, second.requests));
    Ok(())
}

#[test]
fn a_seed_decides_everything() {
    let (one, same, other) = (Storm::of(1), Storm::of(1), Storm::of(2));
    assert_eq!((&one.steps, &one.weather), (&same.steps, &same.weather));
    assert_ne!(one.steps, other.steps);
    assert_ne!(one.weather, other.weather);
    assert_ne!(Weather::calm(), one.weather);
}
