//! Calls as the operator's switch reports them: one JSON object on each line (NDJSON), in a request
//! or in a file. Each line is independent; an invalid one is reported, and the others are stored.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    completeness::{CallRecord, accounted_at, is_reportable},
    counterpart::Counterpart,
    ids::{CallId, OrganisationId, RecordingId, UserId},
    phone::Country,
    recording::Direction,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{rejection, strict};

/// A call that the operator's switch reports.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportedCall {
    /// The id of the call's leg that the app registers, too: 1 to 128 visible ASCII characters.
    #[schema(value_type = String, example = "6f0c1c5e-leg-1")]
    call_id: CallId,
    /// The user of the app: 1 to 64 of a-z, 0-9, '.', '_' and '-'.
    #[schema(value_type = String)]
    user: UserId,
    /// Seen from the user.
    #[schema(value_type = String, example = "in")]
    direction: Direction,
    /// The other end, in any form. Absent or null: unknown.
    #[serde(default)]
    #[schema(example = "070-123 45 67")]
    counterpart: Option<String>,
    /// When the call was answered, or when it rang if nobody answered.
    #[schema(value_type = String, format = DateTime)]
    started_at: Instant,
    /// Milliseconds; 0 if nobody answered.
    #[schema(example = 93_000)]
    duration_ms: u32,
}

/// A line that was not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvalidCallLine)]
pub struct InvalidLine {
    /// Counted from 1.
    pub line: usize,
    /// Why it is invalid, and how to correct it.
    pub detail: String,
}

/// The reports in a body or a file.
#[derive(Debug, Default)]
pub struct CallLines {
    /// One of each call: the last.
    pub records: Vec<CallRecord>,
    /// The first 10,000 invalid lines.
    pub invalid: Vec<InvalidLine>,
    pub invalid_lines: usize,
    /// Lines that are not empty.
    pub lines: usize,
}

/// The most bytes of a line.
const LINE_AT_MOST: usize = 4096;
/// The most characters of a line's detail.
const DETAIL_AT_MOST: usize = 200;

/// The most invalid lines that are named.
const INVALID_AT_MOST: usize = 10_000;

impl CallLines {
    /// The number of lines that are not empty.
    pub fn count(body: &[u8]) -> usize {
        body.split(|byte| *byte == b'\n').filter(|text| !text.trim_ascii().is_empty()).count()
    }

    /// Reads the lines, each by itself, for an organisation in this country.
    pub fn read(
        body: &[u8],
        organisation: &OrganisationId,
        country: Country,
        now: DateTime<Utc>,
    ) -> Self {
        let (mut found, mut records) = (Self::default(), BTreeMap::new());
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        for (number, text) in body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).enumerate()
        {
            if text.is_empty() {
                continue;
            }
            found.lines += 1;
            match record(text, organisation, country, now) {
                Ok(record) => _ = records.insert(record.id, record),
                Err(detail) => {
                    found.invalid_lines += 1;
                    if found.invalid.len() < INVALID_AT_MOST {
                        let detail = detail.chars().take(DETAIL_AT_MOST).collect();
                        found.invalid.push(InvalidLine { line: number + 1, detail });
                    }
                }
            }
        }
        found.records = records.into_values().collect();
        found
    }
}

fn record(
    text: &[u8],
    organisation: &OrganisationId,
    country: Country,
    now: DateTime<Utc>,
) -> Result<CallRecord, String> {
    if text.len() > LINE_AT_MOST {
        return Err("the line is longer than 4096 bytes, the most that a line may have".to_owned());
    }
    let call: ReportedCall = strict::from_slice(text).map_err(|error| {
        rejection::explain(&error).replace(" at line 1 column ", ", at column ")
    })?;
    let started_at = call.started_at.utc().trunc_subsecs(3);
    if !is_reportable(started_at, now) {
        return Err(
            "startedAt: a reported call began in the last 365 days and not in the future; check the clock of the switch"
                .to_owned(),
        );
    }
    Ok(CallRecord {
        id: RecordingId::of(organisation, &call.call_id),
        call: call.call_id,
        user: call.user,
        direction: call.direction,
        counterpart: Counterpart::read(call.counterpart.as_deref().unwrap_or_default(), country),
        started_at,
        duration: TimeDelta::milliseconds(call.duration_ms.into()),
        accounted_at: accounted_at(started_at, now),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> CallLines {
        let organisation = OrganisationId::try_from("demo".to_owned()).expect("an organisation");
        let now = "2026-11-24T12:00:00Z".parse().expect("a time");
        CallLines::read(body.as_bytes(), &organisation, Country::default(), now)
    }

    fn line(call: &str, more: &str) -> String {
        format!(
            r#"{{"callId":"{call}","user":"anna","direction":"in","startedAt":"2026-11-24T10:00:00Z","durationMs":93000{more}}}"#
        )
    }

    #[test]
    fn each_line_is_a_call_and_an_invalid_one_says_why() {
        let old = line("c-4", "").replace("2026-11-24", "2025-11-23");
        let body = [
            line("c-1", r#","counterpart":"070-123 45 67""#),
            String::new(),
            line("c-2", r#","counterpart":null"#),
            "{".to_owned(),
            line("c-3", r#","caller":"x""#),
            old,
            line("c-5", "").replace("93000", "-1"),
            "x".repeat(LINE_AT_MOST + 1),
        ]
        .join("\r\n");
        let found = read(&format!("\u{feff}{body}"));
        assert_eq!((found.lines, found.records.len()), (7, 2));
        let counterparts: Vec<_> =
            found.records.iter().map(|record| record.counterpart.to_string()).collect();
        assert!(counterparts.contains(&"+46701234567".to_owned()), "{counterparts:?}");
        let invalid: Vec<usize> = found.invalid.iter().map(|line| line.line).collect();
        assert_eq!(invalid, [4, 5, 6, 7, 8]);
        assert!(found.invalid[1].detail.contains("unknown member `caller`"), "{found:?}");
        assert!(found.invalid[2].detail.contains("last 365 days"), "{found:?}");
    }

    #[test]
    fn the_last_line_of_a_call_counts() {
        let corrected = line("c-1", "").replace("93000", "94000");
        let found = read(&[line("c-1", ""), corrected].join("\n"));
        assert_eq!((found.lines, found.records.len()), (2, 1));
        assert_eq!(found.records[0].duration, TimeDelta::seconds(94));
    }
}
