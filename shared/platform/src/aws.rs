//! The SDK's clients, configured only from the environment that Lambda sets.
//!
//! The SDK's own loader (aws-config) tries sources that a function lacks, and is a sixth of a
//! binary. Reading the machine's trust store would take most of the start-up. AWS endpoints chain
//! to Amazon Trust Services, so the binary contains its five roots and trusts no others.

use aws_sdk_dynamodb::config::{Credentials, Region};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::{consumed::Meter, env};

/// <https://www.amazontrust.com/repository/>: Amazon Root CA 1 to 4, Starfield Services Root CA G2.
const ROOTS: &str = include_str!("../roots/amazon-trust-services.pem");

/// Starts the configuration of an SDK client. It is a macro because each SDK crate has its own
/// configuration type with the same members.
#[macro_export]
macro_rules! configure {
    ($environment:expr, $sdk:ident) => {{
        let environment: &$crate::aws::Environment = $environment;
        let mut config = $sdk::Config::builder();
        config.set_endpoint_url(environment.endpoint.clone());
        config
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region(environment.region.clone())
            .credentials_provider(environment.credentials.clone())
            .http_client(environment.http.clone())
    }};
}

/// The region and credentials of this process.
#[derive(Clone, Debug)]
pub struct Environment {
    pub region: Region,
    /// The credentials of the function's role. They last as long as the process.
    pub credentials: Credentials,
    /// The address of a local cloud; `None` means AWS.
    pub endpoint: Option<String>,
    pub http: SharedHttpClient,
}

impl Environment {
    /// Reads `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and optionally
    /// `AWS_SESSION_TOKEN` and `AWS_ENDPOINT_URL`.
    pub fn read() -> Result<Self, env::Missing> {
        let (key, secret) =
            (env::required("AWS_ACCESS_KEY_ID")?, env::required("AWS_SECRET_ACCESS_KEY")?);
        Ok(Self {
            region: Region::new(env::required("AWS_REGION")?),
            credentials: Credentials::new(
                key,
                secret,
                env::optional("AWS_SESSION_TOKEN"),
                None,
                "lambda",
            ),
            endpoint: env::optional("AWS_ENDPOINT_URL"),
            http: http_client(),
        })
    }

    /// The DynamoDB client of this process, which counts consumed units.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = configure!(self, aws_sdk_dynamodb).interceptor(Meter);
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// The EventBridge client of this process.
    pub fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::from_conf(configure!(self, aws_sdk_eventbridge).build())
    }

    /// The S3 client of this process. A local cloud serves buckets by path.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(
            configure!(self, aws_sdk_s3).force_path_style(self.endpoint.is_some()).build(),
        )
    }

    /// The SQS client of this process.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::from_conf(configure!(self, aws_sdk_sqs).build())
    }
}

fn http_client() -> SharedHttpClient {
    let store = TrustStore::empty().with_pem_certificate(ROOTS);
    let context = TlsContext::builder()
        .with_trust_store(store)
        .build()
        .expect("a context without client certificates is always valid");
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https()
}
