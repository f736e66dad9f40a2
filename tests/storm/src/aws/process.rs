//! A process of a function: its place in a chain, its death, and its failed requests.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use tokio::sync::Notify;

use super::locked;

/// How often each function was invoked in the chain that led to something: Lambda counts it to
/// detect loops.
pub type Chain = BTreeMap<String, u32>;

/// A process of a function. It may die at any request.
#[derive(Clone, Debug)]
pub struct Process(Arc<State>);

#[derive(Debug, Default)]
struct State {
    dead: AtomicBool,
    died: Notify,
    /// The chain that its invocation ends.
    chain: Mutex<Chain>,
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

    /// Begins an invocation, the last of a chain. It may die at a request.
    pub fn invoke(&self, chain: Chain, dies_in: u32, undisturbed: bool) {
        *locked(&self.0.chain) = chain;
        self.0.dies_in.store(dies_in, Ordering::Relaxed);
        self.0.undisturbed.store(undisturbed, Ordering::Relaxed);
        self.0.failed.store(0, Ordering::Relaxed);
    }

    /// The requests of the invocation that failed. The SDK gives up after three attempts.
    pub fn failed(&self) -> u32 {
        self.0.failed.load(Ordering::Relaxed)
    }

    /// Counts a failed request as so many attempts.
    pub(super) fn fail(&self, attempts: u32) {
        let failed = self.failed().saturating_add(attempts);
        self.0.failed.store(failed, Ordering::Relaxed);
    }

    pub(super) fn chain(&self) -> Chain {
        locked(&self.0.chain).clone()
    }

    pub(super) fn is_undisturbed(&self) -> bool {
        self.0.undisturbed.load(Ordering::Relaxed)
    }

    /// Whether it dies at this request.
    pub(super) fn dies_now(&self) -> bool {
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
