//! The bucket that SFTP serves: copied into, written, listed and emptied.

use aws_sdk_s3::{
    error::SdkError,
    operation::{copy_object::CopyObjectError, get_object::GetObjectError, head_object::HeadObjectError},
    primitives::ByteStream,
    types::{ChecksumAlgorithm, Delete, ObjectIdentifier},
};
use domain::recording::Recording;
use platform::{
    bucket::{Error, Stands, could_not, unless_overtaken},
    objects::{self, checksum},
};

use crate::App;

/// What came of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// It is there, and its SHA-256 is the recording's.
    Whole,
    /// There was nothing to copy. (The function may list the bucket of recordings, so that S3 tells what is missing from what is forbidden.)
    Nothing,
    /// Its SHA-256 is not the recording's.
    Altered,
}

/// Copies the recording's audio to the key. S3 reckons the SHA-256 of the copy. 1 request.
pub async fn copy(app: &App, recording: &Recording, key: &str) -> Result<Copied, Error> {
    // Neither bucket nor key holds a character that a URL would have encoded.
    let source = format!("{}/{}", app.recordings, objects::key(&recording.organisation, recording.id));
    let copy = app.s3.copy_object().bucket(&app.drop).key(key).copy_source(source).checksum_algorithm(ChecksumAlgorithm::Sha256);
    let answer = match copy.send().await {
        Ok(answer) => answer,
        Err(error) if is_missing(&error) => return Ok(Copied::Nothing),
        Err(error) => return Err(could_not("copy a recording into the folder")(error)),
    };
    let reckoned = answer.copy_object_result.and_then(|result| result.checksum_sha256);
    let whole = reckoned.as_deref() == Some(checksum(&recording.audio.sha256).as_str());
    Ok(if whole { Copied::Whole } else { Copied::Altered })
}

fn is_missing(error: &SdkError<CopyObjectError>) -> bool {
    use aws_sdk_s3::error::ProvideErrorMetadata;
    error.as_service_error().is_some_and(|error| error.code() == Some("NoSuchKey"))
}

/// Writes an object whole, if that stands at its key; whether it did. 1 request.
pub async fn put(app: &App, key: &str, body: Vec<u8>, content_type: &str, stands: &Stands) -> Result<bool, Error> {
    let (matching, none) = stands.conditions();
    let put = app.s3.put_object().bucket(&app.drop).key(key).content_type(content_type).body(ByteStream::from(body));
    let put = put.set_if_match(matching).set_if_none_match(none).send().await;
    Ok(unless_overtaken(put).map_err(could_not("write an object of the delivery"))?.is_some())
}

/// Reads an object whole, with its ETag; none if there is none. 1 request.
pub async fn get(app: &App, key: &str) -> Result<Option<(Vec<u8>, String)>, Error> {
    let answer = match app.s3.get_object().bucket(&app.drop).key(key).send().await {
        Ok(answer) => answer,
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
        Err(error) => return Err(could_not("read an object of the delivery")(error)),
    };
    let etag = answer.e_tag.clone().unwrap_or_default();
    Ok(Some((answer.body.collect().await.map_err(could_not("read an object of the delivery"))?.to_vec(), etag)))
}

/// What stands at a key. 1 request.
pub async fn stands(app: &App, key: &str) -> Result<Stands, Error> {
    let head = app.s3.head_object().bucket(&app.drop).key(key).send().await;
    let head = match head {
        Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => return Ok(Stands::Nothing),
        head => head.map_err(could_not("look at an object of the delivery"))?,
    };
    Ok(Stands::Object(head.e_tag.unwrap_or_default()))
}

/// Removes an object. 1 request. One that is gone is gone.
pub async fn delete(app: &App, key: &str) -> Result<(), Error> {
    app.s3.delete_object().bucket(&app.drop).key(key).send().await.map_err(could_not("remove an object of the delivery"))?;
    Ok(())
}

/// How many objects there are under a prefix. 1 request for every 1,000.
pub async fn count(app: &App, prefix: &str) -> Result<u32, Error> {
    let (mut count, mut after) = (0, None);
    loop {
        let list = app.s3.list_objects_v2().bucket(&app.drop).prefix(prefix).set_continuation_token(after);
        let listed = list.send().await.map_err(could_not("list the objects of the delivery"))?;
        count += u32::try_from(listed.contents().len()).unwrap_or_default();
        after = listed.next_continuation_token;
        if after.is_none() {
            return Ok(count);
        }
    }
}

/// Removes everything under a prefix, every version of it. 2 requests for every 1,000.
pub async fn empty(app: &App, prefix: &str) -> Result<(), Error> {
    loop {
        let listed = app.s3.list_object_versions().bucket(&app.drop).prefix(prefix).send().await;
        let listed = listed.map_err(could_not("list the objects of the delivery"))?;
        let versions = listed.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers = listed.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let found: Vec<_> = versions.chain(markers).filter_map(|(key, version)| Some((key?, version))).collect();
        if found.is_empty() {
            return Ok(());
        }
        let mut delete = Delete::builder().quiet(true);
        for (key, version) in found {
            let object = ObjectIdentifier::builder().key(key).set_version_id(version.map(str::to_owned)).build();
            delete = delete.objects(object.map_err(could_not("remove an object of the delivery"))?);
        }
        let delete = delete.build().map_err(could_not("remove an object of the delivery"))?;
        let answer =
            app.s3.delete_objects().bucket(&app.drop).delete(delete).send().await.map_err(could_not("remove an object of the delivery"))?;
        if let Some(failed) = answer.errors().first() {
            return Err(could_not("remove an object of the delivery")(failed.code().unwrap_or("no reason was given").to_owned()));
        }
    }
}
