//! Compares walks over the rows in memory with PostgreSQL: `CASES=100000 SEED=1 oracle`, or `CASE=n` to replay one and show it.

use std::{process::ExitCode, time::Instant};

use anyhow::Context;
use model::oracle::{
    Judged, WALKS, judge,
    life::Life,
    memory::InMemory,
    reference::{Hit, Reference},
    walk::Walked,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Cases that are shown, and differences of each.
const SHOWN: usize = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let (cases, seed) = (number("CASES")?.unwrap_or(100_000), number("SEED")?.unwrap_or(1));
    let reference = Reference::start().await?;
    let began = Instant::now();
    let judged = match number("CASE")? {
        Some(case) => {
            println!("case {case} of SEED={seed}");
            organisation(&reference, seed, case / WALKS, case % WALKS + 1, |at, walked, hits| {
                if at == case {
                    show(walked, hits)
                }
            })
            .await?
        }
        None => {
            let mut all = Judged::default();
            for number in 0..cases.div_ceil(WALKS) {
                let walks = WALKS.min(cases - number * WALKS);
                all = all.and(organisation(&reference, seed, number, walks, |_, _, _| ()).await?);
            }
            all
        }
    };
    println!(
        "{} cases of SEED={seed} in {:.0?}: {} pages, {} of them short; {} cases found something, {} rows in all; during {} something happened",
        judged.cases,
        began.elapsed(),
        judged.pages,
        judged.short,
        judged.found,
        judged.rows,
        judged.changed
    );
    println!("{} differences", judged.differences.len());
    for (case, differences) in judged.differences.iter().take(SHOWN) {
        println!("\nSEED={seed} CASE={case}\n  {}", differences[..differences.len().min(SHOWN)].join("\n  "));
    }
    Ok(if judged.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn organisation(
    reference: &Reference,
    seed: u64,
    number: u64,
    walks: u64,
    see: impl FnMut(u64, &Walked, &[Hit]),
) -> anyhow::Result<Judged> {
    let mut random = ChaCha8Rng::seed_from_u64(!seed);
    random.set_stream(number);
    let (mut life, mut searched) = (Life::new(seed, number), InMemory::new(random));
    let judged = judge(reference, &mut searched, &mut life, number, walks, see).await;
    judged.with_context(|| format!("in organisation {number}, cases {} and on, of SEED={seed}", number * WALKS))
}

fn show(walked: &Walked, hits: &[Hit]) {
    println!("{:#?}", walked.typed);
    for turned in &walked.pages {
        let page = &turned.page;
        let rows: Vec<String> = page.rows.iter().map(|id| id.to_string()).collect();
        println!("step {} after {:?}: {} rows {rows:?}, next {:?}, {:?}", turned.step, turned.after, rows.len(), page.next, page.cost);
    }
    for hit in hits {
        println!("PostgreSQL finds {} at {:?}", hit.id, hit.steps);
    }
}

fn number(name: &str) -> anyhow::Result<Option<u64>> {
    std::env::var(name)
        .ok()
        .filter(|text| !text.is_empty())
        .map(|text| text.parse().with_context(|| format!("{name} is a number")))
        .transpose()
}
