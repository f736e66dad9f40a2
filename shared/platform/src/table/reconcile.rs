//! The nightly reconciliation: its reads and their cost, its findings, and where it continues.
//!
//! | item    | attribute    | type | what |
//! |---------|--------------|------|------|
//! | finding | `user`       | S    | the user of the recording or the usage; absent if there is none |
//! |         | `started`    | N    | Unix milliseconds: the start of a recording's call |
//! |         | `age`        | N    | Unix milliseconds: when its age begins |
//! |         | `since`      | N    | Unix milliseconds: the night that found it first |
//! |         | `night`      | N    | Unix milliseconds: the night that found it last |
//! |         | `mended`     | BOOL | whether that night repaired it; the next one checks it |
//! |         | `detail`     | S    | the difference, as JSON |
//! |         | `expires_at` | N    | Unix seconds: with the recording |
//! | reconciliation | `night`, `began` | N | Unix milliseconds: the night that it was ordered for, and when it began |
//! |         | `complete`   | N    | Unix milliseconds: everything before this has been compared with its item |
//! |         | `rolled`, `said` | S | the sort keys of the recordings and the words after which the next one continues |
//! |         | `recordings`, `older`, `objects`, `words`, `of_words` | N | how many it checked |
//! |         | `units`      | N    | the read units that it used, rounded up |
//! |         | `accounted`  | N    | Unix milliseconds: the last night that accounted for every call |

mod reads;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    ids::{OrganisationId, RecordingId, UserId},
    reconcile::Kind,
    recording::Recording,
};

use super::{
    BadItem, Error, Findings,
    attributes::{
        flag, instant, n, number, optional_instant, optional_parsed, optional_text, parse,
        readable, s, text,
    },
    key::{self, Item},
    write::Write,
};

pub use reads::Reads;

/// A discrepancy.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub kind: Kind,
    /// A recording's or a user's id, the key of an object, or [`ALL`].
    pub subject: String,
    pub user: Option<UserId>,
    pub started_at: Option<DateTime<Utc>>,
    /// When its age begins.
    pub age_from: DateTime<Utc>,
    /// The night that found it first.
    pub since: DateTime<Utc>,
    /// The night that found it last.
    pub night: DateTime<Utc>,
    /// Whether that night repaired it.
    pub repaired: bool,
    /// The difference, as JSON.
    pub detail: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// The subject of a finding that concerns no single user. No user has this id.
pub const ALL: &str = "*";

/// The result of a reconciliation, and where the next one continues.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reconciled {
    pub night: DateTime<Utc>,
    pub at: DateTime<Utc>,
    /// Everything before this has been compared with its item.
    pub complete: DateTime<Utc>,
    /// Where the next one continues in the recordings; `None`: at the oldest.
    pub rolled: Option<String>,
    /// Where the next one continues in the words; `None`: at the first.
    pub stated: Option<String>,
    /// Recordings of the day.
    pub recordings: u64,
    /// Older recordings that it checked as well.
    pub older: u64,
    /// Objects with the organisation's prefix.
    pub objects: u64,
    /// Words that were checked, and the number of words of that day.
    pub words: u64,
    pub of_words: u64,
    pub units: u64,
    /// The last night that accounted for every call.
    pub accounted: Option<DateTime<Utc>>,
}

/// The longest subject that is stored.
const SUBJECT: usize = 200;

impl Findings<'_> {
    /// Stores the findings of a night over earlier ones. 1 request for each 25.
    pub async fn note(
        self,
        organisation: &OrganisationId,
        findings: &[Finding],
    ) -> Result<(), Error> {
        self.0.put_all(findings.iter().map(|finding| item(organisation, finding))).await
    }

    /// Removes findings that no longer apply. 1 request for each 25.
    pub async fn end(
        self,
        organisation: &OrganisationId,
        findings: &[Finding],
    ) -> Result<(), Error> {
        self.0
            .delete_all(
                findings
                    .iter()
                    .map(|finding| key::finding(organisation, finding.kind, &finding.subject)),
            )
            .await
    }

    /// Stores the result of a reconciliation, unless a later night has stored one. 1 request.
    pub async fn keep_state(
        self,
        organisation: &OrganisationId,
        reconciled: &Reconciled,
    ) -> Result<(), Error> {
        let mut item = key::reconcile(organisation);
        for (name, at) in [
            ("night", reconciled.night),
            ("began", reconciled.at),
            ("complete", reconciled.complete),
        ] {
            item.insert(name.to_owned(), n(at.timestamp_millis()));
        }
        let places = [("rolled", &reconciled.rolled), ("said", &reconciled.stated)];
        item.extend(
            places
                .into_iter()
                .filter_map(|(name, place)| Some((name.to_owned(), s(place.as_ref()?)))),
        );
        let counts = [
            ("recordings", reconciled.recordings),
            ("older", reconciled.older),
            ("objects", reconciled.objects),
            ("units", reconciled.units),
        ];
        item.extend(
            counts
                .into_iter()
                .chain([("words", reconciled.words), ("of_words", reconciled.of_words)])
                .map(|(name, count)| (name.to_owned(), n(count))),
        );
        item.extend(
            reconciled.accounted.map(|at| ("accounted".to_owned(), n(at.timestamp_millis()))),
        );
        let put = Write::put(item).when("attribute_not_exists(night) OR night <= :night");
        self.0.write(put.given("night", n(reconciled.night.timestamp_millis()))).await.map(drop)
    }

    /// Records that a night accounted for every call, if a night is done. 1 request.
    pub async fn accounted(
        self,
        organisation: &OrganisationId,
        night: DateTime<Utc>,
    ) -> Result<(), Error> {
        let write = Write::update(key::reconcile(organisation)).when("attribute_exists(night)");
        self.0.write(write.set("accounted", n(night.timestamp_millis()))).await.map(drop)
    }

    /// The result of the last reconciliation, if there was one. 1 request.
    pub async fn state(self, organisation: &OrganisationId) -> Result<Option<Reconciled>, Error> {
        Ok(self
            .0
            .get(key::reconcile(organisation))
            .await?
            .map(|item| read_reconciled(&item))
            .transpose()?)
    }

    /// A page of findings, and the sort key after which the next begins. 1 request.
    pub async fn page(
        self,
        of: &OrganisationId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<(Vec<Finding>, Option<String>), Error> {
        let page = self
            .0
            .query(key::findings(of), None)
            .consistent()
            .limit(limit)
            .after_sort_key(after)
            .page()
            .await?;
        Ok((
            page.items.iter().filter_map(|item| readable("finding", item, read(item))).collect(),
            page.next_sort_key()?,
        ))
    }
}

impl Finding {
    /// A finding of a night about any subject.
    pub fn new(kind: Kind, subject: impl ToString, night: DateTime<Utc>, repaired: bool) -> Self {
        let subject = subject.to_string().chars().take(SUBJECT).collect();
        let (since, age_from) = (night, night);
        Self {
            kind,
            subject,
            user: None,
            started_at: None,
            age_from,
            since,
            night,
            repaired,
            detail: None,
            expires_at: None,
        }
    }

    /// The finding, about a recording.
    pub fn about(self, recording: &Recording) -> Self {
        let ends = recording.held_since.is_none().then_some(recording.expires_at);
        let (user, started_at) = (Some(recording.user.clone()), Some(recording.started_at));
        Self { user, started_at, age_from: recording.registered_at, expires_at: ends, ..self }
    }

    /// The finding, with the age that an earlier night recorded for it.
    pub fn as_before(self, before: &HashMap<(Kind, String), Finding>) -> Self {
        match before.get(&(self.kind, self.subject.clone())) {
            Some(known) => {
                Self { since: known.since, age_from: self.age_from.min(known.age_from), ..self }
            }
            None => self,
        }
    }

    /// The recording that it concerns, if it concerns one.
    pub fn recording(&self) -> Option<RecordingId> {
        RecordingId::try_from(self.subject.clone()).ok()
    }
}

fn item(organisation: &OrganisationId, finding: &Finding) -> Item {
    let mut item = key::finding(organisation, finding.kind, &finding.subject);
    let instants = [
        ("age", Some(finding.age_from)),
        ("since", Some(finding.since)),
        ("night", Some(finding.night)),
        ("started", finding.started_at),
    ];
    item.extend(
        instants
            .into_iter()
            .filter_map(|(name, at)| Some((name.to_owned(), n(at?.timestamp_millis())))),
    );
    let texts = [
        ("user", finding.user.as_ref().map(ToString::to_string)),
        ("detail", finding.detail.clone()),
    ];
    item.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), s(text?)))));
    item.extend(finding.expires_at.map(|ends| ("expires_at".to_owned(), n(ends.timestamp()))));
    item.insert("mended".to_owned(), AttributeValue::Bool(finding.repaired));
    item
}

fn read(item: &Item) -> Result<Finding, BadItem> {
    let bad = || BadItem { attribute: "sk" };
    let (kind, subject) = text(item, "sk")?.split_once('#').ok_or_else(bad)?;
    let ends =
        if item.contains_key("expires_at") { Some(number(item, "expires_at")?) } else { None };
    Ok(Finding {
        kind: parse(kind, "sk")?,
        subject: subject.to_owned(),
        user: optional_parsed(item, "user")?,
        started_at: optional_instant(item, "started")?,
        age_from: instant(item, "age")?,
        since: instant(item, "since")?,
        night: instant(item, "night")?,
        repaired: flag(item, "mended")?,
        detail: optional_text(item, "detail")?.map(str::to_owned),
        expires_at: ends.and_then(|ends| DateTime::from_timestamp(ends, 0)),
    })
}

fn read_reconciled(item: &Item) -> Result<Reconciled, BadItem> {
    let place = |name| Ok::<_, BadItem>(optional_text(item, name)?.map(str::to_owned));
    Ok(Reconciled {
        night: instant(item, "night")?,
        at: instant(item, "began")?,
        complete: instant(item, "complete")?,
        rolled: place("rolled")?,
        stated: place("said")?,
        recordings: number(item, "recordings")?,
        older: number(item, "older")?,
        objects: number(item, "objects")?,
        words: number(item, "words")?,
        of_words: number(item, "of_words")?,
        units: number(item, "units")?,
        accounted: optional_instant(item, "accounted")?,
    })
}
