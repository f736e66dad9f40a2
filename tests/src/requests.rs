//! Looks at every request that the SDK makes, where it makes it: counts what an operation costs, and holds it to its caller's
//! organisation.
//!
//! It can also let an operation fail, to see what is left of work that was cut short.
//!
//! The figures of cost come from here and not from an estimate. A request made on behalf of a caller that reaches for another
//! organisation's key ends the test, in every test: the interceptor is part of every client that [`crate::table`] and [`crate::bucket`]
//! hand out.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
            },
        },
        orchestrator::{HttpRequest, HttpResponse, Metadata},
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::{ConfigBag, Storable, StoreReplace},
};
use serde_json::Value;

tokio::task_local! {
    /// The organisation of the caller on whose behalf this task makes requests; unset while a test prepares its world.
    pub static TENANT: String;
}

/// An interceptor for an SDK configuration.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    made: Arc<Mutex<BTreeMap<String, u64>>>,
    /// How many more commits and batches of writes go through; `None`: all do.
    commits_left: Arc<Mutex<Option<u64>>>,
    /// How many more requests of any kind go through; `None`: all do.
    requests_left: Arc<Mutex<Option<u64>>>,
    /// An operation that fails where its address holds this.
    broken: Arc<Mutex<Option<(&'static str, String)>>>,
    /// How many more commits the table takes before it is busy; `None`: all.
    commits_until_busy: Arc<Mutex<Option<u64>>>,
}

/// That the table is busy for a request.
#[derive(Debug)]
struct Throttled;

impl Storable for Throttled {
    type Storer = StoreReplace<Self>;
}

/// The tenant of a request of the operator's that names no organisation.
pub const NO_ORGANISATION: &str = "no organisation";
/// The name under which the bytes of ranged reads are counted.
pub const BYTES: &str = "bytes read";

impl Requests {
    /// The count of each operation, `Service.Operation`, since the last call, and [`BYTES`] if there were ranged reads; counting starts
    /// anew.
    pub fn take(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets `commits` more, or batches of writes, go through and fails those after; `None` lets all through again.
    pub fn cut_short_after(&self, commits: Option<u64>) {
        *self.commits_left.lock().unwrap_or_else(PoisonError::into_inner) = commits;
    }

    /// Lets `requests` more of any kind go through and fails those after, as if the process had ended; `None` lets all through again.
    pub fn end_after(&self, requests: Option<u64>) {
        *self.requests_left.lock().unwrap_or_else(PoisonError::into_inner) = requests;
    }

    /// Lets `commits` more go through; then the table answers that it is throttled, and takes none. `None` lets all through again.
    pub fn throttle_after(&self, commits: Option<u64>) {
        *self.commits_until_busy.lock().unwrap_or_else(PoisonError::into_inner) = commits;
    }

    /// Whether that end has come.
    pub fn has_ended(&self) -> bool {
        *self.requests_left.lock().unwrap_or_else(PoisonError::into_inner) == Some(0)
    }

    /// Fails each `operation` whose address, or whose source of a copy, holds `part`, until the end of that is told by `None`.
    pub fn break_down(&self, broken: Option<(&'static str, String)>) {
        *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = broken;
    }

    fn is_broken(&self, operation: &str, request: &HttpRequest) -> bool {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let source = request.headers().get("x-amz-copy-source").unwrap_or_default();
        broken.as_ref().is_some_and(|(name, part)| *name == operation && (request.uri().contains(part) || source.contains(part)))
    }

    fn goes_through(&self, operation: &str) -> bool {
        let commits = matches!(operation, "TransactWriteItems" | "BatchWriteItem");
        take_one(&self.requests_left) && (!commits || take_one(&self.commits_left))
    }

    fn count(&self, name: &str, amount: u64) {
        *self.made.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default() += amount;
    }
}

impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "Requests"
    }

    /// A request that the table does not take asks for nothing that there is.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().ok_or("a request without an operation")?;
        if operation.name() == "TransactWriteItems" && !take_one(&self.commits_until_busy) {
            context.request_mut().headers_mut().insert("x-amz-target", "DynamoDB_20120810.Nothing");
            config.interceptor_state().store_put(Throttled);
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if config.load::<Throttled>().is_some() {
            let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slower"}"#;
            *context.response_mut() = HttpResponse::new(StatusCode::try_from(400)?, SdkBody::from(body));
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().ok_or("a request without an operation")?;
        if self.is_broken(operation.name(), context.request()) {
            return Err("broken by the test".into());
        }
        if !self.goes_through(operation.name()) {
            return Err("cut short by the test".into());
        }
        self.count(&format!("{}.{}", operation.service(), operation.name()), 1);
        if let Some(bytes) = context.request().headers().get("range").and_then(length) {
            self.count(BYTES, bytes);
        }
        let _outside_a_caller = TENANT.try_with(|tenant| hold(tenant, operation, context.request()));
        Ok(())
    }
}

fn take_one(left: &Mutex<Option<u64>>) -> bool {
    match &mut *left.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
        None => true,
    }
}

/// The bytes of `bytes=FIRST-LAST`.
fn length(range: &str) -> Option<u64> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some(last.parse::<u64>().ok()? + 1 - first.parse::<u64>().ok()?)
}

/// Ends the test unless every key of the request is the tenant's, or of the general price list. Provisioning keeps the list of
/// organisations, beside the organisation's own item; the operator, of no organisation, reads the list and the items that it names.
fn hold(tenant: &str, operation: &Metadata, request: &HttpRequest) {
    let name = format!("{}.{}", operation.service(), operation.name());
    let body = || String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
    if operation.service() == "SQS" {
        let own = [format!("\\\"organisation\\\":\\\"{tenant}\\\""), format!("\\\"key\\\":\\\"recordings/{tenant}/")];
        assert!(own.iter().any(|own| body().contains(own)), "{name} on behalf of {tenant} tells of {}", body());
        return;
    }
    if matches!(operation.name(), "ListObjectVersions" | "ListObjectsV2") {
        let own = |place| request.uri().contains(&format!("prefix={place}%2F{tenant}%2F"));
        assert!(["recordings", "files", "parts"].into_iter().any(own), "{name} on behalf of {tenant} looks at {}", request.uri());
        return;
    }
    if operation.service() == "S3" {
        let copied = request.headers().get("x-amz-copy-source").unwrap_or_default();
        for place in [request.uri(), copied].into_iter().filter(|place| !place.is_empty()) {
            let own = ["recordings", "files", "parts"].iter().any(|kind| place.contains(&format!("/{kind}/{tenant}/")));
            let statement = place.contains(&format!("/statements/{tenant}.json"));
            assert!(own || statement || listed(place, tenant), "{name} on behalf of {tenant} reaches for {place}");
        }
        return;
    }
    let body: Value = request.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    let mut keys = Vec::new();
    leading(&body, &mut keys);
    assert!(!keys.is_empty(), "{name} on behalf of {tenant} has no leading key");
    for key in keys {
        let own = key == tenant || key.starts_with(&format!("{tenant}#"));
        let general = key == "OPERATOR#price" || (key == "OPERATOR#organisation" && operation.name() == "TransactWriteItems");
        let operators = tenant == NO_ORGANISATION && key.ends_with("#organisation");
        assert!(own || general || operators, "{name} on behalf of {tenant} reaches for {key}");
    }
}

/// Whether what is listed, or removed by a list, is the tenant's own.
fn listed(place: &str, tenant: &str) -> bool {
    let prefix = |kind| format!("prefix={kind}%2F{tenant}%2F");
    place.contains("?delete") || ["files", "parts"].iter().any(|kind| place.contains(&prefix(kind)))
}

/// Every leading key that a request to DynamoDB names: of the table, of an index, and in a condition on either.
fn leading<'a>(value: &'a Value, keys: &mut Vec<&'a str>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| leading(value, keys)),
        // The one list that is of no organisation: there its own entry is named by the rest of the key.
        Value::Object(_) if value["pk"]["S"] == "#sftp" => keys.extend(value["sk"]["S"].as_str()),
        Value::Object(members) => {
            for (name, value) in members {
                match value.get("S").and_then(Value::as_str) {
                    Some(key)
                        if matches!(name.as_str(), "pk" | "u" | "p" | "m" | "l" | ":pk" | ":u" | ":p" | ":m" | ":l" | ":partition") =>
                    {
                        keys.push(key)
                    }
                    _ => leading(value, keys),
                }
            }
        }
        _ => {}
    }
}
