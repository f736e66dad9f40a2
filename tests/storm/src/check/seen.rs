//! The views of people: jobs, search results and findings.

use domain::recording::Recording;
use serde_json::json;

use super::Found;
use crate::{
    life::Life,
    plan::{COUNTERPARTS, Filter, NOTES, ORGANISATIONS, USERS, Whom},
};

/// Each job has come to its end.
pub(super) async fn jobs_are_done(life: &Life, found: &Found) -> anyhow::Result<Vec<String>> {
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
pub(super) async fn searches_are_right(life: &Life, found: &Found) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let callers = [Whom::User(0), Whom::Supervisor, Whom::Administrator];
    let filters =
        (0..NOTES.len()).map(Filter::Note).chain((0..COUNTERPARTS.len()).map(Filter::Counterpart));
    let filters: Vec<Filter> = [Filter::All].into_iter().chain(filters).collect();
    for (of, name) in ORGANISATIONS.into_iter().enumerate() {
        for whom in callers {
            let (_, may_see) = life.seen_by(of, whom);
            if whom == Whom::Supervisor && life.supervision(of).is_none() {
                continue; // changed twice at the same time
            }
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

pub(super) fn matches(filter: Filter, recording: &Recording) -> bool {
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
pub(super) async fn nothing_is_missing(life: &Life) -> anyhow::Result<Vec<String>> {
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
