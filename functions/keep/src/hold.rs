//! Places a legal hold on the recordings that it is about, and lifts it from them.
//!
//! A hold says its moment: it is about recordings that were registered before it was ordered, not about those that come later. They are
//! held oldest first, so that those nearest to their day are safe soonest.

use domain::{
    ids::RecordingId,
    search::{self, Search},
};
use platform::{
    http::sought::Sought,
    table::{
        BadItem,
        commit::Commit,
        order::{self, Order, State},
    },
};

use crate::{App, Failure, Page, TRIES};

/// Recordings of one page: each is a write of its own and a place in the hold's list.
const HELD: usize = 48;
/// Recordings of one page that are released.
const RELEASED: usize = 95;

/// Places the hold on a page of its recordings. 1 read of the page, 1 of the recordings, 1 transaction.
pub async fn place(app: &App, hold: &Order, sought: &str) -> Result<Page, Failure> {
    let sought = Sought::stored(sought).map_err(|_| BadItem { attribute: "sought" })?;
    let (ids, next) = page(app, hold, &sought).await?;
    let table = &app.stores.table;
    for _ in 0..TRIES {
        let now = (app.now)();
        let seen = table.seen(&hold.organisation, &ids).await?;
        let wanted: Vec<_> = seen.iter().filter_map(|seen| Some((seen, seen.kept.held(hold.id, now)?))).collect();
        let mut writes = table.writes();
        let did = order::Page { next: next.clone(), passed: ids.len() as u64, done: wanted.len() as u64, left: Vec::new() };
        writes.advance(hold, &did, State::Held);
        for (seen, kept) in &wanted {
            writes.keep(seen, kept, None);
            writes.wanted(hold, &seen.at());
        }
        match writes.commit().await? {
            Commit::Done => return Ok(Page::before(next.as_ref())),
            Commit::Refused(places) if places.contains(&0) => return Ok(Page::Last), // another message has done this page
            Commit::Refused(_) => {}
        }
    }
    Err(Failure::Busy)
}

/// Lifts the hold from a page of the recordings that it wanted. 1 read of the page, 1 of the recordings, 1 transaction.
pub async fn lift(app: &App, hold: &Order) -> Result<Page, Failure> {
    let table = &app.stores.table;
    let (held, next) = table.held_by(&hold.organisation, hold.id, RELEASED, hold.place.as_deref()).await?;
    let ids: Vec<RecordingId> = held.into_iter().map(|(id, _)| id).collect();
    for _ in 0..TRIES {
        let now = (app.now)();
        let seen = table.seen(&hold.organisation, &ids).await?;
        let mut writes = table.writes();
        writes.advance(hold, &order::Page { next: next.clone(), ..order::Page::default() }, State::Lifted);
        for (seen, kept) in seen.iter().filter_map(|seen| Some((seen, seen.kept.lifted(hold.id, now)?))) {
            writes.keep(seen, &kept, None);
        }
        match writes.commit().await? {
            Commit::Done => return Ok(Page::before(next.as_ref())),
            Commit::Refused(places) if places.contains(&0) => return Ok(Page::Last),
            Commit::Refused(_) => {}
        }
    }
    Err(Failure::Busy)
}

/// The ids of the hold's next page, and where the page after it begins.
async fn page(app: &App, hold: &Order, sought: &Sought) -> Result<(Vec<RecordingId>, Option<String>), Failure> {
    let unclear = || BadItem { attribute: "place" };
    match sought {
        Sought::Recordings(ids) => {
            let begin: usize = hold.place.as_deref().unwrap_or("0").parse().map_err(|_| unclear())?;
            let end = ids.len().min(begin + HELD);
            Ok((ids.get(begin..end).unwrap_or_default().to_vec(), (end < ids.len()).then(|| end.to_string())))
        }
        Sought::Filter { filter, users } => {
            let search = filter.search(users.as_deref()).map_err(|_| BadItem { attribute: "sought" })?;
            let after = hold.place.as_deref().map(platform::http::cursor::read).transpose().map_err(|_| unclear())?;
            let search = Search { filter: &search, order: search::Order::Oldest, limit: HELD, after, now: (app.now)() };
            let page = app.stores.table.page(&hold.organisation, &search).await?;
            let ids = page.rows.into_iter().filter(|row| row.registered_at <= hold.at).map(|row| row.id).collect();
            Ok((ids, page.next.map(platform::http::cursor::write)))
        }
    }
}
