//! A request of the SDK, and the responses of AWS that are no success.

use aws_smithy_runtime_api::{
    client::orchestrator::{HttpRequest, HttpResponse},
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::table;

/// A response as JSON.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Reply {
    pub fn done(body: Value) -> Self {
        Self { status: 200, body }
    }

    /// A success without a body.
    pub fn nothing() -> Self {
        Self { status: 200, body: Value::Null }
    }

    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self { status, body: json!({ "__type": code, "message": message }) }
    }

    pub(super) fn sent(self) -> HttpResponse {
        let status = StatusCode::try_from(self.status).expect("a valid status");
        HttpResponse::new(
            status,
            match self.body {
                Value::Null => SdkBody::empty(),
                body => SdkBody::from(body.to_string()),
            },
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Service {
    Table,
    Bucket,
    Queue,
    Events,
}

/// A request of the SDK.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) service: Service,
    pub(super) name: String,
    /// The body of a request in JSON.
    pub(super) body: Value,
    /// A request to a bucket.
    pub(super) request: Option<(http::request::Parts, Vec<u8>)>,
}

impl Operation {
    pub(super) fn read(request: HttpRequest) -> Option<Self> {
        let target = request.headers().get("x-amz-target").map(str::to_owned);
        let Some((prefix, name)) = target.as_deref().and_then(|target| target.split_once('.'))
        else {
            let request = request.try_into_http1x().ok()?;
            let (head, body) = request.into_parts();
            let body = body.bytes().map(<[u8]>::to_vec)?;
            return Some(Self::upload(http::Request::from_parts(head, body)));
        };
        let service = match prefix {
            "AmazonSQS" => Service::Queue,
            "AWSEvents" => Service::Events,
            _ => Service::Table,
        };
        let body = serde_json::from_slice(request.body().bytes()?).ok()?;
        Some(Self { service, name: name.to_owned(), body, request: None })
    }

    pub(super) fn upload(request: http::Request<Vec<u8>>) -> Self {
        let (head, body) = request.into_parts();
        let name = format!("{} {}", head.method, head.uri.path());
        Self { service: Service::Bucket, name, body: Value::Null, request: Some((head, body)) }
    }

    /// The request without its signature, which the storm does not verify.
    pub(super) fn in_bucket(&self) -> Option<s3s::HttpRequest> {
        let (head, body) = self.request.clone()?;
        let mut request = http::Request::from_parts(head, s3s::Body::from(body));
        request.headers_mut().remove("authorization");
        request.headers_mut().remove("x-amz-content-sha256");
        Some(request)
    }

    pub(super) fn writes(&self) -> bool {
        !table::READING.contains(&self.name.as_str())
    }

    pub(super) fn throttled(&self) -> HttpResponse {
        match self.service {
            Service::Table => {
                Reply::error(400, "ProvisionedThroughputExceededException", "slower, please")
            }
            Service::Queue | Service::Events => {
                Reply::error(400, "ThrottlingException", "slower, please")
            }
            Service::Bucket => return xml(503, "SlowDown"),
        }
        .sent()
    }

    pub(super) fn failed(&self) -> HttpResponse {
        match self.service {
            Service::Bucket => xml(500, "InternalError"),
            _ => Reply::error(500, "InternalServerError", "try again").sent(),
        }
    }

    /// The trouble of a write that meets another of the same item or object.
    pub(super) fn conflict(&self) -> Option<&'static str> {
        match (self.service, self.name.as_str()) {
            (Service::Table, "TransactWriteItems") => Some("conflicted"),
            (Service::Table, "PutItem" | "UpdateItem" | "DeleteItem") => Some("conflicted item"),
            (Service::Bucket, name) => {
                let writes = ["PUT ", "POST ", "DELETE "].iter().any(|it| name.starts_with(it));
                writes.then_some("conflicted object")
            }
            _ => None,
        }
    }

    /// The keys of the items that a write of the table changes.
    pub(super) fn keys(&self) -> Vec<(String, String)> {
        let writes = self.body["TransactItems"].as_array().into_iter().flatten();
        let writes = writes.flat_map(|write| write.as_object().into_iter().flatten());
        let key = |write: &Value| {
            [&write["Key"], &write["Item"]]
                .into_iter()
                .find_map(|key| Some((key["pk"]["S"].as_str()?, key["sk"]["S"].as_str()?)))
                .map(|(pk, sk)| (pk.to_owned(), sk.to_owned()))
        };
        writes.map(|(_, write)| write).chain([&self.body]).filter_map(key).collect()
    }

    /// The response to a write that meets another.
    pub(super) fn conflicted(&self, drawn: usize) -> HttpResponse {
        match (self.service, self.name.as_str()) {
            (Service::Bucket, _) => xml(409, "ConditionalRequestConflict"),
            (_, "TransactWriteItems") => self.cancelled(drawn),
            _ => Reply::error(400, &exception("TransactionConflictException"), "a transaction")
                .sent(),
        }
    }

    /// A cancelled transaction: because of another one, or because one item is throttled.
    fn cancelled(&self, drawn: usize) -> HttpResponse {
        let items = self.body["TransactItems"].as_array().map_or(1, Vec::len).max(1);
        let code = CANCELLED[drawn / items % CANCELLED.len()];
        let mut reasons = vec![json!({ "Code": "None" }); items];
        reasons[drawn % items] = json!({ "Code": code, "Message": "storm" });
        let codes: Vec<&str> =
            reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
        let message = format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        );
        let mut reply = Reply::error(400, &exception("TransactionCanceledException"), &message);
        reply.body["CancellationReasons"] = json!(reasons);
        reply.sent()
    }
}

/// Why DynamoDB cancels a transaction whose conditions hold.
const CANCELLED: [&str; 3] =
    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

fn exception(name: &str) -> String {
    format!("com.amazonaws.dynamodb.v20120810#{name}")
}

fn xml(status: u16, code: &str) -> HttpResponse {
    let body = format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>storm</Message></Error>"
    );
    HttpResponse::new(StatusCode::try_from(status).expect("a valid status"), SdkBody::from(body))
}
