//! An object that is written while its content is produced, in a bucket of the test's own: its
//! content, its requests, and the effect of a failure.

use std::collections::BTreeMap;

use domain::{billing::Month, recording::Sha256};
use platform::{
    bucket::Bucket,
    multipart::{Multipart, Written},
};
use tests::{bucket, cloud::cloud, requests::Requests};

/// The smallest part that S3 accepts.
const PART: usize = 5 * 1024 * 1024;

async fn world(test: &str) -> anyhow::Result<(Bucket, Requests)> {
    let requests = Requests::default();
    let exports = bucket::exports(&cloud()?, test, &requests).await?;
    Ok((exports, requests))
}

fn october() -> anyhow::Result<Month> {
    Ok("2026-10".to_owned().try_into()?)
}

/// Bytes in which no two parts are alike.
fn some(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

async fn write(mut object: Multipart<'_>, bytes: &[u8]) -> anyhow::Result<Written> {
    for piece in bytes.chunks(700_001) {
        object.write(piece).await?;
    }
    Ok(object.finish().await?)
}

fn made(requests: &Requests) -> BTreeMap<String, u64> {
    requests
        .take()
        .into_iter()
        .map(|(name, times)| (name.trim_start_matches("S3.").to_owned(), times))
        .collect()
}

#[tokio::test]
async fn short_objects_are_put_and_longer_ones_are_uploaded_in_parts() -> anyhow::Result<()> {
    let (exports, requests) = world("in-parts").await?;
    for (length, expected) in [
        (0, vec![("PutObject", 1)]),
        (PART - 1, vec![("PutObject", 1)]),
        (
            PART,
            vec![("CompleteMultipartUpload", 1), ("CreateMultipartUpload", 1), ("UploadPart", 1)],
        ),
        (
            2 * PART + 1,
            vec![("CompleteMultipartUpload", 1), ("CreateMultipartUpload", 1), ("UploadPart", 3)],
        ),
    ] {
        let bytes = some(length);
        let written = write(exports.begin_export(october()?, "lines.csv"), &bytes).await?;
        let expected = expected.into_iter().map(|(name, times)| (name.to_owned(), times)).collect();
        assert_eq!(made(&requests), expected, "of {length} bytes");
        assert_eq!(written, Written { bytes: length as u64, sha256: Sha256::of(&bytes) });
        assert!(
            exports.read_export(october()?, "lines.csv").await? == Some(bytes),
            "another object of {length} bytes"
        );
        made(&requests);
    }
    Ok(())
}

#[tokio::test]
async fn an_interrupted_write_leaves_the_earlier_object_and_can_be_repeated() -> anyhow::Result<()>
{
    let (exports, requests) = world("cut-short").await?;
    exports.write_export(october()?, "lines.csv", b"what stood there".to_vec()).await?;
    let bytes = some(PART + 1);
    for left in 0..4 {
        requests.end_after(Some(left));
        assert!(
            write(exports.begin_export(october()?, "lines.csv"), &bytes).await.is_err(),
            "after {left} requests"
        );
        requests.end_after(None);
        assert_eq!(
            exports.read_export(october()?, "lines.csv").await?.as_deref(),
            Some(&b"what stood there"[..])
        );
    }
    write(exports.begin_export(october()?, "lines.csv"), &bytes).await?;
    assert!(exports.read_export(october()?, "lines.csv").await? == Some(bytes));
    Ok(())
}
