//! The oracle: PostgreSQL defines the matches of a search, and every page of the service must equal
//! them.
//!
//! A case reads one search from its first page to its last. [`PLANS`] cases share the life of one
//! organisation, so case `n` is search `n % PLANS` of organisation `n / PLANS` of the seed, and
//! that number repeats it. Most searches run while the organisation changes: calls arrive, are
//! edited, held, stored, rejected or removed, and some expire. PostgreSQL receives the versions of
//! every recording, and answers for all steps of a search at once.

pub mod drawn;
pub mod history;
pub mod life;
mod manner;
pub mod memory;
pub mod paging;
pub mod reference;
pub mod typed;
mod verdict;

use std::{fmt, time::Instant};

use anyhow::{Context, ensure};

use history::History;
use life::Life;
use paging::{Paged, Searched};
use reference::{Hit, Reference};

/// The searches in one organisation's life.
pub const PLANS: u64 = 50;
/// The number of wrong cases to print, and of differences in each.
const SHOWN: usize = 10;

#[derive(Clone, Copy, Debug)]
pub struct Cases {
    pub count: u64,
    pub seed: u64,
    /// A single case, which is printed.
    pub one: Option<u64>,
}

impl Cases {
    /// Reads the cases from the environment: `CASES`, `SEED`, `CASE`.
    ///
    /// # Errors
    /// When one of them is not a number.
    pub fn notified(unless: u64) -> anyhow::Result<Self> {
        Ok(Self {
            count: number("CASES")?.unwrap_or(unless),
            seed: number("SEED")?.unwrap_or(1),
            one: number("CASE")?,
        })
    }

    /// The organisations of the cases, each with its number of searches.
    fn lives(self) -> impl Iterator<Item = (u64, u64)> {
        let (first, last) = self.one.map_or((0, self.count), |case| (case, case + 1));
        (first / PLANS..last.div_ceil(PLANS))
            .map(move |number| (number, PLANS.min(last - number * PLANS)))
    }
}

fn number(name: &str) -> anyhow::Result<Option<u64>> {
    let notified = std::env::var(name).ok().filter(|text| !text.is_empty());
    notified
        .map(|text| text.parse().with_context(|| format!("{name} is to be a number")))
        .transpose()
}

/// Checks the cases, each of an organisation that `lives` creates by its number, and prints the
/// result.
///
/// # Errors
/// When a search fails or a case is wrong.
pub async fn judge<S: Searched>(
    cases: Cases,
    mut lives: impl AsyncFnMut(u64) -> anyhow::Result<(Life, S)>,
) -> anyhow::Result<()> {
    let reference = Reference::start().await?;
    let (began, mut all) = (Instant::now(), Judged::default());
    for (number, pagings) in cases.lives() {
        let (mut life, mut searched) = lives(number).await?;
        let judged =
            all.judge(&reference, &mut searched, &mut life, (number, pagings), cases.one).await;
        judged.with_context(|| {
            format!("in the cases from {} on of SEED={}", number * PLANS, cases.seed)
        })?;
    }
    println!("SEED={}, {:.0?}: {all}", cases.seed, began.elapsed());
    for (case, differences) in all.differences.iter().take(SHOWN) {
        println!(
            "\nSEED={} CASE={case}\n  {}",
            cases.seed,
            differences[..differences.len().min(SHOWN)].join("\n  ")
        );
    }
    ensure!(
        all.differences.is_empty(),
        "{} cases are not as PostgreSQL has them",
        all.differences.len()
    );
    Ok(())
}

#[derive(Debug, Default)]
struct Judged {
    cases: u64,
    pages: u64,
    rows: u64,
    /// Cases with matches, and cases with changes between pages.
    found: u64,
    changed: u64,
    short: u64,
    /// The wrong cases, with their differences.
    differences: Vec<(u64, Vec<String>)>,
}

impl Judged {
    /// Runs and checks the first searches of an organisation.
    async fn judge(
        &mut self,
        reference: &Reference,
        searched: &mut impl Searched,
        life: &mut Life,
        (number, pagings): (u64, u64),
        shown: Option<u64>,
    ) -> anyhow::Result<()> {
        let (mut history, mut paged) = (History::default(), Vec::new());
        paging::begin(life, searched, &mut history).await?;
        for _ in 0..pagings {
            paged.push(paging::paging(life, searched, &mut history).await?);
        }
        reference.tell(&history).await?;
        for (case, paged) in (number * PLANS..).zip(paged) {
            let (first, last) = (paged.pages[0].step, paged.pages[paged.pages.len() - 1].step);
            let hits = reference.finds(&paged.typed, first, last).await?;
            if shown.is_none_or(|shown| shown == case) {
                self.count(&paged, &history);
                let differences = verdict::differences(&paged, &hits, &history);
                if !differences.is_empty() {
                    self.differences.push((case, differences));
                }
            }
            if shown == Some(case) {
                show(&paged, &hits);
            }
        }
        Ok(())
    }

    fn count(&mut self, paged: &Paged, history: &History) {
        let rows: usize = paged.pages.iter().map(|turned| turned.page.rows.len()).sum();
        let (first, last) = (paged.pages[0].step, paged.pages[paged.pages.len() - 1].step);
        self.cases += 1;
        self.pages += paged.pages.len() as u64;
        self.rows += rows as u64;
        self.found += u64::from(rows > 0);
        self.changed += u64::from(
            history.versions.iter().any(|version| first < version.since && version.since <= last),
        );
        self.short +=
            paged.pages.iter().filter(|turned| turned.page.is_short(paged.typed.limit)).count()
                as u64;
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cases, pages, rows, found, changed, short, differences } = self;
        write!(
            f,
            "{cases} cases, {} differences; {found} found something, during {changed} something changed; ",
            differences.len()
        )?;
        write!(f, "{pages} pages, {short} of them short, {rows} rows")
    }
}

fn show(paged: &Paged, hits: &[Hit]) {
    println!("{:#?}", paged.typed);
    for turned in &paged.pages {
        let page = &turned.page;
        let rows: Vec<String> = page.rows.iter().map(|id| id.to_string()).collect();
        println!(
            "step {} after {:?}: {} rows {rows:?}, next {:?}, {:?}",
            turned.step,
            turned.after,
            rows.len(),
            page.next,
            page.cost
        );
    }
    for hit in hits {
        println!("PostgreSQL finds {} at {:?}", hit.id, hit.steps);
    }
}
