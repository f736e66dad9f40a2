//! What the delivery by SFTP still awaits: calls of a day that was closed before their audio had come.
//!
//! A day's run keeps those that it finds expected, and a registration that comes after the close keeps its own. The runs of the days after
//! look at each, and deliver those that have come. So nobody reads the days of half a year again, night after night, to find what came late.
//!
//! | attribute    | type | what |
//! |--------------|------|------|
//! | `since`      | N    | Unix milliseconds: when it was last said to be awaited |
//! | `missed`     | S    | the day whose folder could not deliver it, though it is stored; absent where its audio has not come |
//! | `expires_at` | N    | Unix seconds: with the recording |

use aws_sdk_dynamodb::{
    operation::delete_item::DeleteItemError,
    types::{PutRequest, WriteRequest},
};
use chrono::{DateTime, Utc};
use domain::{
    delivery::Day,
    ids::{OrganisationId, RecordingId},
    recording::Recording,
};

use super::{
    BadItem, Error, Table,
    attributes::{instant, n, optional_parsed, parsed, readable, s},
    key::{self, Item},
};

/// A call whose audio is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    pub id: RecordingId,
    pub since: DateTime<Utc>,
    /// The day whose folder could not deliver it; none where its audio has not come.
    pub missed: Option<Day>,
}

/// Items that DynamoDB writes at once.
const AT_ONCE: usize = 25;

impl Table {
    /// Keeps that the audio of these calls is awaited. 1 request for every 25.
    ///
    /// # Errors
    /// [`Error::Busy`] where only a part was written: try again.
    pub async fn await_late(&self, recordings: &[&Recording], now: DateTime<Utc>) -> Result<(), Error> {
        let item = |recording: &&Recording| item(&recording.organisation, recording.id, recording.expires_at, now);
        self.put_awaited(recordings.iter().map(item).collect()).await
    }

    /// Keeps that these recordings, each with its end, are to be delivered late: the folder of the day could not. 1 request for every 25.
    ///
    /// # Errors
    /// [`Error::Busy`] where only a part was written: try again.
    pub async fn await_again(
        &self,
        organisation: &OrganisationId,
        day: Day,
        recordings: &[(RecordingId, DateTime<Utc>)],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let missed = |(id, expires_at): &(RecordingId, DateTime<Utc>)| {
            let mut item = item(organisation, *id, *expires_at, now);
            item.insert("missed".to_owned(), s(day));
            item
        };
        self.put_awaited(recordings.iter().map(missed).collect()).await
    }

    async fn put_awaited(&self, items: Vec<Item>) -> Result<(), Error> {
        for some in items.chunks(AT_ONCE) {
            let mut writes = Vec::new();
            for item in some {
                let item = item.clone();
                let put = PutRequest::builder().set_item(Some(item)).build().map_err(|error| Error::Request(error.into()))?;
                writes.push(WriteRequest::builder().put_request(put).build());
            }
            let answer = self.client.batch_write_item().request_items(&self.name, writes).send().await?;
            if answer.unprocessed_items().is_some_and(|left| !left.is_empty()) {
                return Err(Error::Busy);
            }
        }
        Ok(())
    }

    /// What is awaited at the places from `from` up to `to`; but an item that cannot be read, which is logged. 1 request for each MB.
    pub async fn awaited_in(&self, organisation: &OrganisationId, from: &str, to: &str) -> Result<Vec<Awaited>, Error> {
        let mut found = Vec::new();
        for item in self.all_between(&key::all_awaited(organisation), None, (from, to)).await? {
            found.extend(readable("awaited", &item, read(&item)).filter(|awaited| awaited.id.to_string().as_str() < to));
        }
        Ok(found)
    }

    /// Awaits a call no longer, unless it was said anew meanwhile. 1 request.
    pub async fn await_no_longer(&self, organisation: &OrganisationId, awaited: &Awaited) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(key::awaited(organisation, awaited.id)));
        let delete =
            delete.condition_expression("since = :since").expression_attribute_values(":since", n(awaited.since.timestamp_millis()));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.as_service_error(), Some(DeleteItemError::ConditionalCheckFailedException(_))) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn item(organisation: &OrganisationId, id: RecordingId, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Item {
    let mut item = key::awaited(organisation, id);
    item.insert("since".to_owned(), n(now.timestamp_millis()));
    item.insert("expires_at".to_owned(), n(expires_at.timestamp()));
    item
}

fn read(item: &Item) -> Result<Awaited, BadItem> {
    Ok(Awaited { id: parsed(item, "sk")?, since: instant(item, "since")?, missed: optional_parsed(item, "missed")? })
}
