//! Discrepancies between items and audio. Each candidate is confirmed by reading both again.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    ids::RecordingId,
    reconcile::{Kind, Object, Repair, audio, needs_checksum},
    recording::Recording,
};
use platform::{
    objects::key,
    table::reconcile::{Finding, Reads},
};

use crate::{App, Failure, Order, look::Seen, organisation::Discrepancy, repair::RepairStep};

/// The confirmed discrepancies. 1 read for each 100 candidates, 1 list for each, and 1 HEAD for
/// each version of those that have several.
pub async fn discrepancies(
    app: &App,
    order: &Order,
    reads: &mut Reads<'_>,
    seen: &Seen,
    now: DateTime<Utc>,
) -> Result<Vec<Discrepancy>, Failure> {
    let (mut discrepancies, mut suspects) = (Vec::new(), Vec::new());
    let unregistered = seen.listing.of.keys().filter(|id| !seen.rows.contains_key(id));
    let listed = seen.rows.keys().filter(|id| seen.has_listed(&order.organisation, **id));
    for id in listed.chain(unregistered) {
        let (row, object) = (seen.rows.get(id), seen.listing.of.get(id));
        match audio(row, object, now) {
            // No audio was found, and audio that arrives this minute would not change the finding.
            Some((Kind::NeverCame, None)) => {
                discrepancies.push(discrepancy(order, *id, Kind::NeverCame, None, row, object))
            }
            Some(_) => suspects.push(*id),
            None if row
                .zip(object)
                .is_some_and(|(row, object)| row.exists(now) && needs_checksum(row, object)) =>
            {
                suspects.push(*id)
            }
            None => {}
        }
    }
    suspects.sort();
    let mut objects = HashMap::new();
    for id in suspects {
        let object = read_again(app, order, seen.rows.get(&id), id).await?;
        if audio(seen.rows.get(&id), Some(&object), now).is_some() {
            objects.insert(id, object);
        }
    }
    let mut ids: Vec<_> = objects.keys().copied().collect();
    ids.sort();
    let rows: HashMap<_, _> = reads
        .named(&ids, true)
        .await?
        .into_iter()
        .map(|recording| (recording.id, recording))
        .collect();
    let unknown: Vec<_> = ids.iter().copied().filter(|id| !rows.contains_key(id)).collect();
    let erased = reads.erased(&unknown).await?;
    for id in ids {
        let (row, object) = (rows.get(&id), objects.get(&id));
        if let Some((kind, repair)) = audio(row, object, now) {
            // `ingest` removes audio that arrives for an erased recording.
            let repair = repair.or(erased.contains(&id).then_some(Repair::TellAgain));
            discrepancies.push(discrepancy(order, id, kind, repair, row, object));
        }
    }
    let stray = |key: &String| Discrepancy {
        finding: Finding::new(Kind::Stray, key, order.night, true),
        repair: Some(RepairStep::Notify(key.clone())),
    };
    discrepancies.extend(seen.listing.strays.iter().map(stray));
    Ok(discrepancies)
}

/// Reads the object again, with checksums if the row requires them.
async fn read_again(
    app: &App,
    order: &Order,
    row: Option<&Recording>,
    id: RecordingId,
) -> Result<Object, Failure> {
    let key = key(&order.organisation, id);
    let object = app.objects.object(&key).await?;
    match row.filter(|row| needs_checksum(row, &object)) {
        Some(row) => Ok(app.objects.with_checksums(&key, object, row.audio.length).await?),
        None => Ok(object),
    }
}

fn discrepancy(
    order: &Order,
    id: RecordingId,
    kind: Kind,
    repair: Option<Repair>,
    row: Option<&Recording>,
    object: Option<&Object>,
) -> Discrepancy {
    let finding = Finding::new(kind, id, order.night, repair.is_some());
    let arrived_at =
        object.and_then(|object| object.versions.first()).map(|version| version.modified_at);
    let finding = match row {
        Some(row) => finding.about(row),
        None => Finding { age_from: arrived_at.unwrap_or(order.night), ..finding },
    };
    let key = key(&order.organisation, id);
    let repair = repair.map(|repair| match repair {
        Repair::TellAgain => RepairStep::Notify(key),
        Repair::Unhide(names) => RepairStep::Unhide { key, names },
    });
    Discrepancy { finding, repair }
}
