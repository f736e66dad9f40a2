//! Transactions: several items are written or none, for example a change and its audit event.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError, types::CancellationReason,
};
use domain::ids::UserId;
use thiserror::Error as ThisError;

use super::{Error, Table, audit::Written, key::Item, write::Write};

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
/// Attempts while others write the same items, or while the table is throttled.
const ATTEMPTS: u32 = 4;
/// Why a transaction was cancelled that is worth another attempt.
const BUSY: [&str; 3] = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

/// The writes of one transaction, in order.
#[derive(Debug)]
#[must_use = "nothing is written before the commit"]
pub struct Transaction<'a> {
    table: &'a Table,
    writes: Vec<Write>,
    /// The audit events among the writes.
    events: Vec<Written>,
    /// Why a write cannot be built. The commit fails with it.
    failure: Option<Error>,
}

/// The write whose condition failed.
#[derive(Debug)]
pub(super) struct Refused {
    pub conflict: Conflict,
    /// The item that the write found, if it requests that.
    pub found: Item,
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        refused.conflict.into()
    }
}

impl Table {
    /// Begins a transaction.
    pub fn writes(&self) -> Transaction<'_> {
        Transaction { table: self, writes: Vec::new(), events: Vec::new(), failure: None }
    }
}

impl Transaction<'_> {
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    pub(super) fn add(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Marks the event as written once the transaction is committed.
    pub(super) fn writes_event(&mut self, written: Written) {
        self.events.push(written);
    }

    /// Makes the commit fail with `error`, because a write cannot be built.
    pub(super) fn fail(&mut self, error: Error) {
        self.failure = Some(error);
    }

    /// Writes all or nothing. 1 request; up to `ATTEMPTS` while others write the same items.
    pub async fn commit(self) -> Result<Committed, Error> {
        Ok(self.commit_or_see().await?.map_err(|refused| refused.conflict))
    }

    /// As [`Transaction::commit`], but a failure contains the item that the write found.
    pub(super) async fn commit_or_see(self) -> Result<Result<(), Refused>, Error> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        let writes = self.writes.into_iter().map(|write| write.in_transaction(&self.table.name));
        let writes: Vec<_> =
            writes.collect::<Result<_, _>>().map_err(|error| Error::Request(error.into()))?;
        let (items, conflicts): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
        let mut attempt = 0;
        loop {
            let sent = self
                .table
                .client
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .send()
                .await;
            let Err(error) = sent else {
                self.events.iter().for_each(Written::set);
                return Ok(Ok(()));
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons()
                }
                _ => return Err(error.into()),
            };
            match refused(reasons, &conflicts) {
                Some(Refused { conflict: Conflict::Claimed, .. }) => return Err(Error::Claimed),
                Some(refused) => return Ok(Err(refused)),
                None if !reasons
                    .iter()
                    .any(|reason| reason.code().is_some_and(|code| BUSY.contains(&code))) =>
                {
                    return Err(error.into());
                }
                None => {}
            }
            attempt += 1;
            if attempt == ATTEMPTS {
                return Err(Error::Busy);
            }
            tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
        }
    }
}

/// The first write whose condition failed, or the claim; `None` if no condition failed.
fn refused(reasons: &[CancellationReason], conflicts: &[Conflict]) -> Option<Refused> {
    let failed = reasons
        .iter()
        .zip(conflicts)
        .filter(|(reason, _)| reason.code() == Some("ConditionalCheckFailed"));
    let failed: Vec<(&CancellationReason, &Conflict)> = failed.collect();
    let claim = failed.iter().find(|(_, conflict)| **conflict == Conflict::Claimed);
    let (reason, conflict) = claim.or(failed.first())?;
    let conflict = match conflict {
        Conflict::Users(_) => Conflict::Users(
            failed.iter().flat_map(|(_, conflict)| conflict.users()).cloned().collect(),
        ),
        conflict => (*conflict).clone(),
    };
    Some(Refused { conflict, found: reason.item().cloned().unwrap_or_default() })
}
