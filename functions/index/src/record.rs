//! A record of the table stream: the recording and its change.

use domain::{
    ids::{OrganisationId, RecordingId},
    recording::Recording,
};
use platform::table::{
    image,
    posting::{owner, shown},
};
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

impl Record {
    pub fn read(record: &Value) -> Result<Self, Unreadable> {
        let change = &record["dynamodb"];
        let key = image::read(&change["Keys"]).ok_or(Unreadable)?;
        let (organisation, id) = owner(&key).map_err(|_| Unreadable)?;
        let (before, after) =
            (recording_in(&change["OldImage"])?, recording_in(&change["NewImage"])?);
        let step = match (record["eventName"].as_str().unwrap_or_default(), before, after) {
            ("REMOVE", before, None) if image::is_expiry(record) => Step::Expired(before.flatten()),
            ("INSERT" | "MODIFY", None, None) => Step::Named,
            ("INSERT" | "MODIFY", before, Some(after)) => {
                Step::Changed { before: before.flatten(), after }
            }
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
    record["dynamodb"]["Keys"]["sk"]["S"]
        .as_str()
        .filter(|id| RecordingId::try_from((*id).to_owned()).is_ok())
}

/// The recording in an image. The outer `None` is no image, the inner an unregistered call.
fn recording_in(image: &Value) -> Result<Option<Option<Box<Recording>>>, Unreadable> {
    let item = match image {
        Value::Null => return Ok(None),
        image => image::read(image).ok_or(Unreadable)?,
    };
    let recording = shown(&item).map_err(|_| Unreadable)?;
    Ok(Some(recording.map(Box::new)))
}
