//! Each recording, and what remains of those that have ended.

use domain::recording::{Recording, State};
use platform::objects;

use super::{
    Found,
    fate::Fate,
    forgotten::{nothing_is_left, one_receipt_remains},
};
use crate::{
    function::{QUARANTINE, RECORDINGS},
    life::Life,
    plan::{NOTES, ORGANISATIONS, USERS},
    truth::{Call, Truth},
};

pub(super) fn call_is_right(
    life: &Life,
    truth: &Truth,
    found: &Found,
    call: &Call,
    fate: Fate,
) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let name = format!("{} {}", ORGANISATIONS[call.organisation], call.name());
    let there = found.recordings.get(&(call.organisation, call.name()));
    if let Some(cause) = &call.refused {
        let erased = truth
            .erasures
            .iter()
            .any(|erasure| call.concerns(erasure.organisation, erasure.person));
        if cause != "erased" || !erased {
            wrong.push(format!("{name} was refused: {cause}"));
        }
        if there.is_some() {
            wrong.push(format!("{name} was refused, and exists"));
        }
        wrong.extend(nothing_is_left(life, truth, found, call)?);
        return Ok(wrong);
    }
    wrong.extend(edits_are_audited(found, call, there.is_some()));
    match (fate, there) {
        (Fate::Exists, None) => wrong.push(format!("{name} is lost")),
        (Fate::Gone, Some(there)) => {
            wrong.push(format!("{name} still exists: {:?}", there.retained));
        }
        _ => {}
    }
    let Some(seen) = there else {
        wrong.extend(nothing_is_left(life, truth, found, call)?);
        wrong.extend(one_receipt_remains(found, call));
        return Ok(wrong);
    };
    wrong.extend(audio_is_right(life, call, &seen.recording));
    if seen.recording.user.as_str() != USERS[call.user] {
        wrong.push(format!("{name} belongs to {}", seen.recording.user));
    }
    let note = seen.recording.annotation.note.as_ref().map(|note| note.as_str().to_owned());
    let last = call.edits.iter().max_by_key(|(version, _)| *version);
    let (version, expected) = match last {
        Some((version, note)) => (*version, Some(note.clone())),
        None => (0, call.what.note.map(|note| NOTES[note].to_owned())),
    };
    let is_known = !call.edited_otherwise && !truth.annotated.contains(&call.number);
    if is_known && note != expected {
        wrong.push(format!("{name} has the note {note:?}, not {expected:?}"));
    }
    if seen.recording.version < version {
        wrong.push(format!(
            "{name} has version {}, and {version} was confirmed",
            seen.recording.version
        ));
    }
    Ok(wrong)
}

/// An existing recording's audio is what the phone sent, once, in the right bucket.
fn audio_is_right(life: &Life, call: &Call, recording: &Recording) -> Vec<String> {
    let mut wrong = Vec::new();
    let name = format!("{} {}", ORGANISATIONS[call.organisation], call.name());
    let store = &life.service.aws().store;
    let key = objects::key(&recording.organisation, recording.id);
    let versions = store.everything(RECORDINGS).remove(&key).unwrap_or_default();
    let aside = store.everything(QUARANTINE);
    let aside: Vec<_> = aside.iter().filter(|(of, _)| of.starts_with(&key)).collect();
    match (&recording.state, call.what.audio) {
        (State::Stored { .. }, true) => {
            if versions.len() != 1 || versions[0].body.as_ref() != Some(&call.bytes) {
                wrong.push(format!("{name} has {} versions of audio, or another", versions.len()));
            }
        }
        (State::Rejected { .. }, false) => {
            let right = aside.iter().any(|(_, versions)| {
                versions.iter().any(|version| version.body.as_ref() == Some(&call.bytes))
            });
            if !right || !versions.is_empty() {
                wrong.push(format!("{name} was refused, and is not set aside"));
            }
        }
        (State::Expected, _) if call.uploaded_at.is_none() => {}
        (state, audio) => wrong
            .push(format!("{name} is {state:?}; audio: {audio}, uploaded: {:?}", call.uploaded_at)),
    }
    wrong
}

/// Each confirmed edit has its event in the audit log and, while the recording exists, its place in
/// the history.
fn edits_are_audited(found: &Found, call: &Call, exists: bool) -> Vec<String> {
    let (name, id) = (ORGANISATIONS[call.organisation], call.recording());
    let mut wrong = Vec::new();
    let events = found.of(name, "audit").filter(|item| {
        item["deed"]["S"] == "annotate"
            && item["recording"]["S"] == id.as_str()
            && item["refused"].is_null()
    });
    let count = events.count();
    if count < call.edits.len() {
        wrong.push(format!("{} has {count} events of {} edits", call.name(), call.edits.len()));
    }
    for (version, _) in call.edits.iter().filter(|_| exists) {
        let key = format!("{id}#{version:010}");
        if !found.of(name, "edit").any(|item| item["sk"]["S"] == key.as_str()) {
            wrong.push(format!("{} lacks edit {version} in its history", call.name()));
        }
    }
    wrong
}
