//! Late arrivals for SFTP: calls whose audio had not arrived when their day was closed.
//!
//! A day's run records the calls that are still expected, and a later registration records its own.
//! The next runs deliver those that have arrived, so none reads half a year of days again.
//!
//! | attribute    | type | what |
//! |--------------|------|------|
//! | `since`      | N    | Unix milliseconds: when it was last recorded |
//! | `missed`     | S    | the day whose folder could not deliver it, though it is stored; absent if its audio has not arrived |
//! | `expires_at` | N    | Unix seconds: with the recording |

use chrono::{DateTime, Utc};
use domain::{
    delivery::Day,
    ids::{OrganisationId, RecordingId},
    recording::Recording,
};

use super::{
    BadItem, Error, LateArrivals,
    attributes::{instant, n, optional_parsed, parsed, readable, s},
    key::{self, Item},
    write::Write,
};

/// A call whose audio arrives late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateArrival {
    pub id: RecordingId,
    pub since: DateTime<Utc>,
    /// The day whose folder could not deliver it; `None` if its audio has not arrived.
    pub missed: Option<Day>,
}

impl LateArrivals<'_> {
    /// Records a call as a late arrival. If a folder missed its recording, that remains recorded. 1
    /// request.
    pub async fn await_one(self, recording: &Recording, now: DateTime<Utc>) -> Result<(), Error> {
        let key = key::late_arrival(&recording.organisation, recording.id);
        let write = Write::update(key)
            .set("since", n(now.timestamp_millis()))
            .set("expires_at", n(recording.expires_at.timestamp()));
        self.0.write(write).await.map(drop)
    }

    /// Records these calls as late arrivals that no folder missed. 1 request for every 25.
    ///
    /// # Errors
    /// [`Error::Busy`] if only a part was written: try again.
    pub async fn await_all(
        self,
        recordings: &[Recording],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let item = |recording: &Recording| {
            item(&recording.organisation, recording.id, recording.expires_at, now)
        };
        self.0.put_all(recordings.iter().map(item)).await
    }

    /// Records late arrivals, with expiry, that the folder of `day` missed. 1 request for every 25.
    ///
    /// # Errors
    /// [`Error::Busy`] if only a part was written: try again.
    pub async fn await_again(
        self,
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
        self.0.put_all(recordings.iter().map(missed)).await
    }

    /// The late arrivals from `from` up to `to`; unreadable ones are logged. 1 request for each MB.
    pub async fn between(
        self,
        organisation: &OrganisationId,
        from: &str,
        to: &str,
    ) -> Result<Vec<LateArrival>, Error> {
        let mut found = Vec::new();
        for item in self.0.query(key::all_late(organisation), None).between(from, to).all().await? {
            found.extend(
                readable("awaited", &item, read(&item))
                    .filter(|late_arrival| late_arrival.id.to_string().as_str() < to),
            );
        }
        Ok(found)
    }

    /// Removes a late arrival, unless it was recorded anew meanwhile. 1 request.
    pub async fn await_no_longer(
        self,
        organisation: &OrganisationId,
        late_arrival: &LateArrival,
    ) -> Result<(), Error> {
        let delete = Write::delete(key::late_arrival(organisation, late_arrival.id));
        self.0
            .write(delete.is("since", Some(n(late_arrival.since.timestamp_millis()))))
            .await
            .map(drop)
    }
}

fn item(
    organisation: &OrganisationId,
    id: RecordingId,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Item {
    let mut item = key::late_arrival(organisation, id);
    item.insert("since".to_owned(), n(now.timestamp_millis()));
    item.insert("expires_at".to_owned(), n(expires_at.timestamp()));
    item
}

fn read(item: &Item) -> Result<LateArrival, BadItem> {
    Ok(LateArrival {
        id: parsed(item, "sk")?,
        since: instant(item, "since")?,
        missed: optional_parsed(item, "missed")?,
    })
}
