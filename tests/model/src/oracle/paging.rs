//! Reads a search from its first page to its last while the organisation changes.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::{ids::RecordingId, recording::Recording, search::Position};
use rand::RngExt;

use super::{
    drawn,
    history::History,
    life::{Happening, Life},
    typed::Typed,
};
use crate::memory::Cost;

/// The system under test: the model in memory, or the service.
pub trait Searched {
    /// Applies a change.
    fn happen(&mut self, happening: &Happening) -> impl Future<Output = anyhow::Result<()>>;
    /// Waits until every change can be searched.
    fn settle(&mut self) -> impl Future<Output = anyhow::Result<()>>;
    /// The page after a position.
    fn page(
        &mut self,
        typed: &Typed,
        after: Option<Position>,
        now: DateTime<Utc>,
    ) -> impl Future<Output = anyhow::Result<Page>>;
}

#[derive(Clone, Debug, Default)]
pub struct Page {
    pub rows: Vec<RecordingId>,
    /// The complete rows where they are known.
    pub whole: Option<Vec<Recording>>,
    pub next: Option<Position>,
    /// The cost where it is known.
    pub cost: Option<Cost>,
}

impl Page {
    /// Whether the page has fewer rows than its limit although the search continues.
    pub fn is_short(&self, limit: usize) -> bool {
        self.next.is_some() && self.rows.len() < limit
    }
}

/// A page with its step and the position before it.
#[derive(Clone, Debug)]
pub struct Turned {
    pub step: usize,
    pub after: Option<Position>,
    pub page: Page,
}

/// A search with all its pages.
#[derive(Clone, Debug)]
pub struct Paged {
    pub typed: Typed,
    pub pages: Vec<Turned>,
}

/// The number of pages after which a search counts as endless.
const NO_END: usize = 5_000;

/// Creates the first recordings of an organisation.
pub async fn begin(
    life: &mut Life,
    searched: &mut impl Searched,
    history: &mut History,
) -> anyhow::Result<()> {
    for happening in life.begins() {
        history.happen(&happening);
        searched.happen(&happening).await?;
    }
    searched.settle().await
}

/// Reads one search to its end. During one in four, nothing changes.
pub async fn paging(
    life: &mut Life,
    searched: &mut impl Searched,
    history: &mut History,
) -> anyhow::Result<Paged> {
    let typed = drawn::search(life);
    let busy = if life.random.random_bool(0.25) { 0 } else { life.random.random_range(1..=6) };
    let mut pages: Vec<Turned> = Vec::new();
    let mut after = None;
    loop {
        let step = history.step(life.now);
        let page = searched.page(&typed, after, life.now).await?;
        let next = page.next;
        let stuck =
            after.zip(next).is_some_and(|(after, next)| !typed.order.is_before(after, next));
        pages.push(Turned { step, after, page });
        if next.is_none() || stuck || pages.len() == NO_END {
            return Ok(Paged { typed, pages });
        }
        after = next;
        if busy > 0 {
            live(life, searched, history, after, &typed, busy).await?;
        }
    }
}

async fn live(
    life: &mut Life,
    searched: &mut impl Searched,
    history: &mut History,
    near: Option<Position>,
    typed: &Typed,
    busy: usize,
) -> anyhow::Result<()> {
    for _ in 0..life.random.random_range(0..=busy) {
        let happening = life.happens(near, typed.order);
        history.happen(&happening);
        searched.happen(&happening).await?;
    }
    life.passes();
    searched.settle().await
}
