//! Buckets: some of a test's own in the local cloud, and one that is never reached.

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{BucketVersioningStatus, CreateBucketConfiguration, VersioningConfiguration},
};
use platform::bucket::Bucket;

use crate::{cloud::Cloud, requests::Requests};

/// A bucket for a test that only signs links, which takes no request.
pub fn unreached() -> Bucket {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-north-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .build();
    Bucket { client: Client::from_conf(config), name: "recordings".to_owned() }
}

/// A bucket of exports for a test that reads none.
pub fn no_exports() -> Bucket {
    Bucket { name: "exports".to_owned(), ..unreached() }
}

/// A bucket of exports of the test's own, with requests counted in `requests`.
pub async fn exports(cloud: &Cloud, test: &str, requests: &Requests) -> anyhow::Result<Bucket> {
    let name = format!("{test}-exports");
    create(&cloud.s3(&Requests::default()), cloud, &name).await?;
    Ok(Bucket { client: cloud.s3(requests), name })
}

/// Buckets of the test's own for recordings and quarantine, and the count of their requests.
pub async fn pair(cloud: &Cloud, test: &str) -> anyhow::Result<(Bucket, Bucket, Requests)> {
    let requests = Requests::default();
    let (objects, quarantine) = pair_counted(cloud, test, &requests).await?;
    Ok((objects, quarantine, requests))
}

/// Buckets of the test's own for recordings and quarantine, with requests counted in `requests`.
pub async fn pair_counted(
    cloud: &Cloud,
    test: &str,
    requests: &Requests,
) -> anyhow::Result<(Bucket, Bucket)> {
    let client = cloud.s3(requests);
    let (recordings, quarantine) = (format!("{test}-recordings"), format!("{test}-quarantine"));
    for name in [&recordings, &quarantine] {
        create(&client, cloud, name).await?;
    }
    let versioned =
        VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    client
        .put_bucket_versioning()
        .bucket(&recordings)
        .versioning_configuration(versioned)
        .send()
        .await?;
    requests.take();
    Ok((Bucket { client: client.clone(), name: recordings }, Bucket { client, name: quarantine }))
}

pub async fn create(client: &Client, cloud: &Cloud, name: &str) -> anyhow::Result<()> {
    let here = CreateBucketConfiguration::builder()
        .location_constraint(cloud.region.as_str().into())
        .build();
    client.create_bucket().bucket(name).create_bucket_configuration(here).send().await?;
    Ok(())
}
