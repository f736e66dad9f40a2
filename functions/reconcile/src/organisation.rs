//! Reconciles one organisation: finds, stores and repairs discrepancies, and marks the night done.

use std::collections::{HashMap, HashSet};

use domain::reconcile::Kind;
use platform::table::reconcile::{Finding, Reconciled};

use crate::{
    App, Failure, Order, audio, counts, look,
    repair::{self, RepairStep},
    words,
};

/// A discrepancy, and its repair.
#[derive(Debug)]
pub struct Discrepancy {
    pub finding: Finding,
    pub repair: Option<RepairStep>,
}

/// Reconciles the organisation, after the `last` night.
pub async fn reconcile(app: &App, order: &Order, last: Option<Reconciled>) -> Result<(), Failure> {
    let (organisation, night, now) = (&order.organisation, order.night, (app.now)());
    let mut reads = app.table.findings().reads(organisation);
    reads.spent += 1.0; // for `last`, an item of less than 4 KB
    let before = reads.findings().await?;
    let counted = reads.usage().await?;
    let seen = look::look(app, order, &mut reads, last.as_ref(), &before, now).await?;
    let mut discrepancies = audio::discrepancies(app, order, &mut reads, &seen, now).await?;
    discrepancies
        .extend(counts::discrepancies(order, &mut reads, &seen, &discrepancies, counted).await?);
    let checked = words::discrepancies(
        app,
        order,
        &mut reads,
        &seen,
        last.as_ref().and_then(|last| last.stated.clone()),
        now,
    )
    .await?;
    discrepancies.extend(checked.discrepancies);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a night reads some thousand units"
    )]
    let reconciled = Reconciled {
        night,
        at: now,
        complete: seen.complete,
        rolled: seen.rolled.clone(),
        stated: checked.next,
        recordings: seen.day as u64,
        older: seen.older as u64,
        objects: seen.listing.objects,
        words: checked.looked_at,
        of_words: checked.of,
        units: reads.spent.ceil() as u64,
        accounted: last.and_then(|last| last.accounted),
    };
    close(app, order, before, discrepancies, &seen.postponed, &reconciled).await
}

/// Stores and repairs the findings, and ends earlier ones that this night did not find again.
async fn close(
    app: &App,
    order: &Order,
    before: Vec<Finding>,
    discrepancies: Vec<Discrepancy>,
    postponed: &HashSet<String>,
    reconciled: &Reconciled,
) -> Result<(), Failure> {
    let place = |finding: &Finding| (finding.kind, finding.subject.clone());
    let known: HashMap<(Kind, String), Finding> =
        before.into_iter().map(|finding| (place(&finding), finding)).collect();
    let (found, repairs): (Vec<_>, Vec<_>) = discrepancies
        .into_iter()
        .map(|discrepancy| (discrepancy.finding.as_before(&known), discrepancy.repair))
        .unzip();
    app.table.findings().note(&order.organisation, &found).await?;
    repair::repair(app, &order.organisation, repairs.into_iter().flatten().collect()).await?;
    let found: HashMap<_, _> = found.iter().map(|finding| (place(finding), finding)).collect();
    let gone = |finding: &Finding| {
        !found.contains_key(&place(finding))
            && finding.night != order.night
            && !postponed.contains(&finding.subject)
    };
    let (ended, remaining): (Vec<_>, Vec<_>) = known.into_values().partition(gone);
    app.table.findings().end(&order.organisation, &ended).await?;
    app.table.findings().keep_state(&order.organisation, reconciled).await?;
    log_findings(
        order,
        found.into_values().chain(remaining.iter().filter(|finding| finding.night == order.night)),
        reconciled,
    );
    Ok(())
}

/// Logs the findings. An alarm counts the lines about lost audio.
fn log_findings<'a>(
    order: &Order,
    findings: impl Iterator<Item = &'a Finding>,
    reconciled: &Reconciled,
) {
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
    let Reconciled { recordings, older, objects, words, of_words, units, .. } = reconciled;
    tracing::info!(organisation = %order.organisation, recordings, older, objects, words, of_words, units, found, repaired, "reconciled");
}
