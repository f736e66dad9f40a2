//! The promises that must hold once a storm is over and everything is quiet.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::manifest,
    recording::{Recording, State},
    retention::{BACKDATED, GRACE, expires_at},
    search::{Posting, ends_at},
};
use platform::{
    objects,
    table::{Table, keeping::RetentionSnapshot, key},
};
use serde_json::{Value, json};
use tests::people::{organisation, user};

use crate::{
    aws::TABLE,
    clock,
    function::{DROP, QUARANTINE, RECORDINGS},
    life::{Life, calm_table, seen_by},
    plan::{Action, BUSY, COUNTERPARTS, Filter, NOTES, ORGANISATIONS, Step, USERS, Whom},
    storm::{BEGUN, SETTLES},
    truth::{Call, Hold, Truth},
};

/// The only right end of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Exists,
    Gone,
    /// Something happened at the same time that decides, and nobody knows in which order.
    Either,
}

/// How long a job may take in a storm.
const JOB: TimeDelta = TimeDelta::days(1);

/// Everything that is found at the end.
struct Found {
    now: DateTime<Utc>,
    items: Vec<Value>,
    /// Recordings by organisation and call id.
    recordings: BTreeMap<(usize, String), RetentionSnapshot>,
}

/// Checks everything. Returns what is wrong.
pub async fn check(life: &Life, steps: &[Step]) -> anyhow::Result<Vec<String>> {
    let table = calm_table(life.service.aws());
    let mut found = Found {
        now: clock::now(),
        items: life.service.aws().tables().everything(TABLE)?,
        recordings: BTreeMap::new(),
    };
    for (of, name) in ORGANISATIONS.into_iter().enumerate() {
        for seen in all(&table, name).await? {
            let call = seen.recording.call.to_string();
            found.recordings.insert((of, call), seen);
        }
    }
    let mut wrong = std::mem::take(&mut life.truth.borrow_mut().violations);
    {
        let truth = life.truth.borrow();
        for call in &truth.calls {
            wrong.extend(call_is_right(life, &truth, steps, &found, call)?);
        }
        wrong.extend(dead_letters_are_poison(life, &truth));
        wrong.extend(folders_are_right(life, &truth, &found));
    }
    wrong.extend(postings_are_exact(&found));
    wrong.extend(usage_is_exact(&table, &found).await?);
    wrong.extend(jobs_are_done(life, &found).await?);
    wrong.extend(searches_are_right(life, &found).await?);
    wrong.extend(nothing_is_missing(life).await?);
    Ok(wrong)
}

async fn all(table: &Table, name: &str) -> anyhow::Result<Vec<RetentionSnapshot>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (page, next) =
            table.retention().seen_by_id(&organisation(name), after.as_deref(), 500).await?;
        all.extend(page);
        after = next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

// -------------------------------------------------------------------- recordings

fn call_is_right(
    life: &Life,
    truth: &Truth,
    steps: &[Step],
    found: &Found,
    call: &Call,
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
        return Ok(wrong);
    }
    wrong.extend(edits_are_audited(found, call));
    match (fate(truth, steps, found.now, call), there) {
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

/// The only right end of the call's recording.
fn fate(truth: &Truth, steps: &[Step], now: DateTime<Utc>, call: &Call) -> Fate {
    let Some(registered_at) = call.registered_at else { return Fate::Either };
    let holds: Vec<&Hold> =
        truth.holds.iter().filter(|hold| hold.includes.contains(&call.number)).collect();
    let erasures =
        truth.erasures.iter().filter(|erasure| call.concerns(erasure.organisation, erasure.person));
    let mut may_be_erased = false;
    for erasure in erasures {
        let done_at = erasure.confirmed_at.unwrap_or(now) + JOB;
        if call.sent_at >= done_at || !erasure.is_accepted && erasure.confirmed_at.is_some() {
            continue;
        }
        let (begins_at, ends_at) = (erasure.sent_at, done_at);
        let protects = |hold: &&Hold| {
            hold.confirmed_at + JOB < begins_at && hold.lifted_at.is_none_or(|at| at > ends_at)
        };
        if holds.iter().copied().any(|hold| protects(&hold)) {
            continue;
        }
        if registered_at <= erasure.sent_at
            && erasure.confirmed_at.is_some()
            && may_hold(truth, call).is_empty()
        {
            return Fate::Gone;
        }
        may_be_erased = true;
    }
    let days = retentions(steps, call.organisation);
    let begins = |registered: DateTime<Utc>| call.started_at.max(registered - BACKDATED);
    let earliest = expires_at(begins(call.sent_at), *days.first().expect("180 is one"));
    let latest = expires_at(begins(registered_at), *days.last().expect("180 is one"));
    let is_held = |hold: &&&Hold| hold.confirmed_at + JOB < earliest;
    if holds.iter().filter(is_held).any(|hold| hold.lifted_at.is_none()) {
        return if may_be_erased { Fate::Either } else { Fate::Exists };
    }
    let in_grace = |hold: &&Hold| hold.lifted_at.is_some_and(|at| at > latest && now < at + GRACE);
    if holds
        .iter()
        .copied()
        .filter(|hold| hold.confirmed_at + JOB < earliest)
        .any(|hold| in_grace(&hold))
    {
        return if may_be_erased { Fate::Either } else { Fate::Exists };
    }
    if now < earliest {
        return if may_be_erased { Fate::Either } else { Fate::Exists };
    }
    let may_be_held = may_hold(truth, call).into_iter().any(|hold| match hold.lifted_at {
        Some(at) => now < at + JOB + GRACE,
        None => true,
    });
    if latest < now && !may_be_held { Fate::Gone } else { Fate::Either }
}

/// Every hold that may have found the call: also those by a filter, ordered while it was registered.
fn may_hold<'a>(truth: &'a Truth, call: &Call) -> Vec<&'a Hold> {
    let holds = truth.holds.iter().filter(|hold| hold.organisation == call.organisation);
    let may_find = |hold: &&Hold| {
        let matches = hold.filter.is_some_and(|filter| filter.may_hold(call));
        hold.includes.contains(&call.number) || matches && call.sent_at <= hold.confirmed_at
    };
    holds.filter(may_find).collect()
}

/// The retentions that the organisation may have had, in days, from the shortest.
fn retentions(steps: &[Step], of: usize) -> Vec<u16> {
    let changes = steps.iter().filter(|step| step.organisation == of);
    let mut days: Vec<u16> = changes
        .filter_map(|step| if let Action::Retain { days } = step.what { Some(days) } else { None })
        .chain([180])
        .collect();
    days.sort_unstable();
    days
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

/// A recording that is gone has left nothing.
fn nothing_is_left(
    life: &Life,
    truth: &Truth,
    found: &Found,
    call: &Call,
) -> anyhow::Result<Vec<String>> {
    let Some(id) = &call.id else { return Ok(Vec::new()) };
    let name = format!("{} {}", ORGANISATIONS[call.organisation], call.name());
    let mut wrong = Vec::new();
    for bucket in [RECORDINGS, QUARANTINE] {
        for key in
            life.service.aws().store.everything(bucket).into_keys().filter(|key| key.contains(id))
        {
            wrong.push(format!("{name} is gone, and {bucket} has {key}"));
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
        if kinds.iter().any(|kind| pk.ends_with(kind)) && sk.contains(id.as_str()) {
            wrong.push(format!("{name} is gone, and {pk} has {sk}"));
        }
    }
    Ok(wrong)
}

/// A removed recording has left one receipt, unless nothing of it was ever stored.
fn one_receipt_remains(found: &Found, call: &Call) -> Vec<String> {
    let Some(id) = call.id.as_ref().filter(|_| call.uploaded_at.is_some()) else {
        return Vec::new();
    };
    let receipts = found.items.iter().filter(|item| {
        item["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with("#audit"))
            && matches!(item["deed"]["S"].as_str(), Some("expire" | "erase"))
            && item["recording"]["S"].as_str() == Some(id)
    });
    match receipts.count() {
        1 => Vec::new(),
        count => vec![format!("{} is gone with {count} receipts", call.name())],
    }
}

/// Each confirmed edit has its event in the audit log.
fn edits_are_audited(found: &Found, call: &Call) -> Vec<String> {
    let events = found.items.iter().filter(|item| {
        item["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with("#audit"))
            && item["deed"]["S"].as_str() == Some("annotate")
            && item["recording"]["S"].as_str() == call.id.as_deref()
            && item["refused"].is_null()
    });
    let count = events.count();
    if count < call.edits.len() {
        return vec![format!("{} has {count} events of {} edits", call.name(), call.edits.len())];
    }
    Vec::new()
}

// -------------------------------------------------------------------- what follows from recordings

/// Each word and hold of a recording has its posting, with its expiry, and there are no others.
fn postings_are_exact(found: &Found) -> Vec<String> {
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
async fn usage_is_exact(table: &Table, found: &Found) -> anyhow::Result<Vec<String>> {
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
fn dead_letters_are_poison(life: &Life, truth: &Truth) -> Vec<String> {
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
    wrong.extend(
        life.service
            .given_up()
            .into_iter()
            .map(|(function, record)| format!("{function} gave up {}", record["dynamodb"]["Keys"])),
    );
    wrong
}

/// Every recording that was stored in time for a morning of the first days is in one scheduled folder.
fn folders_are_right(life: &Life, truth: &Truth, found: &Found) -> Vec<String> {
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

// -------------------------------------------------------------------- what people see

/// Each job has come to its end.
async fn jobs_are_done(life: &Life, found: &Found) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let of_jobs = found
        .items
        .iter()
        .filter(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with("#order")));
    for item in of_jobs {
        let state = item["state"]["S"].as_str().unwrap_or_default();
        if !matches!(state, "previewed" | "held" | "lifted" | "done" | "overtaken") {
            wrong.push(format!("{} {} is {state}", item["pk"]["S"], item["sk"]["S"]));
        }
    }
    let holds: Vec<(usize, String, bool)> = {
        let truth = life.truth.borrow();
        truth
            .holds
            .iter()
            .map(|hold| (hold.organisation, hold.id.clone(), hold.lifted_at.is_some()))
            .collect()
    };
    for (of, id, lifted) in holds {
        let shown = life.job(of, &format!("/v1/holds/{id}")).await?;
        let expected = if lifted { "lifted" } else { "held" };
        if shown["hold"]["state"] != json!(expected) {
            wrong.push(format!("hold {id} is {}, not {expected}", shown["hold"]["state"]));
        }
    }
    let erasures: Vec<(usize, String)> = {
        let truth = life.truth.borrow();
        let accepted = truth.erasures.iter().filter(|erasure| erasure.is_accepted);
        accepted.map(|erasure| (erasure.organisation, erasure.id.clone())).collect()
    };
    for (of, id) in erasures {
        let shown = life.job(of, &format!("/v1/erasures/{id}")).await?;
        if shown["state"] != json!("done") {
            wrong.push(format!("erasure {id} is {}, not done", shown["state"]));
        }
    }
    Ok(wrong)
}

/// Each caller finds exactly the recordings that they may see and that match.
async fn searches_are_right(life: &Life, found: &Found) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let callers = [Whom::User(0), Whom::Supervisor, Whom::Administrator];
    let filters =
        (0..NOTES.len()).map(Filter::Note).chain((0..COUNTERPARTS.len()).map(Filter::Counterpart));
    let filters: Vec<Filter> = [Filter::All].into_iter().chain(filters).collect();
    for (of, name) in ORGANISATIONS.into_iter().enumerate() {
        for whom in callers {
            let (_, may_see) = seen_by(whom);
            for filter in &filters {
                let rows = life.finds(of, whom, *filter).await?;
                let own = found.recordings.iter().filter(|((organisation, _), seen)| {
                    *organisation == of
                        && may_see.contains(&seen.recording.user.as_str())
                        && matches(*filter, &seen.recording)
                });
                let mut expected: Vec<String> =
                    own.map(|(_, seen)| seen.recording.id.to_string()).collect();
                expected.sort();
                if rows != expected {
                    wrong.push(format!(
                        "{whom:?} of {name} finds {} rows by {filter:?}, not {}",
                        rows.len(),
                        expected.len()
                    ));
                }
            }
        }
    }
    Ok(wrong)
}

fn matches(filter: Filter, recording: &Recording) -> bool {
    match filter {
        Filter::All => true,
        Filter::User(user) => recording.user.as_str() == USERS[user],
        Filter::Counterpart(counterpart) => {
            let named = domain::counterpart::Counterpart::read(
                COUNTERPARTS[counterpart],
                Default::default(),
            );
            recording.counterpart == named
        }
        Filter::Note(note) => {
            let word = NOTES[note].split(' ').next().unwrap_or_default().to_lowercase();
            let note = recording.annotation.note.as_ref().map(|note| note.as_str().to_lowercase());
            note.is_some_and(|note| note.split(' ').any(|other| other.starts_with(&word)))
        }
    }
}

/// The last reconciliation reports only calls whose audio never came.
async fn nothing_is_missing(life: &Life) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (of, name) in ORGANISATIONS.into_iter().enumerate() {
        for finding in life.findings(of).await? {
            if finding["kind"] != "never-came" && finding["repaired"] != json!(true) {
                wrong.push(format!("{name}: reconcile found {finding}"));
            }
        }
    }
    Ok(wrong)
}
