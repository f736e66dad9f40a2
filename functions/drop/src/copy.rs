//! Copies the recordings of one span into the folder, inside S3, and leaves behind what the index and the checksums say of them.
//!
//! S3 reckons the SHA-256 of each copy, and it has to be the one that the app signed. A recording that cannot be delivered stops none of the
//! others: the index names it with the reason, and it is awaited, so that a later folder has it once it can be delivered. What the span left
//! behind is written before the span is kept as copied, so that sealing finds all of it; whoever writes it first has decided.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{
        Day,
        issue::{Issue, Name, Progress},
        manifest,
        outcome::Reason,
    },
    ids::{OrganisationId, RecordingId, UserId},
    people,
};
use platform::{
    bucket::could_not,
    log::causes,
    table::{
        awaited::Awaited,
        delivery::{Span, Work},
    },
};
use tokio::task::JoinSet;

use crate::{
    App, Failure,
    folder::{self, Copied},
    parts::{self, Part},
    plan::orders,
    span::{self, Wanted},
};

/// Copies that are under way at a time.
const AT_ONCE: usize = 16;
/// How long a recording is awaited whose item cannot be read, and so does not say when it ends.
const UNREADABLE_FOR: TimeDelta = TimeDelta::days(30);

/// What became of a recording of the span.
#[derive(Clone, Debug)]
pub enum Outcome {
    Of {
        recording: Box<domain::recording::Recording>,
        late: bool,
        /// What it was awaited by, where an earlier folder could not deliver it.
        restored: Option<Awaited>,
        undelivered: Option<Reason>,
    },
    /// Of which nothing may be said, or can be.
    Bare(RecordingId, Reason),
}

/// Copies the span. For each recording 1 copy; for each span 4 requests, 1 for each MB of rows, and 1 for every 100 users; 2 more for every
/// 100 calls whose audio has not come. A recording that cannot be delivered: 2 or 3 more, and 1 for every 25 of them.
pub async fn copy(app: &App, organisation: &OrganisationId, name: Name, number: u32) -> Result<(), Failure> {
    let Some(work) = app.table.work(organisation, name).await? else { return Ok(()) };
    if work.issue.progress != Progress::Building || work.issue.gone_at <= (app.now)() {
        return Ok(());
    }
    if work.done.contains(&number) {
        return seal(app, organisation, &work).await;
    }
    let wanted = match work.plan.as_ref().and_then(|plan| plan.span(number)) {
        Some(Span::Started(from, to)) => span::of_day(app, organisation, &work.issue, (from, to)).await?,
        Some(Span::Late(from, to)) => span::late(app, organisation, &work.issue, (from, to)).await?,
        None => return Ok(()),
    };
    let part = match parts::get(app, organisation, name, number).await? {
        Some(part) => part, // an attempt that was cut short has copied all of it
        None => copy_all(app, organisation, &work.issue, number, &wanted).await?,
    };
    if name.is_scheduled() {
        await_again(app, organisation, name.day, &part, &wanted).await?;
    }
    match app.table.copied(organisation, name, number, &part.count()).await? {
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

/// Awaits what the span could not deliver, and no longer what an earlier folder could not and this one could.
async fn await_again(app: &App, organisation: &OrganisationId, day: Day, part: &Part, wanted: &[Wanted]) -> Result<(), Failure> {
    let now = (app.now)();
    let ends: BTreeMap<RecordingId, DateTime<Utc>> = wanted.iter().filter_map(|wanted| Some((wanted.id(), wanted.ends_at()?))).collect();
    let undelivered = part.undelivered().filter(|undelivered| undelivered.reason.is_awaited());
    let again: Vec<_> = undelivered
        .map(|undelivered| (undelivered.recording, ends.get(&undelivered.recording).copied().unwrap_or(now + UNREADABLE_FOR)))
        .collect();
    app.table.await_again(organisation, day, &again, now).await?;
    for wanted in wanted {
        if let Wanted::Of { recording, restored: Some(awaited), .. } = wanted
            && part.has(&manifest::file_name(recording))
        {
            app.table.await_no_longer(organisation, awaited).await?;
        }
    }
    Ok(())
}

/// Copies the recordings, some at a time, and writes what became of them; answers with what then stands.
async fn copy_all(app: &App, organisation: &OrganisationId, issue: &Issue, number: u32, wanted: &[Wanted]) -> Result<Part, Failure> {
    let mut copying = JoinSet::new();
    let mut outcomes = BTreeMap::new();
    for (place, wanted) in wanted.iter().enumerate() {
        if copying.len() == AT_ONCE {
            outcomes.extend(next(&mut copying).await?);
        }
        let (app, wanted, issue) = (app.clone(), wanted.clone(), issue.clone());
        copying.spawn(async move { one(&app, wanted, &issue).await.map(|outcome| (place, outcome)) });
    }
    while !copying.is_empty() {
        outcomes.extend(next(&mut copying).await?);
    }
    let outcomes: Vec<Outcome> = outcomes.into_values().flatten().collect();
    let names = names(app, organisation, &outcomes).await?;
    let part = parts::put(app, organisation, issue.name, number, Part::of(&outcomes, &names)?).await?;
    // Another attempt may have decided otherwise, while this one copied: what it has left out does not stay.
    let files = outcomes.iter().filter(|outcome| outcome.undelivered().is_none()).filter_map(Outcome::file);
    for file in files.filter(|file| !part.has(file)) {
        folder::delete(app, &format!("{}{file}", manifest::folder(organisation, issue.name))).await?;
    }
    Ok(part)
}

type Done = Result<(usize, Option<Outcome>), Failure>;

async fn next(copying: &mut JoinSet<Done>) -> Result<Option<(usize, Option<Outcome>)>, Failure> {
    match copying.join_next().await {
        Some(Ok(copied)) => copied.map(Some),
        Some(Err(panicked)) => Err(Failure::Bucket(could_not("copy a recording into the folder")(panicked))),
        None => Ok(None),
    }
}

/// Copies one recording. None: it was erased since the span was read, or an earlier folder has named it and it still cannot be delivered.
/// What fails comes again, until the folder has to be completed. 1 request; 1 more where the audio is gone, 1 more where it cannot be delivered.
async fn one(app: &App, wanted: Wanted, issue: &Issue) -> Result<Option<Outcome>, Failure> {
    let (recording, late, restored) = match wanted {
        Wanted::Of { recording, late, restored } => (recording, late, restored),
        Wanted::Bare(id, reason) => return Ok(Some(Outcome::Bare(id, reason))),
    };
    let key = manifest::key(&recording, issue.name);
    let reason = match folder::copy(app, &recording, &key).await {
        Ok(Copied::Whole) => None,
        Ok(Copied::Altered) => Some(Reason::Altered),
        Ok(Copied::Nothing) if !stands(app, &recording).await? => return Ok(None),
        Ok(Copied::Nothing) => Some(Reason::Lost),
        Err(error) if (app.now)() < issue.gives_up_at() => return Err(error.into()),
        Err(error) => {
            tracing::error!(recording = %recording.id, error = causes(&error), "given up");
            Some(Reason::Unreachable)
        }
    };
    if let Some(reason) = reason {
        tracing::error!(recording = %recording.id, issue = %issue.name, reason = reason.as_str(), "not delivered");
        folder::delete(app, &key).await?; // a copy may be there whose answer did not come, or whose bytes are others
        if restored.is_some() {
            return Ok(None);
        }
    }
    Ok(Some(Outcome::Of { recording, late, restored, undelivered: reason }))
}

/// Whether the recording is still there: one that was erased meanwhile is not missing.
async fn stands(app: &App, recording: &domain::recording::Recording) -> Result<bool, Failure> {
    let found = app.table.recordings(&recording.organisation, &[recording.id]).await?;
    Ok(!found.unreadable.is_empty() || found.recordings.iter().any(|found| found.exists((app.now)())))
}

/// The names of the recordings' users, of those that are still there.
async fn names(app: &App, organisation: &OrganisationId, outcomes: &[Outcome]) -> Result<BTreeMap<UserId, people::Name>, Failure> {
    let users: BTreeSet<UserId> = outcomes.iter().filter_map(Outcome::user).cloned().collect();
    let users = app.table.users(organisation, &users).await?;
    Ok(users.into_iter().map(|(id, user)| (id, user.name)).collect())
}

impl Outcome {
    pub fn id(&self) -> RecordingId {
        match self {
            Self::Of { recording, .. } => recording.id,
            Self::Bare(id, _) => *id,
        }
    }

    pub fn undelivered(&self) -> Option<Reason> {
        match self {
            Self::Of { undelivered, .. } => *undelivered,
            Self::Bare(_, reason) => Some(*reason),
        }
    }

    fn user(&self) -> Option<&UserId> {
        match self {
            Self::Of { recording, .. } => Some(&recording.user),
            Self::Bare(..) => None,
        }
    }

    fn file(&self) -> Option<String> {
        match self {
            Self::Of { recording, .. } => Some(manifest::file_name(recording)),
            Self::Bare(..) => None,
        }
    }
}
