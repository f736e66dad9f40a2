//! Sweeps one organisation: looks, notes what does not agree, mends it, and keeps that the night is done.

use std::collections::{HashMap, HashSet};

use domain::sweep::Kind;
use platform::table::sweep::{Finding, Swept};

use crate::{
    App, Failure, Order, audio, counts, look,
    mend::{self, Mend},
    words,
};

/// Something that does not agree, and what mends it.
#[derive(Debug)]
pub struct Fault {
    pub finding: Finding,
    pub mend: Option<Mend>,
}

/// Sweeps the organisation, unless the night is done.
pub async fn sweep(app: &App, order: &Order) -> Result<(), Failure> {
    let (organisation, night, now) = (&order.organisation, order.night, (app.now)());
    let mut reads = app.table.reads(organisation);
    let last = reads.swept().await?;
    if last.as_ref().is_some_and(|last| last.night >= night) {
        return Ok(());
    }
    let before = reads.findings().await?;
    let counted = reads.usage().await?;
    let seen = look::look(app, order, &mut reads, last.as_ref(), &before, now).await?;
    let mut faults = audio::faults(app, order, &mut reads, &seen, now).await?;
    faults.extend(counts::faults(order, &mut reads, &seen, &faults, counted).await?);
    let said = words::faults(app, order, &mut reads, &seen, last.and_then(|last| last.said), now).await?;
    faults.extend(said.faults);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sweep reads some thousand units")]
    let swept = Swept {
        night,
        at: now,
        complete: seen.complete,
        rolled: seen.rolled.clone(),
        said: said.next,
        recordings: seen.day as u64,
        older: seen.older as u64,
        objects: seen.listing.objects,
        words: said.looked_at,
        of_words: said.of,
        units: reads.spent.ceil() as u64,
    };
    close(app, order, before, faults, &seen.put_off, &swept).await
}

/// Notes what was found, mends it, and forgets what an earlier night found and this one does not. What this night noted before a crash stays.
async fn close(
    app: &App,
    order: &Order,
    before: Vec<Finding>,
    faults: Vec<Fault>,
    put_off: &HashSet<String>,
    swept: &Swept,
) -> Result<(), Failure> {
    let place = |finding: &Finding| (finding.kind, finding.subject.clone());
    let known: HashMap<(Kind, String), Finding> = before.into_iter().map(|finding| (place(&finding), finding)).collect();
    let (found, mends): (Vec<_>, Vec<_>) = faults.into_iter().map(|fault| (fault.finding.as_before(&known), fault.mend)).unzip();
    app.table.note_findings(&order.organisation, &found).await?;
    mend::mend(app, &order.organisation, mends.into_iter().flatten().collect()).await?;
    let found: HashMap<_, _> = found.iter().map(|finding| (place(finding), finding)).collect();
    let gone =
        |finding: &Finding| !found.contains_key(&place(finding)) && finding.night != order.night && !put_off.contains(&finding.subject);
    let (ended, stays): (Vec<_>, Vec<_>) = known.into_values().partition(gone);
    app.table.end_findings(&order.organisation, &ended).await?;
    app.table.keep_swept(&order.organisation, swept).await?;
    tell(order, found.into_values().chain(stays.iter().filter(|finding| finding.night == order.night)), swept);
    Ok(())
}

/// Says what was found. An alarm counts the lines of audio that is lost.
fn tell<'a>(order: &Order, findings: impl Iterator<Item = &'a Finding>, swept: &Swept) {
    let (mut found, mut mended) = (0, 0);
    for finding in findings {
        (found, mended) = (found + 1, mended + u64::from(finding.mended));
        let (organisation, kind, recording) = (&order.organisation, finding.kind.as_str(), finding.recording());
        let recording = recording.map(|id| id.to_string());
        match finding.kind {
            Kind::Lost | Kind::Replaced | Kind::NoRecording if !finding.mended => {
                tracing::error!(%organisation, kind, recording, "audio is not where it belongs");
            }
            _ => tracing::warn!(%organisation, kind, recording, mended = finding.mended, "found"),
        }
    }
    let Swept { recordings, older, objects, words, of_words, units, .. } = swept;
    tracing::info!(organisation = %order.organisation, recordings, older, objects, words, of_words, units, found, mended, "swept");
}
