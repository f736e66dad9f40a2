//! Copies the recordings of one span into the folder, inside S3, and leaves behind what the index and the checksums say of them.
//!
//! S3 reckons the SHA-256 of each copy, and it has to be the one that the app signed. What the span left behind is written before the span
//! is kept as copied, so that sealing finds all of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{
        Day, day_of, is_late,
        issue::{Count, Issue, Name, Progress},
        manifest,
    },
    ids::{OrganisationId, RecordingId, UserId},
    people,
    recording::{Recording, State},
};
use platform::{
    bucket::could_not,
    table::{
        awaited::Awaited,
        delivery::{Span, Work},
    },
};
use tokio::task::JoinSet;

use crate::{App, Failure, folder, parts, plan::orders};

/// Copies that are under way at a time.
const AT_ONCE: usize = 16;
/// Days that a call stays awaited after the folder it went into, while that folder can still be built.
const KEPT: usize = 5;

/// Copies the span. For each recording 1 copy; for each span 3 requests, 1 for each MB of rows, and 1 for every 100 users; 2 more for every
/// 100 calls whose audio has not come.
pub async fn copy(app: &App, organisation: &OrganisationId, name: Name, span: u32) -> Result<(), Failure> {
    let Some(work) = app.table.work(organisation, name).await? else { return Ok(()) };
    if work.issue.progress != Progress::Building || work.issue.gone_at <= (app.now)() {
        return Ok(());
    }
    if work.done.contains(&span) {
        return seal(app, organisation, &work).await;
    }
    let found = match work.plan.as_ref().and_then(|plan| plan.span(span)) {
        Some(Span::Started(from, to)) => of_day(app, organisation, &work.issue, (from, to)).await?,
        Some(Span::Late(from, to)) => late(app, organisation, &work.issue, (from, to)).await?,
        None => return Ok(()),
    };
    let copied = copy_all(app, name, found).await?;
    let names = names(app, organisation, &copied).await?;
    let part = parts::Part::of(&copied, &names)?;
    parts::put(app, organisation, name, span, &part).await?;
    match app.table.copied(organisation, name, span, &count(&copied)).await? {
        Some(work) => seal(app, organisation, &work).await,
        None => Ok(()),
    }
}

/// Has the issue sealed, if this was its last span.
async fn seal(app: &App, organisation: &OrganisationId, work: &Work) -> Result<(), Failure> {
    if work.is_copied() {
        app.queue.send_all(&orders(organisation, work)).await?;
    }
    Ok(())
}

/// The day's recordings of the span. What the index shows as expected is looked up, and stays awaited if it is.
async fn of_day(app: &App, organisation: &OrganisationId, issue: &Issue, (from, to): (&str, &str)) -> Result<Vec<Recording>, Failure> {
    let now = (app.now)();
    let found = app.table.started_in(organisation, from, to).await?;
    let (mut held, mut expected) = (Vec::new(), Vec::new());
    for recording in found.into_iter().filter(|recording| recording.exists(now)) {
        match recording.state {
            State::Expected => expected.push(recording.id),
            _ if issue.holds(&recording) => held.push(recording),
            _ => {}
        }
    }
    let looked_up = app.table.recordings(organisation, &expected).await?;
    let missing: Vec<&Recording> = looked_up.iter().filter(|recording| recording.state == State::Expected).collect();
    if issue.name.is_scheduled() {
        app.table.await_late(&missing, now).await?;
    }
    held.extend(looked_up.into_iter().filter(|recording| issue.holds(recording)));
    held.sort_by_key(|recording| (recording.started_at, recording.id));
    Ok(held)
}

/// What came late, of the span. What is awaited no longer is forgotten.
async fn late(app: &App, organisation: &OrganisationId, issue: &Issue, (from, to): (&str, &str)) -> Result<Vec<Recording>, Failure> {
    let awaited = app.table.awaited_in(organisation, from, to).await?;
    let ids: Vec<RecordingId> = awaited.iter().map(|awaited| awaited.id).collect();
    let found = app.table.recordings(organisation, &ids).await?;
    let found: BTreeMap<RecordingId, Recording> = found.into_iter().map(|recording| (recording.id, recording)).collect();
    for one in &awaited {
        if is_over(one, found.get(&one.id), issue.name.day, (app.now)()) {
            app.table.await_no_longer(organisation, one).await?;
        }
    }
    let now = (app.now)();
    // Its own day's spans have the others.
    let of_another_day = |recording: &Recording| Day::of(recording.started_at) != issue.name.day;
    let came = found.into_values().filter(|found| found.exists(now) && issue.holds(found) && of_another_day(found));
    let mut came: Vec<Recording> = came.collect();
    came.sort_by_key(|recording| (recording.started_at, recording.id));
    Ok(came)
}

/// Whether a call need not be awaited any more: it is in a folder that is over, or a day ago it was already settled that it never comes.
fn is_over(awaited: &Awaited, found: Option<&Recording>, day: Day, now: DateTime<Utc>) -> bool {
    let over = std::iter::successors(Some(day), |day| Some(day.previous())).nth(KEPT).unwrap_or(day);
    match found.map(|recording| &recording.state) {
        Some(State::Expected) => false,
        Some(State::Stored { .. }) => found.and_then(day_of).is_some_and(|folder| folder < over),
        Some(State::Rejected { .. }) | None => awaited.since < now - TimeDelta::days(1),
    }
}

/// Copies the recordings, some at a time; answers with those that are there, in their order.
async fn copy_all(app: &App, issue: Name, recordings: Vec<Recording>) -> Result<Vec<Recording>, Failure> {
    let mut copying = JoinSet::new();
    let mut copied = BTreeSet::new();
    for recording in &recordings {
        if copying.len() == AT_ONCE {
            copied.extend(next(&mut copying).await?);
        }
        let (app, recording) = (app.clone(), recording.clone());
        copying.spawn(async move { one(&app, &recording, issue).await.map(|there| there.then_some(recording.id)) });
    }
    while !copying.is_empty() {
        copied.extend(next(&mut copying).await?);
    }
    Ok(recordings.into_iter().filter(|recording| copied.contains(&recording.id)).collect())
}

async fn next(copying: &mut JoinSet<Result<Option<RecordingId>, Failure>>) -> Result<Option<RecordingId>, Failure> {
    match copying.join_next().await {
        Some(Ok(copied)) => copied,
        Some(Err(panicked)) => Err(Failure::Bucket(could_not("copy a recording into the folder")(panicked))),
        None => Ok(None),
    }
}

/// Copies one recording; whether it is there. One that was erased since the span was read is not. 1 request; 1 more where the audio is gone.
async fn one(app: &App, recording: &Recording, issue: Name) -> Result<bool, Failure> {
    let copied = folder::copy(app, recording, &manifest::key(recording, issue)).await?;
    if !copied && !app.table.recordings(&recording.organisation, &[recording.id]).await?.is_empty() {
        let error = could_not("copy a recording into the folder")("the audio of a stored recording is missing");
        tracing::error!(recording = %recording.id, "the audio is missing");
        return Err(Failure::Bucket(error));
    }
    Ok(copied)
}

/// The names of the recordings' users, of those that are still there.
async fn names(app: &App, organisation: &OrganisationId, recordings: &[Recording]) -> Result<BTreeMap<UserId, people::Name>, Failure> {
    let users: BTreeSet<UserId> = recordings.iter().map(|recording| recording.user.clone()).collect();
    let users = app.table.users(organisation, &users).await?;
    Ok(users.into_iter().map(|(id, user)| (id, user.name)).collect())
}

fn count(recordings: &[Recording]) -> Count {
    Count {
        recordings: recordings.len() as u64,
        bytes: recordings.iter().map(|recording| recording.audio.length).sum(),
        late: recordings.iter().filter(|recording| is_late(recording)).count() as u64,
    }
}
