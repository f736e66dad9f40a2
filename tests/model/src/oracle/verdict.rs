//! The checks of a search, page by page and as a whole.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ids::RecordingId, search::Position};

use super::{
    history::History,
    paging::{Paged, Turned},
    reference::Hit,
};
use crate::{
    hostile::{HALF_RCUS, PROMPT_HALF_RCUS, PROMPT_ROUND_TRIPS, ROUND_TRIPS, WAITED_FOR},
    memory::Cost,
};

/// The differences between the search and PostgreSQL's matches at its steps. Empty if it is right.
pub fn differences(paged: &Paged, hits: &[Hit], history: &History) -> Vec<String> {
    let mut differences = Vec::new();
    for (number, turned) in paged.pages.iter().enumerate() {
        let of_page = page(paged, turned, hits, history);
        differences.extend(
            of_page.into_iter().map(|difference| format!("page {}: {difference}", number + 1)),
        );
    }
    if paged.pages.last().is_some_and(|last| last.page.next.is_some()) {
        differences.push("the search has no end".to_owned());
        return differences;
    }
    differences.extend(whole(paged, hits));
    differences
}

/// Checks that a page contains exactly its step's matches between two positions, within the limit.
fn page(paged: &Paged, turned: &Turned, hits: &[Hit], history: &History) -> Vec<String> {
    let (order, limit, page) = (paged.typed.order, paged.typed.limit, &turned.page);
    let mut differences = Vec::new();
    let here = |id: RecordingId| {
        let place = history.at(id, turned.step).map(Position::of)?;
        let begun = turned.after.is_none_or(|after| order.is_before(after, place));
        let ended = page.next.is_some_and(|next| order.is_before(next, place));
        Some(begun && !ended)
    };
    let expected: Vec<RecordingId> = hits
        .iter()
        .filter(|hit| hit.steps.contains(&turned.step) && here(hit.id) == Some(true))
        .map(|hit| hit.id)
        .collect();
    if page.rows != expected {
        differences.push(unlike(&page.rows, &expected));
    }
    if page.rows.len() > limit {
        differences.push(format!("{} rows where {limit} were requested", page.rows.len()));
    }
    if page.is_short(limit)
        && let Some(cost) =
            page.cost.filter(|cost| is_little(cost) && !is_prompt(page.rows.len(), limit, cost))
    {
        differences.push(format!("short, with {} rows, though it took {cost:?}", page.rows.len()));
    }
    if let (Some(after), Some(next)) = (turned.after, page.next)
        && !order.is_before(after, next)
    {
        differences.push("the next page begins no later than this one".to_owned());
    }
    for row in
        page.whole.iter().flatten().filter(|row| history.at(row.id, turned.step) != Some(row))
    {
        differences.push(format!("{} is shown as it was not", row.id));
    }
    differences
}

/// Whether the cost is too low for a short page.
fn is_little(cost: &Cost) -> bool {
    cost.half_rcus < HALF_RCUS / 2 && cost.round_trips < ROUND_TRIPS
}

/// Whether the page returned its matches early, as a waiting user needs.
fn is_prompt(rows: usize, limit: usize, cost: &Cost) -> bool {
    rows > 0
        && limit <= WAITED_FOR
        && (cost.round_trips >= PROMPT_ROUND_TRIPS || cost.half_rcus >= PROMPT_HALF_RCUS)
}

/// Checks that constant matches appear once, others only if they ever matched, and in order.
fn whole(paged: &Paged, hits: &[Hit]) -> Vec<String> {
    let mut shown: BTreeMap<RecordingId, usize> = BTreeMap::new();
    for id in paged.pages.iter().flat_map(|turned| &turned.page.rows) {
        *shown.entry(*id).or_default() += 1;
    }
    let found: BTreeSet<RecordingId> = hits.iter().map(|hit| hit.id).collect();
    let throughout =
        hits.iter().filter(|hit| hit.steps.len() == paged.pages.len()).map(|hit| hit.id);
    let missed =
        throughout.filter(|id| !shown.contains_key(id)).map(|id| format!("{id} is missed"));
    let twice = shown
        .iter()
        .filter(|(_, times)| **times > 1)
        .map(|(id, times)| format!("{id} occurs {times} times"));
    let stray =
        shown.keys().filter(|id| !found.contains(id)).map(|id| format!("{id} is found at no time"));
    let places: BTreeMap<RecordingId, usize> =
        hits.iter().enumerate().map(|(place, hit)| (hit.id, place)).collect();
    let way: Vec<usize> = paged
        .pages
        .iter()
        .flat_map(|turned| &turned.page.rows)
        .filter_map(|id| places.get(id).copied())
        .collect();
    let disorder = (!way.is_sorted()).then(|| "the rows are out of order".to_owned());
    missed.chain(twice).chain(stray).chain(disorder).collect()
}

fn unlike(rows: &[RecordingId], expected: &[RecordingId]) -> String {
    let names = |ids: Vec<&RecordingId>| {
        ids.iter().take(5).map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
    };
    let missing: Vec<_> = expected.iter().filter(|id| !rows.contains(id)).collect();
    let more: Vec<_> = rows.iter().filter(|id| !expected.contains(id)).collect();
    let (lacks, has) = (missing.len(), more.len());
    format!(
        "{} rows, not the {} expected: {lacks} missing ({}), {has} too many ({})",
        rows.len(),
        expected.len(),
        names(missing),
        names(more)
    )
}
