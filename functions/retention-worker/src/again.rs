//! Erases again, according to the bucket of erasures, what the restoration of a table brought back.
//!
//! Recordings with a tombstone are skipped, so the request can be repeated and a run can continue.
//! A restored hold was lifted before the erasure and prevents nothing. Open erasures are resent.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    ids::{OrganisationId, RecordingId},
    retention::RetentionState,
};
use platform::{
    erasures::{Erased, Subject},
    table::{
        self,
        job::{Kind, State},
        removal::Removal,
    },
};
use serde::{Deserialize, Serialize};

use crate::{App, Failure};

/// The operator's request, and the worker's message for the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Again {
    erase_again: Rest,
}

/// Where to continue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Rest {
    /// The last key of the previous page. None on the first page.
    after: Option<String>,
}

/// Subjects on one page.
const PAGE: i32 = 50;

/// Erases a page again, and sends the next. 1 list, and 2 reads for each organisation, of the table
/// and of its jobs; for each recording that is back the cost of its removal.
pub async fn erase(app: &App, again: &Again) -> Result<(), Failure> {
    let (subjects, next) =
        app.stores.erasures.erased_subjects(again.erase_again.after.as_deref(), PAGE).await?;
    let mut of_each: BTreeMap<OrganisationId, Vec<Subject>> = BTreeMap::new();
    for (of, subject) in subjects {
        of_each.entry(of).or_default().push(subject);
    }
    for (of, subjects) in of_each {
        one(app, &of, &subjects).await?;
    }
    match next {
        Some(after) => {
            let rest = Again { erase_again: Rest { after: Some(after) } };
            Ok(app.jobs.send(&rest, Duration::ZERO).await?)
        }
        None => {
            tracing::info!("everything that was erased is erased again");
            Ok(())
        }
    }
}

/// Erases a page of one organisation's subjects again.
async fn one(app: &App, of: &OrganisationId, subjects: &[Subject]) -> Result<(), Failure> {
    let (table, now) = (&app.stores.table, (app.now)());
    let ids: Vec<RecordingId> = subjects.iter().filter_map(Subject::recording).collect();
    let buried = table.tombstones().buried(of, &ids).await?;
    for subject in subjects {
        match subject {
            Subject::Recording(id) if buried.contains(id) => {}
            Subject::Recording(id) => {
                recording(app, of, *id, app.stores.erasures.erased(of, subject).await?).await?
            }
            Subject::Note(user, id) => {
                table.removals().forget_note(of, *id, Some(user), now).await?;
                table.removals().forget_early(of, user, *id).await?;
            }
            Subject::User(user) => {
                let erased = app.stores.erasures.erased(of, subject).await?;
                if !table.removals().forget_user(of, user, erased.erasure).await? {
                    tracing::warn!(organisation = %of, "a user is not removed in this table: remove the user, and erase again");
                }
            }
        }
    }
    let (erasures, _) = table.jobs().page(of, Kind::Erasure, 100, None, now).await?;
    for under_way in erasures.into_iter().filter(|erasure| erasure.state == State::Erasing) {
        app.jobs.send(&under_way.work(), Duration::ZERO).await?;
    }
    Ok(())
}

/// Erases a recording again, or what remains if its item is not back.
async fn recording(
    app: &App,
    of: &OrganisationId,
    id: RecordingId,
    erased: Erased,
) -> Result<(), Failure> {
    let (table, now) = (&app.stores.table, (app.now)());
    let Some(seen) = table.retention().seen(of, &[id]).await?.into_iter().next() else {
        return Ok(app.stores.remove_rest(of, id, erased, now).await?);
    };
    let ended = match seen.erased == Some(erased.erasure) && !seen.retained.exists(now) {
        true => Some(seen),
        false => {
            let retained = RetentionState {
                begins_at: seen.retained.begins_at,
                day: erased.ended_at,
                grace: None,
                held_since: None,
                holds: [].into(),
            };
            table.retention().end(&seen, &retained, erased.erasure).await?
        }
    };
    let removal = Removal::of(&ended.ok_or(table::Error::Busy)?)?;
    app.stores.remove(&removal, now).await?;
    tracing::info!(recording = %id, "erased again");
    Ok(())
}
