//! Batches of which AWS processes some parts, and names the others in its response.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::{Aws, Operation, Process, Service, TABLE};

/// The element of each object in a request to S3 that removes several.
const OBJECT: &str = "<Object>";

impl Operation {
    /// The trouble that only some parts are processed; `None` if there are not several.
    pub(super) fn partial(&self) -> Option<&'static str> {
        let (trouble, parts) = match (self.service, self.name.as_str()) {
            (Service::Table, "BatchWriteItem") => ("unprocessed items", self.parts()),
            (Service::Table, "BatchGetItem") => ("unprocessed keys", self.parts()),
            (Service::Queue, "SendMessageBatch") => ("unsent messages", self.parts()),
            (Service::Bucket, name) if name.starts_with("POST ") => {
                ("kept objects", self.text().matches(OBJECT).count())
            }
            _ => return None,
        };
        (parts > 1).then_some(trouble)
    }

    fn parts(&self) -> usize {
        self.list().as_array().map_or(0, Vec::len)
    }

    fn list(&self) -> &Value {
        let of_table = &self.body["RequestItems"][TABLE];
        match self.name.as_str() {
            "BatchWriteItem" => of_table,
            "BatchGetItem" => &of_table["Keys"],
            _ => &self.body["Entries"],
        }
    }

    fn list_mut(&mut self) -> &mut Value {
        match self.name.as_str() {
            "BatchWriteItem" => &mut self.body["RequestItems"][TABLE],
            "BatchGetItem" => &mut self.body["RequestItems"][TABLE]["Keys"],
            _ => &mut self.body["Entries"],
        }
    }

    /// The body of a request to a bucket.
    fn text(&self) -> &str {
        let body = self.request.as_ref().map(|(_, body)| body.as_slice());
        body.and_then(|body| std::str::from_utf8(body).ok()).unwrap_or_default()
    }
}

impl Aws {
    /// Processes some parts of a batch, at least one.
    pub(super) async fn perform_some(
        &self,
        process: &Process,
        operation: &Operation,
    ) -> HttpResponse {
        if operation.service == Service::Bucket {
            return self.remove_some(process, operation).await;
        }
        let (mut some, mut rest) = (operation.clone(), operation.clone());
        let parts = operation.list().as_array().cloned().unwrap_or_default();
        let (first, last) = parts.split_at(1 + self.number(parts.len() - 1));
        (*some.list_mut(), *rest.list_mut()) = (json!(first), json!(last));
        let response = self.perform(process, &some).await;
        let body = response.body().bytes().and_then(|body| serde_json::from_slice(body).ok());
        let Some(mut body) = body.filter(|_| response.status().is_success()) else {
            return response;
        };
        let body: &mut Value = &mut body;
        match operation.name.as_str() {
            "BatchWriteItem" => body["UnprocessedItems"] = rest.body["RequestItems"].clone(),
            "BatchGetItem" => body["UnprocessedKeys"] = rest.body["RequestItems"].clone(),
            _ => {
                let failed = |entry: &Value| json!({ "Id": entry["Id"], "SenderFault": false, "Code": "InternalError" });
                body["Failed"] = last.iter().map(failed).collect();
            }
        }
        HttpResponse::new(response.status(), SdkBody::from(body.to_string()))
    }

    /// Removes all objects of a request but the last.
    async fn remove_some(&self, process: &Process, operation: &Operation) -> HttpResponse {
        let mut some = operation.clone();
        let text = operation.text();
        let cut =
            text.rfind(OBJECT).unwrap_or_default()..text.rfind("</Object>").unwrap_or_default();
        let last = text[cut.clone()].to_owned();
        let rest = text[..cut.start].to_owned() + &text[cut.end + "</Object>".len()..];
        if let Some((head, body)) = &mut some.request {
            head.headers.insert(http::header::CONTENT_LENGTH, rest.len().into());
            let checks: Vec<_> =
                head.headers.keys().filter(|name| is_checksum(name)).cloned().collect();
            for name in checks {
                head.headers.remove(name);
            }
            *body = rest.into_bytes();
        }
        let response = self.perform(process, &some).await;
        let body = response.body().bytes().and_then(|body| std::str::from_utf8(body).ok());
        let Some((before, after)) = body.and_then(|body| body.split_once("</DeleteResult>")) else {
            return response;
        };
        let key = last.split_once("<Key>").and_then(|(_, rest)| rest.split_once("</Key>"));
        let key = key.map_or("", |(key, _)| key);
        let body = format!(
            "{before}<Error><Key>{key}</Key><Code>InternalError</Code></Error></DeleteResult>{after}"
        );
        HttpResponse::new(response.status(), SdkBody::from(body))
    }
}

fn is_checksum(name: &http::HeaderName) -> bool {
    name.as_str() == "content-md5" || name.as_str().starts_with("x-amz-checksum")
}
