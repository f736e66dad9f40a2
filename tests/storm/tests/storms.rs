//! Storms: a few of each kind in every test run, and proof that a storm notices what it must.

use std::collections::BTreeSet;

use storm::{storm::Storm, weather::Weather};

/// Seeds of one run of the tests: `SEEDS`.
const SEEDS: u64 = 240;
/// The parts in which the seeds run, each a test of its own so that they run at once.
const PARTS: u64 = 4;

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
    assert!(storms < 20 || troubles.len() >= 9, "of all troubles only {troubles:?} came");
    Ok(())
}

#[test]
fn nothing_is_lost_in_a_first_part_of_the_storms() -> anyhow::Result<()> {
    live_through(0)
}

#[test]
fn nothing_is_lost_in_a_second_part_of_the_storms() -> anyhow::Result<()> {
    live_through(1)
}

#[test]
fn nothing_is_lost_in_a_third_part_of_the_storms() -> anyhow::Result<()> {
    live_through(2)
}

#[test]
fn nothing_is_lost_in_a_fourth_part_of_the_storms() -> anyhow::Result<()> {
    live_through(3)
}

#[test]
fn a_storm_is_the_same_each_time() -> anyhow::Result<()> {
    let (first, second) = (Storm::of(9).run()?, Storm::of(9).run()?);
    assert_eq!((first.trace, first.requests), (second.trace, second.requests));
    assert!(first.requests > 1_000, "{} requests", first.requests);
    Ok(())
}

#[test]
fn a_seed_decides_everything() {
    let (one, same, other) = (Storm::of(1), Storm::of(1), Storm::of(2));
    assert_eq!((&one.deeds, &one.weather), (&same.deeds, &same.weather));
    assert_ne!(one.deeds, other.deeds);
    assert_ne!(one.weather, other.weather);
    assert_ne!(Weather::calm(), one.weather);
}
