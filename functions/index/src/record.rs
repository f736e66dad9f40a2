//! A record of the table's stream: which recording, and what became of it.

use aws_lambda_events::dynamodb::EventRecord;
use domain::{
    ids::{OrganisationId, RecordingId},
    recording::Recording,
};
use platform::table::{
    key::Item,
    posting::{owner, shown},
};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// A record that was read.
#[derive(Debug)]
pub struct Record {
    pub organisation: OrganisationId,
    pub id: RecordingId,
    pub step: Step,
}

/// What became of the recording.
#[derive(Debug)]
pub enum Step {
    /// From one image to the other; none is one that is not registered, or not there.
    Changed { before: Option<Box<Recording>>, after: Option<Box<Recording>> },
    /// The table removed it after its day, and removes its postings; none is one that was not registered.
    Expired(Option<Box<Recording>>),
    /// The record shows no image: someone asks for the recording to be indexed as it stands. The stream never sends this.
    Named,
}

/// The record is none of the stream's, or its item no recording. The cause is left out: it may quote what was said of a call.
#[derive(Debug, Error)]
#[error("could not read the record")]
pub struct Unreadable;

/// Who removes an item after its day.
const TTL: &str = "dynamodb.amazonaws.com";

impl Record {
    pub fn read(record: &Value) -> Result<Self, Unreadable> {
        let record = EventRecord::deserialize(record).map_err(|_| Unreadable)?;
        let (organisation, id) = owner(&record.change.keys.into()).map_err(|_| Unreadable)?;
        let (before, after) = (image(record.change.old_image)?, image(record.change.new_image)?);
        let by_ttl = record.user_identity.is_some_and(|who| who.principal_id == TTL);
        let step = match (record.event_name.as_str(), before, after) {
            ("REMOVE", before, None) if by_ttl => Step::Expired(before.flatten()),
            ("INSERT" | "MODIFY", None, None) => Step::Named,
            ("INSERT" | "MODIFY", before, Some(after)) => Step::Changed { before: before.flatten(), after },
            ("REMOVE", Some(before), None) => Step::Changed { before, after: None },
            _ => return Err(Unreadable),
        };
        Ok(Self { organisation, id, step })
    }
}

/// The record's sequence number, as far as it has one.
pub fn sequence(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default()
}

/// The id of the recording that the record is of, as far as it names one.
pub fn recording(record: &Value) -> Option<&str> {
    record["dynamodb"]["Keys"]["sk"]["S"].as_str().filter(|id| RecordingId::try_from((*id).to_owned()).is_ok())
}

/// What an image shows: none is no image, and none within is a call that is not registered.
fn image(image: serde_dynamo::Item) -> Result<Option<Option<Box<Recording>>>, Unreadable> {
    let image: Item = image.into();
    if image.is_empty() {
        return Ok(None);
    }
    let recording = shown(&image).map_err(|_| Unreadable)?;
    Ok(Some(recording.map(Box::new)))
}
