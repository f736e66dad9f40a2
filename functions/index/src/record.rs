//! A record of the table stream: the recording and its change.

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

#[derive(Debug)]
pub struct Record {
    pub organisation: OrganisationId,
    pub id: RecordingId,
    pub step: Step,
}

/// The change of a recording.
#[derive(Debug)]
pub enum Step {
    /// From one image to the other. `None` is a recording that is not registered or does not exist.
    Changed { before: Option<Box<Recording>>, after: Option<Box<Recording>> },
    /// TTL removed the recording and its postings. `None` is a recording that was not registered.
    Expired(Option<Box<Recording>>),
    /// No image: an operator requests indexing of the current recording. The stream never sends it.
    Named,
}

/// The record is malformed or its item is no recording. The cause could quote an annotation.
#[derive(Debug, Error)]
#[error("could not read the record")]
pub struct Unreadable;

/// The principal of removals by TTL.
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

/// The record's sequence number; empty if there is none.
pub fn sequence(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default()
}

/// The id of the record's recording, if there is one.
pub fn recording(record: &Value) -> Option<&str> {
    record["dynamodb"]["Keys"]["sk"]["S"].as_str().filter(|id| RecordingId::try_from((*id).to_owned()).is_ok())
}

/// The recording in an image. The outer `None` is no image, the inner an unregistered call.
fn image(image: serde_dynamo::Item) -> Result<Option<Option<Box<Recording>>>, Unreadable> {
    let image: Item = image.into();
    if image.is_empty() {
        return Ok(None);
    }
    let recording = shown(&image).map_err(|_| Unreadable)?;
    Ok(Some(recording.map(Box::new)))
}
