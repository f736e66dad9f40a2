//! Carries out what administrators order about many recordings: legal holds and their lifting, changes of the retention, erasures. And, for
//! the operator, erases again what a restored table has back.
//!
//! A message tells of an order, not of a page: the order's item says where its next page begins, and a page is written together with the
//! place after it. So a message that comes twice, late or beside another does no page twice, and one that comes again after a crash goes on
//! where the pages ended. Each page tells of the next with a message of its own.

mod again;
mod erasure;
mod hold;
mod retention;

use std::{convert::Infallible, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use platform::{
    batch, bucket,
    queue::{Queue, Unsent},
    removal::{self, Stores},
    table::{
        self, BadItem,
        order::{State, What, Work},
    },
};
use serde::Deserialize;
use thiserror::Error;

pub use again::Again;

/// What the function works with.
#[derive(Clone, Debug)]
pub struct App {
    pub stores: Stores,
    /// Its own queue, to tell of the next page.
    pub orders: Queue,
    pub now: fn() -> DateTime<Utc>,
}

/// Why a page failed: the message comes again.
#[derive(Debug, Error)]
pub enum Failure {
    #[error("the message tells of no order")]
    Poison(#[from] serde_json::Error),
    #[error("the order does not say which recordings it is about")]
    Unclear(#[from] BadItem),
    #[error("could not write the page")]
    Table(#[from] table::Error),
    #[error("could not erase a recording")]
    Removal(#[from] removal::Error),
    #[error("could not keep outside the table what is erased")]
    Unremembered(#[from] bucket::Error),
    #[error("could not tell of the next page")]
    Untold(#[from] Unsent),
    #[error("others decide about the same recordings")]
    Busy,
}

/// Whether a page was the last that this message is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Last,
    /// There are more.
    Done,
}

/// Tries at a page while others decide about the same recordings.
const TRIES: usize = 5;

/// Does a page of each order that a batch tells of, and answers with the ids of the messages that failed.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
    Ok(batch::each(event, |body| async move { carry_on(app, &body).await }).await)
}

/// What a message tells of.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Page(Work),
    Again(Again),
}

async fn carry_on(app: &App, body: &str) -> Result<(), Failure> {
    let work = match serde_json::from_str(body)? {
        Message::Page(work) => work,
        Message::Again(again) => return again::erase(app, &again).await,
    };
    let table = &app.stores.table;
    // Whoever orders tells of it before they write it: one that is not there now never will be.
    let Some(order) = table.order(&work.organisation, work.kind, work.order, (app.now)()).await? else { return Ok(()) };
    let page = match (order.state, &order.what) {
        (State::Placing, What::Hold { sought: Some(sought) }) => hold::place(app, &order, sought).await?,
        (State::Lifting, What::Hold { .. }) => hold::lift(app, &order).await?,
        (State::Moving, What::Retention { days, .. }) => retention::change(app, &order, *days).await?,
        (State::Erasing, What::Erasure { person: Some(person), .. }) => erasure::erase(app, &order, person).await?,
        _ => Page::Last,
    };
    if page == Page::Done {
        app.orders.send(&work, Duration::ZERO).await?;
    }
    Ok(())
}

impl Page {
    fn before(next: Option<&String>) -> Self {
        if next.is_some() { Self::Done } else { Self::Last }
    }
}
