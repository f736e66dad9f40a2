//! AWS in memory, as harsh as the weather: an HTTP connector under the SDK of the real functions.
//!
//! A connector and not a proxy, because time is virtual: a proxy's sockets would need real time. So
//! the SDK's own serialization, retries and time-outs are part of the storm.

mod connector;
mod fate;
mod operation;
mod partial;
mod past;
mod process;
pub mod queues;
pub mod s3;
pub mod sabotage;
pub mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use s3s::service::{S3Service, S3ServiceBuilder};
use serde_json::{Value, json};
use tokio::sync::Notify;

pub use self::{
    connector::Connector,
    past::{Image, Past},
    process::{Chain, Process},
};
use self::{
    fate::Fate,
    operation::{Operation, Reply, Service},
    queues::Queues,
    s3::Store,
    sabotage::Sabotage,
    table::{Pending, Tables},
};
use crate::{clock, weather::Weather};

/// The table's name.
pub const TABLE: &str = "recordings";

/// The account: its table, buckets and queues, and what goes wrong with them.
#[derive(Debug)]
pub struct Aws {
    pub store: Store,
    s3: S3Service,
    tables: Mutex<Tables>,
    queues: Mutex<Queues>,
    /// Changes that the indexes do not have yet.
    pending: Mutex<Vec<Pending>>,
    /// The past of each recording's item.
    past: Mutex<Past>,
    /// The keys of the items that transactions have changed.
    transacted: Mutex<BTreeSet<(String, String)>>,
    /// A defect that a test switches on, and how often it could have acted.
    sabotage: Option<Sabotage>,
    occasions: AtomicU64,
    /// Records of the stream that no function has read yet.
    stream: Mutex<Vec<Value>>,
    weather: Mutex<Weather>,
    random: Mutex<ChaCha8Rng>,
    /// Something has happened that a trigger may wait for.
    pub news: Notify,
    /// Requests that were made.
    pub requests: AtomicU64,
    /// The number of troubles, by kind.
    pub troubles: Mutex<BTreeMap<&'static str, u64>>,
    /// A hash of every request and its fate: equal in equal storms.
    pub trace: AtomicU64,
    /// Whether every request is printed: `STORM_TRACE`.
    printed: bool,
}

impl Aws {
    pub fn new(
        seed: u64,
        weather: Weather,
        sabotage: Option<Sabotage>,
    ) -> anyhow::Result<Arc<Self>> {
        let store = Store::default();
        Ok(Arc::new(Self {
            s3: S3ServiceBuilder::new(store.clone()).build(),
            store,
            tables: Mutex::new(Tables::create(TABLE)?),
            queues: Mutex::default(),
            pending: Mutex::default(),
            stream: Mutex::default(),
            past: Mutex::default(),
            transacted: Mutex::default(),
            sabotage,
            occasions: AtomicU64::new(0),
            weather: Mutex::new(weather),
            random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
            news: Notify::new(),
            requests: AtomicU64::new(0),
            troubles: Mutex::default(),
            trace: AtomicU64::new(0),
            printed: std::env::var_os("STORM_TRACE").is_some(),
        }))
    }

    pub fn tables(&self) -> MutexGuard<'_, Tables> {
        locked(&self.tables)
    }

    pub fn queues(&self) -> MutexGuard<'_, Queues> {
        locked(&self.queues)
    }

    pub fn weather(&self) -> Weather {
        locked(&self.weather).clone()
    }

    pub fn set_weather(&self, weather: Weather) {
        *locked(&self.weather) = weather;
    }

    /// Draws whether something with this probability happens, and counts it.
    pub fn happens(&self, trouble: &'static str, probability: f64) -> bool {
        let happens = probability > 0.0 && locked(&self.random).random_bool(probability);
        if happens {
            self.count(trouble);
        }
        happens
    }

    /// Counts a trouble.
    pub fn count(&self, trouble: &'static str) {
        *locked(&self.troubles).entry(trouble).or_default() += 1;
    }

    pub fn past(&self) -> MutexGuard<'_, Past> {
        locked(&self.past)
    }

    /// Draws a span of time up to `most`. Short ones are as likely as long ones.
    pub fn span(&self, most: Duration) -> Duration {
        let most = most.as_millis().max(1) as f64;
        let random = locked(&self.random).random_range(0.0..=1.0_f64);
        Duration::from_millis(most.powf(random) as u64)
    }

    pub fn number(&self, below: usize) -> usize {
        locked(&self.random).random_range(0..below.max(1))
    }

    /// The records of the stream since the last call.
    pub fn take_stream(&self) -> Vec<Value> {
        std::mem::take(&mut locked(&self.stream))
    }

    /// Brings the indexes up to date with the changes that are due. Returns when the next is.
    pub fn catch_up(&self) -> anyhow::Result<Option<DateTime<Utc>>> {
        let now = clock::now();
        let mut pending = locked(&self.pending);
        let (due, rest): (Vec<_>, Vec<_>) = pending.drain(..).partition(|change| change.at <= now);
        *pending = rest;
        let next = pending.iter().map(|change| change.at).min();
        drop(pending);
        for change in due {
            self.tables().catch_up(TABLE, &change.key)?;
        }
        Ok(next)
    }

    /// Reads what has changed in the table, for its indexes and its stream.
    pub fn follow(&self) -> anyhow::Result<()> {
        let mut changes = self.tables().changes()?;
        // One request changes an item once, and its items in any order.
        changes.sort_by_cached_key(|record| {
            let keys = &record["dynamodb"]["Keys"];
            [&keys["pk"], &keys["sk"]].map(|key| key["S"].as_str().unwrap_or_default().to_owned())
        });
        if changes.is_empty() {
            return Ok(());
        }
        let lag = self.weather().index_lag;
        for record in &changes {
            let at = clock::now() + TimeDelta::from_std(self.span(lag))?;
            locked(&self.pending).push(Pending { at, key: record["dynamodb"]["Keys"].clone() });
        }
        self.past().add(&changes);
        locked(&self.stream).extend(changes);
        self.news.notify_waiters();
        Ok(())
    }

    /// Whether a read may see an older state: always of an index, at times of the table.
    fn is_late(&self, operation: &Operation) -> bool {
        if operation.service != Service::Table || operation.body["ConsistentRead"] == json!(true) {
            return false;
        }
        let reads = matches!(operation.name.as_str(), "Query" | "GetItem");
        if operation.body["IndexName"].is_string() {
            return true;
        }
        // An eventually consistent read of the table is behind by a second at most.
        let soon = clock::now() + TimeDelta::seconds(1);
        let is_recent = locked(&self.pending).iter().all(|change| change.at <= soon);
        reads && is_recent && self.happens("stale", self.weather().stale)
    }

    async fn perform(&self, process: &Process, operation: &Operation) -> HttpResponse {
        let sabotaged = self.sabotaged(operation);
        let operation = match &sabotaged {
            Some(Ok(other)) => other,
            Some(Err(pretended)) => return pretended.clone().sent(),
            None => operation,
        };
        let response = match operation.service {
            Service::Table => {
                let late = self.is_late(operation);
                let mut reply = self.tables().perform(&operation.name, &operation.body, late);
                self.add_foreign_row(operation, &mut reply);
                reply.sent()
            }
            Service::Queue => {
                let late = TimeDelta::from_std(self.span(self.weather().delay)).unwrap_or_default();
                let reply =
                    self.queues().perform(&operation.name, &operation.body, late, &process.chain());
                reply.sent()
            }
            Service::Events => {
                Reply::done(json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "sent" }] }))
                    .sent()
            }
            Service::Bucket => self.in_bucket(operation).await,
        };
        if operation.service == Service::Table && operation.writes() {
            self.follow().expect("the stream can be read");
        }
        if operation.service == Service::Bucket || operation.service == Service::Queue {
            self.news.notify_waiters();
        }
        response
    }

    async fn in_bucket(&self, operation: &Operation) -> HttpResponse {
        let unreadable =
            || Reply::error(500, "InternalError", "the storm could not read it").sent();
        let Some(request) = operation.in_bucket() else { return unreadable() };
        let Ok(answer) = self.s3.call(request).await else { return unreadable() };
        let (head, body) = answer.into_parts();
        let body = axum::body::to_bytes(axum::body::Body::new(body), usize::MAX).await;
        let Ok(body) = body else { return unreadable() };
        let is_head = operation.name.starts_with("HEAD ");
        let body = if is_head { SdkBody::empty() } else { SdkBody::from(body.to_vec()) };
        self.spoil(operation);
        let answer = http::Response::from_parts(head, body);
        HttpResponse::try_from(answer).unwrap_or_else(|_| unreadable())
    }

    /// Sends a request by a presigned link, as a phone does: it has no retries of its own.
    pub async fn put(&self, request: http::Request<Vec<u8>>) -> Option<u16> {
        let operation = Operation::upload(request);
        let fate = self.fate(None, &operation);
        tokio::time::sleep(self.span(self.weather().latency)).await;
        match fate {
            Fate::Throttled | Fate::Failed => return Some(503),
            Fate::Conflicted(_) => return Some(409),
            Fate::Unreachable | Fate::CrashBefore | Fate::Hung => return None,
            _ => {}
        }
        let response = self.in_bucket(&operation).await;
        self.news.notify_waiters();
        (fate == Fate::Done).then(|| response.status().as_u16())
    }

    /// Prints a line of the trace, if it is wanted.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        if self.printed {
            let drawn = locked(&self.random).get_word_pos();
            println!(
                "{} {drawn} {:x} {}",
                clock::now().to_rfc3339_opts(SecondsFormat::Millis, true),
                fastrand::get_seed(),
                line()
            );
        }
    }

    fn note(&self, operation: &Operation, fate: Fate) {
        use std::hash::{DefaultHasher, Hash, Hasher};
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.tell(|| {
            format!("{:?} {} {fate:?} {}", operation.service, operation.name, operation.body)
        });
        let mut hash = DefaultHasher::new();
        self.trace.load(Ordering::Relaxed).hash(&mut hash);
        (operation.service, &operation.name, fate, clock::now()).hash(&mut hash);
        self.trace.store(hash.finish(), Ordering::Relaxed);
    }
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
