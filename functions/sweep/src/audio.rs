//! Faults of the audio: items against objects. What looks like one is read again, item and object, before it is one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    ids::RecordingId,
    recording::Recording,
    sweep::{Kind, Object, Repair, audio, needs_checksum},
};
use platform::{
    objects::key,
    table::sweep::{Finding, Reads},
};

use crate::{App, Failure, Order, look::Seen, mend::Mend, organisation::Fault};

/// The faults of what is seen. For each that looks like one: 1 read of a hundredth, 1 list, 1 HEAD for each version where it has several.
pub async fn faults(app: &App, order: &Order, reads: &mut Reads<'_>, seen: &Seen, now: DateTime<Utc>) -> Result<Vec<Fault>, Failure> {
    let (mut faults, mut suspects) = (Vec::new(), Vec::new());
    for id in seen.rows.keys().chain(seen.listing.of.keys().filter(|id| !seen.rows.contains_key(id))) {
        let (row, object) = (seen.rows.get(id), seen.listing.of.get(id));
        match audio(row, object, now) {
            // Until now nothing was there, and nothing of what is said would be different if something came this minute.
            Some((Kind::NeverCame, None)) => faults.push(fault(order, *id, Kind::NeverCame, None, row, object)),
            Some(_) => suspects.push(*id),
            None if row.zip(object).is_some_and(|(row, object)| row.exists(now) && needs_checksum(row, object)) => suspects.push(*id),
            None => {}
        }
    }
    suspects.sort();
    let mut looked_at = HashMap::new();
    for id in suspects {
        let object = look_again(app, order, seen.rows.get(&id), id).await?;
        if audio(seen.rows.get(&id), Some(&object), now).is_some() {
            looked_at.insert(id, object);
        }
    }
    let mut ids: Vec<_> = looked_at.keys().copied().collect();
    ids.sort();
    let stands: HashMap<_, _> = reads.named(&ids, true).await?.into_iter().map(|recording| (recording.id, recording)).collect();
    let unknown: Vec<_> = ids.iter().copied().filter(|id| !stands.contains_key(id)).collect();
    let erased = reads.erased(&unknown).await?;
    for id in ids {
        let (row, object) = (stands.get(&id), looked_at.get(&id));
        if let Some((kind, repair)) = audio(row, object, now) {
            // What came for an erased recording is removed by `ingest`.
            let repair = repair.or(erased.contains(&id).then_some(Repair::TellAgain));
            faults.push(fault(order, id, kind, repair, row, object));
        }
    }
    let stray = |key: &String| Fault { finding: Finding::new(Kind::Stray, key, order.night, true), mend: Some(Mend::Tell(key.clone())) };
    faults.extend(seen.listing.strays.iter().map(stray));
    Ok(faults)
}

/// What lies there now, with checksums where they matter.
async fn look_again(app: &App, order: &Order, row: Option<&Recording>, id: RecordingId) -> Result<Object, Failure> {
    let key = key(&order.organisation, id);
    let object = app.objects.object(&key).await?;
    match row.filter(|row| needs_checksum(row, &object)) {
        Some(row) => Ok(app.objects.with_checksums(&key, object, row.audio.length).await?),
        None => Ok(object),
    }
}

fn fault(order: &Order, id: RecordingId, kind: Kind, repair: Option<Repair>, row: Option<&Recording>, object: Option<&Object>) -> Fault {
    let finding = Finding::new(kind, id, order.night, repair.is_some());
    let came = object.and_then(|object| object.versions.first()).map(|version| version.modified_at);
    let finding = match row {
        Some(row) => finding.about(row),
        None => Finding { age_from: came.unwrap_or(order.night), ..finding },
    };
    let key = key(&order.organisation, id);
    let mend = repair.map(|repair| match repair {
        Repair::TellAgain => Mend::Tell(key),
        Repair::Unhide(names) => Mend::Unhide { key, names },
    });
    Fault { finding, mend }
}
