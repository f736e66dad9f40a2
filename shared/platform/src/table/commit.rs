//! Transactions: several items are written or none, for example a change and its audit event.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
        builders::{ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder},
    },
};
use thiserror::Error as ThisError;

use super::{Error, Table, audit::Written, key::Item};

/// The result of a transaction that reached the table: everything was written, or nothing.
pub type Committed = Result<(), Conflict>;

/// Nothing was written. The conditions of these writes, by position, failed.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("another request changed the same items")]
pub struct Conflict(pub Vec<usize>);

impl From<Conflict> for Error {
    /// For a transaction without conditions of its own: a retry reads the items again.
    fn from(_: Conflict) -> Self {
        Self::Busy
    }
}

/// The most writes in one transaction.
pub const WRITES: usize = 100;
/// The key is free.
const NEW: &str = "attribute_not_exists(pk)";
/// Attempts while others write the same items.
const ATTEMPTS: u32 = 4;

/// The writes of one transaction, in order.
#[derive(Debug)]
pub struct Transaction<'a> {
    pub(super) table: &'a Table,
    items: Vec<Result<TransactWriteItem, Error>>,
    /// The position of the claim, if there is one.
    claim: Option<usize>,
    /// The audit events among the writes.
    events: Vec<Written>,
}

impl Table {
    /// Begins a transaction.
    pub fn writes(&self) -> Transaction<'_> {
        Transaction { table: self, items: Vec::new(), claim: None, events: Vec::new() }
    }

    /// Writes an item unless its key is taken. 1 request, at half the units of a transaction.
    pub(super) async fn put_new(&self, item: Item) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item)).condition_expression(NEW);
        match put.send().await {
            Err(error) if !error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Transaction<'_> {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Marks the write at `place` as the claim: if it fails, the request had its effect before.
    pub(super) fn claims(&mut self, place: usize) {
        self.claim = Some(place);
    }

    /// Marks the event as written once the transaction is committed.
    pub(super) fn writes_event(&mut self, written: Written) {
        self.events.push(written);
    }

    pub fn update(&mut self, key: Item, write: impl FnOnce(UpdateBuilder) -> UpdateBuilder) {
        self.push_update(write(Update::builder().table_name(&self.table.name).set_key(Some(key))));
    }

    /// Adds an update that already has its table and key.
    pub(super) fn push_update(&mut self, update: UpdateBuilder) {
        self.push(update.build().map(|update| TransactWriteItem::builder().update(update).build()));
    }

    pub fn put(&mut self, item: Item, write: impl FnOnce(PutBuilder) -> PutBuilder) {
        let built = write(Put::builder().table_name(&self.table.name).set_item(Some(item))).build();
        self.push(built.map(|put| TransactWriteItem::builder().put(put).build()));
    }

    /// Puts an item whose key must be free.
    pub(super) fn put_new(&mut self, item: Item) {
        self.put(item, |put| put.condition_expression(NEW));
    }

    pub fn delete(&mut self, key: Item, write: impl FnOnce(DeleteBuilder) -> DeleteBuilder) {
        let built = write(Delete::builder().table_name(&self.table.name).set_key(Some(key))).build();
        self.push(built.map(|delete| TransactWriteItem::builder().delete(delete).build()));
    }

    pub fn check(&mut self, key: Item, write: impl FnOnce(ConditionCheckBuilder) -> ConditionCheckBuilder) {
        let built = write(ConditionCheck::builder().table_name(&self.table.name).set_key(Some(key))).build();
        self.push(built.map(|check| TransactWriteItem::builder().condition_check(check).build()));
    }

    /// Makes the commit fail with `error`, because a write cannot be built.
    pub(super) fn fail(&mut self, error: Error) {
        self.items.push(Err(error));
    }

    /// Writes all or nothing. 1 request; up to `ATTEMPTS` while others write the same items.
    pub async fn commit(self) -> Result<Committed, Error> {
        let committed = self.commit_or_see().await?;
        Ok(committed.map_err(|refused| Conflict(refused.into_iter().map(|(place, _)| place).collect())))
    }

    /// As [`Transaction::commit`], but a failure contains each failed write by position, with the
    /// item that it found if the write requests it.
    pub(super) async fn commit_or_see(self) -> Result<Result<(), Vec<(usize, Item)>>, Error> {
        let items = self.items.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut attempt = 0;
        loop {
            let sent = self.table.client.transact_write_items().set_transact_items(Some(items.clone())).send().await;
            let Err(error) = sent else {
                self.events.iter().for_each(Written::set);
                return Ok(Ok(()));
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
                _ => return Err(error.into()),
            };
            let failed = |code| reasons.iter().enumerate().filter(move |(_, reason)| reason.code() == Some(code));
            let found = |(place, reason): (usize, &CancellationReason)| (place, reason.item().cloned().unwrap_or_default());
            let refused: Vec<_> = failed("ConditionalCheckFailed").map(found).collect();
            if self.claim.is_some_and(|claim| refused.iter().any(|(place, _)| *place == claim)) {
                return Err(Error::Claimed);
            }
            if !refused.is_empty() {
                return Ok(Err(refused));
            }
            if failed("TransactionConflict").next().is_none() {
                return Err(error.into());
            }
            attempt += 1;
            if attempt == ATTEMPTS {
                return Err(Error::Busy);
            }
            tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
        }
    }

    fn push<E: std::error::Error + Send + Sync + 'static>(&mut self, item: Result<TransactWriteItem, E>) {
        self.items.push(item.map_err(|error| Error::Request(error.into())));
    }
}

/// An empty map, in which an update can set members.
pub(super) fn empty_map() -> AttributeValue {
    AttributeValue::M(Item::new())
}
