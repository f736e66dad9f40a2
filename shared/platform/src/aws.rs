//! The SDK's clients, configured for a quick start.
//!
//! Reading a machine's whole trust store is most of the start-up of a function that uses the SDK. AWS endpoints chain to Amazon Trust
//! Services, so its five roots travel in the binary and no other is trusted.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// <https://www.amazontrust.com/repository/>: Amazon Root CA 1 to 4 and Starfield Services Root Certificate Authority G2.
const ROOTS: &str = include_str!("../roots/amazon-trust-services.pem");

/// The configuration from this process's environment, as Lambda sets it.
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load().await
}

/// The DynamoDB client of this process.
pub fn dynamodb(config: &SdkConfig) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(config)
}

/// The S3 client of this process. A setting `AWS_ENDPOINT_URL` means a local cloud, which serves buckets by path.
pub fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    let local = config.endpoint_url().is_some();
    aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(local).build())
}

fn http_client() -> SharedHttpClient {
    let store = TrustStore::empty().with_pem_certificate(ROOTS);
    let context = TlsContext::builder().with_trust_store(store).build().expect("a context without client certificates is always valid");
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context).build_https()
}
