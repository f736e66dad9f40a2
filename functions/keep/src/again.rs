//! Erases again what a table has back after it was restored to an earlier moment: whatever the bucket of erasures says was erased.
//!
//! What has its tombstone is left as it is, so the same may be asked for at any time, and a run that was cut short goes on. A hold that the
//! restored table still has was lifted before the erasure, and keeps nothing. Erasures that were under way are told of again.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    ids::{OrganisationId, RecordingId},
    retention::Kept,
};
use platform::{
    erasures::{Erased, Subject},
    table::{
        self,
        order::{Kind, State},
        removal::Removal,
    },
};
use serde::{Deserialize, Serialize};

use crate::{App, Failure};

/// What an operator asks for, and the worker goes on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Again {
    erase_again: Rest,
}

/// Where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Rest {
    /// After this key of the bucket; none: at the first.
    after: Option<String>,
}

/// What is looked at in one page.
const PAGE: i32 = 50;

/// Erases a page again, and tells of the next. 1 list, 1 read of the table for each organisation and 1 of its orders; of each recording that
/// is back what its removal costs.
pub async fn erase(app: &App, again: &Again) -> Result<(), Failure> {
    let (subjects, next) = app.stores.erasures.page(again.erase_again.after.as_deref(), PAGE).await?;
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
            Ok(app.orders.send(&rest, Duration::ZERO).await?)
        }
        None => {
            tracing::info!("everything that was erased is erased again");
            Ok(())
        }
    }
}

/// Erases again what was erased of one organisation.
async fn one(app: &App, of: &OrganisationId, subjects: &[Subject]) -> Result<(), Failure> {
    let (table, now) = (&app.stores.table, (app.now)());
    let ids: Vec<RecordingId> = subjects.iter().filter_map(Subject::recording).collect();
    let buried = table.buried(of, &ids).await?;
    for subject in subjects {
        match subject {
            Subject::Recording(id) if buried.contains(id) => {}
            Subject::Recording(id) => recording(app, of, *id, app.stores.erasures.erased(of, subject).await?).await?,
            Subject::Note(user, id) => {
                table.forget_note(of, *id, Some(user), now).await?;
                table.forget_early(of, user, *id).await?;
            }
            Subject::User(user) => {
                let erased = app.stores.erasures.erased(of, subject).await?;
                if !table.forget_user(of, user, erased.erasure).await? {
                    tracing::warn!(organisation = %of, "a user is not removed in this table: remove them, and erase again");
                }
            }
        }
    }
    let (erasures, _) = table.orders(of, Kind::Erasure, 100, None, now).await?;
    for under_way in erasures.into_iter().filter(|erasure| erasure.state == State::Erasing) {
        app.orders.send(&under_way.work(), Duration::ZERO).await?;
    }
    Ok(())
}

/// Erases a recording again, or what is left of one whose item is not back.
async fn recording(app: &App, of: &OrganisationId, id: RecordingId, erased: Erased) -> Result<(), Failure> {
    let (table, now) = (&app.stores.table, (app.now)());
    let Some(seen) = table.seen(of, &[id]).await?.into_iter().next() else {
        return Ok(app.stores.remove_rest(of, id, erased, now).await?);
    };
    let ended = match seen.erased == Some(erased.erasure) && !seen.kept.exists(now) {
        true => Some(seen),
        false => {
            let kept = Kept { started_at: seen.kept.started_at, day: erased.ended_at, grace: None, held_since: None, holds: [].into() };
            table.end(&seen, &kept, erased.erasure).await?
        }
    };
    let removal = Removal::of(&ended.ok_or(table::Error::Busy)?)?;
    app.stores.remove(&removal, now).await?;
    tracing::info!(recording = %id, "erased again");
    Ok(())
}
