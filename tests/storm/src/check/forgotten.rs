//! Of recordings that have ended a receipt remains, and nothing else.

use super::Found;
use crate::{
    aws::Image,
    function::{DROP, ERASURES, QUARANTINE, RECORDINGS},
    life::Life,
    plan::ORGANISATIONS,
    truth::{Call, Truth},
};
use anyhow::Context;

/// A recording that is gone has left nothing.
pub(super) fn nothing_is_left(
    life: &Life,
    truth: &Truth,
    found: &Found,
    call: &Call,
) -> anyhow::Result<Vec<String>> {
    let (id, of) = (call.recording(), ORGANISATIONS[call.organisation]);
    let name = format!("{of} {}", call.name());
    let mut wrong = Vec::new();
    let store = &life.service.aws().store;
    for bucket in [RECORDINGS, QUARANTINE, DROP] {
        for key in store.everything(bucket).into_keys().filter(|key| key.contains(&id)) {
            wrong.push(format!("{name} is gone, and {bucket} has {key}"));
        }
    }
    for (key, versions) in store.everything(DROP) {
        let texts =
            versions.iter().filter_map(|version| std::str::from_utf8(version.body.as_ref()?).ok());
        let names_it = |text: &str| {
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                .any(|word| word == call.name())
        };
        if key.contains(&format!("/{of}/")) && texts.into_iter().any(names_it) {
            wrong.push(format!("{name} is gone, and {DROP} names it in {key}"));
        }
    }
    let kinds: &[&str] = match truth.annotated.contains(&call.number) {
        true => &["#posting", "#awaited"],
        false => &["#posting", "#awaited", "#edit", "#early"],
    };
    for item in &found.items {
        let (pk, sk) = (
            item["pk"]["S"].as_str().context("a key")?,
            item["sk"]["S"].as_str().context("a key")?,
        );
        // The next morning removes the entry of a call whose audio never came.
        let may_remain = call.uploaded_at.is_none() && pk.ends_with("#awaited");
        if kinds.iter().any(|kind| pk.ends_with(kind)) && sk.contains(&id) && !may_remain {
            wrong.push(format!("{name} is gone, and {pk} has {sk}"));
        }
    }
    let is_erased = life.service.aws().past().of(of, &id).iter().any(Image::is_erased);
    if is_erased && !store.everything(ERASURES).contains_key(&format!("erased/{of}/recording/{id}"))
    {
        wrong.push(format!("{name} is erased without a record of it"));
    }
    Ok(wrong)
}

/// A removed recording has left one receipt, unless nothing of it was ever stored.
pub(super) fn one_receipt_remains(found: &Found, call: &Call) -> Vec<String> {
    if call.uploaded_at.is_none() {
        return Vec::new();
    }
    let id = call.recording();
    let receipts = found.items.iter().filter(|item| {
        item["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with("#audit"))
            && matches!(item["deed"]["S"].as_str(), Some("expire" | "erase"))
            && item["recording"]["S"] == id.as_str()
    });
    match receipts.count() {
        1 => Vec::new(),
        count => vec![format!("{} is gone with {count} receipts", call.name())],
    }
}

/// The dictionaries have the words and numbers of the recordings, and no others.
pub(super) fn terms_are_exact(found: &Found) -> Vec<String> {
    let mut wrong = Vec::new();
    for (of, name) in ORGANISATIONS.into_iter().enumerate() {
        let prefix = format!("{name}#");
        let postings = found.items.iter().filter_map(|item| item["pk"]["S"].as_str());
        let mut words: Vec<String> = postings
            .filter_map(|pk| pk.strip_prefix(&prefix)?.strip_suffix("#posting"))
            .filter(|word| word.contains('#'))
            .map(str::to_owned)
            .collect();
        let recordings =
            found.recordings.iter().filter(|((organisation, _), _)| *organisation == of);
        let mut numbers: Vec<String> = recordings
            .map(|(_, seen)| seen.recording.counterpart.to_string())
            .filter(|counterpart| !counterpart.contains(|c: char| c.is_ascii_alphabetic()))
            .map(|number| number.chars().filter(char::is_ascii_digit).collect())
            .collect();
        for known in [&mut words, &mut numbers] {
            known.sort();
            known.dedup();
        }
        let mut endings: Vec<String> =
            numbers.iter().map(|number| number.chars().rev().collect()).collect();
        endings.sort();
        for (kind, expected) in [("word", words), ("number", numbers), ("ending", endings)] {
            let listed = found.of(name, kind).filter_map(|item| item["sk"]["S"].as_str());
            let mut listed: Vec<&str> = listed.collect();
            listed.sort_unstable();
            if listed != expected {
                wrong.push(format!("{name} lists {kind} {listed:?}, not {expected:?}"));
            }
        }
    }
    wrong
}
