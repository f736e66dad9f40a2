//! Reconciles one organisation: finds, stores and repairs discrepancies, and marks the night done.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use domain::reconcile::Kind;
use platform::table::reconcile::{Finding, Reconciled};

use crate::{
    App, Failure, Order, audio, counts, look,
    progress::{Progress, Progressed},
    repair::{self, RepairStep},
    words,
};

/// A discrepancy, and its repair.
#[derive(Debug)]
pub struct Discrepancy {
    pub finding: Finding,
    pub repair: Option<RepairStep>,
}

/// Reconciles the organisation, after the `last` night: all of it, or as much as an invocation may.
pub async fn reconcile(
    app: &App,
    order: &Order,
    last: Option<Reconciled>,
) -> Result<Progressed, Failure> {
    let (organisation, night, now) = (&order.organisation, order.night, (app.now)());
    let mut reads = app.table.findings().reads(organisation);
    reads.spent += 1.0; // for `last`, an item of less than 4 KB
    let before = reads.findings().await?;
    let counted = reads.usage().await?;
    let total = counts::sum(&counted);
    let begin = || Progress::begin(organisation, now, total);
    let mut progress = order.progress.clone().unwrap_or_else(begin);
    let (least, most) = progress.counted;
    progress.counted = (least.min(total), most.max(total));
    let seen = look::look(app, order, &mut reads, last.as_ref(), &before, &mut progress).await?;
    let mut discrepancies = audio::discrepancies(app, order, &mut reads, &seen, now).await?;
    progress.there = progress.there + counts::expected_total(&seen, &discrepancies);
    if !progress.rest.is_empty() {
        progress.units += whole(reads.spent);
        let is_compared = |finding: &Finding| seen.has_compared(organisation, finding);
        store(app, order, before, discrepancies, &seen.postponed, is_compared).await?;
        let next = Order { progress: Some(progress), ..order.clone() };
        app.queue.send(&next, Duration::ZERO).await?;
        return Ok(Progressed::Continues);
    }
    let users = order.progress.is_none().then(|| (counted, counts::by_user(&seen)));
    discrepancies.extend(counts::discrepancies(order, &mut reads, &progress, users).await?);
    let stated = last.as_ref().and_then(|last| last.stated.clone());
    let checked = words::discrepancies(app, order, &mut reads, &seen, stated, now).await?;
    discrepancies.extend(checked.discrepancies);
    let reconciled = Reconciled {
        night,
        at: progress.began,
        complete: if progress.complete { progress.began } else { seen.since },
        rolled: progress.rolled,
        stated: checked.next,
        recordings: seen.day as u64,
        older: seen.older as u64,
        objects: progress.objects,
        words: checked.looked_at,
        of_words: checked.of,
        units: progress.units + whole(reads.spent),
        accounted: last.and_then(|last| last.accounted),
    };
    let is_compared =
        |finding: &Finding| !finding.kind.is_of_audio() || seen.has_compared(organisation, finding);
    let found = store(app, order, before, discrepancies, &seen.postponed, is_compared).await?;
    app.table.findings().keep_state(organisation, &reconciled).await?;
    log_findings(order, &found, &reconciled);
    Ok(Progressed::Done)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an invocation reads some thousand units"
)]
fn whole(units: f64) -> u64 {
    units.ceil() as u64
}

/// Stores and repairs the findings, and ends earlier ones of what was compared that were not found
/// again. Returns the findings of this night.
async fn store(
    app: &App,
    order: &Order,
    before: Vec<Finding>,
    discrepancies: Vec<Discrepancy>,
    postponed: &HashSet<String>,
    is_compared: impl Fn(&Finding) -> bool,
) -> Result<Vec<Finding>, Failure> {
    let place = |finding: &Finding| (finding.kind, finding.subject.clone());
    let known: HashMap<(Kind, String), Finding> =
        before.into_iter().map(|finding| (place(&finding), finding)).collect();
    let (mut found, repairs): (Vec<_>, Vec<_>) = discrepancies
        .into_iter()
        .map(|discrepancy| (discrepancy.finding.as_before(&known), discrepancy.repair))
        .unzip();
    app.table.findings().note(&order.organisation, &found).await?;
    repair::repair(app, &order.organisation, repairs.into_iter().flatten().collect()).await?;
    let again: HashSet<_> = found.iter().map(place).collect();
    let rest = known.into_values().filter(|finding| !again.contains(&place(finding)));
    let (of_tonight, earlier): (Vec<_>, Vec<_>) =
        rest.partition(|finding| finding.night == order.night);
    let is_over = |finding: &Finding| is_compared(finding) && !postponed.contains(&finding.subject);
    let over: Vec<_> = earlier.into_iter().filter(is_over).collect();
    app.table.findings().end(&order.organisation, &over).await?;
    found.extend(of_tonight);
    Ok(found)
}

/// Logs the findings. An alarm counts the lines about lost audio.
fn log_findings(order: &Order, findings: &[Finding], reconciled: &Reconciled) {
    let (mut found, mut repaired) = (0, 0);
    for finding in findings {
        (found, repaired) = (found + 1, repaired + u64::from(finding.repaired));
        let (organisation, kind, recording) =
            (&order.organisation, finding.kind.into_str(), finding.recording());
        let recording = recording.map(|id| id.to_string());
        match finding.kind {
            Kind::Lost | Kind::Replaced | Kind::NoRecording if !finding.repaired => {
                tracing::error!(%organisation, kind, recording, "audio is not where it belongs");
            }
            _ => {
                tracing::warn!(%organisation, kind, recording, repaired = finding.repaired, "found")
            }
        }
    }
    let expected = findings.iter().filter(|finding| finding.kind == Kind::NeverCame);
    let oldest = expected.map(|finding| reconciled.at - finding.age_from).max().unwrap_or_default();
    let hours_expected = oldest.num_hours();
    let Reconciled { recordings, older, objects, words, of_words, units, .. } = reconciled;
    tracing::info!(organisation = %order.organisation, recordings, older, objects, words, of_words, units, found, repaired, hours_expected, "reconciled");
}
