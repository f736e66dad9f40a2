//! The one DynamoDB table. `key` defines its keys; the other files are named after the items that
//! they read and write.

pub mod activation;
pub mod annotation;
pub mod arrival;
mod attributes;
pub mod audit;
pub mod claim;
pub mod client;
pub mod commit;
pub mod daily;
pub mod delivery;
pub mod directory;
pub mod entry;
pub mod forgetting;
pub mod group;
pub mod image;
pub mod import;
pub mod job;
pub mod keeping;
pub mod key;
pub mod keyed_hash;
pub mod late_arrival;
pub mod ledger;
pub mod legend;
pub mod organisation_list;
pub mod people;
pub mod posting;
pub mod provision;
mod query;
mod read;
pub mod reconcile;
pub mod recording;
pub mod registration;
pub mod removal;
pub mod search;
pub mod sftp;
pub mod statement;
pub mod terms;
pub mod tombstone;
pub mod usage;
mod write;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};
use thiserror::Error;

pub use attributes::BadItem;

/// The table, as a function accesses it.
#[derive(Clone, Debug)]
pub struct Table {
    pub client: Client,
    pub name: String,
}

/// Why a request to the table failed.
#[derive(Debug, Error)]
pub enum Error {
    /// Too many requests, after the SDK's retries, or concurrent changes of the same items.
    #[error("the table is busy")]
    Busy,
    #[error("could not reach the table")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("could not read an item")]
    Item(#[from] BadItem),
    /// The request had its effect before, under the same `Idempotency-Key`. Nothing was written.
    #[error("the request is a repetition")]
    Claimed,
}

impl<E> From<SdkError<E>> for Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E>) -> Self {
        match error.code() {
            Some("ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded") => Self::Busy,
            _ => Self::Request(error.into()),
        }
    }
}
