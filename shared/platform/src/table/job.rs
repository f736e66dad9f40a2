//! Retention jobs: legal holds, changes of the retention, erasures. Each proceeds page by page.
//!
//! | attribute    | what |
//! |--------------|------|
//! | `state`      | see [`State`] |
//! | `who`, `when` | who ordered it, and when, in Unix milliseconds |
//! | `reason`     | the explanation, without telephone numbers |
//! | `sought`     | hold being placed: its criteria, as JSON; they may contain a number, and are removed once it is placed or lifted |
//! | `days`, `was` | change of the retention: the new days, and those before |
//! | `peer`, `user` | erasure: whose recordings; the number is removed when it is done, and `about` retains two digits of it |
//! | `found`, `ending`, `held`, `exact` | the counts of the preview |
//! | `place`      | the checkpoint; absent: the first page |
//! | `passed`     | recordings read so far |
//! | `done`       | recordings held, moved or erased so far |
//! | `left`       | recordings that an erasure left because they are held |
//! | `leaves`     | the first of them, each with a hold |
//! | `lifted_by`, `lifted_at`, `lifted_why` | lifted hold: who, when and why |
//! | `expires_at` | preview: until when it can be confirmed |

mod item;
mod page;
mod personal;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrderId, OrganisationId, RecordingId},
    job::Person,
    phone::without_numbers,
    reason::Reason,
    retention,
};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use self::item::{exists, id_of, item, read};
use super::{
    Error, Jobs,
    attributes::{n, s},
    audit::Event,
    claim::Claim,
    commit::{Committed, Conflict},
    key::{self, Item},
    write::Write,
};

pub use page::{LEAVES, Page};

/// How long a preview can be confirmed.
pub const CONFIRMED_WITHIN: TimeDelta = TimeDelta::hours(24);

/// A hold, a change of the retention or an erasure.
#[derive(Clone, Debug)]
pub struct RetentionJob {
    pub id: OrderId,
    pub organisation: OrganisationId,
    pub what: JobKind,
    pub state: State,
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: Reason,
    pub preview: Preview,
    pub progress: Progress,
    pub lifted: Option<Lifted>,
    /// Where the next page begins.
    pub checkpoint: Option<String>,
}

#[derive(Clone, Debug)]
pub enum JobKind {
    /// Concerns the recordings that match this JSON; `None` once placed, when they are listed.
    Hold {
        criteria: Option<String>,
    },
    Retention {
        days: u16,
        was: u16,
    },
    /// Concerns this person; `None` once it is done. `about` remains.
    Erasure {
        person: Option<Person>,
        about: String,
    },
}

/// The counts of the preview.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// The recordings that it concerns.
    pub found: u64,
    /// Those that would end at once.
    pub ending: u64,
    /// Those that are held.
    pub held: u64,
    /// Whether the counts are complete.
    pub exact: bool,
}

/// The progress of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub passed: u64,
    pub done: u64,
    pub left: u64,
    /// The first recordings that were left, each with a hold.
    pub leaves: Vec<(RecordingId, OrderId)>,
}

/// Who lifted a hold, when and why.
#[derive(Clone, Debug)]
pub struct Lifted {
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: Reason,
}

/// The message that asks a worker to process the next page of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobMessage {
    pub organisation: OrganisationId,
    pub kind: Kind,
    pub job: OrderId,
}

/// The kinds of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    Hold,
    Retention,
    Erasure,
}

/// The state of a job. A worker is active in `placing`, `lifting`, `moving` and `erasing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum State {
    Previewed,
    Placing,
    Held,
    Lifting,
    Lifted,
    Moving,
    Overtaken,
    Erasing,
    Done,
}

impl Jobs<'_> {
    /// Creates the job, with its event. 1 request.
    pub async fn create(
        self,
        job: &RetentionJob,
        event: &Event,
        claim: Option<&Claim>,
    ) -> Result<(), Error> {
        let mut writes = self.0.writes();
        writes.add(Write::put_new(item(job)));
        writes.audit(event);
        writes.claim(claim);
        // A conflict is an SDK retry after a lost response: the id is this request's own.
        match writes.commit().await? {
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The job, unless it is a preview that nobody confirmed in time. 1 request.
    pub async fn get(
        self,
        of: &OrganisationId,
        kind: Kind,
        id: OrderId,
        now: DateTime<Utc>,
    ) -> Result<Option<RetentionJob>, Error> {
        let item = self.0.get(key::job(of, kind, id)).await?;
        Ok(item.filter(|item| exists(item, now)).map(|item| read(of, &item)).transpose()?)
    }

    /// A page of a kind of jobs, newest first, and the id after which the next begins. 1 request.
    pub async fn page(
        self,
        of: &OrganisationId,
        kind: Kind,
        limit: usize,
        after: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<RetentionJob>, Option<String>), Error> {
        let query = self
            .0
            .query(key::jobs(of), None)
            .beginning(format!("{kind}#"))
            .ascending(false)
            .limit(limit);
        let start = after
            .and_then(|id| OrderId::try_from(id.to_owned()).ok())
            .map(|id| key::job(of, kind, id));
        let page = query.after(start).page().await?;
        let next = page.next.as_ref().map(id_of).transpose()?;
        let jobs = page
            .items
            .iter()
            .filter(|item| exists(item, now))
            .map(|item| read(of, item))
            .collect::<Result<_, _>>()?;
        Ok((jobs, next.map(String::from)))
    }

    /// Starts a previewed job. 1 request. [`Conflict::EditedMeanwhile`] if it is no longer a
    /// preview; `NoAddOn` if so many days require the storage add-on.
    pub async fn confirm(self, job: &RetentionJob, event: &Event) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        let state =
            if let JobKind::Retention { .. } = job.what { State::Moving } else { State::Erasing };
        writes.add(
            Write::update(key_of(job))
                .set("state", s(state))
                .remove("expires_at")
                .is("state", Some(s(State::Previewed)))
                .when("expires_at > :now")
                .given("now", n(event.at.timestamp())),
        );
        if let JobKind::Retention { days, .. } = job.what {
            let change = Write::update(key::organisation(&job.organisation))
                .set("retention_days", n(days))
                .set("retained_by", s(job.id));
            let change = if days <= retention::DAYS {
                change.existing()
            } else {
                change.is("storage_add_on", Some(AttributeValue::Bool(true)))
            };
            writes.add(change.or(Conflict::NoAddOn));
        }
        writes.audit(event);
        writes.commit().await
    }

    /// Begins to lift a hold, even a partly placed one. 1 request. `EditedMeanwhile` if it is lifted.
    pub async fn lift(
        self,
        hold: &RetentionJob,
        reason: &Reason,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        writes.add(
            Write::update(key_of(hold))
                .set("state", s(State::Lifting))
                .set("lifted_by", s(&event.actor))
                .set("lifted_at", n(event.at.timestamp_millis()))
                .set("lifted_why", s(without_numbers(&reason.to_string())))
                .remove_all(&["place", "sought"])
                .when("#state IN (:placing, :held)")
                .given("placing", s(State::Placing))
                .given("held", s(State::Held)),
        );
        writes.audit(event);
        writes.commit().await
    }
}

impl RetentionJob {
    /// The message for its next page.
    pub fn work(&self) -> JobMessage {
        JobMessage { organisation: self.organisation.clone(), kind: self.kind(), job: self.id }
    }

    pub fn kind(&self) -> Kind {
        match self.what {
            JobKind::Hold { .. } => Kind::Hold,
            JobKind::Retention { .. } => Kind::Retention,
            JobKind::Erasure { .. } => Kind::Erasure,
        }
    }
}

fn key_of(job: &RetentionJob) -> Item {
    key::job(&job.organisation, job.kind(), job.id)
}
