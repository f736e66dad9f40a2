//! Places a legal hold on recordings, and lifts it from them.
//!
//! A hold applies to recordings registered before it. Those of the last moments come first, see
//! [`recent`]; then the oldest, which expire first.

use domain::{
    ids::RecordingId,
    recording::Recording,
    search::{self, Search},
};
use platform::{
    criteria::Criteria,
    cursor,
    table::{
        BadItem,
        commit::Conflict,
        job::{self, RetentionJob, State},
    },
};

use crate::{
    App, Failure, Page, TRIES,
    recent::{self, Recent},
};

/// Recordings on one page. Each takes a write of its own, and an entry in the hold's list.
const HELD: usize = 48;
/// Recordings on one page of a lifting.
const RELEASED: usize = 95;

/// Places the hold on a page of recordings. 1 read of the page, 1 of the recordings, 1 transaction;
/// the first page of a search reads the log of the last minutes too.
pub async fn place(app: &App, hold: &RetentionJob, criteria: &str) -> Result<Page, Failure> {
    let criteria = Criteria::stored(criteria).map_err(|_| BadItem { attribute: "sought" })?;
    let (ids, next) = page(app, hold, &criteria).await?;
    let table = &app.stores.table;
    for _ in 0..TRIES {
        let now = (app.now)();
        let seen = table.retention().seen(&hold.organisation, &ids).await?;
        let wanted: Vec<_> = seen
            .iter()
            .filter_map(|seen| Some((seen, seen.retained.with_hold(hold.id, now)?)))
            .collect();
        let mut writes = table.writes();
        let did = job::Page {
            next: next.clone(),
            passed: ids.len() as u64,
            done: wanted.len() as u64,
            left: Vec::new(),
        };
        writes.save_page(hold, &did, State::Held);
        for (seen, retained) in &wanted {
            writes.keep(seen, retained, None);
            writes.wanted(hold, &seen.at());
        }
        match writes.commit().await? {
            Ok(()) => return Ok(Page::before(next.as_ref())),
            Err(Conflict::PageSaved) => return Ok(Page::Last),
            Err(_) => {}
        }
    }
    Err(Failure::Busy)
}

/// Lifts the hold from a page: 1 read of the page, 1 of the recordings, 1 transaction.
pub async fn lift(app: &App, hold: &RetentionJob) -> Result<Page, Failure> {
    let table = &app.stores.table;
    let (held, next) = table
        .jobs()
        .held_by(&hold.organisation, hold.id, RELEASED, hold.checkpoint.as_deref())
        .await?;
    let ids: Vec<RecordingId> = held.into_iter().map(|(id, _)| id).collect();
    for _ in 0..TRIES {
        let now = (app.now)();
        let seen = table.retention().seen(&hold.organisation, &ids).await?;
        let mut writes = table.writes();
        writes.save_page(
            hold,
            &job::Page { next: next.clone(), ..job::Page::default() },
            State::Lifted,
        );
        for (seen, retained) in
            seen.iter().filter_map(|seen| Some((seen, seen.retained.without_hold(hold.id, now)?)))
        {
            writes.keep(seen, &retained, None);
        }
        match writes.commit().await? {
            Ok(()) => return Ok(Page::before(next.as_ref())),
            Err(Conflict::PageSaved) => return Ok(Page::Last),
            Err(_) => {}
        }
    }
    Err(Failure::Busy)
}

/// The ids of the hold's next page, and the checkpoint after it.
async fn page(
    app: &App,
    hold: &RetentionJob,
    criteria: &Criteria,
) -> Result<(Vec<RecordingId>, Option<String>), Failure> {
    let unclear = || BadItem { attribute: "place" };
    match criteria {
        Criteria::Recordings(ids) => {
            let begin: usize =
                hold.checkpoint.as_deref().unwrap_or("0").parse().map_err(|_| unclear())?;
            let end = ids.len().min(begin + HELD);
            Ok((
                ids.get(begin..end).unwrap_or_default().to_vec(),
                (end < ids.len()).then(|| end.to_string()),
            ))
        }
        Criteria::Filter { filter, users, country } => {
            let search = filter
                .search(users.as_deref(), *country)
                .map_err(|_| BadItem { attribute: "sought" })?;
            let (of, checkpoint) = (&hold.organisation, hold.checkpoint.as_deref());
            let matches = |recording: &Recording| {
                recording.registered_at <= hold.at
                    && recording.exists((app.now)())
                    && search.holds(recording)
            };
            let after = match recent::page(app, of, hold.at, checkpoint, HELD, matches).await? {
                Recent::Found(ids, next) => return Ok((ids, Some(next))),
                Recent::Index(after) => after,
            };
            let after = after.as_deref().map(cursor::read).transpose().map_err(|_| unclear())?;
            let search = Search {
                filter: &search,
                order: search::Order::Oldest,
                limit: HELD,
                after,
                now: (app.now)(),
            };
            let page = app.stores.table.index().page(&hold.organisation, &search).await?;
            let ids = page
                .rows
                .into_iter()
                .filter(|row| row.registered_at <= hold.at)
                .map(|row| row.id)
                .collect();
            Ok((ids, page.next.map(cursor::write)))
        }
    }
}
