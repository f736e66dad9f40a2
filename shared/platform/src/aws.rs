//! The SDK's clients, configured from what Lambda sets in the environment and from nothing else.
//!
//! The SDK's own loader (aws-config) asks profiles, web identities, containers and instances too; in a function none of them is there, and
//! the code that asks is a sixth of a binary. Reading a machine's whole trust store would be most of the start-up: AWS endpoints chain to
//! Amazon Trust Services, so its five roots travel in the binary and no other is trusted.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::env;

/// <https://www.amazontrust.com/repository/>: Amazon Root CA 1 to 4 and Starfield Services Root Certificate Authority G2.
const ROOTS: &str = include_str!("../roots/amazon-trust-services.pem");

/// Where this process runs and as whom.
#[derive(Clone, Debug)]
pub struct Environment {
    region: Region,
    /// The function's role. Lambda sets them for the life of the process.
    credentials: Credentials,
    /// The address of a local cloud; none means AWS.
    endpoint: Option<String>,
    http: SharedHttpClient,
}

impl Environment {
    /// Reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` and `AWS_ENDPOINT_URL`; the last two may be
    /// absent.
    pub fn read() -> Result<Self, env::Missing> {
        let (key, secret) = (env::required("AWS_ACCESS_KEY_ID")?, env::required("AWS_SECRET_ACCESS_KEY")?);
        Ok(Self {
            region: Region::new(env::required("AWS_REGION")?),
            credentials: Credentials::new(key, secret, env::optional("AWS_SESSION_TOKEN"), None, "lambda"),
            endpoint: env::optional("AWS_ENDPOINT_URL"),
            http: http_client(),
        })
    }

    /// The DynamoDB client of this process.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::Config::builder();
        config.set_endpoint_url(self.endpoint.clone());
        let config = config.behavior_version(BehaviorVersion::latest()).region(self.region.clone());
        let config = config.credentials_provider(self.credentials.clone()).http_client(self.http.clone());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// The S3 client of this process. A local cloud serves buckets by path.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let mut config = aws_sdk_s3::Config::builder();
        config.set_endpoint_url(self.endpoint.clone());
        let config = config.behavior_version(BehaviorVersion::latest()).region(self.region.clone());
        let config = config.credentials_provider(self.credentials.clone()).http_client(self.http.clone());
        aws_sdk_s3::Client::from_conf(config.force_path_style(self.endpoint.is_some()).build())
    }
}

fn http_client() -> SharedHttpClient {
    let store = TrustStore::empty().with_pem_certificate(ROOTS);
    let context = TlsContext::builder().with_trust_store(store).build().expect("a context without client certificates is always valid");
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context).build_https()
}
