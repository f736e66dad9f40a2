//! The bucket that SFTP serves.

use aws_sdk_s3::{
    error::SdkError,
    operation::{copy_object::CopyObjectError, head_object::HeadObjectError},
    types::{ChecksumAlgorithm, Delete, ObjectIdentifier},
};
use domain::recording::Recording;
use platform::{
    bucket::{Error, Precondition, failed_to},
    objects::{self, checksum},
};

use crate::App;

/// The result of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// The copy has the recording's SHA-256.
    Whole,
    /// Nothing to copy. S3 reports this only because the role may list the bucket of recordings.
    Nothing,
    /// The copy's SHA-256 differs from the recording's.
    Altered,
}

/// Copies the recording's audio to the key. S3 calculates the copy's SHA-256. 1 request.
pub async fn copy(app: &App, recording: &Recording, key: &str) -> Result<Copied, Error> {
    // Neither the bucket nor the key contains a character that a URL would encode.
    let source =
        format!("{}/{}", app.recordings.name, objects::key(&recording.organisation, recording.id));
    let copy = app.drop.client.copy_object().bucket(&app.drop.name).key(key).copy_source(source);
    let response = match copy.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await {
        Ok(response) => response,
        Err(error) if is_missing(&error) => return Ok(Copied::Nothing),
        Err(error) => return Err(failed_to("copy a recording into the folder")(error)),
    };
    let calculated = response.copy_object_result.and_then(|result| result.checksum_sha256);
    let whole = calculated.as_deref() == Some(checksum(&recording.audio.sha256).as_str());
    Ok(if whole { Copied::Whole } else { Copied::Altered })
}

fn is_missing(error: &SdkError<CopyObjectError>) -> bool {
    use aws_sdk_s3::error::ProvideErrorMetadata;
    error.as_service_error().is_some_and(|error| error.code() == Some("NoSuchKey"))
}

/// The current state of a key, as a condition for writing it. 1 request.
pub async fn state(app: &App, key: &str) -> Result<Precondition, Error> {
    let head = app.drop.client.head_object().bucket(&app.drop.name).key(key).send().await;
    let head = match head {
        Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => {
            return Ok(Precondition::Nothing);
        }
        head => head.map_err(failed_to("look at an object of the delivery"))?,
    };
    Ok(Precondition::Object(head.e_tag.unwrap_or_default()))
}

/// The number of objects under a prefix. 1 request for every 1,000.
pub async fn count(app: &App, prefix: &str) -> Result<u32, Error> {
    let (mut count, mut after) = (0, None);
    loop {
        let list = app
            .drop
            .client
            .list_objects_v2()
            .bucket(&app.drop.name)
            .prefix(prefix)
            .set_continuation_token(after);
        let listed = list.send().await.map_err(failed_to("list the objects of the delivery"))?;
        count += u32::try_from(listed.contents().len()).unwrap_or_default();
        after = listed.next_continuation_token;
        if after.is_none() {
            return Ok(count);
        }
    }
}

/// Removes every version of every object under a prefix. 2 requests for every 1,000.
pub async fn empty(app: &App, prefix: &str) -> Result<(), Error> {
    loop {
        let listed = app
            .drop
            .client
            .list_object_versions()
            .bucket(&app.drop.name)
            .prefix(prefix)
            .send()
            .await;
        let listed = listed.map_err(failed_to("list the objects of the delivery"))?;
        let versions =
            listed.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers =
            listed.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let found: Vec<_> =
            versions.chain(markers).filter_map(|(key, version)| Some((key?, version))).collect();
        if found.is_empty() {
            return Ok(());
        }
        let mut delete = Delete::builder().quiet(true);
        for (key, version) in found {
            let object = ObjectIdentifier::builder()
                .key(key)
                .set_version_id(version.map(str::to_owned))
                .build();
            delete = delete.objects(object.map_err(failed_to("remove an object of the delivery"))?);
        }
        let delete = delete.build().map_err(failed_to("remove an object of the delivery"))?;
        let deleted =
            app.drop.client.delete_objects().bucket(&app.drop.name).delete(delete).send().await;
        let response = deleted.map_err(failed_to("remove an object of the delivery"))?;
        if let Some(failed) = response.errors().first() {
            return Err(failed_to("remove an object of the delivery")(
                failed.code().unwrap_or("no reason was given").to_owned(),
            ));
        }
    }
}
