//! Erases the recordings of a person, but for those that are held, which it reports.
//!
//! A recording is ended first, on the condition that nothing holds it, and its item names the order. From then on no hold can be placed and
//! no reader sees it; should the worker crash, the table removes the item and `expire` does the rest. Then everything of it is removed, as
//! when its day comes, and the item last.

use domain::{ids::RecordingId, order::Person};
use platform::table::{
    BadItem,
    audit::{Deed, Event},
    commit::Commit,
    keeping::Seen,
    order::{self, Order, State},
    removal::Removal,
};
use serde::Serialize;

use crate::{App, Failure, Page, TRIES};

/// Recordings of one page: each is some eight requests.
const ERASED: usize = 20;

/// What the event of a finished erasure says.
#[derive(Serialize)]
struct Summary<'a> {
    about: &'a str,
    erased: u64,
    left: u64,
}

/// Erases a page of recordings. 1 read of the page, 2 of the recordings, 1 transaction and what each removal costs.
pub async fn erase(app: &App, erasure: &Order, person: &Person) -> Result<Page, Failure> {
    let table = &app.stores.table;
    let (ids, next) = table.ids_of(&erasure.organisation, person, erasure.place.as_deref(), ERASED).await?;
    let standing = end(app, erasure, &ids).await?;
    for seen in standing.iter().filter(|seen| seen.erased == Some(erasure.id)) {
        let removal = Removal::of(seen)?;
        app.stores.remove(&removal, (app.now)()).await?;
        table.take_away(&removal).await?;
        tracing::info!(recording = %removal.id, "erased");
    }
    let held = standing.iter().filter(|seen| seen.kept.is_held());
    let left = held.filter_map(|seen| Some((seen.recording.id, *seen.kept.holds.first()?))).collect();
    let mut writes = table.writes();
    writes.advance(erasure, &order::Page { next: next.clone(), passed: ids.len() as u64, done: 0, left }, State::Done);
    if next.is_none() {
        writes.audit(&summary(app, erasure, standing.iter().filter(|seen| seen.kept.is_held()).count() as u64).await?);
    }
    match writes.commit().await? {
        Commit::Done => Ok(Page::before(next.as_ref())),
        Commit::Refused(_) => Ok(Page::Last), // another message has done this page
    }
}

/// Ends those of the recordings that nothing holds; answers with all as they stand then.
async fn end(app: &App, erasure: &Order, ids: &[RecordingId]) -> Result<Vec<Seen>, Failure> {
    let table = &app.stores.table;
    for _ in 0..TRIES {
        let seen = table.seen(&erasure.organisation, ids).await?;
        let now = (app.now)();
        let due: Vec<_> = seen.iter().filter_map(|seen| Some((seen, seen.kept.erased(now)?))).collect();
        if due.is_empty() {
            return Ok(seen);
        }
        let mut writes = table.writes();
        for (seen, kept) in &due {
            writes.keep(seen, kept, Some(erasure.id));
        }
        match writes.commit().await? {
            // Refused: one of them was held, erased or taken anew since it was read, and none has ended. The next try reads all as they
            // stand, and only a read that finds none left to end leaves this loop.
            Commit::Done | Commit::Refused(_) => {}
        }
    }
    Err(Failure::Busy)
}

/// The event that tells what came of the erasure.
async fn summary(app: &App, erasure: &Order, left: u64) -> Result<Event, Failure> {
    let now = (app.now)();
    let latest = app.stores.table.order(&erasure.organisation, erasure.kind(), erasure.id, now).await?;
    let order::What::Erasure { about, .. } = &erasure.what else { return Err(BadItem { attribute: "about" }.into()) };
    let erased = latest.map_or(0, |latest| latest.progress.done);
    let event = Event {
        at: now,
        organisation: erasure.organisation.clone(),
        who: "service".to_owned(),
        deed: Deed::EndErasure,
        recording: None,
        subject: Some(erasure.id.to_string()),
        owner: None,
        detail: None,
        reason: None,
        refused: None,
        address: String::new(),
        request: format!("erasure-{}", erasure.id),
    };
    Ok(event.detailed(&Summary { about, erased, left: erasure.progress.left + left }))
}
