//! Delivery folders: the progress of each, and the recordings that it contains.
//!
//! | attribute              | type | what |
//! |------------------------|------|------|
//! | `cut`, `due`, `gone`   | N    | Unix milliseconds, see `domain::delivery::folder` |
//! | `state`                | S    | `building`, `complete`, `removed` |
//! | `ready`                | N    | Unix milliseconds, once complete |
//! | `started`, `late_ones` | L    | while building, once planned: the sort keys that divide the day, and the late arrivals, into chunks |
//! | `done`                 | NS   | while building: the chunks that are copied |
//! | `recordings`, `bytes`, `late`, `restored`, `undelivered` | N | the counts copied so far; once complete, the contents |
//! | `lacks`                | L    | once complete: id and reason of each undelivered recording, up to 100 |
//! | `expires_at`           | N    | Unix seconds: 30 days after the folder is gone |

mod item;
mod plan;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    delivery::{
        folder::{Count, DeliveryFolder, FolderId, Progress},
        outcome::Undelivered,
    },
    ids::{OrganisationId, RecordingId},
    recording::Recording,
};

use self::item::{counts, holding, item, read};
use super::{
    Error, Folders,
    attributes::{n, parsed, readable, s, text},
    audit::Event,
    claim::Claim,
    commit::Committed,
    key::{self, Item},
    read::BATCH,
    recording,
    write::Write,
};

pub use plan::{Chunk, Plan};

/// A delivery folder, and the progress of its copying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    pub delivery_folder: DeliveryFolder,
    /// Present once it is planned, until it is complete.
    pub plan: Option<Plan>,
    pub done: Vec<u32>,
}

/// The result of a lookup of recordings.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub recordings: Vec<Recording>,
    /// Stored recordings whose item cannot be read.
    pub unreadable: Vec<RecordingId>,
}

/// The contents of a complete folder, and the first [`NAMED`](domain::delivery::outcome::NAMED)
/// undelivered recordings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub count: Count,
    pub undelivered: Vec<Undelivered>,
}

/// The attributes of a folder that is being built.
const PROGRESS: [&str; 3] = ["started", "late_ones", "done"];

impl Found {
    fn add(&mut self, organisation: &OrganisationId, item: &Item) {
        match readable("recording", item, recording::read(organisation, item)) {
            Some(recording) => self.recordings.extend(recording),
            None if text(item, "state").is_ok_and(|state| state == "stored") => {
                self.unreadable.extend(parsed::<RecordingId>(item, "sk").ok())
            }
            None => {}
        }
    }
}

impl Work {
    /// The chunks that are not copied yet.
    pub fn left(&self) -> Vec<u32> {
        let chunks = self.plan.as_ref().map(Plan::chunks).unwrap_or_default();
        (0..chunks).filter(|chunk| !self.done.contains(chunk)).collect()
    }

    /// Whether everything is copied, so that the folder can be finalized.
    pub fn is_copied(&self) -> bool {
        self.delivery_folder.progress == Progress::Building
            && self.plan.is_some()
            && self.left().is_empty()
    }
}

impl Folders<'_> {
    /// Every folder of the organisation that is still listed, oldest day first. One that cannot be
    /// read is logged and left out. 1 request for each MB.
    pub async fn all(self, organisation: &OrganisationId) -> Result<Vec<DeliveryFolder>, Error> {
        let items = self.0.all(key::delivery_folders(organisation), "").await?;
        Ok(items
            .iter()
            .filter_map(|item| readable("issue", item, read(item)))
            .map(|work| work.delivery_folder)
            .collect())
    }

    /// A folder and its progress. 1 request.
    pub async fn work(
        self,
        organisation: &OrganisationId,
        name: FolderId,
    ) -> Result<Option<Work>, Error> {
        let item = self.0.get(key::delivery_folder(organisation, name)).await?;
        Ok(item.map(|item| read(&item)).transpose()?)
    }

    /// Begins a folder, unless it has begun. 1 request.
    pub async fn begin(
        self,
        organisation: &OrganisationId,
        delivery_folder: &DeliveryFolder,
    ) -> Result<(), Error> {
        self.0.put_new(item(organisation, delivery_folder)).await
    }

    /// Begins a folder that someone ordered. 1 request. `Exists` if it has begun meanwhile.
    pub async fn order(
        self,
        organisation: &OrganisationId,
        delivery_folder: &DeliveryFolder,
        event: &Event,
        claim: Option<&Claim>,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        writes.add(Write::put_new(item(organisation, delivery_folder)));
        writes.audit(event);
        writes.claim(claim);
        writes.commit().await
    }

    /// Records that a chunk is copied, unless it was. Returns the current progress. 1 request.
    pub async fn copied(
        self,
        organisation: &OrganisationId,
        name: FolderId,
        chunk: u32,
        count: &Count,
    ) -> Result<Option<Work>, Error> {
        let folder = Write::update(key::delivery_folder(organisation, name))
            .add("done", AttributeValue::Ns(vec![chunk.to_string()]))
            .is("state", Some(s("building")))
            .when("NOT contains(done, :chunk)")
            .given("chunk", n(chunk));
        self.changed(
            counts(count)
                .into_iter()
                .fold(folder, |folder, (name, count)| folder.add(name, n(count))),
        )
        .await
    }

    /// Completes a folder, unless it is complete. 1 request.
    pub async fn complete(
        self,
        organisation: &OrganisationId,
        name: FolderId,
        held: &Held,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let folder = Write::update(key::delivery_folder(organisation, name))
            .set("state", s("complete"))
            .set("ready", n(now.timestamp_millis()));
        let folder = folder.remove_all(&PROGRESS).is("state", Some(s("building")));
        self.changed(holding(folder, held)).await.map(drop)
    }

    /// Stores the contents of a complete folder after an erasure. 1 request. A folder only loses
    /// recordings: lower stored counts are those of a later erasure, and remain.
    pub async fn recount(
        self,
        organisation: &OrganisationId,
        name: FolderId,
        held: &Held,
    ) -> Result<(), Error> {
        let folder = Write::update(key::delivery_folder(organisation, name))
            .is("state", Some(s("complete")));
        let folder = folder
            .when("recordings >= :recordings")
            .when("attribute_not_exists(undelivered) OR undelivered >= :undelivered");
        self.changed(holding(folder, held)).await.map(drop)
    }

    /// Records that a folder is removed. 1 request.
    pub async fn removed(self, organisation: &OrganisationId, name: FolderId) -> Result<(), Error> {
        let folder = Write::update(key::delivery_folder(organisation, name))
            .set("state", s("removed"))
            .remove_all(&PROGRESS);
        let folder =
            folder.when("#state IN (:building, :complete)").given("building", s("building"));
        self.changed(folder.given("complete", s("complete"))).await.map(drop)
    }

    /// The recordings from `from` up to `to`, in order, except erased ones. 1 request for each MB.
    pub async fn started_in(
        self,
        organisation: &OrganisationId,
        from: &str,
        to: &str,
    ) -> Result<Found, Error> {
        let mut found = Found::default();
        let query =
            self.0.query(key::recordings(organisation), Some(key::BY_ORG)).between(from, to);
        for item in query.all().await? {
            if item.contains_key("erased") || text(&item, "at").is_ok_and(|at| at >= to) {
                continue;
            }
            found.add(organisation, &item);
        }
        Ok(found)
    }

    /// The current recordings of these ids. 1 request for each 100.
    pub async fn with_ids(
        self,
        organisation: &OrganisationId,
        ids: &[RecordingId],
    ) -> Result<Found, Error> {
        let mut found = Found::default();
        for some in ids.chunks(BATCH) {
            for item in
                self.0.batch(some.iter().map(|id| key::recording(organisation, *id))).await?
            {
                found.add(organisation, &item);
            }
        }
        Ok(found)
    }

    /// The folder's progress after a change, or instead of it; `None` if there is no such folder.
    async fn changed(self, folder: Write) -> Result<Option<Work>, Error> {
        let item = self.0.write(folder.returning()).await?.unwrap_or_else(|refused| refused.found);
        Ok((!item.is_empty()).then(|| read(&item)).transpose()?)
    }
}
