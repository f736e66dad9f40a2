//! The oracle: PostgreSQL says what a search finds, and every page of the service's has to say the same.
//!
//! A case is one walk through a search, from its first page to its last. [`WALKS`] cases share the life of one organisation, so the case
//! `n` is the walk `n % WALKS` of the organisation `n / WALKS` of the seed, and is replayed by its number. During most walks things
//! happen between the pages: calls come, are edited, held, stored, rejected, removed, and time passes, so that some expire. The life is
//! told to PostgreSQL as what every recording was from one step to another; it answers for all the steps of a walk at once.

pub mod drawn;
pub mod history;
pub mod life;
mod manner;
pub mod memory;
pub mod reference;
pub mod typed;
mod verdict;
pub mod walk;

use std::{fmt, time::Instant};

use anyhow::{Context, ensure};

use history::History;
use life::Life;
use reference::{Hit, Reference};
use walk::{Searched, Walked};

/// Walks of one organisation's life.
pub const WALKS: u64 = 50;
/// Wrong cases that are shown, and differences of each.
const SHOWN: usize = 10;

/// Which cases to judge.
#[derive(Clone, Copy, Debug)]
pub struct Cases {
    pub count: u64,
    pub seed: u64,
    /// One alone, to be shown.
    pub one: Option<u64>,
}

impl Cases {
    /// What the environment says: `CASES`, `SEED`, `CASE`.
    ///
    /// # Errors
    /// When one of them is no number.
    pub fn told(unless: u64) -> anyhow::Result<Self> {
        Ok(Self { count: number("CASES")?.unwrap_or(unless), seed: number("SEED")?.unwrap_or(1), one: number("CASE")? })
    }

    /// The organisations whose lives they are of, each with how many of its walks are taken.
    fn lives(self) -> impl Iterator<Item = (u64, u64)> {
        let (first, last) = self.one.map_or((0, self.count), |case| (case, case + 1));
        (first / WALKS..last.div_ceil(WALKS)).map(move |number| (number, WALKS.min(last - number * WALKS)))
    }
}

fn number(name: &str) -> anyhow::Result<Option<u64>> {
    let told = std::env::var(name).ok().filter(|text| !text.is_empty());
    told.map(|text| text.parse().with_context(|| format!("{name} is to be a number"))).transpose()
}

/// Judges the cases, each of an organisation that `lives` draws by its number, and prints what came of them.
///
/// # Errors
/// When something could not be asked, or a case was wrong.
pub async fn judge<S: Searched>(cases: Cases, mut lives: impl AsyncFnMut(u64) -> anyhow::Result<(Life, S)>) -> anyhow::Result<()> {
    let reference = Reference::start().await?;
    let (began, mut all) = (Instant::now(), Judged::default());
    for (number, walks) in cases.lives() {
        let (mut life, mut searched) = lives(number).await?;
        let judged = all.judge(&reference, &mut searched, &mut life, (number, walks), cases.one).await;
        judged.with_context(|| format!("in the cases from {} on of SEED={}", number * WALKS, cases.seed))?;
    }
    println!("SEED={}, {:.0?}: {all}", cases.seed, began.elapsed());
    for (case, differences) in all.differences.iter().take(SHOWN) {
        println!("\nSEED={} CASE={case}\n  {}", cases.seed, differences[..differences.len().min(SHOWN)].join("\n  "));
    }
    ensure!(all.differences.is_empty(), "{} cases are not as PostgreSQL has them", all.differences.len());
    Ok(())
}

/// What came of the cases.
#[derive(Debug, Default)]
struct Judged {
    cases: u64,
    pages: u64,
    rows: u64,
    /// Cases that found something; cases during which something happened.
    found: u64,
    changed: u64,
    /// Pages that came short.
    short: u64,
    /// The cases that were wrong, and how.
    differences: Vec<(u64, Vec<String>)>,
}

impl Judged {
    /// Lives through the first walks of an organisation and judges them.
    async fn judge(
        &mut self,
        reference: &Reference,
        searched: &mut impl Searched,
        life: &mut Life,
        (number, walks): (u64, u64),
        shown: Option<u64>,
    ) -> anyhow::Result<()> {
        let (mut history, mut walked) = (History::default(), Vec::new());
        walk::begin(life, searched, &mut history).await?;
        for _ in 0..walks {
            walked.push(walk::walk(life, searched, &mut history).await?);
        }
        reference.tell(&history).await?;
        for (case, walked) in (number * WALKS..).zip(walked) {
            let (first, last) = (walked.pages[0].step, walked.pages[walked.pages.len() - 1].step);
            let hits = reference.finds(&walked.typed, first, last).await?;
            if shown.is_none_or(|shown| shown == case) {
                self.count(&walked, &history);
                let differences = verdict::differences(&walked, &hits, &history);
                if !differences.is_empty() {
                    self.differences.push((case, differences));
                }
            }
            if shown == Some(case) {
                show(&walked, &hits);
            }
        }
        Ok(())
    }

    fn count(&mut self, walked: &Walked, history: &History) {
        let rows: usize = walked.pages.iter().map(|turned| turned.page.rows.len()).sum();
        let (first, last) = (walked.pages[0].step, walked.pages[walked.pages.len() - 1].step);
        self.cases += 1;
        self.pages += walked.pages.len() as u64;
        self.rows += rows as u64;
        self.found += u64::from(rows > 0);
        self.changed += u64::from(history.versions.iter().any(|version| first < version.since && version.since <= last));
        self.short += walked.pages.iter().filter(|turned| turned.page.is_short(walked.typed.limit)).count() as u64;
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cases, pages, rows, found, changed, short, differences } = self;
        write!(f, "{cases} cases, {} differences; {found} found something, during {changed} something changed; ", differences.len())?;
        write!(f, "{pages} pages, {short} of them short, {rows} rows")
    }
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
