//! Compares the search cost in the model (`model::size`) with the charge of a metered table.

use anyhow::ensure;
use domain::search::{Filter, Found, Order, ReadResponse, Search, SearchPlan};
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

/// One organisation's recordings, in the table and in the model.
struct Both {
    table: OnTable,
    memory: Memory,
}

/// Compares every response to each search, `searches` of each shape, and prints the cost of each
/// shape.
///
/// # Errors
/// When a response differs in its matches or its cost.
pub async fn agrees(recordings: u64, searches: u64, seed: u64) -> anyhow::Result<()> {
    let mut draw = Draw::new(seed, USERS.len(), 180);
    let both = Both::drawn(&mut draw, recordings).await?;
    println!(
        "{recordings} recordings of {} users, seed {seed}, {searches} searches of each shape: read units",
        USERS.len()
    );
    println!("{:<26}{:>10}{:>10}", "shape", "charged", "reckoned");
    for (name, _, shape) in SHAPES {
        let (mut charged, mut reckoned) = (0, 0);
        for _ in 0..searches {
            let (table, memory) = both.search(&shape(&mut draw)).await?;
            charged += table;
            reckoned += memory;
        }
        println!("{name:<26}{:>10.1}{:>10.1}", charged as f64 / 2.0, reckoned as f64 / 2.0);
        ensure!(
            charged == reckoned && charged > 0,
            "{name}: charged {charged}, reckoned {reckoned}"
        );
    }
    Ok(())
}

impl Both {
    async fn drawn(draw: &mut Draw, recordings: u64) -> anyhow::Result<Self> {
        let (table, mut memory) =
            (OnTable::on(table::unwatched().await?).await?, Memory::default());
        for _ in 0..recordings {
            let recording = draw.recording();
            table.comes(&recording).await?;
            table.indexes(&recording).await?;
            memory.put(recording);
        }
        Ok(Self { table, memory })
    }

    /// The half RCUs that the table charged for a page, and those that the model calculates.
    async fn search(&self, filter: &Filter) -> anyhow::Result<(u64, u64)> {
        let search = Search { filter, order: Order::Newest, limit: 50, after: None, now: NOW };
        let (mut plan, mut reckoned) = (SearchPlan::new(&search), 0);
        loop {
            let requests = plan.requests();
            if requests.is_empty() {
                return Ok((plan.half_rcus(), reckoned));
            }
            let mut responses = Vec::new();
            for request in requests {
                let expected = self.memory.response(&request);
                let response = self
                    .table
                    .table()
                    .index()
                    .response(&organisation("demo"), request.clone())
                    .await?;
                ensure!(
                    held(&response) == held(&expected),
                    "{request:?} was charged {:?}, not {:?}",
                    held(&response),
                    held(&expected)
                );
                reckoned += expected.half_rcus;
                responses.push(response);
            }
            plan.take(responses);
        }
    }
}

/// The half RCUs and the number of matches.
fn held(response: &ReadResponse) -> (u64, usize) {
    let found = match &response.found {
        Found::Entries { entries, .. } => entries.len(),
        Found::Rows(rows) => rows.len(),
        Found::Names { names, .. } => names.len(),
    };
    (response.half_rcus, found)
}
