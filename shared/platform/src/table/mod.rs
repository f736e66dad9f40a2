//! The one DynamoDB table. `key` defines its keys; the other files are named after the items that
//! they read and write, by a handle for each aggregate: `table.jobs().page()`.

pub mod activation;
pub mod annotation;
pub mod arrival;
mod attributes;
pub mod audit;
mod batch;
pub mod budget;
pub mod call_record;
pub mod claim;
pub mod client;
pub mod commit;
pub mod completeness;
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

/// Defines a handle for each aggregate, as `table.jobs().page()`. A handle is as cheap as a reference.
macro_rules! handles {
    ($($handle:ident = $accessor:ident: $of:literal,)*) => {
        $(
            #[doc = $of]
            #[derive(Clone, Copy, Debug)]
            pub struct $handle<'a>(&'a Table);
        )*

        impl Table {
            $(
                #[doc = $of]
                #[must_use]
                pub fn $accessor(&self) -> $handle<'_> {
                    $handle(self)
                }
            )*
        }
    };
}

handles! {
    Activations = activations: "Activations, deactivations and acknowledgements.",
    Annotations = annotations: "Notes, marks and their earlier versions.",
    AuditLog = audit_log: "The audit log, and the key of its hashes.",
    Budgets = budgets: "Units that callers and organisations consumed in a minute.",
    CallRecords = call_records: "Calls that the operator's switch reported.",
    Claims = claims: "The responses to requests with an `Idempotency-Key`.",
    Clients = clients: "Application clients.",
    Completeness = completeness: "What became of every call of a day.",
    UsageDays = days: "Closed days of usage.",
    Directory = directory: "Users and groups by name.",
    Findings = findings: "What `reconcile` found, and how far it has come.",
    Folders = folders: "Delivery folders.",
    Groups = groups: "Groups, their members and supervisors.",
    Imports = imports: "Imports of user lists.",
    Index = index: "The index of the search.",
    Jobs = jobs: "Holds, erasures and changes of retention.",
    LateArrivals = late_arrivals: "Recordings that a later folder delivers.",
    Ledgers = ledgers: "What the statements of an organisation are calculated from.",
    Marks = marks: "The legend of marks.",
    Organisations = organisations: "The list of organisations.",
    People = people: "Callers, and users and members by id.",
    PriceTable = prices: "Prices and discounts.",
    Provision = provision: "Changes of organisations and users.",
    Recordings = recordings: "Recordings: registered, stored, rejected.",
    Removals = removals: "Removals of recordings and of traces of people.",
    Retention = retention: "Recordings, as retention sees them.",
    Sftp = sftp: "Keys for delivery by SFTP.",
    Statements = statements: "Closed statements.",
    Tombstones = tombstones: "Erased calls.",
    UsageCounts = usage: "Counts of usage for each user and day.",
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
            Some(
                "ProvisionedThroughputExceededException"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "TransactionConflictException",
            ) => Self::Busy,
            _ => Self::Request(error.into()),
        }
    }
}
