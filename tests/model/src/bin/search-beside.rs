//! Compares search costs with other methods: `search-beside [RECORDINGS [QUERIES [SEED]]]`.

use domain::search::{Order, Search};
use model::{
    beside::{Beside, Taken},
    draw::{Draw, NOW},
    memory::Memory,
    shape::{SHAPES, span},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number =
        |otherwise: u64| arguments.next().map_or(Ok(otherwise), |argument| argument.parse());
    let (recordings, queries, seed) = (number(100_000)?, number(100)?, number(1)?);
    let users = (recordings / 3_600).clamp(1, 1_000) as usize;
    let mut draw = Draw::new(seed, users, 180);
    let mut memory = Memory::default();
    for _ in 0..recordings {
        memory.put(draw.recording());
    }
    let beside = Beside::start(memory.rows()).await?;
    println!(
        "{recordings} recordings of {users} users over 180 days, seed {seed}; {queries} searches of each shape, a page of 50, newest first"
    );
    println!("Means of a page: rows read, and read units or buffers of 8 KB\n");
    println!(
        "{:<26}{:>16}{:>18}{:>20}",
        "shape", "the search plan", "plain timeline", "PostgreSQL"
    );
    for (name, _, shape) in SHAPES {
        let (mut plan, mut plain, mut postgresql) =
            (Taken::default(), Taken::default(), Taken::default());
        for _ in 0..queries {
            let filter = shape(&mut draw);
            let search =
                Search { filter: &filter, order: Order::Newest, limit: 50, after: None, now: NOW };
            let (_, cost) = memory.page(&search);
            plan += Taken { rows: cost.read + cost.fetched, blocks: cost.half_rcus };
            let cost = memory.plain(&search, span(&filter));
            plain += Taken { rows: cost.read, blocks: cost.half_rcus };
            postgresql += beside.takes(&filter).await?;
        }
        let mean = |taken: u64| taken as f64 / queries as f64;
        println!(
            "{name:<26}{:>8.0}{:>8.1}{:>10.0}{:>8.1}{:>12.0}{:>8.0}",
            mean(plan.rows),
            mean(plan.blocks) / 2.0,
            mean(plain.rows),
            mean(plain.blocks) / 2.0,
            mean(postgresql.rows),
            mean(postgresql.blocks)
        );
    }
    Ok(())
}
