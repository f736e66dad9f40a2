//! Writes several items or none: a change and the audit event that tells of it.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
        builders::{ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder},
    },
};

use super::{Error, Table, key::Item};

/// What became of a commit. A refused one wrote nothing: whoever leaves that unheeded takes for done what is not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a refused commit wrote nothing"]
pub enum Commit {
    Done,
    /// Nothing was written: these writes, by their place, did not find what their condition asks for.
    Refused(Vec<usize>),
}

impl Commit {
    /// Goes on only if it was written: for a commit that nothing should refuse, as one without conditions.
    ///
    /// # Errors
    /// [`Error::Busy`] if it was refused all the same: nothing was written, and what follows must not go on as if it were.
    pub fn written(self) -> Result<(), Error> {
        match self {
            Self::Done => Ok(()),
            Self::Refused(_) => Err(Error::Busy),
        }
    }
}

/// Writes that one commit holds at most.
pub const WRITES: usize = 100;
/// Nothing stands there.
const NEW: &str = "attribute_not_exists(pk)";
/// Attempts while others write the same items.
const ATTEMPTS: u32 = 4;

/// The writes of one commit, in order.
#[derive(Debug)]
pub struct Writes<'a> {
    pub(super) table: &'a Table,
    items: Vec<Result<TransactWriteItem, Error>>,
    /// The place of the claim, where there is one.
    claim: Option<usize>,
}

impl Table {
    /// Begins a commit.
    pub fn writes(&self) -> Writes<'_> {
        Writes { table: self, items: Vec::new(), claim: None }
    }

    /// Writes an item where none stands; what stands there stays. 1 request, of half the units of a commit.
    pub(super) async fn put_new(&self, item: Item) -> Result<(), Error> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item)).condition_expression(NEW);
        match put.send().await {
            Err(error) if !error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Writes<'_> {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The write at `place` is a claim: where it is refused, all of it was done before.
    pub(super) fn claims(&mut self, place: usize) {
        self.claim = Some(place);
    }

    pub fn update(&mut self, key: Item, write: impl FnOnce(UpdateBuilder) -> UpdateBuilder) {
        self.push_update(write(Update::builder().table_name(&self.table.name).set_key(Some(key))));
    }

    /// An update that names its table and key already.
    pub(super) fn push_update(&mut self, update: UpdateBuilder) {
        self.push(update.build().map(|update| TransactWriteItem::builder().update(update).build()));
    }

    pub fn put(&mut self, item: Item, write: impl FnOnce(PutBuilder) -> PutBuilder) {
        let built = write(Put::builder().table_name(&self.table.name).set_item(Some(item))).build();
        self.push(built.map(|put| TransactWriteItem::builder().put(put).build()));
    }

    /// Puts an item where none stands.
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

    /// Has the commit fail with the error: what was to be written cannot be said.
    pub(super) fn fail(&mut self, error: Error) {
        self.items.push(Err(error));
    }

    /// Writes all or nothing. 1 request; up to `ATTEMPTS` while others write the same items.
    pub async fn commit(self) -> Result<Commit, Error> {
        Ok(match self.commit_or_see().await? {
            Ok(()) => Commit::Done,
            Err(refused) => Commit::Refused(refused.into_iter().map(|(place, _)| place).collect()),
        })
    }

    /// The same. If it is refused: the writes that did not find what they ask for, by their place, and the item that each found, of those
    /// that ask to see it.
    pub(super) async fn commit_or_see(self) -> Result<Result<(), Vec<(usize, Item)>>, Error> {
        let items = self.items.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut attempt = 0;
        loop {
            let sent = self.table.client.transact_write_items().set_transact_items(Some(items.clone())).send().await;
            let Err(error) = sent else { return Ok(Ok(())) };
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

/// An empty map, into which an update can set members.
pub(super) fn empty_map() -> AttributeValue {
    AttributeValue::M(Item::new())
}
