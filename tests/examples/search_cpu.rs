//! Requests the same page of 50 from the search router repeatedly, with cached responses of the
//! table: `search_cpu [PAGES]`.
//!
//! `make search-cpu` runs it natively for the time, and twice under callgrind for instructions.

use std::time::Instant;

use anyhow::ensure;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::{Router, body::to_bytes};
use chrono::TimeDelta;
use lambda_http::Request;
use platform::{aws::Environment, http::gateway, table::Table};
use tests::{
    call::now,
    people::{Person, found},
    recording::{recording, store},
    replayed::Replayed,
    table,
};
use tower::ServiceExt;

const PAGE: usize = 50;
const EVENT: &str = r#"{
    "version": "2.0", "routeKey": "$default", "rawPath": "/v1/recordings", "rawQueryString": "limit=50", "isBase64Encoded": false,
    "headers": { "host": "localhost" },
    "requestContext": {
        "requestId": "request-1", "stage": "$default", "timeEpoch": 0,
        "http": { "method": "GET", "path": "/v1/recordings", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test" },
        "authorizer": { "lambda": { "organisation": "demo", "user": "karin" } }
    }
}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let pages: u32 = std::env::args().nth(1).map_or(Ok(1_000), |argument| argument.parse())?;
    let database = dynoxide::Database::memory()?;
    let (table, endpoint) = table::serve(database, &Default::default()).await?;
    found(&table, "demo").await?;
    Person::administrator("karin").joins(&table, "demo").await?;
    Person::recorded("anna").joins(&table, "demo").await?;
    for call in 0..=PAGE {
        let began = now() - TimeDelta::minutes(call.try_into()?);
        store(&table, &recording("demo", "anna", &format!("call-{call:011}"), began)).await?;
    }
    let environment = Environment {
        region: aws_sdk_dynamodb::config::Region::new("eu-north-1"),
        credentials: aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "test"),
        endpoint: Some(endpoint),
        http: SharedHttpClient::new(Replayed::default()),
    };
    let router = search::router(search::App {
        table: Table { client: environment.dynamodb(), name: table.name },
        keys: Default::default(),
        now,
    });
    ensure!(request(&router).await? == request(&router).await?);
    let began = Instant::now();
    for _ in 0..pages {
        request(&router).await?;
    }
    println!(
        "{pages} pages of {PAGE}, {:.1} µs each",
        began.elapsed().as_secs_f64() * 1e6 / f64::from(pages.max(1))
    );
    Ok(())
}

/// Sends the request as API Gateway does, and returns the length of the response.
async fn request(router: &Router) -> anyhow::Result<usize> {
    let answer = router
        .clone()
        .oneshot(Request::from(gateway::encode_query(serde_json::from_str(EVENT)?)))
        .await?;
    ensure!(answer.status() == 200, "{answer:?}");
    Ok(to_bytes(answer.into_body(), usize::MAX).await?.len())
}
