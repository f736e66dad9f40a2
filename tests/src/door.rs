//! The service's front door in the local cloud: requests with tokens, and links for audio.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::cloud::{Cloud, cloud};

/// The service as its callers reach it.
#[derive(Clone, Debug)]
pub struct Door {
    pub cloud: Cloud,
    pub client: Client,
}

impl Door {
    pub fn open() -> anyhow::Result<Self> {
        Ok(Self { cloud: cloud()?, client: Client::new() })
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.ask(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.ask(Method::POST, path).json(body)
    }

    pub fn put(&self, path: &str, body: &Value) -> RequestBuilder {
        self.ask(Method::PUT, path).json(body)
    }

    pub fn patch(&self, path: &str, body: &Value) -> RequestBuilder {
        self.ask(Method::PATCH, path).json(body)
    }

    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.ask(Method::DELETE, path)
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.cloud.api))
    }

    /// Uploads the audio by the link, with exactly the headers that it names.
    pub async fn send(&self, upload: &Value, audio: &[u8]) -> anyhow::Result<StatusCode> {
        let mut put =
            self.client.put(upload["url"].as_str().unwrap_or_default()).body(audio.to_vec());
        for (name, value) in upload["headers"].as_object().into_iter().flatten() {
            put = put.header(name, value.as_str().unwrap_or_default());
        }
        Ok(put.send().await?.status())
    }

    /// Registers the call and uploads its audio. Returns the recording's id once it is stored.
    pub async fn record(&self, call: Value, audio: &[u8], token: &str) -> anyhow::Result<String> {
        let (status, registered) =
            answer(self.post("/v1/recordings", &started_now(call)), token).await?;
        anyhow::ensure!(status == 201, "{status}: {registered}");
        self.send(&registered["upload"], audio).await?;
        let id = registered["recording"]["id"].as_str().unwrap_or_default().to_owned();
        let settled = self.settled(&id, token).await?;
        anyhow::ensure!(settled["state"] == "stored", "{settled}");
        Ok(id)
    }

    /// Requests the recording until it has left the state `expected`, like a click on refresh.
    pub async fn settled(&self, id: &str, token: &str) -> anyhow::Result<Value> {
        let mut refresh = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..600 {
            refresh.tick().await;
            let (status, shown) = answer(self.get(&format!("/v1/recordings/{id}")), token).await?;
            anyhow::ensure!(status == 200, "{status}: {shown}");
            if shown["state"] != "expected" {
                return Ok(shown);
            }
        }
        anyhow::bail!("the recording {id} was still expected after 600 refreshes")
    }
}

/// The status and the body, as text if it is not JSON.
pub async fn answer(request: RequestBuilder, token: &str) -> anyhow::Result<(u16, Value)> {
    let response = request.bearer_auth(token).send().await?;
    let status = response.status().as_u16();
    let text = response.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

/// `call`, with its start a minute ago.
pub fn started_now(mut call: Value) -> Value {
    call["startedAt"] = json!(Utc::now() - TimeDelta::minutes(1));
    call
}
