//! The client: it works through the queue, one request at a time.

use std::{cmp::Reverse, collections::BTreeMap, io, time::Duration};

use thiserror::Error;

use crate::{
    api::Api,
    backoff::Backoff,
    call::{Audio, Call, CallId, State},
    device::Device,
    outcome::Outcome,
    progress::Progress,
    queue::{InUse, Queue},
    step::{Pause, Step, step},
    token::{Token, TokenSource},
};

/// A client for one queue and one recorded user.
#[derive(Debug)]
pub struct Client<T, D> {
    queue: Queue,
    api: Api,
    tokens: T,
    device: D,
    backoff: Backoff,
    token: Option<Token>,
    calls: BTreeMap<CallId, (Call, Progress)>,
}

/// The client cannot work on the queue.
#[derive(Debug, Error)]
pub enum Error {
    /// The folder cannot be read, for example. A later run continues.
    #[error("failed to read or write the queue")]
    Disk(#[from] io::Error),
    /// Another client works on it.
    #[error(transparent)]
    InUse(#[from] InUse),
}

/// How often the folder is read for new calls.
const LOOK: Duration = Duration::from_secs(1);

impl<T: TokenSource, D: Device> Client<T, D> {
    /// A client that sends nothing until it runs.
    pub fn new(queue: Queue, api: Api, tokens: T, device: D, backoff: Backoff) -> Self {
        Self { queue, api, tokens, device, backoff, token: None, calls: BTreeMap::new() }
    }

    /// Works through the queue, until it is dropped or the folder cannot be read.
    ///
    /// It may be dropped at any time, and run again. An app does so when the network returns: the
    /// new run waits for no earlier pause.
    pub async fn run(&mut self) -> Result<(), Error> {
        self.work(false).await
    }

    /// Works through the queue until no call is left, except those that wait for a person.
    pub async fn run_until_empty(&mut self) -> Result<(), Error> {
        self.work(true).await
    }

    async fn work(&mut self, until_empty: bool) -> Result<(), Error> {
        let _lock = self.queue.lock()?;
        self.queue.tidy()?;
        self.calls.clear();
        loop {
            self.look()?;
            match self.upcoming() {
                Some((id, pause)) if pause.is_zero() => self.perform(&id).await?,
                Some((_, pause)) => self.device.sleep(pause.min(LOOK)).await,
                None if until_empty => return Ok(()),
                None => self.device.sleep(LOOK).await,
            }
        }
    }

    /// The call of the next request, and the pause before it. Of several that are due, one that has
    /// advanced comes first, so that its upload link does not expire, and then the oldest.
    fn upcoming(&self) -> Option<(CallId, Duration)> {
        let uptime = self.device.uptime();
        let pending = self.calls.values().filter(|(call, _)| !call.state.is_final());
        let (call, progress) = pending.min_by_key(|(call, progress)| {
            (progress.due().max(uptime), Reverse(call.state.stage()), call.facts.started_at)
        })?;
        Some((call.call_id.clone(), progress.due().saturating_sub(uptime)))
    }

    /// Reads the calls that are new in the queue, and forgets those that are gone.
    fn look(&mut self) -> io::Result<()> {
        let ids = self.queue.ids()?;
        self.calls.retain(|id, _| ids.binary_search(id).is_ok());
        for id in ids {
            if self.calls.contains_key(&id) {
                continue;
            }
            if let Some(call) = logged(&id, "read", self.queue.load(&id)).flatten() {
                self.calls.insert(id, (call, Progress::default()));
            }
        }
        Ok(())
    }

    /// Performs one request of a call, and writes what follows from it.
    ///
    /// A disk that is full stops no upload, because uploads free it. A state that is not written
    /// costs repeated requests after a crash, and nothing else.
    async fn perform(&mut self, id: &CallId) -> io::Result<()> {
        let Some((call, mut progress)) = self.calls.remove(id) else { return Ok(()) };
        let Some(Step { state, pause }) = self.next(&call).await else {
            return self.queue.set_aside(id);
        };
        if pause == Pause::SignIn {
            self.token = None;
        }
        let moment = (self.device.uptime(), self.device.random());
        progress.note(&state, pause, &self.backoff, moment);
        let is_changed = state != call.state;
        let call = Call { state, ..call };
        if is_changed {
            tracing::info!(call = %id, state = call.state.name(), "advanced");
            logged(id, "write", self.queue.save(&call));
        }
        if call.state.ends_copy() && logged(id, "delete", self.queue.delete(id)).is_some() {
            return Ok(());
        }
        self.calls.insert(id.clone(), (call, progress));
        Ok(())
    }

    /// The next step of a call; `None` if its audio is missing.
    async fn next(&mut self, call: &Call) -> Option<Step> {
        let id = &call.call_id;
        let outcome = match &call.state {
            State::Recorded { audio: None } => {
                let Some(digest) = logged(id, "read", self.digest(id).await) else {
                    let (state, pause) = (call.state.clone(), Pause::Backoff(None));
                    return Some(Step { state, pause });
                };
                let state = State::Recorded { audio: Some(digest?) };
                return Some(Step { state, pause: Pause::None });
            }
            State::Recorded { audio: Some(audio) } => match self.token().await {
                Some(token) => self.api.register(&token, call, audio, self.device.now()).await,
                None => Outcome::Unreachable,
            },
            State::Registered { recording, upload, audio } => {
                let path = self.queue.audio(id);
                let put = match self.api.is_in_parts(audio) {
                    false => self.api.put(upload, audio, &path).await,
                    true => match self.token().await {
                        Some(token) => self.api.put_parts(&token, recording, audio, &path).await,
                        None => Ok(Outcome::Unreachable),
                    },
                };
                logged(id, "read", put).unwrap_or(Outcome::Unreachable)
            }
            State::Uploaded { recording, .. } => match self.token().await {
                Some(token) => self.api.show(&token, recording).await,
                None => Outcome::Unreachable,
            },
            State::Stored | State::Refused { .. } | State::Rejected { .. } => Outcome::Unreachable,
        };
        if let Outcome::Failed(failure) = &outcome {
            let (status, code) = (failure.status, failure.code.as_deref());
            tracing::info!(call = %id, state = call.state.name(), status, code, "failed");
        }
        Some(step(call.state.clone(), outcome))
    }

    /// The digest of the audio, which another thread computes: it reads the whole file.
    async fn digest(&self, id: &CallId) -> io::Result<Option<Audio>> {
        let (queue, id) = (self.queue.clone(), id.clone());
        tokio::task::spawn_blocking(move || queue.digest(&id)).await?
    }

    async fn token(&mut self) -> Option<Token> {
        if self.token.is_none() {
            let fetched = self.tokens.fetch().await;
            let logged = fetched.inspect_err(|_| tracing::warn!("no token is available"));
            self.token = logged.ok();
        }
        self.token.clone()
    }
}

/// The result of an action on the files of a call, or `None` with the error in the log.
fn logged<R>(id: &CallId, action: &str, result: io::Result<R>) -> Option<R> {
    result.inspect_err(|error| tracing::error!(call = %id, action, %error, "the disk failed")).ok()
}
