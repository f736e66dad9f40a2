//! Accounts for every call of the open days, and closes those whose time has come.
//!
//! First the files of the operator's switch are read. Then each open day is compared: the reports,
//! the recordings, the refused registrations, and for the rest whether the user was recorded. The
//! day's statement is written before its totals, which refer to it, so a crash leaves the earlier
//! statement in force. A repetition computes the same again.

mod fates;
mod incoming;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    completeness::{
        CallRecord, CallState, Line, closes_at,
        line::mark_overlaps,
        open_days, refused_since,
        sequence::{Gap, Numbered, Sequence, gaps},
    },
    delivery::Day,
    ids::{DeviceId, OrganisationId},
    people::Organisation,
};
use platform::{call_statements::Statement, table::audit::Event};
use serde::Deserialize;

use crate::{App, Failure};

/// A compared day.
struct Compared {
    day: Day,
    lines: Vec<Line>,
    /// Whether the operator's switch reported calls of it.
    is_reported: bool,
    numbered: Vec<Numbered>,
}

/// Accounts for the organisation's calls. 6 requests; 2 for each open day, and 1 for each further MB
/// of its reports and of its recordings; some for calls without a recording; 3 for each day with
/// calls.
pub async fn account(app: &App, of: &OrganisationId) -> Result<(), Failure> {
    let Some(organisation) = app.table.people().organisation(of).await? else { return Ok(()) };
    let now = (app.now)();
    incoming::read(app, &organisation, now).await?;
    let days = open_days(app.table.completeness().last(of).await?, now);
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(()) };
    let known = app.table.completeness().days(of, *first, *last).await?;
    let refused = app.table.audit_log().denied_since(of, refused_since(*first)).await?;
    let mut reports = Vec::new();
    for day in &days {
        let period = (day.begins_at(), day.ends_at());
        reports.push(app.table.call_records().between(of, period).await?);
    }
    let has_reports = reports.iter().any(|of_day| !of_day.is_empty());
    let mut compared = Vec::new();
    for (day, reports) in days.iter().zip(reports) {
        let reports = (&reports[..], has_reports);
        compared.push(compare(app, &organisation, *day, reports, &refused, now).await?);
    }
    let mut gaps = find_gaps(app, of, &compared, &refused, now).await?;
    for Compared { day, mut lines, is_reported, .. } in compared {
        let of_day = gaps.remove(&day).filter(|_| !is_reported).unwrap_or_default();
        lines.extend(of_day.into_iter().map(Line::of_gap));
        let is_known = known.iter().any(|known| known.day == day);
        if !lines.is_empty() || is_known || closes_at(day) <= now {
            state(app, of, day, lines, now).await?;
        }
    }
    Ok(())
}

/// Compares the reports of a day with the recordings.
async fn compare(
    app: &App,
    organisation: &Organisation,
    day: Day,
    (reports, has_reports): (&[CallRecord], bool),
    refused: &[Event],
    now: DateTime<Utc>,
) -> Result<Compared, Failure> {
    let (of, period) = (&organisation.id, (day.begins_at(), day.ends_at()));
    let mut recordings = app.table.findings().reads(of).started_in(period).await?;
    recordings.retain(|recording| recording.exists(now));
    let numbered = recordings.iter().filter_map(|recording| {
        let (user, started_at) = (recording.user.clone(), recording.started_at);
        Some(Numbered { sequence: recording.leg.sequence.clone()?, user, started_at })
    });
    let numbered = numbered.collect();
    let is_reported = !reports.is_empty();
    let all = (reports, has_reports);
    let mut lines = fates::lines(app, organisation, all, &recordings, refused, now).await?;
    mark_overlaps(&mut lines, &recordings);
    Ok(Compared { day, lines, is_reported, numbered })
}

/// The numbers that phones have skipped, by day. 1 request; 1 for each 100 phones, for each 25 of them
/// with new numbers, and for each 25 noted numbers.
async fn find_gaps(
    app: &App,
    of: &OrganisationId,
    compared: &[Compared],
    refused: &[Event],
    now: DateTime<Utc>,
) -> Result<BTreeMap<Day, Vec<Gap>>, Failure> {
    let calls: Vec<Numbered> =
        compared.iter().flat_map(|compared| compared.numbered.iter().cloned()).collect();
    let noted = app.table.completeness().noted_numbers(of).await?;
    let mut others: Vec<Sequence> = refused.iter().filter_map(number).collect();
    others.extend(noted.iter().cloned());
    let devices = calls.iter().map(|call| &call.sequence).chain(&others);
    let mut devices: Vec<_> = devices.map(|sequence| sequence.device.clone()).collect();
    devices.sort_unstable();
    devices.dedup();
    let before = app.table.completeness().seen(of, &devices).await?;
    let mut seen = before.clone();
    let found = gaps(of, &calls, &others, &mut seen);
    seen.retain(|device, ranges| before.get(device) != Some(ranges));
    app.table.completeness().put_seen(of, &seen, now).await?;
    app.table.completeness().forget_numbers(of, &noted).await?;
    Ok(found)
}

/// The number of a refused call, from its audit event.
fn number(event: &Event) -> Option<Sequence> {
    #[derive(Deserialize)]
    struct Detail {
        device: DeviceId,
        sequence: u64,
    }
    let Detail { device, sequence } = serde_json::from_str(event.detail.as_deref()?).ok()?;
    Some(Sequence { device, number: sequence })
}

/// Writes the statement of a day and its totals, and warns if too many calls are missing.
async fn state(
    app: &App,
    of: &OrganisationId,
    day: Day,
    mut lines: Vec<Line>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    if lines.iter().any(|line| line.state == CallState::Missing) {
        let explanations = app.table.completeness().explanations(of, day).await?;
        for line in &mut lines {
            line.explained = explanations.contains_key(&line.id);
        }
    }
    let mut statement = Statement::of(lines)?;
    let closed_at = (closes_at(day) <= now).then_some(now);
    let totals = statement.day(day, now, closed_at);
    if statement.body.is_empty() {
        // A day without calls needs no file.
    } else if closed_at.is_some() {
        let written = app.calls.put_closed(of, &totals, statement.body.clone()).await?;
        if written != statement.body {
            statement = Statement::read(&written)?; // an interrupted run closed it
        }
    } else {
        app.calls.put_open(of, &totals, statement.body.clone()).await?;
    }
    let totals = statement.day(day, now, closed_at);
    app.table.completeness().put(of, &totals, &statement.users).await?;
    let counts = totals.totals;
    if counts.exceeds(app.missing_percent) {
        let (missing, calls) = (counts.missing, counts.calls());
        tracing::error!(organisation = %of, %day, missing, calls, "calls are missing");
    }
    Ok(())
}
