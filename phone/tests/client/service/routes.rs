//! The routes of the service, and the mishaps in front of them.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde_json::{Value, json};

use super::{Mishap, Shared};

/// The headers of an upload: those of its link, and two that every client sends.
const HEADERS: [&str; 6] =
    ["accept", "content-length", "content-type", "host", "if-none-match", "x-amz-checksum-sha256"];

pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v1/recordings", post(register))
        .route("/v1/recordings/{id}", get(show))
        .route("/v1/recordings/{id}/parts", put(parts))
        .route("/s3/{id}/{link}", put(upload))
        .route("/s3/{id}/{part}/{link}", put(upload_part))
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(shared.clone(), disturb))
        .with_state(shared)
}

async fn disturb(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    shared.count();
    let path = request.uri().path().to_owned();
    let token = request.headers().get(header::AUTHORIZATION).cloned();
    let token = token.and_then(|token| token.to_str().map(str::to_owned).ok());
    let is_upload = path.starts_with("/s3/");
    if is_upload == token.is_some() {
        shared.inner().violations.push(format!("{path} with the token {token:?}"));
    }
    if token.is_some() && shared.inner().refused_token == token {
        shared.inner().violations.push("a refused token was sent again".to_owned());
    }
    let mishap = shared.inner().mishaps.draw(is_upload);
    let response = match mishap {
        None => next.run(request).await,
        Some(Mishap::LostRequest) => lose(),
        Some(Mishap::LostResponse) => {
            next.run(request).await;
            shared.count();
            lose()
        }
        Some(Mishap::Status(status)) => {
            if !is_upload && [401, 403].contains(&status) {
                shared.inner().refused_token = token;
            }
            gateway(status)
        }
        Some(Mishap::Busy(pause)) => {
            let mut response = gateway(429);
            let pause = pause.parse().expect("a header");
            response.headers_mut().insert(header::RETRY_AFTER, pause);
            response
        }
        Some(Mishap::Unreadable) => "<html>Welcome to the hotel</html>".into_response(),
        Some(Mishap::Expired) => {
            let link = path.rsplit('/').next().and_then(|link| link.parse().ok());
            shared.inner().recordings.expire(link.expect("a link"));
            gateway(403)
        }
    };
    shared.count();
    response
}

/// Ends the connection without a response. The panic ends its task only, and prints nothing.
fn lose() -> ! {
    std::panic::resume_unwind(Box::new("a lost connection"))
}

/// An error of the gateway or of S3, which has no code.
fn gateway(status: u16) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, Json(json!({"message": status.canonical_reason()}))).into_response()
}

/// Registers a call. A note such as `refuse 410 erased` makes the API refuse it.
async fn register(State(shared): State<Shared>, Json(call): Json<Value>) -> Response {
    let mut words = call["note"].as_str().unwrap_or_default().split(' ');
    if words.next() == Some("refuse") {
        let status = words.next().and_then(|status| status.parse().ok()).expect("a status");
        let body = json!({"code": words.next(), "detail": "a text for people"});
        return (StatusCode::from_u16(status).expect("a status"), Json(body)).into_response();
    }
    let (is_new, response) = shared.inner().recordings.register(&call);
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    (status, Json(response)).into_response()
}

async fn show(State(shared): State<Shared>, Path(id): Path<usize>) -> Response {
    match shared.inner().recordings.show(id) {
        Some(recording) => Json(recording).into_response(),
        None => gateway(404),
    }
}

async fn parts(
    State(shared): State<Shared>,
    Path(id): Path<usize>,
    Json(order): Json<Value>,
) -> Response {
    match shared.inner().recordings.parts(id, &order) {
        Some(progress) => Json(progress).into_response(),
        None => gateway(404),
    }
}

async fn upload_part(
    State(shared): State<Shared>,
    Path((id, part, link)): Path<(usize, usize, u64)>,
    headers: HeaderMap,
    audio: Bytes,
) -> StatusCode {
    let checksum = headers.get("x-amz-checksum-sha256").and_then(|it| it.to_str().ok());
    let checksum = checksum.unwrap_or_default();
    let status = shared.inner().recordings.put_part(id, part, link, checksum, &audio);
    StatusCode::from_u16(status).expect("a status")
}

async fn upload(
    State(shared): State<Shared>,
    Path((id, link)): Path<(usize, u64)>,
    headers: HeaderMap,
    audio: Bytes,
) -> StatusCode {
    let mut names: Vec<&str> = headers.keys().map(header::HeaderName::as_str).collect();
    names.sort_unstable();
    let mut inner = shared.inner();
    if names != HEADERS {
        inner.violations.push(format!("an upload with the headers {names:?}"));
    }
    let checksum = headers.get("x-amz-checksum-sha256").and_then(|it| it.to_str().ok());
    let status = inner.recordings.put(id, link, checksum.unwrap_or_default(), &audio);
    StatusCode::from_u16(status).expect("a status")
}
