//! Walks through a search from its first page to its last, while the organisation lives on.

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

/// What is asked: the rows in memory, or the service.
pub trait Searched {
    /// Something happened.
    fn happen(&mut self, happening: &Happening) -> impl Future<Output = anyhow::Result<()>>;
    /// What was done is known everywhere.
    fn settle(&mut self) -> impl Future<Output = anyhow::Result<()>>;
    /// The page after a place.
    fn page(&mut self, typed: &Typed, after: Option<Position>, now: DateTime<Utc>) -> impl Future<Output = anyhow::Result<Page>>;
}

/// A page that came back.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub rows: Vec<RecordingId>,
    /// The rows in full where they are known.
    pub whole: Option<Vec<Recording>>,
    pub next: Option<Position>,
    /// What it took, where that is known.
    pub cost: Option<Cost>,
}

impl Page {
    /// Whether it holds fewer rows than were asked for though the walk goes on.
    pub fn is_short(&self, limit: usize) -> bool {
        self.next.is_some() && self.rows.len() < limit
    }
}

/// A page, when it was asked for and after which place.
#[derive(Clone, Debug)]
pub struct Turned {
    pub step: usize,
    pub after: Option<Position>,
    pub page: Page,
}

/// A walk that was taken.
#[derive(Clone, Debug)]
pub struct Walked {
    pub typed: Typed,
    pub pages: Vec<Turned>,
}

/// Pages after which a walk is taken to have no end.
const NO_END: usize = 5_000;

/// Begins the life of an organisation.
pub async fn begin(life: &mut Life, searched: &mut impl Searched, history: &mut History) -> anyhow::Result<()> {
    for happening in life.begins() {
        history.happen(&happening);
        searched.happen(&happening).await?;
    }
    searched.settle().await
}

/// Walks through one search. During one in four nothing happens.
pub async fn walk(life: &mut Life, searched: &mut impl Searched, history: &mut History) -> anyhow::Result<Walked> {
    let typed = drawn::search(life);
    let busy = if life.random.random_bool(0.25) { 0 } else { life.random.random_range(1..=6) };
    let mut pages: Vec<Turned> = Vec::new();
    let mut after = None;
    loop {
        let step = history.step(life.now);
        let page = searched.page(&typed, after, life.now).await?;
        let next = page.next;
        let stands = after.zip(next).is_some_and(|(after, next)| !typed.order.is_before(after, next));
        pages.push(Turned { step, after, page });
        if next.is_none() || stands || pages.len() == NO_END {
            return Ok(Walked { typed, pages });
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
