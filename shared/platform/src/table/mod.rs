//! The table: one DynamoDB table for everything that is known. `key` spells its keys, the other files are named by the items they read
//! and write.

pub mod activation;
pub mod annotation;
pub mod arrival;
mod attributes;
pub mod audit;
pub mod awaited;
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
pub mod keeping;
pub mod key;
pub mod keyed_hash;
pub mod ledger;
pub mod legend;
pub mod listed;
pub mod order;
pub mod people;
pub mod posting;
pub mod provision;
mod read;
pub mod recording;
pub mod registration;
pub mod removal;
pub mod search;
pub mod sftp;
pub mod statement;
pub mod sweep;
pub mod terms;
pub mod tombstone;
pub mod usage;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};
use thiserror::Error;

pub use attributes::BadItem;

/// The table, as a function reaches it.
#[derive(Clone, Debug)]
pub struct Table {
    pub client: Client,
    pub name: String,
}

/// Why the table gave no answer.
#[derive(Debug, Error)]
pub enum Error {
    /// More requests than the table takes at the moment, after the SDK's retries.
    #[error("the table is busy")]
    Busy,
    #[error("could not reach the table")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("could not read an item")]
    Item(#[from] BadItem),
    /// The request had its effect before, under the same `Idempotency-Key`: nothing was written.
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
