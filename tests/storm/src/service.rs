//! Lambda and what invokes it: queues, the stream, schedules and API Gateway.

mod queues;
mod schedules;
mod stream;

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use tests::request::Answer;
use tokio::time::timeout;

use crate::{
    aws::{Aws, Chain, Process},
    clock,
    function::{BUCKETS, Clients, GATEWAY, Program, RESPONSE},
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

    /// Invokes a function, as the next of a chain. An undisturbed invocation has no trouble: without
    /// one, chance alone would make dead letters.
    async fn invoke<T, F>(
        &self,
        function: &str,
        (mut chain, undisturbed): (Chain, bool),
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
        *chain.entry(function.to_owned()).or_default() += 1;
        process.invoke(chain, dies_in, undisturbed);
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
                if *why == "timed out" {
                    aws.count(why);
                }
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
        how: (Chain, bool),
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
    /// the gateway. The gateway waits for a while, and the function continues after that.
    pub async fn request<F>(
        &self,
        function: &'static str,
        send: impl FnOnce(axum::Router) -> F + 'static,
    ) -> anyhow::Result<Option<Answer>>
    where
        F: Future<Output = anyhow::Result<Answer>> + 'static,
    {
        let aws = &self.0.aws;
        if aws.happens("throttled", aws.weather().throttled) {
            return Ok(None);
        }
        let limits = self.0.limits.functions.get(function).context("a function's limits")?;
        let longest = Duration::from_secs(limits.timeout);
        let service = self.clone();
        let running = tokio::task::spawn_local(async move {
            let answers = |worker: Worker| async move {
                let Program::Api(router) = &worker.program else {
                    return (worker, Err(anyhow::anyhow!("no API")));
                };
                let answer = send(router.clone()).await;
                (worker, answer)
            };
            service.invoke(function, (Chain::new(), false), longest, answers).await
        });
        let Ok(ended) = timeout(GATEWAY.to_std()?, running).await else {
            aws.count("gateway timed out");
            return Ok(None);
        };
        match ended?? {
            Ended::Done(answer) if answer.text.len() > RESPONSE => Ok(None),
            Ended::Done(_) if aws.happens("lost", aws.weather().lost) => Ok(None),
            Ended::Done(answer) => Ok(Some(answer)),
            Ended::Failed { why, with_reason: false } => anyhow::bail!("{function}: {why}"),
            Ended::Failed { .. } | Ended::Aborted(_) => Ok(None),
        }
    }
}

/// Waits until a time, or for ever.
async fn wait(until: Option<DateTime<Utc>>) {
    match until {
        Some(until) => clock::wait_until(until).await,
        None => std::future::pending().await,
    }
}
