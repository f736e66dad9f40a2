//! Lives through storms: `storm SEEDS [FROM]`, or one of them, step by step: `storm --replay SEED`.
//! `storm --sabotage` shows which storm notices each defect that a test builds in.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use storm::{
    aws::sabotage::DEFECTS,
    storm::{Outcome, Storm},
};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [replay, seed] = arguments.as_slice()
        && replay == "--replay"
    {
        return self::replay(seed.parse()?);
    }
    if arguments == ["--sabotage"] {
        for (sabotage, message) in DEFECTS {
            match Storm::noticing(sabotage, message) {
                Ok(seed) => println!("{sabotage:?}: noticed in seed {seed}"),
                Err(reported) => {
                    println!("{sabotage:?}: NOT noticed as {message:?}, but as {reported:?}")
                }
            }
        }
        return Ok(());
    }
    let number = |index: usize, otherwise: u64| -> anyhow::Result<u64> {
        Ok(arguments.get(index).map_or(Ok(otherwise), |argument| argument.parse())?)
    };
    let (seeds, from) = (number(0, 100)?, number(1, 1)?);
    let (next, begun) = (AtomicU64::new(from), Instant::now());
    let failed: Mutex<BTreeMap<u64, Vec<String>>> = Mutex::default();
    let all: Mutex<Outcome> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        return;
                    }
                    let wrong = match Storm::of(seed).run() {
                        Ok(outcome) => {
                            add(&mut all.lock().unwrap_or_else(PoisonError::into_inner), &outcome);
                            outcome.wrong
                        }
                        Err(error) => vec![format!("{error:#}")],
                    };
                    if !wrong.is_empty() {
                        println!("seed {seed}: {}", wrong.join("\n    "));
                        failed.lock().unwrap_or_else(PoisonError::into_inner).insert(seed, wrong);
                    }
                }
            });
        }
    });
    let (all, failed) =
        (all.into_inner().unwrap_or_default(), failed.into_inner().unwrap_or_default());
    let took = begun.elapsed();
    println!(
        "{seeds} storms from seed {from} in {took:.0?}: {:.2} s of a core each",
        took.as_secs_f64() * 2.0 / seeds as f64
    );
    println!("{} requests, {:?}", all.requests, all.troubles);
    println!("invocations: {:?}", all.invocations);
    println!("ends of recordings: {:?}", all.ends);
    anyhow::ensure!(failed.is_empty(), "{} went wrong: {:?}", failed.len(), failed.keys());
    Ok(())
}

fn add(all: &mut Outcome, one: &Outcome) {
    all.requests += one.requests;
    for (name, number) in &one.troubles {
        *all.troubles.entry(name).or_default() += number;
    }
    for (reason, number) in &one.ends {
        *all.ends.entry(reason).or_default() += number;
    }
    for (name, number) in &one.invocations {
        *all.invocations.entry(name.clone()).or_default() += number;
    }
}

/// Runs a storm, and finds the least part of it that goes wrong.
fn replay(seed: u64) -> anyhow::Result<()> {
    let storm = Storm::of(seed);
    let outcome = storm.run()?;
    println!(
        "seed {seed}: {} requests, trace {:x}, {:?}",
        outcome.requests, outcome.trace, outcome.troubles
    );
    if outcome.wrong.is_empty() {
        println!("nothing is wrong");
        return Ok(());
    }
    println!("{}", outcome.wrong.join("\n"));
    let least = storm.minimised();
    println!("\nthe least that goes wrong: {:?}", least.weather);
    for step in &least.steps {
        println!("  {step:?}");
    }
    println!(
        "{}",
        least.run().map_or_else(|error| format!("{error:#}"), |outcome| outcome.wrong.join("\n"))
    );
    anyhow::bail!("seed {seed} went wrong")
}
