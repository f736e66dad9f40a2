//! Sends a request to a function's router as API Gateway would: an event, turned into a request by `lambda_http`.

use anyhow::Context;
use axum::{Router, body::to_bytes, http::StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::requests::TENANT;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub content_type: String,
    pub body: Value,
}

/// Who is asking, as the authorizer passes it on.
#[derive(Clone, Copy, Debug)]
pub struct As<'a> {
    pub organisation: &'a str,
    pub user: &'a str,
}

impl As<'_> {
    pub async fn get(self, router: &Router, path: &str) -> anyhow::Result<Answer> {
        self.send(router, "GET", path, None).await
    }

    pub async fn post(self, router: &Router, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(router, "POST", path, Some(body.to_string())).await
    }

    pub async fn send(self, router: &Router, method: &str, path: &str, body: Option<String>) -> anyhow::Result<Answer> {
        let context = json!({ "lambda": { "organisation": self.organisation, "user": self.user } });
        TENANT.scope(self.organisation.to_owned(), send(router, method, path, body, Some(context))).await
    }
}

/// Sends an event with what the authorizer said, if it said something.
pub async fn send(router: &Router, method: &str, path: &str, body: Option<String>, authorizer: Option<Value>) -> anyhow::Result<Answer> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "content-type": "application/json", "host": "localhost" },
        "requestContext": {
            "requestId": format!("request-{path}-{query}"),
            "stage": "$default",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test" },
            "authorizer": authorizer,
            "timeEpoch": 0,
        },
        "body": body,
        "isBase64Encoded": false,
    });
    let request = lambda_http::request::from_str(&event.to_string()).context("the event is no request")?;
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    let content_type = response.headers().get("content-type").map(|value| value.to_str().map(str::to_owned)).transpose()?;
    let body = to_bytes(response.into_body(), usize::MAX).await?;
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).context("the answer is not JSON")? };
    Ok(Answer { status, content_type: content_type.unwrap_or_default(), body })
}

impl Answer {
    /// The cause that the problem names; the whole answer where it is none, so that a failed assertion shows it.
    pub fn cause(&self) -> String {
        let kind = self.body["type"].as_str().and_then(|kind| kind.strip_prefix("urn:kontinuerlig-inspelning:problem:"));
        kind.map_or_else(|| format!("{self:?}"), str::to_owned)
    }
}
