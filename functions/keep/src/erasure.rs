//! Erases the recordings of a person, but for those that are held, which it reports.
//!
//! A recording is ended first, on the condition that nothing holds it, and its item names the order. From then on no hold can be placed and
//! no reader sees it; should the worker crash, the table removes the item and `expire` does the rest. Then everything of it is removed, as
//! when its day comes, and the item last: a tombstone takes its place.

use domain::{
    ids::{RecordingId, UserId},
    order::Person,
};
use platform::{
    erasures::{Erased, Subject},
    table::{
        BadItem,
        audit::{Deed, Event},
        commit::Commit,
        keeping::Seen,
        order::{self, Order, State},
        removal::Removal,
    },
};
use serde::Serialize;

use crate::{App, Failure, Page, TRIES};

/// Recordings of one page: each is some eight requests.
const ERASED: usize = 20;
/// Notes of one page, on calls that were never registered.
const NOTES: i32 = 20;

/// What the event of a finished erasure says.
#[derive(Serialize)]
struct Summary<'a> {
    about: &'a str,
    erased: u64,
    left: u64,
}

/// The place of an erasure that has gone through the person's recordings.
const REST: &str = "rest";

/// Does a page of an erasure: of recordings, and after these of what else names the person.
pub async fn erase(app: &App, erasure: &Order, person: &Person) -> Result<Page, Failure> {
    match erasure.place.as_deref().and_then(|place| place.strip_prefix(REST)) {
        Some(place) => rest(app, erasure, person, place.strip_prefix('#')).await,
        None => recordings(app, erasure, person).await,
    }
}

/// Erases a page of recordings. 1 read of the page, 2 of the recordings, 1 transaction and what each removal costs.
async fn recordings(app: &App, erasure: &Order, person: &Person) -> Result<Page, Failure> {
    let table = &app.stores.table;
    let (ids, next) = table.ids_of(&erasure.organisation, person, erasure.place.as_deref(), ERASED).await?;
    let standing = end(app, erasure, &ids).await?;
    for seen in standing.iter().filter(|seen| seen.erased == Some(erasure.id)) {
        let removal = Removal::of(seen)?;
        app.stores.remove(&removal, (app.now)()).await?;
        tracing::info!(recording = %removal.id, "erased");
    }
    let held = standing.iter().filter(|seen| seen.kept.is_held());
    let left = held.filter_map(|seen| Some((seen.recording.id, *seen.kept.holds.first()?))).collect();
    let next = Some(next.unwrap_or_else(|| REST.to_owned()));
    write(app, erasure, order::Page { next, passed: ids.len() as u64, done: 0, left }).await
}

/// Erases a page of what else names the person: other orders, of a counterpart; of a user what they said of calls that never came, and, if
/// they were removed, who they were. 1 transaction, and of what there is some requests each.
async fn rest(app: &App, erasure: &Order, person: &Person, after: Option<&str>) -> Result<Page, Failure> {
    let next = match person {
        Person::Counterpart(_) => {
            let next = app.stores.table.forget_in_orders(erasure, after, (app.now)()).await?;
            next.map(|place| format!("{REST}#{place}"))
        }
        Person::User(user) => match notes(app, erasure, user).await? {
            true => Some(REST.to_owned()),
            false => {
                who(app, erasure, user).await?;
                None
            }
        },
    };
    write(app, erasure, order::Page { next, ..order::Page::default() }).await
}

/// Erases some of what the user said of calls that were never registered; answers whether there may be more.
async fn notes(app: &App, erasure: &Order, user: &UserId) -> Result<bool, Failure> {
    let (stores, of, now) = (&app.stores, &erasure.organisation, (app.now)());
    let (early, more) = stores.table.early_of(of, user, NOTES).await?;
    for id in early {
        stores.erasures.remember(of, &Subject::Note(user.clone(), id), Erased { erasure: erasure.id, ended_at: now }).await?;
        stores.table.forget_note(of, id, Some(user), now).await?;
        stores.table.forget_early(of, user, id).await?;
    }
    Ok(more)
}

/// Forgets who a removed user was.
async fn who(app: &App, erasure: &Order, user: &UserId) -> Result<(), Failure> {
    if app.stores.table.forget_user(&erasure.organisation, user, erasure.id).await? {
        let erased = Erased { erasure: erasure.id, ended_at: (app.now)() };
        app.stores.erasures.remember(&erasure.organisation, &Subject::User(user.clone()), erased).await?;
    }
    Ok(())
}

/// Writes what a page did, and after the last the event of what came of the erasure.
async fn write(app: &App, erasure: &Order, page: order::Page) -> Result<Page, Failure> {
    let mut writes = app.stores.table.writes();
    writes.advance(erasure, &page, State::Done);
    if page.next.is_none() {
        writes.audit(&summary(app, erasure).await?);
    }
    match writes.commit().await? {
        Commit::Done => Ok(Page::before(page.next.as_ref())),
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
async fn summary(app: &App, erasure: &Order) -> Result<Event, Failure> {
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
    Ok(event.detailed(&Summary { about, erased, left: erasure.progress.left }))
}
