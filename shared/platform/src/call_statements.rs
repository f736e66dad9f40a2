//! The bucket of reported calls and of statements about them.
//!
//! | key | content |
//! |-----|---------|
//! | `incoming/ORG/NAME` | a file of the operator's switch, until a night has read it |
//! | `processed/ORG/NAME` | the file after that, for 30 days |
//! | `invalid/ORG/NAME` | its invalid lines, for 30 days |
//! | `open/ORG/DAY/MILLISECONDS.ndjson` | the statement of an open day, as of a night, for 30 days |
//! | `statements/ORG/DAY.ndjson` | the statement of a closed day, which is written once |
//!
//! A statement has one JSON object on each line ([`Line`]), in the order of the states.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    completeness::{CallState, Line, Totals},
    delivery::Day,
    ids::{OrganisationId, UserId},
};

use crate::{
    bucket::{Bucket, Error, Precondition, failed_to},
    table::completeness::DayTotals,
};

const TYPE: &str = "application/x-ndjson";
/// The most files that one night reads, and the bytes of each.
const FILES: usize = 100;
const FILE_AT_MOST: i64 = 64 * 1024 * 1024;

/// A file of the operator's switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its name within the organisation's folder.
    pub name: String,
    pub is_too_large: bool,
}

/// A statement as it is written, with what can be computed from it alone.
#[derive(Clone, Debug)]
pub struct Statement {
    pub body: Vec<u8>,
    pub lines: u64,
    pub totals: Totals,
    pub users: Vec<(UserId, Totals)>,
    /// The first byte of the lines of each state that has some.
    pub sections: BTreeMap<CallState, u64>,
}

impl Statement {
    /// The statement of these lines.
    pub fn of(mut lines: Vec<Line>) -> serde_json::Result<Self> {
        lines.sort_by(|one, other| one.place().cmp(&other.place()));
        let (mut body, mut sections) = (Vec::new(), BTreeMap::new());
        let (mut totals, mut users) = (Totals::default(), BTreeMap::<UserId, Totals>::new());
        for line in &lines {
            sections.entry(line.state).or_insert(body.len() as u64);
            serde_json::to_writer(&mut body, line)?;
            body.push(b'\n');
            totals.add(line);
            users.entry(line.user.clone()).or_default().add(line);
        }
        let users = users.into_iter().collect();
        Ok(Self { body, lines: lines.len() as u64, totals, users, sections })
    }

    /// The statement in these bytes.
    pub fn read(body: &[u8]) -> serde_json::Result<Self> {
        Self::of(lines(body).collect::<serde_json::Result<_>>()?)
    }

    /// The totals of the day, compared at `at`.
    pub fn day(&self, day: Day, at: DateTime<Utc>, closed_at: Option<DateTime<Utc>>) -> DayTotals {
        DayTotals {
            day,
            totals: self.totals,
            at,
            closed_at,
            lines: self.lines,
            bytes: self.body.len() as u64,
            sections: self.sections.clone(),
            parts: self.users.len(),
        }
    }
}

/// The lines in these bytes, which end with a whole line.
pub fn lines(body: &[u8]) -> impl Iterator<Item = serde_json::Result<Line>> {
    body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(serde_json::from_slice)
}

/// The key of the statement of a day.
pub fn key(organisation: &OrganisationId, day: &DayTotals) -> String {
    match day.closed_at {
        Some(_) => format!("statements/{organisation}/{}.ndjson", day.day),
        None => format!("open/{organisation}/{}/{}.ndjson", day.day, day.at.timestamp_millis()),
    }
}

impl Bucket {
    /// The files of the operator's switch that wait, oldest name first. 1 request.
    pub async fn incoming(&self, organisation: &OrganisationId) -> Result<Vec<Incoming>, Error> {
        let prefix = format!("incoming/{organisation}/");
        let list = self.client.list_objects_v2().bucket(&self.name).prefix(&prefix);
        let page = list
            .max_keys(FILES as i32)
            .send()
            .await
            .map_err(failed_to("list files of reported calls"))?;
        let files = page.contents().iter().filter_map(|object| {
            let name = object.key()?.strip_prefix(&prefix)?.to_owned();
            let is_too_large = object.size().unwrap_or_default() > FILE_AT_MOST;
            (!name.is_empty()).then_some(Incoming { name, is_too_large })
        });
        Ok(files.collect())
    }

    /// A waiting file and its ETag; `None` if it is gone. 1 request.
    pub async fn read_incoming(
        &self,
        organisation: &OrganisationId,
        name: &str,
    ) -> Result<Option<(Vec<u8>, String)>, Error> {
        self.get(&format!("incoming/{organisation}/{name}")).await
    }

    /// Puts a file that was read aside, with its invalid lines. A file that has replaced it since
    /// remains, for the next night. 2 requests; 1 more with such lines.
    pub async fn end_incoming(
        &self,
        organisation: &OrganisationId,
        name: &str,
        (body, etag): (Vec<u8>, String),
        invalid: Vec<u8>,
    ) -> Result<(), Error> {
        if !invalid.is_empty() {
            self.put(&format!("invalid/{organisation}/{name}"), TYPE, invalid).await?;
        }
        self.put(&format!("processed/{organisation}/{name}"), TYPE, body).await?;
        let same = Precondition::Object(etag);
        let delete = self.client.delete_object().bucket(&self.name);
        let delete = delete.key(format!("incoming/{organisation}/{name}"));
        let removed = delete.set_if_match(same.conditions().0).send().await;
        same.unless_overtaken(removed).map_err(failed_to("remove a file of reported calls"))?;
        Ok(())
    }

    /// Writes the statement of an open day. 1 request.
    pub async fn put_open(
        &self,
        organisation: &OrganisationId,
        day: &DayTotals,
        body: Vec<u8>,
    ) -> Result<(), Error> {
        self.put(&key(organisation, day), TYPE, body).await
    }

    /// Writes the statement of a closed day, unless one is written. Returns the one that is. 1
    /// request, or 2.
    pub async fn put_closed(
        &self,
        organisation: &OrganisationId,
        day: &DayTotals,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        let key = key(organisation, day);
        if self.put_over(&key, TYPE, body.clone(), &Precondition::Nothing).await? {
            return Ok(body);
        }
        let written = self.get(&key).await?.map(|(written, _)| written);
        written
            .ok_or("a statement that exists cannot be read")
            .map_err(failed_to("close a day's statement"))
    }

    /// Some bytes of the day's statement, from `from` on. 1 request.
    pub async fn read_statement(
        &self,
        organisation: &OrganisationId,
        day: &DayTotals,
        from: u64,
        bytes: u64,
    ) -> Result<Vec<u8>, Error> {
        let end = from.saturating_add(bytes).min(day.bytes);
        if from >= end {
            return Ok(Vec::new());
        }
        let get = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key(organisation, day))
            .range(format!("bytes={from}-{}", end - 1));
        let answer = get.send().await.map_err(failed_to("read a day's statement"))?;
        let body = answer.body.collect().await.map_err(failed_to("read a day's statement"))?;
        Ok(body.to_vec())
    }
}
