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

use domain::{
    ids::{OrganisationId, RecordingId},
    recording::Recording,
    search::{Change, Posting, ends_at},
};

use super::{
    BadItem, Error, Index,
    attributes::{n, parsed, s, text},
    key::{self, Item},
    recording,
};

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

impl Index<'_> {
    /// The recording, even if it has ended; `None` if its call is not registered. 1 request.
    pub async fn recording(
        self,
        organisation: &OrganisationId,
        id: RecordingId,
    ) -> Result<Option<Recording>, Error> {
        let item = self.0.get(key::recording(organisation, id)).await?;
        Ok(item.map(|item| recording::read(organisation, &item)).transpose()?.flatten())
    }

    /// Adds and removes postings. 1 request for each 25; more while the table accepts only a part.
    ///
    /// # Errors
    /// Some postings may be written then. A repetition is harmless.
    pub async fn post(self, recording: &Recording, change: &Change) -> Result<(), Error> {
        let puts = change.put.iter().map(|posting| item(recording, posting));
        self.0.replace_all(puts, change.gone.iter().map(|posting| posted(recording, posting))).await
    }

    /// Removes postings of a recording that does not exist, by its sort key. 1 request for each 25.
    pub async fn unpost(
        self,
        of: &OrganisationId,
        gone: impl IntoIterator<Item = &Posting>,
        at: &str,
    ) -> Result<(), Error> {
        self.0
            .delete_all(gone.into_iter().map(|posting| key::posted(of, posting, at.to_owned())))
            .await
    }
}

fn item(recording: &Recording, posting: &Posting) -> Item {
    let mut item = posted(recording, posting);
    item.insert("user".to_owned(), s(&recording.user));
    item.insert("dir".to_owned(), s(recording.direction));
    item.insert("peer".to_owned(), s(&recording.counterpart));
    if let Some(ends) = ends_at(recording) {
        item.insert("expires_at".to_owned(), n(ends.timestamp()));
    }
    item
}

fn posted(recording: &Recording, posting: &Posting) -> Item {
    key::posted(&recording.organisation, posting, key::at(recording.started_at, recording.id))
}
