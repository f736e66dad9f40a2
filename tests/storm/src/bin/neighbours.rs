//! Prints how an organisation fares beside a greedy one: `neighbours [SECONDS]`.

use storm::neighbours::{LIMITS, live};

fn main() -> anyhow::Result<()> {
    let seconds = std::env::args().nth(1).map_or(Ok(60), |seconds| seconds.parse())?;
    LIMITS.apply();
    for (beside, title) in [(false, "alone"), (true, "beside the greedy one")] {
        let fared = live(seconds, beside)?;
        for function in ["upload", "search"] {
            let (requests, failed) = (fared.requests(function), fared.failed.get(function));
            println!(
                "{title}: {function}: {requests} requests, {} failed, p99 {:?}",
                failed.copied().unwrap_or_default(),
                fared.p99(function)
            );
        }
        println!("the greedy one's responses: {:?}", fared.greedy);
    }
    Ok(())
}
