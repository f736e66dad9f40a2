//! Copies the recordings of one chunk into the folder, inside S3, and writes the chunk's part.
//!
//! S3 calculates the SHA-256 of each copy, which must equal the one that the app signed. A
//! recording that cannot be delivered does not stop the others. The index names it with the reason,
//! and it becomes a late arrival for a later folder. The part is written before the chunk is marked
//! as copied, so finalizing finds every part. The first part that is written is final.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{
        Day,
        folder::{DeliveryFolder, FolderId, Progress},
        manifest,
        outcome::Reason,
    },
    ids::{OrganisationId, RecordingId, UserId},
    people,
};
use platform::{
    bucket::failed_to,
    log::error_chain,
    table::{
        delivery::{Chunk, Work},
        late_arrival::LateArrival,
    },
};
use tokio::task::JoinSet;

use crate::{
    App, Failure,
    chunk::{self, Wanted},
    folder::{self, Copied},
    parts::{self, Part},
    plan::orders,
};

/// Copies in progress at a time.
const AT_ONCE: usize = 16;
/// How long to wait for a recording whose item, and therefore its expiry, cannot be read.
const UNREADABLE_FOR: TimeDelta = TimeDelta::days(30);

/// The result for one recording of the chunk.
#[derive(Clone, Debug)]
pub enum Outcome {
    Of {
        recording: Box<domain::recording::Recording>,
        late: bool,
        /// The late-arrival entry, where an earlier folder could not deliver the recording.
        restored: Option<LateArrival>,
        undelivered: Option<Reason>,
    },
    /// A recording whose details are unreadable or expired.
    Bare(RecordingId, Reason),
}

/// Copies the chunk: 1 copy for each recording; for the chunk 4 requests, 1 for each MB of rows and
/// 1 for every 100 users. 2 more for every 100 calls whose audio has not arrived,
/// and 1 for each MB of late arrivals where audio came after the close. An undelivered
/// recording takes 2 or 3 more, and 1 for every 25 of them.
pub async fn copy(
    app: &App,
    organisation: &OrganisationId,
    name: FolderId,
    number: u32,
) -> Result<(), Failure> {
    let Some(work) = app.table.folders().work(organisation, name).await? else { return Ok(()) };
    if work.delivery_folder.progress != Progress::Building
        || work.delivery_folder.gone_at <= (app.now)()
    {
        return Ok(());
    }
    if work.done.contains(&number) {
        return finalize(app, organisation, &work).await;
    }
    let wanted = match work.plan.as_ref().and_then(|plan| plan.chunk(number)) {
        Some(Chunk::Started(from, to)) => {
            chunk::of_day(app, organisation, &work.delivery_folder, (from, to)).await?
        }
        Some(Chunk::Late(from, to)) => {
            chunk::late(app, organisation, &work.delivery_folder, (from, to)).await?
        }
        None => return Ok(()),
    };
    let part = match parts::get(app, organisation, name, number).await? {
        Some(part) => part, // an interrupted attempt copied all of it
        None => copy_all(app, organisation, &work.delivery_folder, number, &wanted).await?,
    };
    remove_unlisted(app, name, &part, &wanted).await?;
    if name.is_scheduled() {
        await_again(app, organisation, name.day, &part, &wanted).await?;
    }
    match app.table.folders().copied(organisation, name, number, &part.count()).await? {
        Some(work) => finalize(app, organisation, &work).await,
        None => Ok(()),
    }
}

/// Orders the folder finalized, if this was its last chunk.
async fn finalize(app: &App, organisation: &OrganisationId, work: &Work) -> Result<(), Failure> {
    if work.is_copied() {
        app.queue.send_all(&orders(organisation, work)).await?;
    }
    Ok(())
}

/// Adds late arrivals for undelivered recordings, and deletes those of earlier folders that this one
/// has delivered. One that an earlier folder thought missed stays, as an arrival in time.
async fn await_again(
    app: &App,
    organisation: &OrganisationId,
    day: Day,
    part: &Part,
    wanted: &[Wanted],
) -> Result<(), Failure> {
    let now = (app.now)();
    let ends: BTreeMap<RecordingId, DateTime<Utc>> =
        wanted.iter().filter_map(|wanted| Some((wanted.id(), wanted.ends_at()?))).collect();
    let undelivered = part.undelivered().filter(|undelivered| undelivered.reason.is_late());
    let again: Vec<_> = undelivered
        .map(|undelivered| {
            (
                undelivered.recording,
                ends.get(&undelivered.recording).copied().unwrap_or(now + UNREADABLE_FOR),
            )
        })
        .collect();
    app.table.late_arrivals().await_again(organisation, day, &again, now).await?;
    let mut in_time = Vec::new();
    for wanted in wanted {
        let Wanted::Of { recording, restored, thought_missed, .. } = wanted else { continue };
        if !part.has(&manifest::file_name(recording)) {
            continue;
        }
        if let Some(late_arrival) = restored {
            app.table.late_arrivals().await_no_longer(organisation, late_arrival).await?;
        }
        in_time.extend(thought_missed.then(|| (**recording).clone()));
    }
    Ok(app.table.late_arrivals().await_all(&in_time, now).await?)
}

/// Copies the recordings concurrently and writes the part. Returns the part that is then stored.
async fn copy_all(
    app: &App,
    organisation: &OrganisationId,
    delivery_folder: &DeliveryFolder,
    number: u32,
    wanted: &[Wanted],
) -> Result<Part, Failure> {
    let mut copying = JoinSet::new();
    let mut outcomes = BTreeMap::new();
    for (place, wanted) in wanted.iter().enumerate() {
        if copying.len() == AT_ONCE {
            outcomes.extend(next(&mut copying).await?);
        }
        let (app, wanted, delivery_folder) = (app.clone(), wanted.clone(), delivery_folder.clone());
        copying.spawn(async move {
            one(&app, wanted, &delivery_folder).await.map(|outcome| (place, outcome))
        });
    }
    while !copying.is_empty() {
        outcomes.extend(next(&mut copying).await?);
    }
    let outcomes: Vec<Outcome> = outcomes.into_values().flatten().collect();
    let names = names(app, organisation, &outcomes).await?;
    parts::put(app, organisation, delivery_folder.name, number, Part::of(&outcomes, &names)?).await
}

/// Removes the files that the stored part does not list: copies that failed after their effect or
/// are not whole, and those of a concurrent attempt whose part was second. 1 request for each.
async fn remove_unlisted(
    app: &App,
    name: FolderId,
    part: &Part,
    wanted: &[Wanted],
) -> Result<(), Failure> {
    for wanted in wanted {
        if let Wanted::Of { recording, .. } = wanted
            && !part.has(&manifest::file_name(recording))
        {
            app.drop.remove(&manifest::key(recording, name), None).await?;
        }
    }
    Ok(())
}

type Done = Result<(usize, Option<Outcome>), Failure>;

async fn next(copying: &mut JoinSet<Done>) -> Result<Option<(usize, Option<Outcome>)>, Failure> {
    match copying.join_next().await {
        Some(Ok(copied)) => copied.map(Some),
        Some(Err(panicked)) => {
            Err(Failure::Bucket(failed_to("copy a recording into the folder")(panicked)))
        }
        None => Ok(None),
    }
}

/// Copies one recording. None if it was erased since the chunk was read, or if an earlier folder
/// has named it and it still cannot be delivered. Failures are retried until the folder has to be
/// completed. 1 request; 1 more where the audio is gone, 1 more where it cannot be delivered.
async fn one(
    app: &App,
    wanted: Wanted,
    delivery_folder: &DeliveryFolder,
) -> Result<Option<Outcome>, Failure> {
    let (recording, late, restored) = match wanted {
        Wanted::Of { recording, late, restored, .. } => (recording, late, restored),
        Wanted::Bare(id, reason) => return Ok(Some(Outcome::Bare(id, reason))),
    };
    let key = manifest::key(&recording, delivery_folder.name);
    let reason = match folder::copy(app, &recording, &key).await {
        Ok(Copied::Whole) => None,
        Ok(Copied::Altered) => Some(Reason::Altered),
        Ok(Copied::Nothing) if !recording_exists(app, &recording).await? => return Ok(None),
        Ok(Copied::Nothing) => Some(Reason::Lost),
        Err(error) if (app.now)() < delivery_folder.gives_up_at() => return Err(error.into()),
        Err(error) => {
            tracing::error!(recording = %recording.id, error = error_chain(&error), "the recording could not be copied in time");
            Some(Reason::Unreachable)
        }
    };
    if let Some(reason) = reason {
        tracing::error!(recording = %recording.id, delivery_folder = %delivery_folder.name, reason = reason.into_str(), "not delivered");
        if restored.is_some() {
            return Ok(None);
        }
    }
    Ok(Some(Outcome::Of { recording, late, restored, undelivered: reason }))
}

/// Whether the recording still exists. One that has been erased in the meantime is not missing.
async fn recording_exists(
    app: &App,
    recording: &domain::recording::Recording,
) -> Result<bool, Failure> {
    let found = app.table.folders().with_ids(&recording.organisation, &[recording.id]).await?;
    Ok(!found.unreadable.is_empty()
        || found.recordings.iter().any(|found| found.exists((app.now)())))
}

/// The names of the recordings' users who still exist.
async fn names(
    app: &App,
    organisation: &OrganisationId,
    outcomes: &[Outcome],
) -> Result<BTreeMap<UserId, people::Name>, Failure> {
    let users: BTreeSet<UserId> = outcomes.iter().filter_map(Outcome::user).cloned().collect();
    let users = app.table.people().users(organisation, &users).await?;
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
}
