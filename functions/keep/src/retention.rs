//! Moves the end of every recording of an organisation to what its new days make of it.
//!
//! Calls are registered by the new days from the change on. A registration that had read the old ones is written before the first page: the
//! worker is told of a change only once no such request can be under way.

use platform::table::{
    commit::Commit,
    order::{self, Order, State},
};

use crate::{App, Failure, Page, TRIES};

/// Recordings of one page.
const MOVED: usize = 90;

/// Moves a page of recordings. 1 read, 1 transaction. A change that was overtaken by a newer one leaves the rest to that.
pub async fn change(app: &App, change: &Order, days: u16) -> Result<Page, Failure> {
    let table = &app.stores.table;
    for _ in 0..TRIES {
        let now = (app.now)();
        let (seen, next) = table.seen_by_id(&change.organisation, change.place.as_deref(), MOVED).await?;
        let moved: Vec<_> = seen.iter().filter_map(|seen| Some((seen, seen.kept.kept_for(days, now)?))).collect();
        let mut writes = table.writes();
        let did = order::Page { next: next.clone(), passed: seen.len() as u64, done: moved.len() as u64, left: Vec::new() };
        writes.advance(change, &did, State::Done);
        writes.is_latest(change);
        for (seen, kept) in &moved {
            writes.keep(seen, kept, seen.erased);
        }
        match writes.commit().await? {
            Commit::Done => return Ok(Page::before(next.as_ref())),
            Commit::Refused(places) if places.contains(&0) => return Ok(Page::Last), // another message has done this page
            Commit::Refused(places) if places.contains(&1) => return overtaken(app, change).await,
            Commit::Refused(_) => {}
        }
    }
    Err(Failure::Busy)
}

async fn overtaken(app: &App, change: &Order) -> Result<Page, Failure> {
    let mut writes = app.stores.table.writes();
    writes.advance(change, &order::Page::default(), State::Overtaken);
    match writes.commit().await? {
        // Refused: another message has done this page before the newer change came, or has found it overtaken, too. Either tells of what is
        // left to do, and this message does no more.
        Commit::Done | Commit::Refused(_) => Ok(Page::Last),
    }
}
