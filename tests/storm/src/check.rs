//! The promises that must hold once a storm is over and everything is quiet.

mod billing;
mod derived;
mod fate;
mod forgotten;
mod past;
mod recordings;
mod seen;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use platform::table::{Table, keeping::RetentionSnapshot};
use serde_json::Value;
use tests::people::organisation;

use self::fate::Fate;

use crate::{
    aws::TABLE,
    clock,
    life::{Life, calm_table},
    plan::ORGANISATIONS,
    truth::Call,
};

/// The result of all checks.
#[derive(Debug, Default)]
pub struct Checked {
    /// Each promise that is broken.
    pub wrong: Vec<String>,
    /// Recordings by their right end; if nobody can predict it, by the reason.
    pub ends: BTreeMap<&'static str, u64>,
}

/// Everything that is found at the end.
struct Found {
    now: DateTime<Utc>,
    items: Vec<Value>,
    /// Recordings by organisation and call id.
    recordings: BTreeMap<(usize, String), RetentionSnapshot>,
}

/// Checks everything.
pub async fn check(life: &Life) -> anyhow::Result<Checked> {
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
    let mut ends = BTreeMap::new();
    {
        let truth = life.truth.borrow();
        for call in &truth.calls {
            let (of, id) = (ORGANISATIONS[call.organisation], call.recording());
            let past = life.service.aws().past();
            let fate = fate::fate(&truth, &past, found.now, call);
            let name = match fate {
                Fate::Exists => "exists",
                Fate::Gone => "gone",
                Fate::Open(reason) => reason,
            };
            *ends.entry(name).or_default() += 1;
            wrong.extend(past::past_is_right(&truth, past.of(of, &id), call));
            drop(past);
            wrong.extend(recordings::call_is_right(life, &truth, &found, call, fate)?);
        }
        wrong.extend(derived::dead_letters_are_poison(life, &truth));
        wrong.extend(derived::folders_are_right(life, &truth, &found));
    }
    wrong.extend(derived::postings_are_exact(&found));
    wrong.extend(derived::usage_is_exact(&table, &found).await?);
    wrong.extend(forgotten::terms_are_exact(&found));
    wrong.extend(billing::days_are_right(life, &found));
    wrong.extend(billing::months_are_right(life, found.now).await?);
    wrong.extend(seen::jobs_are_done(life, &found).await?);
    wrong.extend(seen::searches_are_right(life, &found).await?);
    wrong.extend(seen::nothing_is_missing(life).await?);
    Ok(Checked { wrong, ends })
}

/// Whether the call's recording must have ended for its readers.
pub fn is_gone(life: &Life, call: &Call, now: DateTime<Utc>) -> bool {
    let truth = life.truth.borrow();
    let past = life.service.aws().past();
    fate::fate(&truth, &past, now, call) == Fate::Gone
}

impl Found {
    /// The items of a kind.
    fn of<'a>(&'a self, organisation: &str, kind: &str) -> impl Iterator<Item = &'a Value> {
        let partition = format!("{organisation}#{kind}");
        self.items.iter().filter(move |item| item["pk"]["S"] == partition.as_str())
    }
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
