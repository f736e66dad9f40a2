//! What the model reckons that a search costs (`model::size`), held against what a table charges that counts as DynamoDB does.

use anyhow::ensure;
use domain::search::{Answer, Filter, Found, Order, Search, Walk};
use model::{
    draw::{Draw, NOW},
    memory::Memory,
    shape::SHAPES,
};

use crate::{
    people::organisation,
    searched::{OnTable, USERS},
    table,
};

/// One organisation's recordings, as the service writes them and as the model has them.
struct Both {
    table: OnTable,
    memory: Memory,
}

/// Compares every answer to every ask of so many searches of each shape, and prints what each shape took.
///
/// # Errors
/// When an answer differs in what was found or in what it cost.
pub async fn agrees(recordings: u64, searches: u64, seed: u64) -> anyhow::Result<()> {
    let mut draw = Draw::new(seed, USERS.len(), 180);
    let both = Both::drawn(&mut draw, recordings).await?;
    println!("{recordings} recordings of {} users, seed {seed}, {searches} searches of each shape: read units", USERS.len());
    println!("{:<26}{:>10}{:>10}", "shape", "charged", "reckoned");
    for (name, _, shape) in SHAPES {
        let (mut charged, mut reckoned) = (0, 0);
        for _ in 0..searches {
            let (table, memory) = both.search(&shape(&mut draw)).await?;
            charged += table;
            reckoned += memory;
        }
        println!("{name:<26}{:>10.1}{:>10.1}", charged as f64 / 2.0, reckoned as f64 / 2.0);
        ensure!(charged == reckoned && charged > 0, "{name}: charged {charged}, reckoned {reckoned}");
    }
    Ok(())
}

impl Both {
    async fn drawn(draw: &mut Draw, recordings: u64) -> anyhow::Result<Self> {
        let (table, mut memory) = (OnTable::on(table::unwatched().await?).await?, Memory::default());
        for _ in 0..recordings {
            let recording = draw.recording();
            table.comes(&recording).await?;
            table.indexes(&recording).await?;
            memory.put(recording);
        }
        Ok(Self { table, memory })
    }

    /// Half units that the table charged for a page, and those that the model reckons.
    async fn search(&self, filter: &Filter) -> anyhow::Result<(u64, u64)> {
        let search = Search { filter, order: Order::Newest, limit: 50, after: None, now: NOW };
        let (mut walk, mut reckoned) = (Walk::new(&search), 0);
        loop {
            let asks = walk.asks();
            if asks.is_empty() {
                return Ok((walk.half_units(), reckoned));
            }
            let mut answers = Vec::new();
            for ask in asks {
                let expected = self.memory.answer(&ask);
                let answer = self.table.table().answer(&organisation("demo"), ask.clone()).await?;
                ensure!(held(&answer) == held(&expected), "{ask:?} was charged {:?}, not {:?}", held(&answer), held(&expected));
                reckoned += expected.half_units;
                answers.push(answer);
            }
            walk.take(answers);
        }
    }
}

/// Half units, and how much was found.
fn held(answer: &Answer) -> (u64, usize) {
    let found = match &answer.found {
        Found::Entries { entries, .. } => entries.len(),
        Found::Rows(rows) => rows.len(),
        Found::Names { names, .. } => names.len(),
    };
    (answer.half_units, found)
}
