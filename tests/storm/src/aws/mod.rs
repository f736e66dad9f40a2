//! AWS in memory, as harsh as the weather: an HTTP connector under the SDK of the real functions.
//!
//! A connector and not a proxy, because time is virtual: a proxy's sockets would need real time. So
//! the SDK's own serialization, retries and time-outs are part of the storm.

pub mod queues;
pub mod s3;
pub mod table;

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use s3s::service::{S3Service, S3ServiceBuilder};
use serde_json::{Value, json};
use tokio::sync::Notify;

use self::{
    queues::Queues,
    s3::Store,
    table::{Pending, Tables},
};
use crate::{clock, weather::Weather};

/// The table's name.
pub const TABLE: &str = "recordings";

/// A response as JSON.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Reply {
    pub fn done(body: Value) -> Self {
        Self { status: 200, body }
    }

    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self { status, body: json!({ "__type": code, "message": message }) }
    }

    fn sent(self) -> HttpResponse {
        let status = StatusCode::try_from(self.status).expect("a valid status");
        HttpResponse::new(status, SdkBody::from(self.body.to_string()))
    }
}

/// The account: its table, buckets and queues, and what goes wrong with them.
#[derive(Debug)]
pub struct Aws {
    pub store: Store,
    s3: S3Service,
    tables: Mutex<Tables>,
    queues: Mutex<Queues>,
    /// Changes that the indexes do not have yet.
    pending: Mutex<Vec<Pending>>,
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

/// A process of a function. It may die at any request.
#[derive(Clone, Debug)]
pub struct Process(Arc<State>);

#[derive(Debug, Default)]
struct State {
    dead: AtomicBool,
    died: Notify,
    /// The number of invocations in the chain that its invocation ends.
    depth: AtomicU32,
    /// Requests until it dies; 0 if it lives.
    dies_in: AtomicU32,
    /// Whether its requests have no trouble.
    undisturbed: AtomicBool,
    /// Its invocation's requests that failed.
    failed: AtomicU32,
}

impl Process {
    pub fn start() -> Self {
        Self(Arc::new(State::default()))
    }

    /// Begins an invocation: the `depth`th of its chain, which may die at a request.
    pub fn invoke(&self, depth: u32, dies_in: u32, undisturbed: bool) {
        self.0.depth.store(depth, Ordering::Relaxed);
        self.0.dies_in.store(dies_in, Ordering::Relaxed);
        self.0.undisturbed.store(undisturbed, Ordering::Relaxed);
        self.0.failed.store(0, Ordering::Relaxed);
    }

    /// The requests of the invocation that failed. The SDK gives up after three attempts.
    pub fn failed(&self) -> u32 {
        self.0.failed.load(Ordering::Relaxed)
    }

    /// Whether it dies at this request.
    fn dies_now(&self) -> bool {
        let left = self.0.dies_in.load(Ordering::Relaxed);
        self.0.dies_in.store(left.saturating_sub(1), Ordering::Relaxed);
        left == 1
    }

    pub fn kill(&self) {
        self.0.dead.store(true, Ordering::Relaxed);
        self.0.died.notify_waiters();
        self.0.died.notify_one();
    }

    pub fn is_dead(&self) -> bool {
        self.0.dead.load(Ordering::Relaxed)
    }

    /// Waits for the end of the process.
    pub async fn death(&self) {
        while !self.is_dead() {
            self.0.died.notified().await;
        }
    }
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fate {
    Done,
    Throttled,
    Conflicted,
    Failed,
    Unreachable,
    /// It has its effect, and the response is an error or never comes.
    FailedAfter,
    Lost,
    CrashBefore,
    CrashAfter,
}

impl Aws {
    pub fn new(seed: u64, weather: Weather) -> anyhow::Result<Arc<Self>> {
        let store = Store::default();
        Ok(Arc::new(Self {
            s3: S3ServiceBuilder::new(store.clone()).build(),
            store,
            tables: Mutex::new(Tables::create(TABLE)?),
            queues: Mutex::default(),
            pending: Mutex::default(),
            stream: Mutex::default(),
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
            *locked(&self.troubles).entry(trouble).or_default() += 1;
        }
        happens
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
        locked(&self.stream).extend(changes);
        self.news.notify_waiters();
        Ok(())
    }

    fn fate(&self, process: Option<&Process>, operation: &Operation) -> Fate {
        let weather = self.weather();
        if process.is_some_and(Process::dies_now) {
            return if self.number(2) == 0 { Fate::CrashBefore } else { Fate::CrashAfter };
        }
        let (service, name) = (operation.service, operation.name.as_str());
        let exhausted =
            service == Service::Table && self.tables().is_exhausted(name, &operation.body);
        if exhausted {
            return Fate::Throttled;
        }
        if process.is_some_and(|process| process.0.undisturbed.load(Ordering::Relaxed)) {
            return Fate::Done;
        }
        if self.happens("throttled", weather.throttled) {
            return Fate::Throttled;
        }
        if name == "TransactWriteItems" && self.happens("conflicted", weather.conflicted) {
            return Fate::Conflicted;
        }
        if self.happens("failed", weather.failed) {
            return if self.number(2) == 0 { Fate::Failed } else { Fate::Unreachable };
        }
        if self.happens("lost", weather.lost) {
            return if self.number(2) == 0 { Fate::FailedAfter } else { Fate::Lost };
        }
        Fate::Done
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
        let depth = process.0.depth.load(Ordering::Relaxed) + 1;
        let response = match operation.service {
            Service::Table => {
                let late = self.is_late(operation);
                let reply = self.tables().perform(&operation.name, &operation.body, late);
                reply.sent()
            }
            Service::Queue => {
                let late = TimeDelta::from_std(self.span(self.weather().delay)).unwrap_or_default();
                let reply = self.queues().perform(&operation.name, &operation.body, late, depth);
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
            Fate::Unreachable | Fate::CrashBefore | Fate::Conflicted => return None,
            Fate::Done | Fate::FailedAfter | Fate::Lost | Fate::CrashAfter => {}
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Service {
    Table,
    Bucket,
    Queue,
    Events,
}

/// A request of the SDK.
#[derive(Debug)]
struct Operation {
    service: Service,
    name: String,
    /// The body of a request in JSON.
    body: Value,
    /// A request to a bucket.
    request: Option<(http::request::Parts, Vec<u8>)>,
}

impl Operation {
    fn read(request: HttpRequest) -> Option<Self> {
        let target = request.headers().get("x-amz-target").map(str::to_owned);
        let Some((prefix, name)) = target.as_deref().and_then(|target| target.split_once('.'))
        else {
            let request = request.try_into_http1x().ok()?;
            let (head, body) = request.into_parts();
            let body = body.bytes().map(<[u8]>::to_vec)?;
            return Some(Self::upload(http::Request::from_parts(head, body)));
        };
        let service = match prefix {
            "AmazonSQS" => Service::Queue,
            "AWSEvents" => Service::Events,
            _ => Service::Table,
        };
        let body = serde_json::from_slice(request.body().bytes()?).ok()?;
        Some(Self { service, name: name.to_owned(), body, request: None })
    }

    fn upload(request: http::Request<Vec<u8>>) -> Self {
        let (head, body) = request.into_parts();
        let name = format!("{} {}", head.method, head.uri.path());
        Self { service: Service::Bucket, name, body: Value::Null, request: Some((head, body)) }
    }

    /// The request without its signature, which the storm does not verify.
    fn in_bucket(&self) -> Option<s3s::HttpRequest> {
        let (head, body) = self.request.clone()?;
        let mut request = http::Request::from_parts(head, s3s::Body::from(body));
        request.headers_mut().remove("authorization");
        request.headers_mut().remove("x-amz-content-sha256");
        Some(request)
    }

    fn writes(&self) -> bool {
        !table::READING.contains(&self.name.as_str())
    }

    fn throttled(&self) -> HttpResponse {
        match self.service {
            Service::Table => {
                Reply::error(400, "ProvisionedThroughputExceededException", "slower, please")
            }
            Service::Queue | Service::Events => {
                Reply::error(400, "ThrottlingException", "slower, please")
            }
            Service::Bucket => return xml(503, "SlowDown"),
        }
        .sent()
    }

    fn failed(&self) -> HttpResponse {
        match self.service {
            Service::Bucket => xml(500, "InternalError"),
            _ => Reply::error(500, "InternalServerError", "try again").sent(),
        }
    }

    /// A transaction that another one cancels.
    fn conflicted(&self) -> HttpResponse {
        let items = self.body["TransactItems"].as_array().map_or(1, Vec::len);
        let mut reasons = vec![json!({ "Code": "None" }); items];
        reasons[0] = json!({ "Code": "TransactionConflict", "Message": "another transaction" });
        let mut reply = Reply::error(
            400,
            "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Transaction cancelled [TransactionConflict]",
        );
        reply.body["CancellationReasons"] = json!(reasons);
        reply.sent()
    }
}

fn xml(status: u16, code: &str) -> HttpResponse {
    let body = format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>storm</Message></Error>"
    );
    HttpResponse::new(StatusCode::try_from(status).expect("a valid status"), SdkBody::from(body))
}

/// The way of one process to the account.
#[derive(Clone, Debug)]
pub struct Connector {
    pub aws: Arc<Aws>,
    pub process: Process,
}

impl Connector {
    async fn respond(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        self.lives().await;
        let Some(operation) = Operation::read(request) else {
            return Err(ConnectorError::user("a request that the storm cannot read".into()));
        };
        let fate = self.aws.fate(Some(&self.process), &operation);
        self.aws.note(&operation, fate);
        if fate != Fate::Done {
            self.process.0.failed.fetch_add(1, Ordering::Relaxed);
        }
        let latency = self.aws.span(self.aws.weather().latency);
        tokio::time::sleep(latency / 2).await;
        self.lives().await;
        match fate {
            Fate::Throttled => return Ok(operation.throttled()),
            Fate::Conflicted => return Ok(operation.conflicted()),
            Fate::Failed => return Ok(operation.failed()),
            Fate::Unreachable => return Err(unreachable()),
            Fate::CrashBefore => self.process.kill(),
            Fate::Done | Fate::FailedAfter | Fate::Lost | Fate::CrashAfter => {}
        }
        self.lives().await;
        let response = self.aws.perform(&self.process, &operation).await;
        if fate == Fate::CrashAfter {
            self.process.kill();
        }
        self.lives().await;
        tokio::time::sleep(latency / 2).await;
        self.lives().await;
        match fate {
            Fate::FailedAfter => Ok(operation.failed()),
            Fate::Lost => Err(unreachable()),
            _ => Ok(response),
        }
    }

    /// Never returns in a process that has ended.
    async fn lives(&self) {
        if self.process.is_dead() {
            std::future::pending::<()>().await;
        }
    }
}

fn unreachable() -> ConnectorError {
    ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into())
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().respond(request))
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
