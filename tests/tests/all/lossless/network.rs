//! A network between phones and the service that loses requests and responses.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Context;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tokio::net::TcpListener;

/// A proxy of the API and of S3, and what it let through.
pub struct Network {
    pub url: String,
    shared: Shared,
}

#[derive(Clone)]
struct Shared {
    inner: Arc<Mutex<Inner>>,
    http: reqwest::Client,
    api: String,
    url: String,
}

struct Inner {
    random: ChaCha8Rng,
    /// The call ids of registrations that the service has processed.
    registered: HashSet<String>,
    /// The call ids whose audio has arrived.
    put: HashSet<String>,
    /// The call id of each upload link.
    of_link: HashMap<String, String>,
    requests: u64,
    lost: u64,
}

/// The most bytes of a body.
const AT_MOST: usize = 16 << 20;
/// Addresses that stand for upload links.
const LINK: &str = "/s3?";

impl Network {
    pub async fn start(api: &str, seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let inner = Inner {
            random: ChaCha8Rng::seed_from_u64(seed),
            registered: HashSet::new(),
            put: HashSet::new(),
            of_link: HashMap::new(),
            requests: 0,
            lost: 0,
        };
        let shared = Shared {
            inner: Arc::new(Mutex::new(inner)),
            http: reqwest::Client::new(),
            api: api.to_owned(),
            url: url.clone(),
        };
        let router = Router::new().fallback(pass).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, shared })
    }

    pub fn has_registered(&self, call: &str) -> bool {
        self.shared.inner().registered.contains(call)
    }

    pub fn has_put(&self, call: &str) -> bool {
        self.shared.inner().put.contains(call)
    }

    pub fn summary(&self) -> String {
        let inner = self.shared.inner();
        format!("{} requests, {} lost", inner.requests, inner.lost)
    }
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fate of a request, from 0 to 99.
    fn fate(&self) -> u8 {
        let mut inner = self.inner();
        inner.requests += 1;
        let fate = inner.random.random_range(0..100);
        inner.lost += u64::from(fate < 12);
        fate
    }
}

/// Passes a request on, unless it or its response is lost.
async fn pass(State(network): State<Shared>, request: Request) -> Response {
    let fate = network.fate();
    if fate < 4 {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    // A request goes on when its phone has gone.
    let passed = tokio::spawn(async move { passed(&network, request).await });
    match passed.await.unwrap_or_else(|error| Err(error.into())) {
        Ok(_) if fate < 8 => StatusCode::GATEWAY_TIMEOUT.into_response(),
        Ok(response) if fate < 12 => broken(response),
        Ok(response) => response,
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// The response with a body that breaks off. An upload has no body to break off.
fn broken(response: Response) -> Response {
    let (parts, _) = response.into_parts();
    if parts.headers.get(header::CONTENT_TYPE).is_none() {
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    let broken = futures_util::stream::once(async {
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    (parts.status, Body::from_stream(broken)).into_response()
}

async fn passed(network: &Shared, request: Request) -> anyhow::Result<Response> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let link = path.strip_prefix(LINK).map(|link| percent_decode_str(link).decode_utf8_lossy());
    let to = link.as_ref().map_or_else(|| format!("{}{path}", network.api), ToString::to_string);
    let mut headers = HeaderMap::new();
    for (name, value) in &parts.headers {
        if name != header::HOST && name != header::TRANSFER_ENCODING {
            headers.insert(name.clone(), value.clone());
        }
    }
    let sent = to_bytes(body, AT_MOST).await?;
    let is_registration = parts.method == "POST" && path == "/v1/recordings";
    let registered = is_registration.then(|| call_id(&sent)).transpose()?;
    let request = network.http.request(parts.method, &to).headers(headers).body(sent);
    let response = request.send().await?;
    let (status, kind) = (response.status(), response.headers().get(header::CONTENT_TYPE).cloned());
    let mut received = response.bytes().await?.to_vec();
    if let Some(call) = registered
        && !status.is_server_error()
    {
        network.inner().registered.insert(call.clone());
        received = redirected(network, &call, received);
    }
    if let Some(link) = link
        && status.is_success()
    {
        let mut inner = network.inner();
        let call = inner.of_link.get(&*link).cloned().context("a link of this network")?;
        inner.put.insert(call);
    }
    let mut response = (status, received).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    response.headers_mut().extend(kind.map(|kind| (header::CONTENT_TYPE, kind)));
    Ok(response)
}

fn call_id(body: &[u8]) -> anyhow::Result<String> {
    let body: Value = serde_json::from_slice(body)?;
    body["callId"].as_str().map(str::to_owned).context("a call id")
}

/// The response to a registration, whose link leads through this network.
fn redirected(network: &Shared, call: &str, body: Vec<u8>) -> Vec<u8> {
    let Ok(mut shown) = serde_json::from_slice::<Value>(&body) else { return body };
    let Some(link) = shown["upload"]["url"].as_str().map(str::to_owned) else { return body };
    network.inner().of_link.insert(link.clone(), call.to_owned());
    let through = utf8_percent_encode(&link, NON_ALPHANUMERIC);
    shown["upload"]["url"] = format!("{}{LINK}{through}", network.url).into();
    shown.to_string().into_bytes()
}
