//! Postings, usage and folders follow from the recordings. And no work was lost.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::{
    delivery::manifest,
    recording::State,
    search::{Posting, ends_at},
};
use platform::table::{Table, keeping::RetentionSnapshot, key};
use serde_json::Value;
use tests::people::{organisation, user};

use super::Found;
use crate::{
    function::DROP,
    life::Life,
    plan::{BUSY, ORGANISATIONS, USERS},
    storm::{BEGUN, SETTLES},
    truth::Truth,
};

/// Each word and hold of a recording has its posting, with its expiry, and there are no others.
pub(super) fn postings_are_exact(found: &Found) -> Vec<String> {
    let is_posting =
        |item: &&Value| item["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with("#posting"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let actual: BTreeMap<(String, String), String> = found
        .items
        .iter()
        .filter(is_posting)
        .map(|item| {
            ((text(&item["pk"]["S"]), text(&item["sk"]["S"])), text(&item["expires_at"]["N"]))
        })
        .collect();
    let mut expected = BTreeMap::new();
    for seen in found.recordings.values() {
        let recording = &seen.recording;
        let end = ends_at(recording).map(|end| end.timestamp().to_string()).unwrap_or_default();
        let at = key::at(recording.started_at, recording.id);
        for posting in Posting::of(recording) {
            expected
                .insert((key::posting(&recording.organisation, &posting), at.clone()), end.clone());
        }
    }
    let mut wrong = Vec::new();
    for (of, end) in &expected {
        match actual.get(of) {
            None => wrong.push(format!("no posting {of:?}")),
            Some(other) if other != end => {
                wrong.push(format!("posting {of:?} ends at {other}, not {end}"))
            }
            Some(_) => {}
        }
    }
    wrong.extend(
        actual
            .keys()
            .filter(|of| !expected.contains_key(of))
            .map(|of| format!("posting {of:?} of nothing")),
    );
    wrong
}

/// Each user's count is what is stored.
pub(super) async fn usage_is_exact(table: &Table, found: &Found) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (of, name) in ORGANISATIONS.into_iter().enumerate() {
        for who in USERS {
            let stored = found.recordings.iter().filter(|((organisation, _), seen)| {
                *organisation == of
                    && seen.recording.user.as_str() == who
                    && matches!(seen.recording.state, State::Stored { .. })
            });
            let (mut recordings, mut bytes) = (0, 0);
            for (_, seen) in stored {
                recordings += 1;
                bytes += seen.recording.audio.length;
            }
            let key = key::usage(&organisation(name), &user(who));
            let get = table.client.get_item().table_name(&table.name).set_key(Some(key));
            let item = get.consistent_read(true).send().await?.item.unwrap_or_default();
            let number = |name: &str| {
                item.get(name)
                    .and_then(|value| value.as_n().ok()?.parse::<u64>().ok())
                    .unwrap_or_default()
            };
            let counted = (number("recordings"), number("bytes"));
            if counted != (recordings, bytes) {
                wrong.push(format!(
                    "{name} {who}: counted {counted:?}, stored {:?}",
                    (recordings, bytes)
                ));
            }
        }
    }
    Ok(wrong)
}

/// No message is a dead letter but the poison, and no record was given up.
pub(super) fn dead_letters_are_poison(life: &Life, truth: &Truth) -> Vec<String> {
    let aws = life.service.aws();
    let mut expected: Vec<(String, String)> =
        truth.poison.iter().map(|(queue, body)| ((*queue).to_owned(), body.clone())).collect();
    expected.sort();
    let queues = aws.queues();
    let mut dead: Vec<(String, String)> = queues
        .dead()
        .into_iter()
        .map(|(queue, body)| (queue.to_owned(), body.to_owned()))
        .collect();
    dead.sort();
    let mut wrong = Vec::new();
    if dead != expected {
        wrong.push(format!("dead letters {dead:?}, not {expected:?}"));
    }
    for (queue, body) in queues.expired() {
        wrong.push(format!("{queue} dropped {body} after its retention"));
    }
    wrong.extend(
        life.service
            .given_up()
            .into_iter()
            .map(|(function, record)| format!("{function} gave up {}", record["dynamodb"]["Keys"])),
    );
    wrong
}

/// Every recording that was stored in time for a morning of the first days is in one scheduled folder.
pub(super) fn folders_are_right(life: &Life, truth: &Truth, found: &Found) -> Vec<String> {
    let mut wrong = Vec::new();
    let begun: DateTime<Utc> = BEGUN.parse().expect("a valid time");
    let in_time = begun + BUSY + SETTLES;
    let written = life.service.aws().store.written(DROP);
    for call in &truth.calls {
        let there = found.recordings.get(&(call.organisation, call.name()));
        let is_due = |seen: &&RetentionSnapshot| matches!(seen.recording.state, State::Stored { at } if at < in_time);
        let Some(seen) = there.filter(is_due) else { continue };
        let file = manifest::file_name(&seen.recording);
        let home = manifest::home(&seen.recording.organisation);
        let folders: BTreeSet<&str> = written
            .iter()
            .filter(|key| key.starts_with(&home) && key.ends_with(&file))
            .filter_map(|key| key.rsplit('/').nth(1))
            .collect();
        if folders.len() != 1 {
            wrong.push(format!(
                "{} {} began {} and is {:?}, in the folders {folders:?}",
                ORGANISATIONS[call.organisation],
                call.name(),
                call.started_at,
                seen.recording.state
            ));
        }
    }
    wrong
}
