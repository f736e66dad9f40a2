//! A service in the process: it plays the API, its gateway and S3.

mod mishap;
mod recordings;
mod routes;

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard},
};

use phone::{Api, Backoff, Client, PartSizes, Token, TokenSource, Unavailable};
use tokio::{net::TcpListener, sync::watch};

pub use mishap::{Mishap, Mishaps};
pub use recordings::{Recording, Recordings};

use crate::{folder::Folder, virtual_device::VirtualDevice};

/// Longer audio comes in parts of this length, in these tests.
pub const ABOVE: u64 = 60_000;
pub const PART: u64 = 20_000;

/// A running service. It ends with the test's runtime.
pub struct Service {
    pub url: String,
    shared: Shared,
}

/// The service as its routes share it.
#[derive(Clone)]
pub struct Shared {
    inner: Arc<Mutex<Inner>>,
    /// The requests that arrived, and those that were processed.
    events: Arc<watch::Sender<u64>>,
}

pub struct Inner {
    pub mishaps: Mishaps,
    pub recordings: Recordings,
    /// The token that was refused last; a client must not send it again.
    pub refused_token: Option<String>,
    /// Requests that a correct client does not send.
    pub violations: Vec<String>,
}

impl Service {
    pub async fn start(mishaps: Mishaps) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let recordings = Recordings::new(mishaps.seed(), url.clone());
        let inner = Inner { mishaps, recordings, refused_token: None, violations: Vec::new() };
        let shared =
            Shared { inner: Arc::new(Mutex::new(inner)), events: Arc::new(watch::Sender::new(0)) };
        let router = routes::router(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner()
    }

    /// Waits for so many arrivals of requests and responses.
    pub async fn events(&self, number: u64) {
        let mut events = self.shared.events.subscribe();
        let until = *events.borrow() + number;
        let _ = events.wait_for(|events| *events >= until).await;
    }

    /// The recordings of a call.
    pub fn of_call(&self, call: &str) -> Vec<Recording> {
        self.inner().recordings.of_call(call)
    }

    /// A client in the process, on a virtual device.
    pub fn client(&self, folder: &Folder, seed: u64) -> Client<impl TokenSource, VirtualDevice> {
        self.client_on(folder, VirtualDevice::new(seed))
    }

    pub fn client_on(
        &self,
        folder: &Folder,
        device: VirtualDevice,
    ) -> Client<impl TokenSource, VirtualDevice> {
        let parts = PartSizes { above: ABOVE, length: PART };
        let api = Api::new(&self.url).expect("a client").with_parts(parts);
        Client::new(folder.queue(), api, tokens(), device, Backoff::default())
    }
}

impl Shared {
    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no route panics with the lock")
    }

    pub fn count(&self) {
        self.events.send_modify(|events| *events += 1);
    }
}

/// Tokens that differ. One in four is not available at first.
fn tokens() -> impl TokenSource {
    let number = Mutex::new(0);
    move || {
        let mut number = number.lock().expect("no closure panics with the lock");
        *number += 1;
        let token = match *number % 4 {
            3 => Err(Unavailable("the sign-in is offline".into())),
            _ => Ok(Token::new(format!("token-{number}"))),
        };
        ready(token)
    }
}

fn ready<T: Send>(value: T) -> impl Future<Output = T> + Send {
    std::future::ready(value)
}
