//! The completeness of each day: its totals, those of its users, and explanations; the sequence
//! numbers of the phones.
//!
//! | item        | attribute    | type | what |
//! |-------------|--------------|------|------|
//! | completeness | `totals`    | S    | the totals, as JSON |
//! |             | `compared`, `closed` | N | Unix milliseconds: the comparison, and the close if there was one |
//! |             | `lines`, `bytes` | N | the size of the statement |
//! |             | `sections`   | S    | where the lines of each state begin in it, as JSON |
//! |             | `parts`      | N    | the number of items by user |
//! |             | `expires_at` | N    | Unix seconds: ten years after the day |
//! | completeness by user | `users` | S | the totals of up to 500 users, as JSON |
//! |             | `expires_at` | N    | as above |
//! | explanation | `text`, `by`, `since` | S, S, N | what a person knows of the missing call, who and when |
//! |             | `expires_at` | N    | as above |
//! | device      | `seen`       | S    | ranges of numbers that have come |
//! |             | `expires_at` | N    | Unix seconds: 400 days after the last one |
//! | noted number | `device`, `number` | S, N | a number that has come, until the next night |
//! |             | `expires_at` | N    | as of a device |

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    completeness::{
        CallState, Totals,
        sequence::{ArrivedNumbers, Sequence},
    },
    delivery::Day,
    ids::{DeviceId, OrganisationId, RecordingId, UserId},
    reason::Reason,
    time::later,
};

use super::{
    BadItem, Completeness, Error,
    attributes::{instant, n, number, optional_instant, optional_text, parsed, readable, s, text},
    audit::Event,
    key::{self, Item},
    read::BATCH,
    write::Write,
};

/// The completeness of a day, as last compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayTotals {
    pub day: Day,
    pub totals: Totals,
    pub at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    /// Lines and bytes of the statement.
    pub lines: u64,
    pub bytes: u64,
    /// The first byte of the lines of each state that has some.
    pub sections: BTreeMap<CallState, u64>,
    /// The number of items with totals by user.
    pub parts: usize,
}

/// An explanation of a missing call, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub text: Reason,
    pub by: String,
    pub at: DateTime<Utc>,
}

/// Users in one item.
const USERS: usize = 500;
/// How long statements are retained: as long as the longest retention of a recording.
const LASTS: TimeDelta = TimeDelta::days(3650);
/// How long a silent phone's numbers are remembered.
const DEVICE_LASTS: TimeDelta = TimeDelta::days(400);

impl Completeness<'_> {
    /// The days from `from` to `to`, inclusive, oldest first. 1 request for each MB.
    pub async fn days(
        self,
        organisation: &OrganisationId,
        from: Day,
        to: Day,
    ) -> Result<Vec<DayTotals>, Error> {
        let query = self.0.query(key::completenesses(organisation), None);
        let items = query.consistent().between(from, to).all().await?;
        Ok(items.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// One day, if it has been compared. 1 request.
    pub async fn day(
        self,
        organisation: &OrganisationId,
        day: Day,
    ) -> Result<Option<DayTotals>, Error> {
        let item = self.0.get(key::completeness(organisation, day)).await?;
        Ok(item.as_ref().map(read).transpose()?)
    }

    /// The days since the last closed one that have been compared, and that one. 1 request.
    pub async fn last(self, organisation: &OrganisationId) -> Result<Option<Day>, Error> {
        let query = self.0.query(key::completenesses(organisation), None);
        let page = query.consistent().ascending(false).limit(100).page().await?;
        let (days, _) = page.read(read)?;
        Ok(days.into_iter().find(|day| day.closed_at.is_some()).map(|day| day.day))
    }

    /// The totals of the day's users, by id. 1 request for each MB.
    pub async fn users(
        self,
        organisation: &OrganisationId,
        day: &DayTotals,
    ) -> Result<Vec<(UserId, Totals)>, Error> {
        let items = self.0.all(key::all_accounted(organisation), &format!("{}#", day.day)).await?;
        let mut users = Vec::new();
        for item in items.iter().take(day.parts) {
            users.extend(json::<Vec<(UserId, Totals)>>(item, "users")?);
        }
        Ok(users)
    }

    /// Stores a day, unless it is closed. 1 request, and 1 for each 12,500 users. Returns false if it
    /// is closed: a concurrent run has stored the same.
    pub async fn put(
        self,
        organisation: &OrganisationId,
        day: &DayTotals,
        users: &[(UserId, Totals)],
    ) -> Result<bool, Error> {
        let expires_at = n(later(day.day.begins_at(), LASTS).timestamp());
        let part = |(number, some): (usize, &[(UserId, Totals)])| {
            let mut item = key::accounted(organisation, day.day, number);
            item.insert("users".to_owned(), s(to_json(&some)));
            item.insert("expires_at".to_owned(), expires_at.clone());
            item
        };
        let parts: Vec<Item> = users.chunks(USERS).enumerate().map(part).collect();
        let mut head = key::completeness(organisation, day.day);
        let values = [
            ("totals", s(to_json(&day.totals))),
            ("compared", n(day.at.timestamp_millis())),
            ("lines", n(day.lines)),
            ("bytes", n(day.bytes)),
            ("sections", s(to_json(&day.sections))),
            ("parts", n(parts.len())),
            ("expires_at", expires_at.clone()),
        ];
        let closed = day.closed_at.map(|at| ("closed", n(at.timestamp_millis())));
        head.extend(values.into_iter().chain(closed).map(|(name, value)| (name.to_owned(), value)));
        self.0.put_all(parts).await?;
        let put = Write::put(head).when("attribute_not_exists(closed)");
        Ok(self.0.write(put).await?.is_ok())
    }

    /// The explanations of a day, by the id of the call or gap. 1 request for each MB.
    pub async fn explanations(
        self,
        organisation: &OrganisationId,
        day: Day,
    ) -> Result<BTreeMap<RecordingId, Explanation>, Error> {
        let items = self.0.all(key::explanations(organisation), &format!("{day}#")).await?;
        let read = |item| readable("explanation", item, read_explanation(item));
        Ok(items.iter().filter_map(read).collect())
    }

    /// Explains a missing call, and writes the audit event with it. 1 request.
    pub async fn explain(
        self,
        organisation: &OrganisationId,
        (day, id): (Day, RecordingId),
        explanation: &Explanation,
        event: &Event,
    ) -> Result<(), Error> {
        let mut item = key::explanation(organisation, day, id);
        let values = [
            ("text", s(&explanation.text)),
            ("by", s(&explanation.by)),
            ("since", n(explanation.at.timestamp_millis())),
            ("expires_at", n(later(day.begins_at(), LASTS).timestamp())),
        ];
        item.extend(values.map(|(name, value)| (name.to_owned(), value)));
        let mut writes = self.0.writes();
        writes.add(Write::put(item));
        writes.audit(event);
        writes.commit().await?.map_err(|_| Error::Busy)
    }

    /// The numbers of these phones' calls that have come. 1 request for each 100.
    pub async fn seen(
        self,
        organisation: &OrganisationId,
        devices: &[DeviceId],
    ) -> Result<BTreeMap<DeviceId, ArrivedNumbers>, Error> {
        let mut seen = BTreeMap::new();
        for some in devices.chunks(BATCH) {
            let keys = some.iter().map(|device| key::device(organisation, device));
            for item in self.0.batch(keys).await? {
                let read =
                    || Ok((parsed(&item, "sk")?, ArrivedNumbers::read(text(&item, "seen")?)));
                seen.extend(readable("device", &item, read()));
            }
        }
        Ok(seen)
    }

    /// Stores the numbers of these phones. 1 request for each 25.
    pub async fn put_seen(
        self,
        organisation: &OrganisationId,
        seen: &BTreeMap<DeviceId, ArrivedNumbers>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let item = |(device, seen): (&DeviceId, &ArrivedNumbers)| {
            let mut item = key::device(organisation, device);
            item.insert("seen".to_owned(), s(seen));
            item.insert("expires_at".to_owned(), n(later(now, DEVICE_LASTS).timestamp()));
            item
        };
        self.0.put_all(seen.iter().map(item)).await
    }

    /// Notes numbers that no recording of an open day has, as of a call that is registered late or
    /// again, or erased. 1 request for each 25.
    pub async fn note_numbers(
        self,
        organisation: &OrganisationId,
        noted: impl IntoIterator<Item = &Sequence>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let item = |sequence: &Sequence| {
            let mut item = key::noted_number(organisation, sequence);
            item.insert("device".to_owned(), s(&sequence.device));
            item.insert("number".to_owned(), n(sequence.number));
            item.insert("expires_at".to_owned(), n(later(now, DEVICE_LASTS).timestamp()));
            item
        };
        self.0.put_all(noted.into_iter().map(item)).await
    }

    /// The noted numbers. 1 request for each MB.
    pub async fn noted_numbers(
        self,
        organisation: &OrganisationId,
    ) -> Result<Vec<Sequence>, Error> {
        let items = self.0.all(key::noted_numbers(organisation), "").await?;
        let read = |item: &Item| {
            Ok(Sequence { device: parsed(item, "device")?, number: number(item, "number")? })
        };
        Ok(items.iter().filter_map(|item| readable("noted number", item, read(item))).collect())
    }

    /// Removes noted numbers, which their phones' items have. 1 request for each 25.
    pub async fn forget_numbers(
        self,
        organisation: &OrganisationId,
        noted: &[Sequence],
    ) -> Result<(), Error> {
        let keys = noted.iter().map(|sequence| key::noted_number(organisation, sequence));
        self.0.delete_all(keys).await
    }
}

fn read(item: &Item) -> Result<DayTotals, BadItem> {
    Ok(DayTotals {
        day: parsed(item, "sk")?,
        totals: json(item, "totals")?,
        at: instant(item, "compared")?,
        closed_at: optional_instant(item, "closed")?,
        lines: number(item, "lines")?,
        bytes: number(item, "bytes")?,
        sections: json(item, "sections")?,
        parts: number(item, "parts")?,
    })
}

fn read_explanation(item: &Item) -> Result<(RecordingId, Explanation), BadItem> {
    let bad = || BadItem { attribute: "sk" };
    let (_, id) = text(item, "sk")?.split_once('#').ok_or_else(bad)?;
    let explanation = Explanation {
        text: Reason::stored(text(item, "text")?.to_owned()),
        by: optional_text(item, "by")?.unwrap_or_default().to_owned(),
        at: instant(item, "since")?,
    };
    Ok((RecordingId::try_from(id.to_owned()).map_err(|_| bad())?, explanation))
}

fn json<T: serde::de::DeserializeOwned>(
    item: &Item,
    attribute: &'static str,
) -> Result<T, BadItem> {
    serde_json::from_str(text(item, attribute)?).map_err(|_| BadItem { attribute })
}

/// The JSON of a value whose serialisation cannot fail: numbers, and maps with text keys.
fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
