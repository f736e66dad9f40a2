//! The capacity units that the table reports: written units by table and index, and all read units.
//!
//! This interceptor requests them and reads each response. The service requests only their sum.

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
                AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
            },
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use serde_json::{Value, json};

/// An interceptor for an SDK configuration.
#[derive(Clone, Debug, Default)]
pub struct Units {
    written: Arc<Mutex<BTreeMap<String, f64>>>,
    read: Arc<Mutex<f64>>,
}

const READS: [&str; 3] = ["GetItem", "BatchGetItem", "Query"];
const WRITES: [&str; 5] =
    ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

impl Units {
    /// The write units since the last call, by `table`, by index name, and as a sum in `all`.
    pub fn take(&self) -> BTreeMap<String, f64> {
        let mut written =
            std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner));
        written.insert("all".to_owned(), written.values().fold(0.0, |all, units| all + units));
        written
    }

    /// The read units since the last call. Resets the count.
    pub fn take_read(&self) -> f64 {
        std::mem::take(&mut *self.read.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count_read(&self, consumed: &Value) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) +=
            consumed["CapacityUnits"].as_f64().unwrap_or_default();
    }

    fn count(&self, consumed: &Value) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let mut add = |name: &str, arm: &Value| {
            *written.entry(name.to_owned()).or_default() +=
                arm["CapacityUnits"].as_f64().unwrap_or_default();
        };
        add("table", &consumed["Table"]);
        for (name, index) in consumed["GlobalSecondaryIndexes"].as_object().into_iter().flatten() {
            add(name, index);
        }
    }
}

impl Intercept for Units {
    fn name(&self) -> &'static str {
        "Units"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().ok_or("a request without an operation")?;
        if !WRITES.contains(&operation.name()) && !READS.contains(&operation.name()) {
            return Ok(());
        }
        let request = context.request_mut();
        let mut body: Value =
            serde_json::from_slice(request.body().bytes().ok_or("a request without a body")?)?;
        body["ReturnConsumedCapacity"] = json!("INDEXES");
        let body = body.to_string();
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body: Value = context
            .response()
            .body()
            .bytes()
            .and_then(|body| serde_json::from_slice(body).ok())
            .unwrap_or_default();
        let reads =
            config.load::<Metadata>().is_some_and(|operation| READS.contains(&operation.name()));
        let count =
            |consumed: &Value| if reads { self.count_read(consumed) } else { self.count(consumed) };
        match &body["ConsumedCapacity"] {
            Value::Array(tables) => tables.iter().for_each(count),
            table => count(table),
        }
        Ok(())
    }
}
