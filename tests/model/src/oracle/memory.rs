//! The search in memory. Outdated postings remain for a while, as they may in the table.

use chrono::{DateTime, Utc};
use domain::{
    recording::Recording,
    search::{Position, Posting, Search},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    life::Happening,
    paging::{Page, Searched},
    typed::Typed,
};
use crate::memory::Memory;

#[derive(Debug)]
pub struct InMemory {
    memory: Memory,
    random: ChaCha8Rng,
}

impl InMemory {
    /// An empty memory for the `number`-th organisation of a seed.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(!seed);
        random.set_stream(number);
        Self { memory: Memory::default(), random }
    }
}

impl Searched for InMemory {
    async fn happen(&mut self, happening: &Happening) -> anyhow::Result<()> {
        let Some(after) = &happening.after else {
            self.memory.remove(happening.id());
            return Ok(());
        };
        self.memory.put(after.clone());
        if let Some(before) = &happening.before
            && self.random.random_bool(0.5)
        {
            outdated(before, after)
                .into_iter()
                .for_each(|posting| self.memory.mislead(after.id, posting));
        }
        Ok(())
    }

    async fn settle(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    async fn page(
        &mut self,
        typed: &Typed,
        after: Option<Position>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Page> {
        let filter = typed.filter()?;
        let search = Search { filter: &filter, order: typed.order, limit: typed.limit, after, now };
        let (page, cost) = self.memory.page(&search);
        Ok(Page {
            rows: page.rows.iter().map(|row| row.id).collect(),
            whole: Some(page.rows),
            next: page.next,
            cost: Some(cost),
        })
    }
}

fn outdated(before: &Recording, after: &Recording) -> Vec<Posting> {
    Posting::of(before).difference(&Posting::of(after)).cloned().collect()
}
