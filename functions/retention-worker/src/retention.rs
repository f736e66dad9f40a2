//! Moves the expiry of every recording of an organisation to its new retention.
//!
//! New calls have the new retention from the change on. A registration that read the old one is
//! written before the first page, because the message is delayed until such requests have ended.

use platform::table::{
    commit::Conflict,
    job::{self, RetentionJob, State},
};

use crate::{App, Failure, Page, TRIES};

/// Recordings on one page.
const MOVED: usize = 90;

/// Moves a page of recordings. 1 read, 1 transaction. A newer change takes over the rest.
pub async fn change(app: &App, change: &RetentionJob, days: u16) -> Result<Page, Failure> {
    let table = &app.stores.table;
    for _ in 0..TRIES {
        let now = (app.now)();
        let (seen, next) = table
            .retention()
            .seen_by_id(&change.organisation, change.checkpoint.as_deref(), MOVED)
            .await?;
        let moved: Vec<_> = seen
            .iter()
            .filter_map(|seen| Some((seen, seen.retained.with_retention(days, now)?)))
            .collect();
        let mut writes = table.writes();
        let did = job::Page {
            next: next.clone(),
            passed: seen.len() as u64,
            done: moved.len() as u64,
            left: Vec::new(),
        };
        writes.save_page(change, &did, State::Done);
        writes.is_latest(change);
        for (seen, retained) in &moved {
            writes.keep(seen, retained, seen.erased);
        }
        match writes.commit().await? {
            Ok(()) => return Ok(Page::before(next.as_ref())),
            Err(Conflict::PageSaved) => return Ok(Page::Last),
            Err(Conflict::Overtaken) => return overtaken(app, change).await,
            Err(_) => {}
        }
    }
    Err(Failure::Busy)
}

async fn overtaken(app: &App, change: &RetentionJob) -> Result<Page, Failure> {
    let mut writes = app.stores.table.writes();
    writes.save_page(change, &job::Page::default(), State::Overtaken);
    match writes.commit().await? {
        // On a conflict another message has done this page, or this check, and sends the rest.
        Ok(()) | Err(_) => Ok(Page::Last),
    }
}
