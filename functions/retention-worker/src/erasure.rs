//! Erases the recordings of a person, except held ones, which it reports.
//!
//! A recording first expires, on condition that it has no hold, and its item names the job. After
//! that no hold can be placed and no reader sees it. If the worker crashes, the table removes the
//! item and `expire` does the rest. Last, a tombstone replaces the item.

use domain::{
    ids::{RecordingId, UserId},
    job::Person,
    recording::Recording,
};
use platform::{
    erasures::{Erased, Subject},
    table::{
        BadItem,
        audit::{AuditAction, Event},
        job::{self, RetentionJob, State},
        keeping::RetentionSnapshot,
        removal::Removal,
    },
};
use serde::Serialize;

use crate::{
    App, Failure, Page, TRIES,
    recent::{self, Recent},
};

/// Recordings on one page. Each takes some eight requests.
const ERASED: usize = 20;
/// Notes on one page, about calls that were never registered.
const NOTES: usize = 20;

/// The detail of a finished erasure's event.
#[derive(Serialize)]
struct Summary<'a> {
    about: &'a str,
    erased: u64,
    left: u64,
}

/// The checkpoints after the person's recordings: those with them as a participant besides the
/// counterpart, reported calls, and then the rest.
const PARTICIPANT: &str = "participant";
const REPORTS: &str = "reports";
const REST: &str = "rest";

/// Does a page: first of the recordings, then of everything else that names the person.
pub async fn erase(app: &App, erasure: &RetentionJob, person: &Person) -> Result<Page, Failure> {
    let after = |phase| erasure.checkpoint.as_deref()?.strip_prefix(phase);
    if let Some(checkpoint) = after(PARTICIPANT) {
        return as_participant(app, erasure, person, checkpoint.strip_prefix('#')).await;
    }
    if let Some(checkpoint) = after(REPORTS) {
        return reports(app, erasure, person, checkpoint.strip_prefix('#')).await;
    }
    match after(REST) {
        Some(checkpoint) => rest(app, erasure, person, checkpoint.strip_prefix('#')).await,
        None => recordings(app, erasure, person).await,
    }
}

/// Erases a page: 1 read of the page, 2 of the recordings, 1 transaction, and each removal. The
/// first page reads the log of the last minutes too.
async fn recordings(app: &App, erasure: &RetentionJob, person: &Person) -> Result<Page, Failure> {
    let (of, checkpoint) = (&erasure.organisation, erasure.checkpoint.as_deref());
    let concerns = |recording: &Recording| person.concerns(recording);
    let after = match recent::page(app, of, (app.now)(), checkpoint, ERASED, concerns).await? {
        Recent::Found(ids, next) => {
            // The index has them too, or will, and counts them.
            let page = remove(app, erasure, &ids, next).await?;
            return write(app, erasure, job::Page { passed: 0, left: Vec::new(), ..page }).await;
        }
        Recent::Index(after) => after,
    };
    let retention = app.stores.table.retention();
    let (ids, next) = retention.ids_of(of, person, after.as_deref(), ERASED).await?;
    let next = next.unwrap_or_else(|| PARTICIPANT.to_owned());
    let page = remove(app, erasure, &ids, next).await?;
    write(app, erasure, page).await
}

/// Erases a page of the recordings in which a counterpart took part besides another, as
/// [`recordings`] does. An earlier page has removed the postings of its recordings, or will have.
async fn as_participant(
    app: &App,
    erasure: &RetentionJob,
    person: &Person,
    after: Option<&str>,
) -> Result<Page, Failure> {
    let (ids, next) = match person {
        Person::Counterpart(counterpart) => {
            let retention = app.stores.table.retention();
            retention.ids_with(&erasure.organisation, counterpart, after, ERASED).await?
        }
        Person::User(_) => (Vec::new(), None),
    };
    let next =
        next.map_or_else(|| REPORTS.to_owned(), |checkpoint| format!("{PARTICIPANT}#{checkpoint}"));
    let page = remove(app, erasure, &ids, next).await?;
    write(app, erasure, page).await
}

/// Erases these recordings. Returns the result of the page, after which `next` follows.
async fn remove(
    app: &App,
    erasure: &RetentionJob,
    ids: &[RecordingId],
    next: String,
) -> Result<job::Page, Failure> {
    let snapshots = end(app, erasure, ids).await?;
    let erased = || snapshots.iter().filter(|seen| seen.erased == Some(erasure.id));
    let numbers = erased().filter_map(|seen| seen.recording.leg.sequence.as_ref());
    let completeness = app.stores.table.completeness();
    completeness.note_numbers(&erasure.organisation, numbers, (app.now)()).await?;
    for seen in erased() {
        let removal = Removal::of(seen)?;
        app.stores.remove(&removal, (app.now)()).await?;
        tracing::info!(recording = %removal.id, "erased");
    }
    let held = snapshots.iter().filter(|seen| seen.retained.is_held());
    let left =
        held.filter_map(|seen| Some((seen.recording.id, *seen.retained.holds.first()?))).collect();
    Ok(job::Page { next: Some(next), passed: ids.len() as u64, done: 0, left })
}

/// Erases the person from calls that the operator's switch reported. 1 read, 1 write for each 25
/// reports that name them, and 1 transaction.
async fn reports(
    app: &App,
    erasure: &RetentionJob,
    person: &Person,
    after: Option<&str>,
) -> Result<Page, Failure> {
    let (of, now) = (&erasure.organisation, (app.now)());
    let next = app.stores.table.call_records().forget_person(of, person, after, now).await?;
    let next = next.map_or_else(|| REST.to_owned(), |checkpoint| format!("{REPORTS}#{checkpoint}"));
    write(app, erasure, job::Page { next: Some(next), ..job::Page::default() }).await
}

/// Erases other data that names the person: a counterpart in other jobs; a user's notes on calls
/// that never came, and a removed user's personal data. 1 transaction, and some requests each.
async fn rest(
    app: &App,
    erasure: &RetentionJob,
    person: &Person,
    after: Option<&str>,
) -> Result<Page, Failure> {
    let next = match person {
        Person::Counterpart(_) => {
            let next = app.stores.table.jobs().forget(erasure, after, (app.now)()).await?;
            next.map(|checkpoint| format!("{REST}#{checkpoint}"))
        }
        Person::User(user) => match notes(app, erasure, user).await? {
            true => Some(REST.to_owned()),
            false => {
                forget_user(app, erasure, user).await?;
                None
            }
        },
    };
    write(app, erasure, job::Page { next, ..job::Page::default() }).await
}

/// Erases some of the user's notes on unregistered calls. Returns whether more may exist.
async fn notes(app: &App, erasure: &RetentionJob, user: &UserId) -> Result<bool, Failure> {
    let (stores, of, now) = (&app.stores, &erasure.organisation, (app.now)());
    let (early, more) = stores.table.removals().early_of(of, user, NOTES).await?;
    for id in early {
        stores
            .erasures
            .remember(
                of,
                &Subject::Note(user.clone(), id),
                Erased { erasure: erasure.id, ended_at: now },
            )
            .await?;
        stores.table.removals().forget_note(of, id, Some(user), now).await?;
        stores.table.removals().forget_early(of, user, id).await?;
    }
    Ok(more)
}

/// Erases the personal data of a removed user.
async fn forget_user(app: &App, erasure: &RetentionJob, user: &UserId) -> Result<(), Failure> {
    if app.stores.table.removals().forget_user(&erasure.organisation, user, erasure.id).await? {
        let erased = Erased { erasure: erasure.id, ended_at: (app.now)() };
        app.stores
            .erasures
            .remember(&erasure.organisation, &Subject::User(user.clone()), erased)
            .await?;
    }
    Ok(())
}

/// Writes the result of a page, and after the last one the event of the finished erasure.
async fn write(app: &App, erasure: &RetentionJob, page: job::Page) -> Result<Page, Failure> {
    let mut writes = app.stores.table.writes();
    writes.save_page(erasure, &page, State::Done);
    if page.next.is_none() {
        writes.audit(&summary(app, erasure).await?);
    }
    match writes.commit().await? {
        Ok(()) => Ok(Page::before(page.next.as_ref())),
        Err(_) => Ok(Page::Last), // another message has done this page
    }
}

/// Expires the recordings that have no hold. Returns the state of all after that.
async fn end(
    app: &App,
    erasure: &RetentionJob,
    ids: &[RecordingId],
) -> Result<Vec<RetentionSnapshot>, Failure> {
    let table = &app.stores.table;
    for _ in 0..TRIES {
        let seen = table.retention().seen(&erasure.organisation, ids).await?;
        let now = (app.now)();
        let due: Vec<_> =
            seen.iter().filter_map(|seen| Some((seen, seen.retained.erased(now)?))).collect();
        if due.is_empty() {
            return Ok(seen);
        }
        let mut writes = table.writes();
        for (seen, retained) in &due {
            writes.keep(seen, retained, Some(erasure.id));
        }
        match writes.commit().await? {
            // On a conflict nothing is written: a recording was held, erased or registered again
            // since the read. The loop ends only when a read finds nothing left to expire.
            Ok(()) | Err(_) => {}
        }
    }
    Err(Failure::Busy)
}

/// The event of the finished erasure.
async fn summary(app: &App, erasure: &RetentionJob) -> Result<Event, Failure> {
    let now = (app.now)();
    let latest =
        app.stores.table.jobs().get(&erasure.organisation, erasure.kind(), erasure.id, now).await?;
    let job::JobKind::Erasure { about, .. } = &erasure.what else {
        return Err(BadItem { attribute: "about" }.into());
    };
    let erased = latest.map_or(0, |latest| latest.progress.done);
    let event = Event {
        resource: Some(erasure.id.to_string()),
        request: format!("erasure-{}", erasure.id),
        ..Event::new(erasure.organisation.clone(), "service", AuditAction::EndErasure, now)
    };
    Ok(event.detailed(&Summary { about, erased, left: erasure.progress.left }))
}
