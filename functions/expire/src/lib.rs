//! Removes what is left of a recording whose day has come: the table has removed its item, and its stream tells of it (P18).
//!
//! A stream waits for whoever cannot be done and forgets after a day, so a removal that fails is put on a queue, with what the last image
//! said, and the others go on. It comes again from there until it succeeds or, after some tries, lies in the dead-letter queue. A removal
//! that is told of twice, late or in another order ends the same: see `platform::removal`.

mod told;

use std::{convert::Infallible, time::Duration};

use chrono::{DateTime, Utc};
use platform::{
    log::causes,
    queue::{Queue, Unsent},
    removal::{self, Stores},
    table::{BadItem, removal::Removal},
};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use told::{Source, Told};

/// What the function works with.
#[derive(Clone, Debug)]
pub struct App {
    pub stores: Stores,
    /// Where a removal waits that could not be done.
    pub again: Queue,
    pub now: fn() -> DateTime<Utc>,
}

/// The ids of what has to be told again.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub batch_item_failures: Vec<Failed>,
}

/// One of them.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    pub item_identifier: String,
}

/// Why a removal failed.
#[derive(Debug, Error)]
enum Failure {
    #[error("the record tells of no removal that can be read")]
    Unreadable(#[from] BadItem),
    #[error("the message is no removal")]
    Poison(#[from] serde_json::Error),
    #[error(transparent)]
    Removal(#[from] removal::Error),
    #[error("it could not be put off")]
    NotPutOff(#[from] Unsent),
}

/// How long a removal rests before it is tried again.
const REST: Duration = Duration::from_secs(30);

/// Does the removals that an event tells of, and answers with the ids of those that failed.
pub async fn handle(app: &App, event: Value) -> Result<Answer, Infallible> {
    let mut answer = Answer::default();
    for told in told::read(&event) {
        if let Err(failure) = remove(app, &told).await {
            tracing::error!(message_id = told.id, error = causes(&failure), "failed");
            answer.batch_item_failures.push(Failed { item_identifier: told.id });
        }
    }
    Ok(answer)
}

async fn remove(app: &App, told: &Told) -> Result<(), Failure> {
    let Some(removal) = told.removal()? else { return Ok(()) };
    let Err(failed) = app.stores.remove(&removal, (app.now)()).await else {
        tracing::info!(recording = %removal.id, "removed");
        return Ok(());
    };
    match told.source {
        Source::Queue => Err(failed.into()),
        Source::Stream => {
            tracing::error!(message_id = told.id, error = causes(&failed), "put off");
            Ok(app.again.send(&removal, REST).await?)
        }
    }
}

impl Told {
    /// What is to be removed; nothing if the record tells of something else.
    fn removal(&self) -> Result<Option<Removal>, Failure> {
        match self.source {
            Source::Queue => Ok(Some(serde_json::from_str(self.body.as_str().unwrap_or_default())?)),
            Source::Stream => Ok(told::expired(&self.body)?.map(|item| Removal::read(&item)).transpose()?),
        }
    }
}
