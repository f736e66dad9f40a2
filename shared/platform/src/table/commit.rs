//! Transactions: several items are written or none, for example a change and its audit event.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::{
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
        builders::{ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder},
    },
};
use domain::ids::UserId;
use thiserror::Error as ThisError;

use super::{Error, Table, audit::Written, key::Item};

/// The result of a transaction that reached the table: everything was written, or nothing.
pub type Committed = Result<(), Conflict>;

/// The condition that made a transaction fail. Nothing was written. If several failed, the first in
/// the order of the writes counts.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("another request changed the same items")]
pub enum Conflict {
    /// An item is not as it was read: edited, registered, decided anew or removed.
    EditedMeanwhile,
    /// An item that has to be new exists. After a lost response, the SDK has repeated the request.
    Exists,
    /// An item to change does not exist.
    NotFound,
    /// These users do not exist, or are not in the required state. Only this conflict names all.
    Users(BTreeSet<UserId>),
    /// The mark is not in the legend, or is retired.
    UnknownMark,
    /// The user no longer administers the organisation.
    NotAdministrator,
    /// The organisation lacks the storage add-on that so many days require.
    NoAddOn,
    /// The maximum number exists already.
    TooMany,
    /// Another message has saved the page.
    PageSaved,
    /// A later change of the retention was ordered.
    Overtaken,
    /// The request had its effect before. The commit returns [`Error::Claimed`] instead.
    Claimed,
}

impl Conflict {
    /// The conflict of a write that concerns this user.
    pub(super) fn of(user: &UserId) -> Self {
        Self::Users([user.clone()].into())
    }

    fn users(&self) -> impl Iterator<Item = &UserId> {
        if let Self::Users(users) = self { Some(users) } else { None }.into_iter().flatten()
    }
}

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
/// Attempts while others write the same items, or while the table is throttled.
const ATTEMPTS: u32 = 4;
/// Why a transaction was cancelled that is worth another attempt.
const BUSY: [&str; 3] = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

/// The writes of one transaction, in order.
#[derive(Debug)]
#[must_use = "nothing is written before the commit"]
pub struct Transaction<'a> {
    pub(super) table: &'a Table,
    writes: Vec<Write>,
    /// The audit events among the writes.
    events: Vec<Written>,
}

/// A write of a transaction, and the conflict if its condition fails.
#[derive(Debug)]
pub struct Write {
    item: Result<TransactWriteItem, Error>,
    conflict: Conflict,
}

/// The write that made a transaction fail.
#[derive(Debug)]
pub(super) struct Refused {
    pub conflict: Conflict,
    /// The item that the write found, if it requests that.
    pub found: Item,
}

impl Table {
    /// Begins a transaction.
    pub fn writes(&self) -> Transaction<'_> {
        Transaction { table: self, writes: Vec::new(), events: Vec::new() }
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

impl Write {
    /// Names the conflict if the condition of this write fails. Otherwise it is
    /// [`Conflict::EditedMeanwhile`].
    pub fn or(&mut self, conflict: Conflict) {
        self.conflict = conflict;
    }
}

impl Transaction<'_> {
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Marks the event as written once the transaction is committed.
    pub(super) fn writes_event(&mut self, written: Written) {
        self.events.push(written);
    }

    pub fn update(&mut self, key: Item, write: impl FnOnce(UpdateBuilder) -> UpdateBuilder) -> &mut Write {
        self.push_update(write(Update::builder().table_name(&self.table.name).set_key(Some(key))))
    }

    /// Adds an update that already has its table and key.
    pub(super) fn push_update(&mut self, update: UpdateBuilder) -> &mut Write {
        self.push(update.build().map(|update| TransactWriteItem::builder().update(update).build()))
    }

    pub fn put(&mut self, item: Item, write: impl FnOnce(PutBuilder) -> PutBuilder) -> &mut Write {
        let built = write(Put::builder().table_name(&self.table.name).set_item(Some(item))).build();
        self.push(built.map(|put| TransactWriteItem::builder().put(put).build()))
    }

    /// Puts an item whose key must be free; otherwise the conflict is [`Conflict::Exists`].
    pub(super) fn put_new(&mut self, item: Item) -> &mut Write {
        let write = self.put(item, |put| put.condition_expression(NEW));
        write.or(Conflict::Exists);
        write
    }

    pub fn delete(&mut self, key: Item, write: impl FnOnce(DeleteBuilder) -> DeleteBuilder) -> &mut Write {
        let built = write(Delete::builder().table_name(&self.table.name).set_key(Some(key))).build();
        self.push(built.map(|delete| TransactWriteItem::builder().delete(delete).build()))
    }

    pub fn check(&mut self, key: Item, write: impl FnOnce(ConditionCheckBuilder) -> ConditionCheckBuilder) -> &mut Write {
        let built = write(ConditionCheck::builder().table_name(&self.table.name).set_key(Some(key))).build();
        self.push(built.map(|check| TransactWriteItem::builder().condition_check(check).build()))
    }

    /// Makes the commit fail with `error`, because a write cannot be built.
    pub(super) fn fail(&mut self, error: Error) {
        self.add(Err(error));
    }

    /// Writes all or nothing. 1 request; up to `ATTEMPTS` while others write the same items.
    pub async fn commit(self) -> Result<Committed, Error> {
        Ok(self.commit_or_see().await?.map_err(|refused| refused.conflict))
    }

    /// As [`Transaction::commit`], but a failure contains the item that the write found.
    pub(super) async fn commit_or_see(self) -> Result<Result<(), Refused>, Error> {
        let (items, conflicts): (Vec<_>, Vec<_>) = self.writes.into_iter().map(|write| (write.item, write.conflict)).unzip();
        let items = items.into_iter().collect::<Result<Vec<_>, _>>()?;
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
            match refused(reasons, &conflicts) {
                Some(Refused { conflict: Conflict::Claimed, .. }) => return Err(Error::Claimed),
                Some(refused) => return Ok(Err(refused)),
                None if !reasons.iter().any(|reason| reason.code().is_some_and(|code| BUSY.contains(&code))) => return Err(error.into()),
                None => {}
            }
            attempt += 1;
            if attempt == ATTEMPTS {
                return Err(Error::Busy);
            }
            tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
        }
    }

    fn push<E: std::error::Error + Send + Sync + 'static>(&mut self, item: Result<TransactWriteItem, E>) -> &mut Write {
        self.add(item.map_err(|error| Error::Request(error.into())))
    }

    fn add(&mut self, item: Result<TransactWriteItem, Error>) -> &mut Write {
        self.writes.push(Write { item, conflict: Conflict::EditedMeanwhile });
        self.writes.last_mut().expect("it was added just now")
    }
}

/// The first write whose condition failed, or the claim; `None` if no condition failed.
fn refused(reasons: &[CancellationReason], conflicts: &[Conflict]) -> Option<Refused> {
    let failed = reasons.iter().zip(conflicts).filter(|(reason, _)| reason.code() == Some("ConditionalCheckFailed"));
    let failed: Vec<(&CancellationReason, &Conflict)> = failed.collect();
    let claim = failed.iter().find(|(_, conflict)| **conflict == Conflict::Claimed);
    let (reason, conflict) = claim.or(failed.first())?;
    let conflict = match conflict {
        Conflict::Users(_) => Conflict::Users(failed.iter().flat_map(|(_, conflict)| conflict.users()).cloned().collect()),
        conflict => (*conflict).clone(),
    };
    Some(Refused { conflict, found: reason.item().cloned().unwrap_or_default() })
}

/// An empty map, in which an update can set members.
pub(super) fn empty_map() -> AttributeValue {
    AttributeValue::M(Item::new())
}
