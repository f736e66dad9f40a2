//! Invokes the deployed functions as API Gateway does, with any caller in the event. Each runs with
//! its own role and log. All stored data can be searched for a text.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    cloud::{Cloud, cloud},
    requests::Requests,
};

#[derive(Clone, Debug)]
pub struct Deployed {
    pub cloud: Cloud,
    client: Client,
}

/// The caller: the context that the authorizer passes on.
pub type Who<'a> = &'a Value;

impl Deployed {
    pub fn open() -> anyhow::Result<Self> {
        Ok(Self { cloud: cloud()?, client: Client::new() })
    }

    /// Sends a request to a function. Returns the status and the body, as text if it is not JSON.
    pub async fn ask(
        &self,
        function: &str,
        who: Who<'_>,
        asked: &str,
        body: &Value,
    ) -> anyhow::Result<(u16, Value)> {
        let (method, path) = asked.split_once(' ').context("a method and a path")?;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let headers =
            json!({ "content-type": "application/json", "host": "localhost", "if-match": "*" });
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
            "requestContext": {
                "requestId": format!("{}-{:08x}", function, number()), "stage": "$default", "timeEpoch": 0,
                "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test" },
                "authorizer": { "lambda": who },
            },
            "body": (!body.is_null()).then(|| body.to_string()), "isBase64Encoded": false,
        });
        let answer = self.invoke(function, &event).await?;
        let status = answer["statusCode"]
            .as_u64()
            .with_context(|| format!("{function}, {asked}: {answer}"))?;
        let text = answer["body"].as_str().unwrap_or_default();
        Ok((
            u16::try_from(status)?,
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        ))
    }

    /// Sends a request that must succeed, and returns the body.
    pub async fn done(
        &self,
        function: &str,
        who: Who<'_>,
        asked: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let (status, answer) = self.ask(function, who, asked, body).await?;
        anyhow::ensure!((200..300).contains(&status), "{asked}: {status}: {answer}");
        Ok(answer)
    }

    /// Invokes a function with an event, and returns its response.
    pub async fn invoke(&self, function: &str, event: &Value) -> anyhow::Result<Value> {
        let address = format!(
            "{}/2015-03-31/functions/{}/invocations",
            self.cloud.endpoint,
            self.cloud.function(function)?
        );
        let answer = self
            .client
            .post(address)
            .header("authorization", self.signed("lambda"))
            .body(event.to_string())
            .send()
            .await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// A header as the SDKs send it. The local cloud reads only the access key.
    fn signed(&self, service: &str) -> String {
        let scope = format!("20260101/{}/{service}/aws4_request", self.cloud.region);
        format!("AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders=host, Signature=0")
    }

    /// Every item of the table as text, by its key.
    pub async fn items(&self) -> anyhow::Result<Vec<(String, String)>> {
        let table = self.cloud.table();
        let scan = table
            .client
            .scan()
            .table_name(&table.name)
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let items = scan.collect::<Result<Vec<_>, _>>().await?;
        let text = |value: &AttributeValue| {
            value.as_b().map_or_else(
                |_| format!("{value:?}"),
                |blob| String::from_utf8_lossy(blob.as_ref()).into_owned(),
            )
        };
        Ok(items
            .iter()
            .map(|item| {
                let key = ["pk", "sk"]
                    .map(|name| {
                        item.get(name)
                            .and_then(|value| value.as_s().ok())
                            .map_or("", String::as_str)
                    })
                    .join(" ");
                let all: BTreeMap<_, _> =
                    item.iter().map(|(name, value)| (name, text(value))).collect();
                (key, format!("{all:?}"))
            })
            .collect())
    }

    /// Every version of every object in the service's buckets as text, by bucket and key.
    pub async fn objects(&self) -> anyhow::Result<Vec<(String, String)>> {
        let client = self.cloud.s3(&Requests::default());
        let mut all = Vec::new();
        for bucket in self.cloud.buckets() {
            let (mut key_marker, mut version_marker) = (None, None);
            loop {
                let list = client
                    .list_object_versions()
                    .bucket(bucket)
                    .set_key_marker(key_marker)
                    .set_version_id_marker(version_marker);
                let page = list.send().await?;
                for version in page.versions() {
                    let key = version.key().unwrap_or_default();
                    let get = client
                        .get_object()
                        .bucket(bucket)
                        .key(key)
                        .set_version_id(version.version_id().map(str::to_owned))
                        .send()
                        .await;
                    let Ok(object) = get else { continue }; // removed since it was listed
                    let described =
                        format!("{:?} {:?}", object.metadata(), object.content_disposition());
                    let body = object.body.collect().await?.to_vec();
                    all.push((
                        format!("{bucket}/{key}"),
                        format!("{key} {described} {}", String::from_utf8_lossy(&body)),
                    ));
                }
                for marker in page.delete_markers() {
                    all.push((
                        format!("{bucket}/{}", marker.key().unwrap_or_default()),
                        marker.key().unwrap_or_default().to_owned(),
                    ));
                }
                if page.is_truncated() != Some(true) {
                    break;
                }
                (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
            }
        }
        Ok(all)
    }

    /// Every line that the functions have logged, by log group.
    pub async fn log(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut lines = Vec::new();
        let groups = self.logs("DescribeLogGroups", json!({})).await?;
        for group in groups["logGroups"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|group| group["logGroupName"].as_str())
        {
            let mut next = Value::Null;
            loop {
                let mut asked = json!({ "logGroupName": group });
                if !next.is_null() {
                    asked["nextToken"] = next;
                }
                let page = self.logs("FilterLogEvents", asked).await?;
                let events = page["events"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|event| event["message"].as_str());
                lines.extend(events.map(|message| (group.to_owned(), message.to_owned())));
                next = page["nextToken"].clone();
                if next.is_null() {
                    break;
                }
            }
        }
        Ok(lines)
    }

    async fn logs(&self, action: &str, asked: Value) -> anyhow::Result<Value> {
        let post = self
            .client
            .post(&self.cloud.endpoint)
            .header("content-type", "application/x-amz-json-1.1");
        let post = post
            .header("x-amz-target", format!("Logs_20140328.{action}"))
            .header("authorization", self.signed("logs"));
        Ok(post.body(asked.to_string()).send().await?.error_for_status()?.json().await?)
    }
}

/// A number that is unique in this run.
fn number() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
