//! Lambda and what invokes it: queues, the stream, schedules and API Gateway.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use domain::time::in_stockholm;
use serde::Deserialize;
use serde_json::{Value, json};
use tests::{event, request::Answer};
use tokio::time::timeout;

use crate::{
    aws::{Aws, Process, queues::Message},
    clock,
    function::{BUCKETS, Clients, GATEWAY, Program, RECORDINGS, RESPONSE},
};

/// The settings of the template that decide how AWS runs the functions. `make check` compares them.
#[derive(Clone, Debug, Deserialize)]
pub struct Limits {
    functions: BTreeMap<String, FunctionLimits>,
    queues: BTreeMap<String, QueueLimits>,
    streams: BTreeMap<String, StreamLimits>,
}

#[derive(Clone, Debug, Deserialize)]
struct FunctionLimits {
    timeout: u64,
    /// Whether Lambda lets it invoke itself by a queue again and again.
    loops: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct QueueLimits {
    function: String,
    batch: usize,
    invisible: i64,
    retained: i64,
    receipts: u32,
    concurrency: usize,
}

#[derive(Clone, Debug, Deserialize)]
struct StreamLimits {
    function: String,
    batch: usize,
    lanes: u64,
    attempts: u32,
}

/// Invocations of a chain after which Lambda ends it: AWS Lambda Developer Guide, "Recursive loop
/// detection".
const CHAIN: u32 = 16;
/// How often Lambda tries an asynchronous event: once, and two retries after one and two minutes.
const ATTEMPTS: u32 = 3;
/// How often the SDK tries a request.
const SDK_ATTEMPTS: u32 = 3;

/// The deployed service.
#[derive(Clone)]
pub struct Service(Rc<Deployed>);

struct Deployed {
    aws: Arc<Aws>,
    limits: Limits,
    /// Idle processes of each function.
    idle: RefCell<BTreeMap<String, Vec<Worker>>>,
    /// Records that each lane of a stream's function has to process, oldest first.
    lanes: RefCell<BTreeMap<(String, u64), Lane>>,
    /// Records that were given up.
    given_up: RefCell<Vec<(String, Value)>>,
    /// Running invocations, by function.
    running: RefCell<BTreeMap<String, usize>>,
    invocations: RefCell<BTreeMap<String, u64>>,
    /// Why the storm itself could not go on.
    broken: RefCell<Vec<String>>,
}

#[derive(Default)]
struct Lane {
    records: VecDeque<(DateTime<Utc>, Value)>,
    busy: bool,
}

struct Worker {
    process: Process,
    program: Program,
}

/// How an invocation ended.
#[derive(Debug)]
enum Ended<T> {
    Done(T),
    /// It ended with an error: without reason, or because AWS failed it as often as the SDK tries.
    Failed {
        why: String,
        with_reason: bool,
    },
    /// The process died, or Lambda ended it at its time-out, or Lambda was throttled.
    Aborted(&'static str),
}

impl Service {
    /// The service on an account with the template's queues and buckets.
    pub fn deploy(aws: Arc<Aws>) -> anyhow::Result<Self> {
        let limits: Limits = serde_json::from_str(include_str!("../limits.json"))?;
        for (name, versioned) in BUCKETS {
            aws.store.create(name, versioned);
        }
        for (name, queue) in &limits.queues {
            let (invisible, retained) =
                (TimeDelta::seconds(queue.invisible), TimeDelta::seconds(queue.retained));
            aws.queues().create(name, invisible, retained, queue.receipts);
        }
        Ok(Self(Rc::new(Deployed {
            aws,
            limits,
            idle: RefCell::default(),
            lanes: RefCell::default(),
            given_up: RefCell::default(),
            running: RefCell::default(),
            invocations: RefCell::default(),
            broken: RefCell::default(),
        })))
    }

    pub fn aws(&self) -> &Arc<Aws> {
        &self.0.aws
    }

    /// Records that a stream's function has given up, with its name.
    pub fn given_up(&self) -> Vec<(String, Value)> {
        self.0.given_up.borrow().clone()
    }

    pub fn invocations(&self) -> BTreeMap<String, u64> {
        self.0.invocations.borrow().clone()
    }

    /// Whether nothing runs, and nothing waits to be processed.
    pub fn is_quiet(&self) -> bool {
        let lanes = self.0.lanes.borrow();
        self.0.running.borrow().values().all(|running| *running == 0)
            && lanes.values().all(|lane| lane.records.is_empty())
            && self.0.aws.queues().waiting() == 0
    }

    /// Starts everything that invokes functions by itself, except the schedules.
    pub fn start(&self) {
        for name in self.0.limits.queues.keys().filter(|name| *name != "imports").cloned() {
            self.spawn(self.clone().poll(name));
        }
        self.spawn(self.clone().follow());
        self.spawn(self.clone().catch_up());
        self.spawn(self.clone().notify());
    }

    /// Runs something beside everything else. An error or a panic is remembered.
    fn spawn(&self, work: impl Future<Output = anyhow::Result<()>> + 'static) {
        let (service, running) = (self.clone(), tokio::task::spawn_local(work));
        tokio::task::spawn_local(async move {
            let ended = running.await;
            if let Err(error) = ended.map_err(anyhow::Error::from).and_then(|ended| ended) {
                service.0.broken.borrow_mut().push(format!("{error:#}"));
            }
        });
    }

    /// Why the storm itself could not go on.
    pub fn take_broken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.broken.borrow_mut())
    }

    fn worker(&self, function: &str) -> anyhow::Result<Worker> {
        if let Some(worker) = self.0.idle.borrow_mut().get_mut(function).and_then(Vec::pop) {
            return Ok(worker);
        }
        let process = Process::start();
        let program = Program::of(function, &Clients::of(&self.0.aws, &process))?;
        Ok(Worker { process, program })
    }

    /// Invokes a function, as the `depth`th of a chain. An undisturbed invocation has no trouble: without
    /// one, chance alone would make dead letters.
    async fn invoke<T, F>(
        &self,
        function: &str,
        (depth, undisturbed): (u32, bool),
        longest: Duration,
        run: impl FnOnce(Worker) -> F,
    ) -> anyhow::Result<Ended<T>>
    where
        F: Future<Output = (Worker, anyhow::Result<T>)>,
    {
        let aws = &self.0.aws;
        if !undisturbed && aws.happens("refused", aws.weather().refused) {
            return Ok(Ended::Aborted("throttled"));
        }
        let dies = !undisturbed && aws.happens("crashed", aws.weather().crashed);
        let dies_in = if dies { aws.span(Duration::from_millis(60)).as_millis() as u32 } else { 0 };
        let worker = self.worker(function)?;
        let process = worker.process.clone();
        process.invoke(depth, dies_in, undisturbed);
        *self.0.invocations.borrow_mut().entry(function.to_owned()).or_default() += 1;
        *self.0.running.borrow_mut().entry(function.to_owned()).or_default() += 1;
        let ended = tokio::select! {
            biased;
            () = process.death() => Ended::Aborted("crashed"),
            ended = timeout(longest, run(worker)) => match ended {
                Err(_) => Ended::Aborted("timed out"),
                Ok((worker, result)) => {
                    self.0.idle.borrow_mut().entry(function.to_owned()).or_default().push(worker);
                    match result {
                        Ok(done) => Ended::Done(done),
                        Err(error) => Ended::Failed {
                            why: format!("{error:#}"),
                            with_reason: process.failed() >= SDK_ATTEMPTS,
                        },
                    }
                }
            },
        };
        match &ended {
            Ended::Aborted(why) => {
                process.kill();
                aws.tell(|| format!("{function} {why}"));
            }
            Ended::Failed { why, .. } => aws.tell(|| format!("{function} failed: {why}")),
            Ended::Done(_) => aws.tell(|| format!("{function} done")),
        }
        *self.0.running.borrow_mut().entry(function.to_owned()).or_default() -= 1;
        Ok(ended)
    }

    async fn handle(
        &self,
        function: &str,
        how: (u32, bool),
        event: Value,
    ) -> anyhow::Result<Ended<Value>> {
        let limits = self.0.limits.functions.get(function).context("a function's limits")?;
        let longest = Duration::from_secs(limits.timeout);
        self.invoke(function, how, longest, |worker| async move {
            let answer = worker.program.handle(event).await;
            (worker, answer)
        })
        .await
    }

    /// Sends a request to a function's API. `None` is a response that never came, or an error of
    /// the gateway.
    pub async fn request<F>(
        &self,
        function: &str,
        send: impl FnOnce(axum::Router) -> F,
    ) -> anyhow::Result<Option<Answer>>
    where
        F: Future<Output = anyhow::Result<Answer>>,
    {
        let aws = &self.0.aws;
        if aws.happens("throttled", aws.weather().throttled) {
            return Ok(None);
        }
        let limits = self.0.limits.functions.get(function).context("a function's limits")?;
        let longest = Duration::from_secs(limits.timeout).min(GATEWAY.to_std()?);
        let ended = self
            .invoke(function, (1, false), longest, |worker| async move {
                let Program::Api(router) = &worker.program else {
                    return (worker, Err(anyhow::anyhow!("no API")));
                };
                let answer = send(router.clone()).await;
                (worker, answer)
            })
            .await?;
        match ended {
            Ended::Done(answer) if answer.text.len() > RESPONSE => Ok(None),
            Ended::Done(_) if aws.happens("lost", aws.weather().lost) => Ok(None),
            Ended::Done(answer) => Ok(Some(answer)),
            Ended::Failed { why, with_reason: false } => anyhow::bail!("{function}: {why}"),
            Ended::Failed { .. } | Ended::Aborted(_) => Ok(None),
        }
    }

    // ---------------------------------------------------------------- queues

    /// Processes a queue's messages, up to the template's concurrency.
    async fn poll(self, name: String) -> anyhow::Result<()> {
        let limits = self.0.limits.queues[&name].clone();
        let permits = Arc::new(tokio::sync::Semaphore::new(limits.concurrency));
        loop {
            let permit = permits.clone().acquire_owned().await?;
            let messages = loop {
                let messages = self.0.aws.queues().receive(&name, limits.batch);
                if !messages.is_empty() {
                    break messages;
                }
                let next = self.0.aws.queues().next(&name);
                tokio::select! {
                    biased;
                    () = self.0.aws.news.notified() => {}
                    () = wait(next) => {}
                }
            };
            let (service, name, limits) = (self.clone(), name.clone(), limits.clone());
            self.spawn(async move {
                let _permit = permit;
                service.process(&name, &limits, messages).await
            });
        }
    }

    async fn process(
        &self,
        name: &str,
        limits: &QueueLimits,
        messages: Vec<Message>,
    ) -> anyhow::Result<()> {
        let depth = messages.iter().map(|message| message.depth).max().unwrap_or_default();
        if depth > CHAIN && !self.0.limits.functions[&limits.function].loops {
            self.0.aws.queues().bury(name, messages);
            return Ok(());
        }
        let record = |message: &Message| json!({ "eventSource": "aws:sqs", "messageId": message.id, "body": message.body });
        let event = json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() });
        let undisturbed = messages.iter().any(|message| message.is_last);
        let ended = self.handle(&limits.function, (depth, undisturbed), event).await?;
        let Ended::Done(answer) = ended else { return Ok(()) };
        let failed = answer["batchItemFailures"].as_array().cloned().unwrap_or_default();
        for message in messages {
            if failed.iter().any(|failed| failed["itemIdentifier"] == json!(message.id)) {
                continue;
            }
            let again = self.0.aws.happens("doubled", self.0.aws.weather().doubled);
            let delay = TimeDelta::from_std(self.0.aws.span(self.0.aws.weather().delay))?;
            self.0.aws.queues().delete(name, &message.id, again.then_some(delay));
        }
        self.0.aws.news.notify_waiters();
        Ok(())
    }

    // ---------------------------------------------------------------- events of S3

    /// Sends the events of S3 to the queue of `ingest`: late, twice, or never.
    async fn notify(self) -> anyhow::Result<()> {
        loop {
            let aws = &self.0.aws;
            for (bucket, key) in aws.store.take_created() {
                if bucket != RECORDINGS || aws.happens("silent", aws.weather().silent) {
                    continue;
                }
                for _ in 0..=usize::from(aws.happens("doubled", aws.weather().doubled)) {
                    let delay = TimeDelta::from_std(aws.span(aws.weather().delay))?;
                    aws.queues().send("queue", &event::created(&key), delay, 1);
                }
                aws.news.notify_waiters();
            }
            aws.news.notified().await;
        }
    }

    // ---------------------------------------------------------------- the stream

    /// Distributes the stream's records over the lanes of its functions.
    async fn follow(self) -> anyhow::Result<()> {
        loop {
            for record in self.0.aws.take_stream() {
                for limits in self.0.limits.streams.values() {
                    if is_for(&limits.function, &record) {
                        self.enqueue(limits, record.clone())?;
                    }
                }
            }
            self.0.aws.news.notified().await;
        }
    }

    fn enqueue(&self, limits: &StreamLimits, record: Value) -> anyhow::Result<()> {
        let (keys, mut hash) = (&record["dynamodb"]["Keys"], DefaultHasher::new());
        (keys["pk"]["S"].as_str(), keys["sk"]["S"].as_str()).hash(&mut hash);
        let lane = (limits.function.clone(), hash.finish() % limits.lanes);
        let delay = TimeDelta::from_std(self.0.aws.span(self.0.aws.weather().delay))?;
        let mut lanes = self.0.lanes.borrow_mut();
        let of = lanes.entry(lane.clone()).or_default();
        of.records.push_back((clock::now() + delay, record));
        if !of.busy {
            of.busy = true;
            self.spawn(self.clone().lane(lane, limits.clone()));
        }
        Ok(())
    }

    /// Processes a lane's records in order, in batches, until none is left.
    async fn lane(self, lane: (String, u64), limits: StreamLimits) -> anyhow::Result<()> {
        loop {
            let first = {
                let mut lanes = self.0.lanes.borrow_mut();
                let of = lanes.get_mut(&lane).expect("the lane exists");
                match of.records.front() {
                    Some((at, _)) => *at,
                    None => {
                        of.busy = false;
                        return Ok(());
                    }
                }
            };
            clock::wait_until(first).await;
            let batch: Vec<Value> = {
                let lanes = self.0.lanes.borrow();
                let due = lanes[&lane].records.iter().take(limits.batch);
                due.take_while(|(at, _)| *at <= clock::now())
                    .map(|(_, record)| record.clone())
                    .collect()
            };
            self.batch(&limits, &batch).await?;
            if self.0.aws.happens("doubled", self.0.aws.weather().doubled) {
                self.batch(&limits, &batch).await?;
            }
            self.0
                .lanes
                .borrow_mut()
                .get_mut(&lane)
                .expect("it exists")
                .records
                .drain(..batch.len());
        }
    }

    /// Processes a batch. After a failure it continues at the first failed record, with half of it
    /// after an abort, up to the template's attempts.
    async fn batch(&self, limits: &StreamLimits, batch: &[Value]) -> anyhow::Result<()> {
        let (mut rest, mut size, mut attempt) = (batch, batch.len(), 0);
        while !rest.is_empty() {
            let some = &rest[..size.clamp(1, rest.len())];
            let how = (1, attempt + 1 >= limits.attempts);
            let ended = self.handle(&limits.function, how, json!({ "Records": some })).await?;
            let done = match &ended {
                Ended::Done(answer) => {
                    let failed = &answer["batchItemFailures"][0]["itemIdentifier"];
                    let is_failed =
                        |record: &Value| record["dynamodb"]["SequenceNumber"] == *failed;
                    some.iter().position(is_failed).unwrap_or(some.len())
                }
                Ended::Failed { .. } | Ended::Aborted(_) => 0,
            };
            rest = &rest[done..];
            if done == some.len() {
                (size, attempt) = (rest.len(), 0);
                continue;
            }
            if !matches!(ended, Ended::Aborted("throttled")) {
                attempt += 1;
                size = (size / 2).max(1);
            }
            if attempt == limits.attempts {
                self.0.given_up.borrow_mut().push((limits.function.clone(), rest[0].clone()));
                (rest, size, attempt) = (&rest[1..], rest.len() - 1, 0);
            }
            tokio::time::sleep(Duration::from_secs(1 << attempt.min(6))).await;
        }
        Ok(())
    }

    /// Brings the indexes up to date, as late as the weather wants.
    async fn catch_up(self) -> anyhow::Result<()> {
        loop {
            let next = self.0.aws.catch_up()?;
            tokio::select! {
                biased;
                () = self.0.aws.news.notified() => {}
                () = wait(next) => {}
            }
        }
    }

    // ---------------------------------------------------------------- schedules

    /// Runs the schedules of a span of time, and TTL.
    pub async fn run_schedules(&self, until: DateTime<Utc>) -> anyhow::Result<()> {
        let quarter = TimeDelta::minutes(15);
        let mut at = DateTime::from_timestamp((clock::now().timestamp() / 900 + 1) * 900, 0)
            .context("a valid time")?;
        let mut removed_at = clock::now();
        while at <= until {
            clock::wait_until(at).await;
            if clock::now() - removed_at >= TimeDelta::from_std(self.0.aws.weather().ttl)? {
                self.remove_expired()?;
                removed_at = clock::now();
            }
            for (function, time, event) in due(at) {
                let service = self.clone();
                self.spawn(async move {
                    clock::wait_until(time).await;
                    service.scheduled(function, event).await
                });
            }
            at += quarter;
        }
        clock::wait_until(until).await;
        Ok(())
    }

    pub fn remove_expired(&self) -> anyhow::Result<()> {
        self.0.aws.tables().remove_expired()?;
        self.0.aws.follow()
    }

    /// Invokes a function on schedule. Lambda tries an event of Scheduler three times.
    async fn scheduled(&self, function: &str, event: Value) -> anyhow::Result<()> {
        for attempt in 1..=ATTEMPTS {
            let ended = self.handle(function, (1, attempt == ATTEMPTS), event.clone()).await?;
            let again = self.0.aws.happens("doubled", self.0.aws.weather().doubled / 4.0);
            if matches!(ended, Ended::Done(_)) {
                if again {
                    self.handle(function, (1, true), event).await?;
                }
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(60 * u64::from(attempt))).await;
        }
        self.0.given_up.borrow_mut().push((function.to_owned(), event));
        Ok(())
    }
}

/// Whether the template's filter passes a record on to the function.
fn is_for(function: &str, record: &Value) -> bool {
    let keys = &record["dynamodb"]["Keys"];
    let of_recordings = keys["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with("#recording"));
    let by_ttl = record["eventName"] == "REMOVE"
        && record["userIdentity"]["principalId"] == "dynamodb.amazonaws.com";
    of_recordings && (function != "expire" || by_ttl)
}

/// The schedules that are due within a quarter of an hour, with their times, as in the template.
fn due(at: DateTime<Utc>) -> Vec<(&'static str, DateTime<Utc>, Value)> {
    let local = in_stockholm(at);
    let (hour, minute) = (local.hour(), local.minute());
    let mut due = Vec::new();
    if (hour, minute) == (0, 15) {
        due.push(("billing", at, json!({ "task": "day", "at": at })));
    }
    if (hour, minute) == (3, 30) {
        due.push(("reconcile", at, json!({ "night": at })));
    }
    if (hour, minute) == (4, 0) && chrono::Datelike::day(&local) == 1 {
        due.push(("billing", at, json!({ "task": "month", "at": at })));
    }
    if (5..=7).contains(&hour) {
        let time = at + TimeDelta::minutes(5);
        due.push(("delivery", time, json!({ "morning": time })));
    }
    due
}

/// Waits until a time, or for ever.
async fn wait(until: Option<DateTime<Utc>>) {
    match until {
        Some(until) => clock::wait_until(until).await,
        None => std::future::pending().await,
    }
}
