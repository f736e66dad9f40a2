//! Sends requests to a function's router as API Gateway does: as an event, converted as in the
//! function.
//! A caller is the authorizer's context: a person ([`As`]), a customer's system ([`App`]) or the
//! operator's ([`Operator`]). Each requested key must belong to its organisation, the operator's to the
//! one in the path.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Context;
use axum::{
    Router,
    body::to_bytes,
    http::{HeaderMap, StatusCode},
};
use data_encoding::BASE64;
use lambda_http::Request;
use platform::http::gateway;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    call::with,
    contract,
    requests::{NO_ORGANISATION, TENANT},
};

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub content_type: String,
    /// The body if it is JSON.
    pub body: Value,
    pub text: String,
}

/// A user.
#[derive(Clone, Copy, Debug)]
pub struct As<'a> {
    pub organisation: &'a str,
    pub user: &'a str,
}

/// A customer's own system, with scopes separated by spaces.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    pub organisation: &'a str,
    pub client: &'a str,
    pub scopes: &'a str,
}

#[derive(Clone, Copy, Debug)]
pub struct Operator<'a> {
    pub client: &'a str,
}

/// The methods of every caller.
macro_rules! sends {
    ($($caller:ident)*) => {$(
        impl $caller<'_> {
            pub async fn get(self, router: &Router, path: &str) -> anyhow::Result<Answer> {
                self.send(router, "GET", path, None).await
            }

            pub async fn post(self, router: &Router, path: &str, body: &Value) -> anyhow::Result<Answer> {
                self.send(router, "POST", path, Some(body.to_string())).await
            }

            pub async fn put(self, router: &Router, path: &str, body: &Value) -> anyhow::Result<Answer> {
                self.send(router, "PUT", path, Some(body.to_string())).await
            }

            pub async fn patch(self, router: &Router, path: &str, body: &Value) -> anyhow::Result<Answer> {
                self.send(router, "PATCH", path, Some(body.to_string())).await
            }

            pub async fn delete(self, router: &Router, path: &str) -> anyhow::Result<Answer> {
                self.send(router, "DELETE", path, None).await
            }

            /// Sends any body; `None` sends none.
            pub async fn send(self, router: &Router, method: &str, path: &str, body: Option<String>) -> anyhow::Result<Answer> {
                self.send_with(router, method, path, body, json!({})).await
            }

            /// Sends any body with additional headers.
            pub async fn send_with(
                self,
                router: &Router,
                method: &str,
                path: &str,
                body: Option<String>,
                headers: Value,
            ) -> anyhow::Result<Answer> {
                let sent = dispatch(router, method, path, json!({ "body": body }), Some(json!({ "lambda": self.context() })), headers);
                TENANT.scope(self.tenant(path).to_owned(), sent).await
            }

            /// Sends bytes that need not be text, in base64.
            pub async fn send_bytes(self, router: &Router, method: &str, path: &str, body: &[u8]) -> anyhow::Result<Answer> {
                let body = json!({ "body": BASE64.encode(body), "isBase64Encoded": true });
                let sent = dispatch(router, method, path, body, Some(json!({ "lambda": self.context() })), json!({}));
                TENANT.scope(self.tenant(path).to_owned(), sent).await
            }
        }
    )*};
}

sends! { As App Operator }

impl As<'_> {
    fn context(&self) -> Value {
        json!({ "organisation": self.organisation, "user": self.user })
    }

    fn tenant(&self, _: &str) -> &str {
        self.organisation
    }
}

impl App<'_> {
    fn context(&self) -> Value {
        json!({ "organisation": self.organisation, "client": self.client, "scopes": self.scopes })
    }

    fn tenant(&self, _: &str) -> &str {
        self.organisation
    }
}

impl Operator<'_> {
    fn context(&self) -> Value {
        json!({ "client": self.client, "scopes": "operator" })
    }

    /// The organisation in the path, or a nonexistent one where the path names none.
    fn tenant<'a>(&self, path: &'a str) -> &'a str {
        let named =
            path.strip_prefix("/v1/organisations/").and_then(|rest| rest.split(['/', '?']).next());
        named.unwrap_or(NO_ORGANISATION)
    }
}

thread_local! {
    /// The next request's number on a thread that numbers its own.
    static OWN: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Numbers the requests of this thread from 0, so that equal runs have equal ids.
pub fn number_from_here() {
    OWN.set(Some(0));
}

fn number() -> u64 {
    static SENT: AtomicU64 = AtomicU64::new(0);
    match OWN.get() {
        Some(number) => {
            OWN.set(Some(number + 1));
            number
        }
        None => SENT.fetch_add(1, Ordering::Relaxed),
    }
}

/// Sends an event with the authorizer's context, if there is one.
pub async fn send(
    router: &Router,
    method: &str,
    path: &str,
    body: Option<String>,
    authorizer: Option<Value>,
) -> anyhow::Result<Answer> {
    dispatch(router, method, path, json!({ "body": body }), authorizer, json!({})).await
}

async fn dispatch(
    router: &Router,
    method: &str,
    path: &str,
    body: Value,
    authorizer: Option<Value>,
    headers: Value,
) -> anyhow::Result<Answer> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "content-type": "application/json", "host": "localhost" },
        "requestContext": {
            "requestId": format!("request-{:06}", number()),
            "stage": "$default",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test" },
            "authorizer": authorizer,
            "timeEpoch": 0,
        },
        "isBase64Encoded": false,
    });
    event["headers"] = with(event["headers"].take(), headers);
    let event = with(event, body);
    let request = serde_json::from_value(event).context("the event is no request")?;
    let response = router.clone().oneshot(Request::from(gateway::encode_query(request))).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let content_type = headers
        .get("content-type")
        .map(|value| value.to_str())
        .transpose()?
        .unwrap_or_default()
        .to_owned();
    let text = String::from_utf8(to_bytes(response.into_body(), usize::MAX).await?.into())
        .context("the answer is not UTF-8")?;
    let body = match content_type.ends_with("json") && !content_type.ends_with("ndjson") {
        true => serde_json::from_str(&text).context("the answer is not JSON")?,
        false => Value::Null,
    };
    contract::hold(method, path, Answer { status, headers, content_type, body, text })
}

impl Answer {
    /// The problem's type, or else the whole response, for the message of a failed assertion.
    pub fn cause(&self) -> String {
        let kind = self.body["type"]
            .as_str()
            .and_then(|kind| kind.strip_prefix("urn:kontinuerlig-inspelning:problem:"));
        kind.map_or_else(|| format!("{self:?}"), str::to_owned)
    }

    /// The response, unless it is a refusal or a failure.
    pub fn done(self) -> anyhow::Result<Self> {
        anyhow::ensure!(self.status.is_success(), "{self:?}");
        Ok(self)
    }

    /// The status and the problem type of a refusal.
    pub fn refusal(&self) -> (u16, String) {
        (self.status.as_u16(), self.cause())
    }

    /// The rows of a CSV body, beginning with the column names.
    pub fn rows(&self) -> anyhow::Result<Vec<Vec<String>>> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b';')
            .has_headers(false)
            .from_reader(self.text.as_bytes());
        Ok(reader.deserialize().collect::<Result<_, _>>()?)
    }

    /// The lines of an NDJSON body.
    pub fn lines(&self) -> anyhow::Result<Vec<Value>> {
        self.text
            .lines()
            .map(|line| serde_json::from_str(line).context("a line is not JSON"))
            .collect()
    }
}
