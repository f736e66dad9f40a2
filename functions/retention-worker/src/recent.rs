//! The recordings that a search may not find yet: those that were registered or edited in the last
//! moments, while the table's indexes and the postings were behind.
//!
//! The audit log has an event of each such change, written with it in one transaction, and is read
//! consistently. So a hold or an erasure reads the log first, and then the index.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrganisationId, RecordingId},
    recording::Recording,
};

use crate::{App, Failure};

/// How far the indexes may be behind. `index-behind` sounds after one minute.
const LAG: TimeDelta = TimeDelta::minutes(15);
/// The pages of the log that one message reads without finding anything.
const READS: usize = 10;
/// The checkpoint of a page of the log, before its sort key.
const RECENT: &str = "recent#";
/// The checkpoint before the first page of the index.
const INDEX: &str = "index#";

/// A page of recordings.
#[derive(Debug)]
pub enum Recent {
    /// Recordings that match, and the checkpoint after them.
    Found(Vec<RecordingId>, String),
    /// None are left. The index continues from this checkpoint.
    Index(Option<String>),
}

/// The recordings that changed before `to` and match, or where the index continues. A read of the log
/// for each `limit` events, up to 10, and as many of recordings; none once the log is read.
pub async fn page(
    app: &App,
    of: &OrganisationId,
    to: DateTime<Utc>,
    checkpoint: Option<&str>,
    limit: usize,
    matches: impl Fn(&Recording) -> bool,
) -> Result<Recent, Failure> {
    let mut after = match checkpoint.map(|it| it.strip_prefix(RECENT).ok_or(it)) {
        None => None,
        Some(Ok(after)) => Some(after.to_owned()),
        Some(Err(INDEX)) => return Ok(Recent::Index(None)),
        Some(Err(index)) => return Ok(Recent::Index(Some(index.to_owned()))),
    };
    let table = &app.stores.table;
    for _ in 0..READS {
        let (changed, next) =
            table.audit_log().changed(of, (to - LAG, to), after.as_deref(), limit).await?;
        let changed: BTreeSet<RecordingId> = changed.into_iter().collect(); // one may be edited often
        let changed: Vec<RecordingId> = changed.into_iter().collect();
        let seen = table.retention().seen(of, &changed).await?;
        let found = seen.into_iter().map(|seen| seen.recording).filter(&matches);
        let found: Vec<RecordingId> = found.map(|recording| recording.id).collect();
        match (found.is_empty(), next) {
            (true, None) => return Ok(Recent::Index(None)),
            (false, None) => return Ok(Recent::Found(found, INDEX.to_owned())),
            (false, Some(next)) => return Ok(Recent::Found(found, format!("{RECENT}{next}"))),
            (true, Some(next)) => after = Some(next),
        }
    }
    Ok(Recent::Found(Vec::new(), format!("{RECENT}{}", after.unwrap_or_default())))
}
