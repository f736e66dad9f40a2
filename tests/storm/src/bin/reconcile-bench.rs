//! Prints how long the night of a large organisation takes: `reconcile-bench [OBJECTS]`.
//!
//! The objects and the pages of an invocation are a hundredth, and then a two-hundredth. The difference
//! is the time of listing, which grows with the objects; the rest does not.

use std::time::Duration;

use storm::large::{Large, Night};

/// The part of the organisation that is simulated.
const PART: usize = 100;
const OBJECTS: usize = 36_000_000;

fn main() -> anyhow::Result<()> {
    let objects = std::env::args().nth(1).map_or(Ok(OBJECTS), |objects| objects.parse())?;
    let begun = std::time::Instant::now();
    let night = night(objects, PART)?;
    let took = |night: &Night| night.took.iter().sum::<Duration>().as_secs_f64();
    let half = self::night(objects, 2 * PART)?;
    let listing = 2.0 * (took(&night) - took(&half));
    let rest = took(&night) - listing;
    let invocations = night.took.len();
    println!(
        "{} of {objects} objects: {invocations} invocations, {} requests, {} findings, {} read units, messages of at most {} bytes; {:.1} s real",
        night.state.objects,
        night.requests,
        night.findings.len(),
        night.state.units,
        night.message,
        begun.elapsed().as_secs_f64(),
    );
    let all = rest + listing * PART as f64;
    println!(
        "all {objects}: {:.0} s of listing and {rest:.0} s of other requests in {invocations} invocations of {:.0} s on average; Lambda permits 900",
        listing * PART as f64,
        all / invocations as f64
    );
    Ok(())
}

fn night(objects: usize, part: usize) -> anyhow::Result<Night> {
    let large = Large {
        objects: objects / part,
        page: 1_000,
        pages: reconcile::PAGES / part,
        latency: Duration::from_millis(1_050), // 150 on average
    };
    large.run(async |scene| scene.night().await)
}
