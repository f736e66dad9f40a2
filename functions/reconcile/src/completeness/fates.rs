//! The fate of each call of a day.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::{
    activation::{Recorded, may_be_earlier, recorded_at, was_recorded},
    billing::BaseService,
    completeness::{CallRecord, Comparison, Facts, Line, line::UNKNOWN_USER},
    counterpart::Counterpart,
    ids::{RecordingId, UserId},
    people::{Organisation, User},
    recording::Recording,
};
use platform::table::audit::Event;

use crate::{App, Failure};

/// The lines of a day: its reports, and its recordings that no report names. `has_reports`: of any
/// open day.
pub async fn lines(
    app: &App,
    organisation: &Organisation,
    (reports, has_reports): (&[CallRecord], bool),
    recordings: &[Recording],
    refused: &[Event],
    now: DateTime<Utc>,
) -> Result<Vec<Line>, Failure> {
    let of = &organisation.id;
    let users: HashMap<RecordingId, &UserId> =
        reports.iter().map(|report| (report.id, &report.user)).collect();
    let comparison = Comparison::new(reports, recordings);
    let unmatched = comparison.unmatched();
    let mut reads = app.table.findings().reads(of);
    let elsewhere = reads.named(&unmatched, true).await?;
    let elsewhere: HashMap<RecordingId, Recording> = elsewhere
        .into_iter()
        .filter(|recording| recording.exists(now))
        .filter(|recording| users.get(&recording.id) == Some(&&recording.user))
        .map(|recording| (recording.id, recording))
        .collect();
    let unmatched: Vec<RecordingId> =
        unmatched.into_iter().filter(|id| !elsewhere.contains_key(id)).collect();
    let erased: HashSet<RecordingId> = reads.erased(&unmatched).await?.into_iter().collect();
    forget(app, organisation, reports, &erased, now).await?;
    let refusals: HashMap<RecordingId, &str> = refused
        .iter()
        .filter_map(|event| {
            let (id, cause) = (event.recording?, event.denial.as_deref()?);
            let is_own = event.actor == format!("user:{}", users.get(&id)?);
            is_own.then_some((id, cause))
        })
        .collect();
    let open: HashSet<RecordingId> = unmatched
        .into_iter()
        .filter(|id| !erased.contains(id) && !refusals.contains_key(id))
        .collect();
    let lacked = lacked(app, organisation, reports, &open).await?;
    let unreported: Vec<RecordingId> = match has_reports {
        true => comparison.unreported().into_iter().map(|(report, _)| report).collect(),
        false => Vec::new(),
    };
    let others = app.table.call_records().named(of, &unreported).await?;
    let of_other_days = comparison.of_other_days(&others);
    Ok(comparison.lines(&Facts { elsewhere, erased, refusals, lacked, of_other_days }))
}

/// Removes the counterparts of erased calls, which a repeated report may have brought back.
async fn forget(
    app: &App,
    organisation: &Organisation,
    reports: &[CallRecord],
    erased: &HashSet<RecordingId>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let named = reports
        .iter()
        .filter(|report| erased.contains(&report.id) && report.counterpart != Counterpart::Unknown);
    Ok(app.table.call_records().forget(&organisation.id, named.cloned(), now).await?)
}

/// The condition that the user lacked to be recorded, for each of the `open` calls with
/// one. 1 request for each 100 users, and 2 for a user whose last two periods do not decide.
async fn lacked(
    app: &App,
    organisation: &Organisation,
    reports: &[CallRecord],
    open: &HashSet<RecordingId>,
) -> Result<BTreeMap<RecordingId, &'static str>, Failure> {
    let open: Vec<&CallRecord> =
        reports.iter().filter(|report| open.contains(&report.id)).collect();
    let users: BTreeSet<UserId> = open.iter().map(|report| report.user.clone()).collect();
    let users = app.table.people().users_or_removed(&organisation.id, &users).await?;
    let (mut lacked, mut doubtful) = (BTreeMap::new(), BTreeMap::<&UserId, Vec<_>>::new());
    for report in open {
        let Some(user) = users.get(&report.user) else {
            lacked.insert(report.id, UNKNOWN_USER);
            continue;
        };
        match recorded_at(organisation, user, report.started_at) {
            Recorded::Yes => continue,
            recorded => lacked.insert(report.id, recorded.into()),
        };
        if may_be_earlier(organisation, user, report.started_at) {
            doubtful.entry(&user.id).or_default().push(report);
        }
    }
    if doubtful.is_empty() {
        return Ok(lacked);
    }
    let base_service = app.table.ledgers().base_service(&organisation.id).await?;
    for (id, reports) in doubtful {
        let Some(user) = users.get(id) else { continue };
        let in_earlier = earlier(app, organisation, user, &base_service, &reports).await?;
        lacked.retain(|id, _| !in_earlier.contains(id));
    }
    Ok(lacked)
}

/// The calls of the user that an earlier period contains. 1 request.
async fn earlier(
    app: &App,
    organisation: &Organisation,
    user: &User,
    base_service: &BaseService,
    reports: &[&CallRecord],
) -> Result<HashSet<RecordingId>, Failure> {
    let entries = app.table.activations().of_user(&organisation.id, &user.id).await?;
    let events: Vec<_> =
        entries.iter().filter(|entry| !entry.is_correction()).map(|entry| &entry.event).collect();
    let is_recorded = |report: &&&CallRecord| {
        let events = events.iter().copied();
        was_recorded(organisation, user, events, base_service, report.started_at)
    };
    Ok(reports.iter().filter(is_recorded).map(|report| report.id).collect())
}
