//! The local cloud that `make test` has started: its addresses, and clients for tests.

use std::{collections::BTreeMap, fs};

use anyhow::Context;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use platform::{bucket::Bucket, queue::Queue, table::Table};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::requests::Requests;

/// The description that the local cloud wrote of itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Cloud {
    pub endpoint: String,
    pub region: String,
    pub api: String,
    pub client_id: String,
    pool_id: String,
    pub issuer: String,
    pub jwks_url: String,
    pub table: String,
    pub recordings_bucket: String,
    pub quarantine_bucket: String,
    pub drop_bucket: String,
    pub erasures_bucket: String,
    pub delivery_queue_url: String,
    pub sftp_server: String,
    /// Host and port.
    pub sftp_address: String,
    pub exports_bucket: String,
    pub calls_bucket: String,
    pub warnings_bus: String,
    pub queue_url: String,
    pub dlq_url: String,
    pub retention_jobs_url: String,
    pub removals_url: String,
    pub dead_removals_url: String,
    functions: BTreeMap<String, String>,
    access_key: String,
    secret_key: String,
    users: BTreeMap<String, SignIn>,
    applications: BTreeMap<String, Application>,
}

#[derive(Clone, Debug, Deserialize)]
struct SignIn {
    email: String,
    password: String,
}

/// The credentials of an application.
#[derive(Clone, Debug, Deserialize)]
struct Application {
    client_id: String,
    client_secret: String,
}

/// The local cloud that `CLOUD` names.
pub fn cloud() -> anyhow::Result<Cloud> {
    let path = std::env::var("CLOUD")
        .context("there is no local cloud: run the tests with `make test`")?;
    serde_json::from_slice(&fs::read(&path).with_context(|| format!("could not read {path}"))?)
        .context("could not read what the cloud wrote")
}

impl Cloud {
    /// The deployed name of a function.
    pub fn function(&self, name: &str) -> anyhow::Result<&str> {
        self.functions
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("no function is called {name}"))
    }

    pub fn buckets(&self) -> [&str; 6] {
        [
            &self.recordings_bucket,
            &self.quarantine_bucket,
            &self.drop_bucket,
            &self.exports_bucket,
            &self.calls_bucket,
            &self.erasures_bucket,
        ]
    }

    pub fn table(&self) -> Table {
        Table { client: self.counted_dynamodb(&Requests::default()), name: self.table.clone() }
    }

    pub fn counted_dynamodb(&self, requests: &Requests) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials())
            .endpoint_url(&self.endpoint)
            .interceptor(requests.clone())
            .interceptor(platform::consumed::Meter)
            .build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    pub fn s3(&self, requests: &Requests) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials())
            .endpoint_url(&self.endpoint)
            .force_path_style(true)
            .interceptor(requests.clone())
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// The deployed service's bucket of recordings.
    pub fn objects(&self) -> Bucket {
        Bucket { client: self.s3(&Requests::default()), name: self.recordings_bucket.clone() }
    }

    pub fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        let config = aws_sdk_eventbridge::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials())
            .endpoint_url(&self.endpoint)
            .build();
        aws_sdk_eventbridge::Client::from_conf(config)
    }

    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        self.counted_sqs(&Requests::default())
    }

    pub fn counted_sqs(&self, requests: &Requests) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials())
            .endpoint_url(&self.endpoint)
            .interceptor(requests.clone())
            .build();
        aws_sdk_sqs::Client::from_conf(config)
    }

    /// The deployed queue of the SFTP delivery.
    pub fn drop_queue(&self) -> Queue {
        Queue { client: self.sqs(), url: self.delivery_queue_url.clone() }
    }

    pub fn sftp(&self) -> delivery_api::Server {
        let config = aws_sdk_transfer::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials())
            .endpoint_url(&self.endpoint)
            .build();
        delivery_api::Server {
            client: aws_sdk_transfer::Client::from_conf(config),
            id: self.sftp_server.clone(),
            address: self.sftp_address.clone(),
            role: "arn:aws:iam::000000000000:role/of-a-test".to_owned(),
            bucket: self.drop_bucket.clone(),
        }
    }

    /// A token of the demonstration's user `name`, from the user pool's sign-in.
    pub async fn token(&self, name: &str) -> anyhow::Result<String> {
        let sign_in = self
            .users
            .get(name)
            .with_context(|| format!("the demonstration has no user {name}"))?;
        self.signed_in(sign_in).await
    }

    async fn signed_in(&self, sign_in: &SignIn) -> anyhow::Result<String> {
        let sent = json!({
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": self.client_id,
            "AuthParameters": { "USERNAME": sign_in.email, "PASSWORD": sign_in.password },
        });
        let answer = self.of_pool("InitiateAuth", &sent).await?;
        let token = answer["AuthenticationResult"]["IdToken"].as_str();
        token.map(str::to_owned).with_context(|| format!("could not sign in: {answer}"))
    }

    /// Creates a sign-in of a user, and returns a token.
    pub async fn sign_up(&self, organisation: &str, user: &str) -> anyhow::Result<String> {
        let (email, password) = (format!("{user}@{organisation}.example"), "Inspelning-2026");
        let attribute = |name: &str, value: &str| json!({ "Name": name, "Value": value });
        let attributes = [
            attribute("email", &email),
            attribute("custom:organisation", organisation),
            attribute("custom:user", user),
        ];
        let person = json!({
            "UserPoolId": self.pool_id, "Username": email, "MessageAction": "SUPPRESS", "UserAttributes": attributes,
        });
        self.of_pool("AdminCreateUser", &person).await?;
        let secret = json!({
            "UserPoolId": self.pool_id, "Username": email, "Password": password, "Permanent": true,
        });
        self.of_pool("AdminSetUserPassword", &secret).await?;
        self.signed_in(&SignIn { email, password: password.to_owned() }).await
    }

    async fn of_pool(&self, action: &str, sent: &Value) -> anyhow::Result<Value> {
        let scope = format!("20260101/{}/cognito-idp/aws4_request", self.region);
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=host, Signature=0",
            self.access_key
        );
        let post = reqwest::Client::new()
            .post(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{action}"))
            .header("authorization", signed);
        Ok(post.body(sent.to_string()).send().await?.json().await?)
    }

    /// A token of the application `name`, or of the `operator`, with a scope like `demo:read`.
    pub async fn application_token(&self, name: &str, scope: &str) -> anyhow::Result<String> {
        let application = self.application(name)?;
        let asked = reqwest::Client::new()
            .post(format!("{}/oauth2/token", self.endpoint))
            .basic_auth(&application.client_id, Some(&application.client_secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("grant_type=client_credentials&scope=inspelning/{scope}"));
        let answer: Value = asked.send().await?.json().await?;
        let token = answer["access_token"].as_str();
        token.map(str::to_owned).with_context(|| format!("could not sign in: {answer}"))
    }

    pub fn client_of(&self, name: &str) -> anyhow::Result<&str> {
        Ok(&self.application(name)?.client_id)
    }

    fn application(&self, name: &str) -> anyhow::Result<&Application> {
        self.applications
            .get(name)
            .with_context(|| format!("the demonstration has no application {name}"))
    }

    fn credentials(&self) -> Credentials {
        Credentials::new(&self.access_key, &self.secret_key, None, None, "test")
    }
}
