//! Removes the remains of recordings whose items TTL has removed (P18).
//!
//! A stream waits for a failing record and drops it after a day. So a failed removal goes to a
//! queue with the data of the last image. The queue retries it until it succeeds or reaches the
//! dead-letter queue. Repeated, late or reordered removals are harmless: see `platform::removal`.

mod notification;

use std::{convert::Infallible, time::Duration};

use chrono::{DateTime, Utc};
use platform::{
    log::error_chain,
    queue::{Queue, Unsent},
    removal::{self, Stores},
    table::{BadItem, removal::Removal},
};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use notification::{Notification, Source};

#[derive(Clone, Debug)]
pub struct App {
    pub stores: Stores,
    /// The queue of removals that failed.
    pub again: Queue,
    pub now: fn() -> DateTime<Utc>,
}

/// The ids of the records or messages that failed.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub batch_item_failures: Vec<Failed>,
}

/// One failed record or message.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    pub item_identifier: String,
}

/// Why a removal failed.
#[derive(Debug, Error)]
enum Failure {
    #[error("the record contains no readable removal")]
    Unreadable(#[from] BadItem),
    #[error("the message is no removal")]
    Poison(#[from] serde_json::Error),
    #[error(transparent)]
    Removal(#[from] removal::Error),
    #[error("the removal could not be queued")]
    NotPutOff(#[from] Unsent),
}

/// The delay before a removal is retried.
const REST: Duration = Duration::from_secs(30);

/// Carries out the removals of an event, and returns the ids of those that failed.
pub async fn handle(app: &App, event: Value) -> Result<Answer, Infallible> {
    let mut answer = Answer::default();
    for notification in notification::read(&event) {
        if let Err(failure) = remove(app, &notification).await {
            tracing::error!(message_id = notification.id, error = error_chain(&failure), "failed");
            answer.batch_item_failures.push(Failed { item_identifier: notification.id });
        }
    }
    Ok(answer)
}

async fn remove(app: &App, notification: &Notification) -> Result<(), Failure> {
    let Some(removal) = notification.removal()? else { return Ok(()) };
    let Err(failed) = app.stores.remove(&removal, (app.now)()).await else {
        tracing::info!(recording = %removal.id, "removed");
        return Ok(());
    };
    match notification.source {
        Source::Queue => Err(failed.into()),
        Source::Stream => {
            tracing::error!(message_id = notification.id, error = error_chain(&failed), "put off");
            Ok(app.again.send(&removal, REST).await?)
        }
    }
}

impl Notification {
    /// The removal; `None` if the record reports another change.
    fn removal(&self) -> Result<Option<Removal>, Failure> {
        match self.source {
            Source::Queue => {
                Ok(Some(serde_json::from_str(self.body.as_str().unwrap_or_default())?))
            }
            Source::Stream => Ok(notification::expired(&self.body)?
                .map(|item| Removal::read(&item))
                .transpose()?),
        }
    }
}
