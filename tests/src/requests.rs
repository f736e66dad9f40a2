//! Intercepts every request of the SDK: counts the cost of an operation, and confines it to the
//! caller's organisation.
//!
//! It can also make an operation fail, to test interrupted work.
//!
//! The figures of cost come from here and not from an estimate. A request on a caller's behalf for
//! another organisation's key ends the test. This holds in every test, because each client of
//! [`crate::table`] and [`crate::bucket`] has this interceptor.

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
                BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
                BeforeTransmitInterceptorContextRef,
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
    /// The organisation of the caller whose request this task processes; unset in fixtures.
    pub static TENANT: String;
}

/// An interceptor for an SDK configuration.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    made: Arc<Mutex<BTreeMap<String, u64>>>,
    /// The number of commits and batches of writes that still succeed; `None`: all.
    commits_left: Arc<Mutex<Option<u64>>>,
    /// The number of requests of any kind that still succeed; `None`: all.
    requests_left: Arc<Mutex<Option<u64>>>,
    /// An operation that fails where its address contains this.
    broken: Arc<Mutex<Option<(&'static str, String)>>>,
    /// The number of commits before the table is throttled; `None`: all.
    commits_until_busy: Arc<Mutex<Option<u64>>>,
}

/// The error of a throttled request.
#[derive(Debug)]
struct Throttled;

impl Storable for Throttled {
    type Storer = StoreReplace<Self>;
}

/// The tenant of an operator's request that names no organisation.
pub const NO_ORGANISATION: &str = "no organisation";
/// The name under which the bytes of ranged reads are counted.
pub const BYTES: &str = "bytes read";

impl Requests {
    /// The count of each operation, `Service.Operation`, since the last call, and [`BYTES`] if
    /// there were ranged reads. Resets the counts.
    pub fn take(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fails commits and batches of writes after `commits` more; `None` lets all succeed.
    pub fn cut_short_after(&self, commits: Option<u64>) {
        *self.commits_left.lock().unwrap_or_else(PoisonError::into_inner) = commits;
    }

    /// Fails requests after `requests` more, as if the process had ended; `None` ends that.
    pub fn end_after(&self, requests: Option<u64>) {
        *self.requests_left.lock().unwrap_or_else(PoisonError::into_inner) = requests;
    }

    /// Lets `commits` more commits succeed, and then throttles them; `None` lets all succeed.
    pub fn throttle_after(&self, commits: Option<u64>) {
        *self.commits_until_busy.lock().unwrap_or_else(PoisonError::into_inner) = commits;
    }

    /// Whether [`Self::end_after`] has reached its end.
    pub fn has_ended(&self) -> bool {
        *self.requests_left.lock().unwrap_or_else(PoisonError::into_inner) == Some(0)
    }

    /// Fails each `operation` whose address or copy source contains `part`; `None` ends that.
    pub fn break_down(&self, broken: Option<(&'static str, String)>) {
        *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = broken;
    }

    fn is_broken(&self, operation: &str, request: &HttpRequest) -> bool {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let source = request.headers().get("x-amz-copy-source").unwrap_or_default();
        broken.as_ref().is_some_and(|(name, part)| {
            *name == operation && (request.uri().contains(part) || source.contains(part))
        })
    }

    fn goes_through(&self, operation: &str) -> bool {
        let commits = matches!(operation, "TransactWriteItems" | "BatchWriteItem");
        take_one(&self.requests_left) && (!commits || take_one(&self.commits_left))
    }

    fn count(&self, name: &str, amount: u64) {
        *self
            .made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(name.to_owned())
            .or_default() += amount;
    }
}

impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "Requests"
    }

    /// A throttled request is changed to name something that does not exist.
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
            *context.response_mut() =
                HttpResponse::new(StatusCode::try_from(400)?, SdkBody::from(body));
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
            return Err("interrupted by the test".into());
        }
        self.count(&format!("{}.{}", operation.service(), operation.name()), 1);
        if let Some(bytes) = context.request().headers().get("range").and_then(length) {
            self.count(BYTES, bytes);
        }
        let _outside_a_caller =
            TENANT.try_with(|tenant| hold(tenant, operation, context.request()));
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

/// The folders of an organisation in the buckets.
const PREFIXES: [&str; 8] =
    ["recordings", "files", "parts", "incoming", "processed", "invalid", "open", "statements"];

/// Ends the test unless every key of the request is the tenant's or of the general price list.
/// Provisioning maintains the list of organisations beside each organisation's own item. The
/// operator has no organisation, and reads that list and the items that it names.
fn hold(tenant: &str, operation: &Metadata, request: &HttpRequest) {
    let name = format!("{}.{}", operation.service(), operation.name());
    let body = || String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
    if operation.service() == "SQS" {
        let own = [
            format!("\\\"organisation\\\":\\\"{tenant}\\\""),
            format!("\\\"key\\\":\\\"recordings/{tenant}/"),
        ];
        assert!(
            own.iter().any(|own| body().contains(own)),
            "{name} on behalf of {tenant} names {}",
            body()
        );
        return;
    }
    if matches!(operation.name(), "ListObjectVersions" | "ListObjectsV2" | "ListMultipartUploads") {
        let own = |place| request.uri().contains(&format!("prefix={place}%2F{tenant}%2F"));
        assert!(
            PREFIXES.into_iter().any(own),
            "{name} on behalf of {tenant} looks at {}",
            request.uri()
        );
        return;
    }
    if operation.service() == "S3" {
        let copied = request.headers().get("x-amz-copy-source").unwrap_or_default();
        for place in [request.uri(), copied].into_iter().filter(|place| !place.is_empty()) {
            let own = PREFIXES.iter().any(|kind| place.contains(&format!("/{kind}/{tenant}/")));
            let statement = place.contains(&format!("/statements/{tenant}.json"));
            assert!(
                own || statement || listed(place, tenant),
                "{name} on behalf of {tenant} reaches for {place}"
            );
        }
        return;
    }
    let body: Value = request
        .body()
        .bytes()
        .and_then(|body| serde_json::from_slice(body).ok())
        .unwrap_or_default();
    let mut keys = Vec::new();
    leading(&body, &mut keys);
    assert!(!keys.is_empty(), "{name} on behalf of {tenant} has no leading key");
    for key in keys {
        let own = key == tenant || key.starts_with(&format!("{tenant}#"));
        let general = key == "OPERATOR#price"
            || (key == "OPERATOR#organisation" && operation.name() == "TransactWriteItems");
        let operators = tenant == NO_ORGANISATION && key.ends_with("#organisation");
        let log = key == "OPERATOR#audit"
            && ["PutItem", "TransactWriteItems"].contains(&operation.name());
        assert!(
            own || general || operators || log,
            "{name} on behalf of {tenant} reaches for {key}"
        );
    }
}

/// Whether a listed prefix belongs to the tenant. Batch deletions always pass.
fn listed(place: &str, tenant: &str) -> bool {
    let prefix = |kind| format!("prefix={kind}%2F{tenant}%2F");
    place.contains("?delete") || ["files", "parts"].iter().any(|kind| place.contains(&prefix(kind)))
}

/// Every partition key in a request to DynamoDB: of the table, of an index, and in conditions.
fn leading<'a>(value: &'a Value, keys: &mut Vec<&'a str>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| leading(value, keys)),
        // The one list without an organisation. The sort key of each entry names its organisation.
        Value::Object(_) if value["pk"]["S"] == "#sftp" => keys.extend(value["sk"]["S"].as_str()),
        Value::Object(members) => {
            for (name, value) in members {
                match value.get("S").and_then(Value::as_str) {
                    Some(key)
                        if matches!(
                            name.as_str(),
                            "pk" | "u"
                                | "p"
                                | "m"
                                | "l"
                                | ":pk"
                                | ":u"
                                | ":p"
                                | ":m"
                                | ":l"
                                | ":partition"
                        ) =>
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
