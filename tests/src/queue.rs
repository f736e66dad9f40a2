//! A queue of a test's own in this process. Messages remain until the test delivers them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use platform::queue::Queue;
use serde_json::Value;

use crate::requests::Requests;

/// The waiting messages, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Waiting(Arc<Mutex<VecDeque<Message>>>);

/// A message, and the seconds until it may be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub body: String,
    pub delay: u64,
}

/// A queue for a test that ignores sent messages.
pub fn untold() -> Queue {
    Waiting::default().queue(&Requests::default())
}

impl Waiting {
    /// An empty queue, with requests counted in `requests`.
    pub fn queue(&self, requests: &Requests) -> Queue {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-north-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .interceptor(requests.clone())
            .http_client(http_client_fn(move |_, _| connector.clone()));
        Queue {
            client: aws_sdk_sqs::Client::from_conf(config.build()),
            url: "http://localhost/000000000000/test".to_owned(),
        }
    }

    pub fn take(&self) -> Option<Message> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub fn all(&self) -> Vec<Message> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl HttpConnector for Waiting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sent: Value = request
            .body()
            .bytes()
            .and_then(|body| serde_json::from_slice(body).ok())
            .unwrap_or_default();
        let message = Message {
            body: sent["MessageBody"].as_str().unwrap_or_default().to_owned(),
            delay: sent["DelaySeconds"].as_u64().unwrap_or_default(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(message);
        let answer = SdkBody::from(
            r#"{"MessageId":"message","MD5OfMessageBody":"d41d8cd98f00b204e9800998ecf8427e"}"#,
        );
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            StatusCode::try_from(200).expect("a status"),
            answer,
        )))
    }
}
