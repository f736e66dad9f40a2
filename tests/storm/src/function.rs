//! The functions, built as their `main` does, on the storm's account and clock.

use std::sync::Arc;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use chrono::TimeDelta;
use platform::{bucket::Bucket, consumed::Meter, queue::Queue, removal::Stores, table::Table};
use serde_json::Value;
use tests::requests::Requests;

use crate::{
    aws::{Aws, Connector, Process, TABLE},
    clock,
};

pub const RECORDINGS: &str = "recordings-bucket";
pub const QUARANTINE: &str = "quarantine-bucket";
pub const DROP: &str = "drop-bucket";
pub const ERASURES: &str = "erasures-bucket";
pub const CALLS: &str = "calls-bucket";
pub const EXPORTS: &str = "exports-bucket";

/// The program of a process.
#[derive(Debug)]
pub enum Program {
    Api(Router),
    Ingest(Box<ingest::App>),
    Index(Box<index::App>),
    Expire(Box<expire::App>),
    RetentionWorker(Box<retention_worker::App>),
    Delivery(Box<delivery::App>),
    Reconcile(Box<reconcile::App>),
    Billing(Box<billing::App>),
}

/// The SDK's clients of one process.
#[derive(Clone, Debug)]
pub struct Clients {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    sqs: aws_sdk_sqs::Client,
    eventbridge: aws_sdk_eventbridge::Client,
}

macro_rules! client {
    ($sdk:ident, $connector:expr $(, $set:ident($value:expr))*) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-north-1"))
                .credentials_provider(Credentials::new("storm", "storm", None, None, "storm"))
                .endpoint_url("http://storm.invalid")
                // The SDK's default has room for 64 clients of all, and forgets any other at random.
                .identity_cache($sdk::config::IdentityCache::no_cache())
                .interceptor(Requests::default())
                // Of its own, as in a process of its own: by default all share the budget of retries.
                .retry_partition($sdk::config::retry::RetryPartition::custom("storm").build())
                .http_client($connector.clone())
                $(.$set($value))*
                .build(),
        )
    };
}

impl Clients {
    pub fn of(aws: &Arc<Aws>, process: &Process) -> Self {
        let connector = Connector { aws: aws.clone(), process: process.clone(), patience: None };
        Self {
            dynamodb: client!(aws_sdk_dynamodb, connector, interceptor(Meter)),
            s3: client!(aws_sdk_s3, connector, force_path_style(true)),
            sqs: client!(aws_sdk_sqs, connector),
            eventbridge: client!(aws_sdk_eventbridge, connector),
        }
    }

    pub fn table(&self) -> Table {
        Table { client: self.dynamodb.clone(), name: TABLE.to_owned() }
    }

    pub fn bucket(&self, name: &str) -> Bucket {
        Bucket { client: self.s3.clone(), name: name.to_owned() }
    }

    /// A queue by the name of its resource in the template.
    pub fn queue(&self, name: &str) -> Queue {
        Queue { client: self.sqs.clone(), url: format!("http://storm.invalid/1/{name}") }
    }

    fn stores(&self) -> Stores {
        Stores {
            table: self.table(),
            objects: self.bucket(RECORDINGS),
            quarantine: self.bucket(QUARANTINE),
            erasures: self.bucket(ERASURES),
            folders: self.queue("delivery-queue"),
        }
    }
}

impl Program {
    /// The function with this name, as in the template.
    pub fn of(function: &str, clients: &Clients) -> anyhow::Result<Self> {
        let (table, now) = (clients.table(), clock::now as fn() -> _);
        let objects = clients.bucket(RECORDINGS);
        Ok(match function {
            "upload" => Self::Api(upload::router(upload::App { table, objects, now })),
            "search" => {
                Self::Api(search::router(search::App { table, keys: Default::default(), now }))
            }
            "playback" => {
                let quarantine = clients.bucket(QUARANTINE);
                Self::Api(playback::router(playback::App { table, objects, quarantine, now }))
            }
            "annotate" => Self::Api(annotate::router(annotate::App { table, now })),
            "me" => Self::Api(me::router(me::App { table, now })),
            "admin" => Self::Api(admin::router(admin::App { table, now })),
            "provision" => {
                let imports = clients.queue("imports");
                Self::Api(provision::router(provision::App { table, imports, now }))
            }
            "retention-api" => {
                let jobs = clients.queue("retention-jobs");
                Self::Api(retention_api::router(retention_api::App { table, jobs, now }))
            }
            "completeness" => {
                let calls = clients.bucket(CALLS);
                Self::Api(completeness::router(completeness::App { table, calls, now }))
            }
            "billing-api" => {
                let exports = clients.bucket(EXPORTS);
                Self::Api(billing_api::router(billing_api::App { table, exports, now }))
            }
            "ingest" => {
                let quarantine = clients.bucket(QUARANTINE);
                Self::Ingest(Box::new(ingest::App { table, objects, quarantine, now }))
            }
            "index" => Self::Index(Box::new(index::App { table, now })),
            "expire" => {
                let again = clients.queue("removals");
                Self::Expire(Box::new(expire::App { stores: clients.stores(), again, now }))
            }
            "retention-worker" => {
                let (stores, jobs) = (clients.stores(), clients.queue("retention-jobs"));
                Self::RetentionWorker(Box::new(retention_worker::App { stores, jobs, now }))
            }
            "delivery" => Self::Delivery(Box::new(delivery::App {
                table,
                queue: clients.queue("delivery-queue"),
                recordings: objects,
                drop: clients.bucket(DROP),
                rows: 5, // several chunks in a day
                now,
            })),
            "reconcile" => Self::Reconcile(Box::new(reconcile::App {
                table,
                objects,
                calls: clients.bucket(CALLS),
                ingest: clients.queue("queue"),
                queue: clients.queue("reconcile-queue"),
                missing_percent: 1.0,
                pages: 5, // several invocations in some nights
                now,
            })),
            "billing" => Self::Billing(Box::new(billing::App {
                table,
                exports: clients.bucket(EXPORTS),
                warnings: billing::Warnings {
                    client: clients.eventbridge.clone(),
                    bus: "warnings".to_owned(),
                },
                separator: billing::Separator::try_from(";".to_owned())?,
                now,
            })),
            _ => anyhow::bail!("the storm has no function {function}"),
        })
    }

    /// Handles an event, and returns the function's response.
    pub async fn handle(&self, event: Value) -> anyhow::Result<Value> {
        let failed = |error: lambda_runtime::Error| anyhow::anyhow!("{error}");
        let answer = match self {
            Self::Api(_) => anyhow::bail!("an API answers requests"),
            Self::Ingest(app) => {
                serde_json::to_value(ingest::handle(app, serde_json::from_value(event)?).await?)
            }
            Self::Index(app) => {
                serde_json::to_value(index::handle(app, serde_json::from_value(event)?).await?)
            }
            Self::Expire(app) => serde_json::to_value(expire::handle(app, event).await?),
            Self::RetentionWorker(app) => {
                let event = serde_json::from_value(event)?;
                serde_json::to_value(retention_worker::handle(app, event).await?)
            }
            Self::Delivery(app) => {
                let event = serde_json::from_value(event)?;
                serde_json::to_value(delivery::handle(app, event).await.map_err(failed)?)
            }
            Self::Reconcile(app) => {
                let event = serde_json::from_value(event)?;
                serde_json::to_value(reconcile::handle(app, event).await.map_err(failed)?)
            }
            Self::Billing(app) => {
                let task = serde_json::from_value(event)?;
                let done =
                    billing::handle(app, task).await.map_err(|error| anyhow::anyhow!(error))?;
                serde_json::to_value(done)
            }
        };
        Ok(answer?)
    }
}

/// The buckets, and whether they keep versions.
pub const BUCKETS: [(&str, bool); 6] = [
    (RECORDINGS, true),
    (QUARANTINE, false),
    (DROP, false),
    (ERASURES, false),
    (CALLS, false),
    (EXPORTS, true),
];

/// The longest that API Gateway waits for a function.
pub const GATEWAY: TimeDelta = TimeDelta::seconds(29);
/// The most bytes of a function's response.
pub const RESPONSE: usize = 6 * 1024 * 1024;
