//! The requests: to register a call, to upload its audio, and to ask for its recording.

mod message;
mod parts;
mod response;

use std::{io, path::Path, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{
    Method, RequestBuilder,
    header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue},
    redirect,
};

pub use parts::PartSizes;

use crate::{
    call::{Audio, Call, Link},
    outcome::Outcome,
    token::Token,
};

/// The API, and the upload links that it returns.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    url: String,
    parts: PartSizes,
}

/// The longest time for a connection.
const CONNECT_AT_MOST: Duration = Duration::from_secs(10);
/// The longest time for a request to the API.
const REQUEST_AT_MOST: Duration = Duration::from_secs(30);
/// The slowest upload that is waited for, in bytes per second.
const SLOWEST: u64 = 16 * 1024;

impl Api {
    /// The API at this address, which has no slash at its end.
    pub fn new(url: impl Into<String>) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_AT_MOST)
            .build()?;
        Ok(Self { http, url: url.into(), parts: PartSizes::default() })
    }

    /// The same with other sizes of parts.
    #[must_use]
    pub fn with_parts(self, parts: PartSizes) -> Self {
        Self { parts, ..self }
    }

    /// Registers a call. `sent_at` is the device's clock at this attempt.
    pub async fn register(
        &self,
        token: &Token,
        call: &Call,
        audio: &Audio,
        sent_at: DateTime<Utc>,
    ) -> Outcome {
        let request = self.http.post(format!("{}/v1/recordings", self.url));
        let body = message::Registration::of(call, audio, sent_at);
        let Some(response) = send(of_user(request, token).json(&body)).await else {
            return Outcome::Unreachable;
        };
        response::registered(&call.call_id, response).await
    }

    /// Reads a recording.
    pub async fn show(&self, token: &Token, recording: &str) -> Outcome {
        let request = self.http.get(format!("{}/v1/recordings/{recording}", self.url));
        match send(of_user(request, token)).await {
            Some(response) => response::shown(response).await,
            None => Outcome::Unreachable,
        }
    }

    /// Uploads the audio from the disk, with the headers of the link. The audio is never in memory
    /// as a whole. An error is one of the disk.
    pub async fn put(&self, link: &Link, audio: &Audio, path: &Path) -> io::Result<Outcome> {
        let file = match tokio::fs::File::open(path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Outcome::AudioDiffers);
            }
            file => file?,
        };
        if file.metadata().await?.len() != audio.length {
            return Ok(Outcome::AudioDiffers);
        }
        let (Ok(method), Some(headers)) = (link.method.parse::<Method>(), headers(link, audio))
        else {
            return Ok(Outcome::Unreachable);
        };
        let request = self
            .http
            .request(method, &link.url)
            .headers(headers)
            .timeout(upload_at_most(audio.length))
            .body(file);
        Ok(match send(request).await {
            Some(response) => response::uploaded(&response),
            None => Outcome::Unreachable,
        })
    }
}

/// The longest time for an upload of so many bytes.
fn upload_at_most(length: u64) -> Duration {
    REQUEST_AT_MOST + Duration::from_secs(length / SLOWEST)
}

fn of_user(request: RequestBuilder, token: &Token) -> RequestBuilder {
    request.bearer_auth(token.as_str()).timeout(REQUEST_AT_MOST)
}

/// The response, or `None` with the cause in the log. The log contains no address: an upload link
/// is a permission.
async fn send(request: RequestBuilder) -> Option<reqwest::Response> {
    let response = request.send().await.map_err(reqwest::Error::without_url);
    response
        .inspect_err(|error| tracing::info!(is_timeout = error.is_timeout(), "unreachable"))
        .ok()
}

/// The headers of the link, and the length that frames the body.
fn headers(link: &Link, audio: &Audio) -> Option<HeaderMap> {
    let mut headers = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(audio.length))]);
    for (name, value) in &link.headers {
        headers.insert(name.parse::<HeaderName>().ok()?, value.parse().ok()?);
    }
    Some(headers)
}
