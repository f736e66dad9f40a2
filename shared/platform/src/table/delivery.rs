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

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{
        Day,
        folder::{Count, DeliveryFolder, FolderId, Progress},
        outcome::Undelivered,
    },
    ids::{OrganisationId, RecordingId},
    recording::Recording,
};

use super::{
    BadItem, Error, Folders,
    attributes::{instant, n, number, parsed, readable, s, text},
    audit::Event,
    claim::Claim,
    commit::Committed,
    key::{self, Item},
    query::Query,
    read::BATCH,
    recording,
    write::Write,
};

/// A delivery folder, and the progress of its copying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    pub delivery_folder: DeliveryFolder,
    /// Present once it is planned, until it is complete.
    pub plan: Option<Plan>,
    pub done: Vec<u32>,
}

/// The boundaries of the chunks: each chunk extends from one up to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Sort keys of the day's recordings.
    pub started: Vec<String>,
    /// Sort keys of the late arrivals.
    pub late: Vec<String>,
}

/// A chunk: its first sort key, and the one before which it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    Started(&'a str, &'a str),
    Late(&'a str, &'a str),
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
const LISTED: TimeDelta = TimeDelta::days(30);
/// The bounds of the sort keys of late arrivals.
const IDS: (&str, &str) = ("0", "~");

impl Plan {
    pub fn chunks(&self) -> u32 {
        let chunks = self.started.len().saturating_sub(1) + self.late.len().saturating_sub(1);
        u32::try_from(chunks).unwrap_or(u32::MAX)
    }

    /// The chunk with that number, if it exists.
    pub fn chunk(&self, number: u32) -> Option<Chunk<'_>> {
        let (number, of_day) = (number as usize, self.started.len().saturating_sub(1));
        match number.checked_sub(of_day) {
            None => Some(Chunk::Started(self.started.get(number)?, self.started.get(number + 1)?)),
            Some(number) => Some(Chunk::Late(self.late.get(number)?, self.late.get(number + 1)?)),
        }
    }
}

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

    /// Stores the plan of a folder, unless it has one. Returns the current progress. 1 request.
    pub async fn plan(
        self,
        organisation: &OrganisationId,
        name: FolderId,
        plan: &Plan,
    ) -> Result<Option<Work>, Error> {
        let list = |places: &[String]| AttributeValue::L(places.iter().map(s).collect());
        let folder = Write::update(key::delivery_folder(organisation, name));
        let folder = folder.set("started", list(&plan.started)).set("late_ones", list(&plan.late));
        self.changed(folder.is("started", None).is("state", Some(s("building")))).await
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

    /// The boundaries of chunks of `rows` recordings of a day. 1 request for each MB.
    pub async fn split_day(
        self,
        organisation: &OrganisationId,
        day: Day,
        rows: usize,
    ) -> Result<Vec<String>, Error> {
        let ends = (key::from(day.begins_at()), key::before(day.ends_at()));
        boundaries(
            self.0.query(key::recordings(organisation), Some(key::BY_ORG)),
            (&ends.0, &ends.1),
            rows,
        )
        .await
    }

    /// The boundaries of chunks of `rows` late arrivals. 1 request for each MB.
    pub async fn split_late(
        self,
        organisation: &OrganisationId,
        rows: usize,
    ) -> Result<Vec<String>, Error> {
        boundaries(self.0.query(key::all_late(organisation), None), IDS, rows).await
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

/// Divides the sort keys of a query into chunks of `rows`. 1 request for each MB.
async fn boundaries(
    query: Query,
    (first, last): (&str, &str),
    rows: usize,
) -> Result<Vec<String>, Error> {
    let (mut places, mut seen) = (vec![first.to_owned()], 0);
    let sort = query.sort();
    let mut pages = query.between(first, last).only(&[sort]).pages();
    while let Some(page) = pages.next().await? {
        for item in &page.items {
            if seen > 0 && seen % rows == 0 {
                places.push(text(item, sort)?.to_owned());
            }
            seen += 1;
        }
    }
    places.push(last.to_owned());
    Ok(places)
}

fn counts(count: &Count) -> [(&'static str, u64); 5] {
    let Count { recordings, bytes, late, restored, undelivered } = *count;
    [
        ("recordings", recordings),
        ("bytes", bytes),
        ("late", late),
        ("restored", restored),
        ("undelivered", undelivered),
    ]
}

/// Sets the contents of a folder.
fn holding(folder: Write, held: &Held) -> Write {
    let lacks = held
        .undelivered
        .iter()
        .map(|lacking| s(format!("{} {}", lacking.recording, lacking.reason)));
    let folder = folder.set("lacks", AttributeValue::L(lacks.collect()));
    counts(&held.count).into_iter().fold(folder, |folder, (name, count)| folder.set(name, n(count)))
}

fn item(organisation: &OrganisationId, delivery_folder: &DeliveryFolder) -> Item {
    let mut item = key::delivery_folder(organisation, delivery_folder.name);
    for (name, at) in [
        ("cut", delivery_folder.cutoff),
        ("due", delivery_folder.due_at),
        ("gone", delivery_folder.gone_at),
    ] {
        item.insert(name.to_owned(), n(at.timestamp_millis()));
    }
    item.insert("state".to_owned(), s("building"));
    item.insert("expires_at".to_owned(), n((delivery_folder.gone_at + LISTED).timestamp()));
    item
}

fn read(item: &Item) -> Result<Work, BadItem> {
    let progress = match text(item, "state")? {
        "building" => Progress::Building,
        "complete" => Progress::Complete { at: instant(item, "ready")? },
        "removed" => Progress::Removed,
        _ => return Err(BadItem { attribute: "state" }),
    };
    let amount =
        |attribute| if item.contains_key(attribute) { number(item, attribute) } else { Ok(0) };
    let delivery_folder = DeliveryFolder {
        name: name(text(item, "sk")?).ok_or(BadItem { attribute: "sk" })?,
        cutoff: instant(item, "cut")?,
        due_at: instant(item, "due")?,
        gone_at: instant(item, "gone")?,
        progress,
        count: Count {
            recordings: amount("recordings")?,
            bytes: amount("bytes")?,
            late: amount("late")?,
            restored: amount("restored")?,
            undelivered: amount("undelivered")?,
        },
        undelivered: if item.contains_key("lacks") { lacks(item)? } else { Vec::new() },
    };
    let plan = match item.contains_key("started") {
        true => Some(Plan { started: places(item, "started")?, late: places(item, "late_ones")? }),
        false => None,
    };
    Ok(Work { delivery_folder, plan, done: done(item)? })
}

fn name(place: &str) -> Option<FolderId> {
    let (day, number) = place.split_once('#')?;
    Some(FolderId { day: day.to_owned().try_into().ok()?, number: number.parse().ok()? })
}

fn places(item: &Item, attribute: &'static str) -> Result<Vec<String>, BadItem> {
    let list =
        item.get(attribute).and_then(|value| value.as_l().ok()).ok_or(BadItem { attribute })?;
    list.iter().map(|place| place.as_s().cloned().map_err(|_| BadItem { attribute })).collect()
}

fn lacks(item: &Item) -> Result<Vec<Undelivered>, BadItem> {
    let lacking = |text: &str| {
        let (id, reason) = text.split_once(' ')?;
        Some(Undelivered {
            recording: id.to_owned().try_into().ok()?,
            reason: reason.parse().ok()?,
        })
    };
    places(item, "lacks")?
        .iter()
        .map(|text| lacking(text).ok_or(BadItem { attribute: "lacks" }))
        .collect()
}

fn done(item: &Item) -> Result<Vec<u32>, BadItem> {
    let bad = || BadItem { attribute: "done" };
    let Some(chunks) = item.get("done") else { return Ok(Vec::new()) };
    chunks
        .as_ns()
        .map_err(|_| bad())?
        .iter()
        .map(|chunk| chunk.parse().map_err(|_| bad()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_numbered_through_the_day_and_then_the_late_arrivals() {
        let plan = Plan {
            started: ["a", "b", "c"].map(str::to_owned).to_vec(),
            late: ["0", "~"].map(str::to_owned).to_vec(),
        };
        assert_eq!(plan.chunks(), 3);
        let chunks = [
            Some(Chunk::Started("a", "b")),
            Some(Chunk::Started("b", "c")),
            Some(Chunk::Late("0", "~")),
            None,
        ];
        assert_eq!([0, 1, 2, 3].map(|number| plan.chunk(number)), chunks);
        let of_day = Plan { late: Vec::new(), ..plan };
        assert_eq!((of_day.chunks(), of_day.chunk(2)), (2, None));
    }
}
