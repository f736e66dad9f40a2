//! Postings, by which a word or a hold finds a recording. See [`domain::search::Posting`].
//!
//! | attribute    | type | what |
//! |--------------|------|------|
//! | `user`       | S    | the recorded user |
//! | `dir`        | S    | as the recording has it |
//! | `peer`       | S    | the text of the counterpart |
//! | `expires_at` | N    | as the recording has it; absent while it is held |
//!
//! The first three never change, so a reader can exclude a recording without reading it.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use domain::{
    ids::{OrganisationId, RecordingId},
    recording::Recording,
    search::{Change, Posting, ends_at},
};

use super::{
    BadItem, Error, Table,
    attributes::{n, parsed, s, text},
    key::{self, Item},
    recording,
};

/// The most writes in one request.
const BATCH: usize = 25;
/// Requests for the same writes while the table accepts only some of them.
const ATTEMPTS: u32 = 6;

/// The organisation and the id of the recording with this key.
pub fn owner(key: &Item) -> Result<(OrganisationId, RecordingId), BadItem> {
    let organisation = key::organisation_of(text(key, "pk")?).ok_or(BadItem { attribute: "pk" })?;
    Ok((organisation, parsed(key, "sk")?))
}

/// The recording in a stream's image; `None` if its call is not registered.
pub fn shown(item: &Item) -> Result<Option<Recording>, BadItem> {
    let (organisation, _) = owner(item)?;
    recording::read(&organisation, item)
}

impl Table {
    /// The recording, even if it has ended; `None` if its call is not registered. 1 request.
    pub async fn standing_recording(&self, organisation: &OrganisationId, id: RecordingId) -> Result<Option<Recording>, Error> {
        let item = self.get(key::recording(organisation, id)).await?;
        Ok(item.map(|item| recording::read(organisation, &item)).transpose()?.flatten())
    }

    /// Adds and removes postings. 1 request for each 25; more while the table accepts only a part.
    ///
    /// # Errors
    /// Some postings may be written then. A repetition is harmless.
    pub async fn post(&self, recording: &Recording, change: &Change) -> Result<(), Error> {
        let puts = change.put.iter().map(|posting| put(recording, posting));
        let deletes = change.gone.iter().map(|posting| delete(recording, posting));
        for some in puts.chain(deletes).collect::<Result<Vec<_>, _>>()?.chunks(BATCH) {
            self.write_batch(some.to_vec()).await?;
        }
        Ok(())
    }

    /// Removes postings of a recording that does not exist, by its sort key. 1 request for each 25.
    pub async fn unpost(&self, of: &OrganisationId, gone: impl IntoIterator<Item = &Posting>, at: &str) -> Result<(), Error> {
        let delete = |posting| DeleteRequest::builder().set_key(Some(key::posted(of, posting, at.to_owned()))).build();
        let deletes = gone.into_iter().map(delete).collect::<Result<Vec<_>, _>>().map_err(|error| Error::Request(error.into()))?;
        for some in deletes.chunks(BATCH) {
            self.write_batch(some.iter().map(|delete| WriteRequest::builder().delete_request(delete.clone()).build()).collect()).await?;
        }
        Ok(())
    }

    /// Writes at most 25 items. 1 request; more while the table accepts only a part.
    pub(super) async fn write_batch(&self, writes: Vec<WriteRequest>) -> Result<(), Error> {
        let mut left = HashMap::from([(self.name.clone(), writes)]);
        for attempt in 0..ATTEMPTS {
            let answer = self.client.batch_write_item().set_request_items(Some(left)).send().await?;
            left = answer.unprocessed_items.unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
        }
        Err(Error::Busy)
    }
}

fn put(recording: &Recording, posting: &Posting) -> Result<WriteRequest, Error> {
    let mut item = posted(recording, posting);
    item.insert("user".to_owned(), s(&recording.user));
    item.insert("dir".to_owned(), s(recording.direction));
    item.insert("peer".to_owned(), s(&recording.counterpart));
    if let Some(ends) = ends_at(recording) {
        item.insert("expires_at".to_owned(), n(ends.timestamp()));
    }
    let put = PutRequest::builder().set_item(Some(item)).build().map_err(|error| Error::Request(error.into()))?;
    Ok(WriteRequest::builder().put_request(put).build())
}

fn delete(recording: &Recording, posting: &Posting) -> Result<WriteRequest, Error> {
    let delete = DeleteRequest::builder().set_key(Some(posted(recording, posting))).build();
    Ok(WriteRequest::builder().delete_request(delete.map_err(|error| Error::Request(error.into()))?).build())
}

fn posted(recording: &Recording, posting: &Posting) -> Item {
    key::posted(&recording.organisation, posting, key::at(recording.started_at, recording.id))
}
