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

use history::History;
use life::Life;
use reference::Reference;
use walk::{Searched, Walked};

/// Walks of one organisation's life.
pub const WALKS: u64 = 50;

/// What came of an organisation's cases.
#[derive(Debug, Default)]
pub struct Judged {
    pub cases: u64,
    pub pages: u64,
    pub rows: u64,
    /// Cases that found something; cases during which something happened.
    pub found: u64,
    pub changed: u64,
    /// Pages that came short.
    pub short: u64,
    /// The cases that were wrong, and how.
    pub differences: Vec<(u64, Vec<String>)>,
}

/// Lives through the first `walks` walks of the `number`-th organisation of the seed and judges those that `judges` names.
///
/// # Errors
/// When something could not be asked, with the case.
pub async fn judge(
    reference: &Reference,
    searched: &mut impl Searched,
    life: &mut Life,
    number: u64,
    walks: u64,
    mut see: impl FnMut(u64, &Walked, &[reference::Hit]),
) -> anyhow::Result<Judged> {
    let mut history = History::default();
    walk::begin(life, searched, &mut history).await?;
    let mut walked = Vec::new();
    for _ in 0..walks {
        walked.push(walk::walk(life, searched, &mut history).await?);
    }
    reference.tell(&history).await?;
    let mut judged = Judged::default();
    for (case, walked) in (number * WALKS..).zip(walked) {
        let steps = walked.pages.iter().map(|turned| turned.step);
        let (first, last) = (steps.clone().min().unwrap_or_default(), steps.max().unwrap_or_default());
        let hits = reference.finds(&walked.typed, first, last).await?;
        see(case, &walked, &hits);
        judged.count(&walked, &history);
        let differences = verdict::differences(&walked, &hits, &history);
        if !differences.is_empty() {
            judged.differences.push((case, differences));
        }
    }
    Ok(judged)
}

impl Judged {
    fn count(&mut self, walked: &Walked, history: &History) {
        let rows: usize = walked.pages.iter().map(|turned| turned.page.rows.len()).sum();
        let steps = walked.pages.iter().map(|turned| turned.step).collect::<Vec<_>>();
        let (first, last) = (steps[0], steps[steps.len() - 1]);
        self.cases += 1;
        self.pages += walked.pages.len() as u64;
        self.rows += rows as u64;
        self.found += u64::from(rows > 0);
        self.changed += u64::from(history.versions.iter().any(|version| first < version.since && version.since <= last));
        self.short += walked.pages.iter().filter(|turned| turned.page.is_short(walked.typed.limit)).count() as u64;
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.cases += other.cases;
        self.pages += other.pages;
        self.rows += other.rows;
        self.found += other.found;
        self.changed += other.changed;
        self.short += other.short;
        self.differences.extend(other.differences);
        self
    }
}
