//! S3 in memory: versions, conditional writes, checksums, listings and uploads in parts.
//!
//! `s3s` reads the requests and writes the responses; this is what a bucket does.

mod store;

use std::{collections::BTreeMap, ops::Bound};

use futures_util::{StreamExt, stream};
use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumType,
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput,
        CopyObjectOutput, CopyObjectResult, CopySource, CreateMultipartUploadInput,
        CreateMultipartUploadOutput, DeleteMarkerEntry, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, GetObjectInput, GetObjectOutput,
        HeadObjectInput, HeadObjectOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput,
        ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsV2Input, ListObjectsV2Output,
        ListPartsInput, ListPartsOutput, MultipartUpload, Object, ObjectVersion, Part,
        PutObjectInput, PutObjectOutput, StreamingBlob, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};

use sha2::{Digest, Sha256};

pub use self::store::{Store, Version};
use self::store::{Upload, checksum, timestamp, verified};
use crate::clock;

/// Reads a body, whose parts are all in memory.
async fn read(body: Option<StreamingBlob>) -> S3Result<Vec<u8>> {
    let Some(mut body) = body else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    while let Some(some) = body.next().await {
        bytes.extend_from_slice(&some.map_err(|_| s3_error!(IncompleteBody))?);
    }
    Ok(bytes)
}

fn blob(bytes: Vec<u8>) -> StreamingBlob {
    StreamingBlob::wrap(stream::iter([Ok::<_, std::io::Error>(bytes.into())]))
}

fn metadata(given: Option<s3s::dto::Metadata>) -> Option<BTreeMap<String, String>> {
    given.map(|given| given.into_iter().collect())
}

#[async_trait::async_trait]
impl S3 for Store {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let body = verified(read(input.body).await?, input.checksum_sha256.as_ref())?;
        let mut state = self.state();
        state.bucket(&input.bucket)?.admits(
            &input.key,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
        )?;
        let version = Version {
            checksum: input.checksum_sha256,
            content_type: input.content_type,
            metadata: metadata(input.metadata),
            ..Version::of(Some(body))
        };
        let etag = version.etag();
        let id = state.write(&input.bucket, &input.key, version)?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(etag),
            version_id: Some(id),
            ..PutObjectOutput::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let mut state = self.state();
        let bucket = state.bucket(&input.bucket)?;
        let found = bucket.found(&input.key, input.version_id.as_deref())?;
        let asked = input.checksum_mode.is_some();
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(found.length()),
            content_type: found.content_type.clone(),
            checksum_sha256: found.checksum.clone().filter(|_| asked),
            e_tag: Some(found.etag()),
            last_modified: Some(timestamp(found.modified_at)),
            metadata: found.metadata.clone().map(|given| given.into_iter().collect()),
            version_id: bucket.versioned.then(|| found.id.clone()),
            ..HeadObjectOutput::default()
        }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let mut state = self.state();
        let bucket = state.bucket(&input.bucket)?;
        bucket.admits(&input.key, input.if_match.as_ref(), None)?;
        let found = bucket.found(&input.key, input.version_id.as_deref())?;
        let body = found.body.clone().unwrap_or_default();
        let (part, range) = match &input.range {
            None => (body, None),
            Some(range) => {
                let bounds = range.check(body.len() as u64).map_err(|_| s3_error!(InvalidRange))?;
                let (from, to) = (bounds.start as usize, bounds.end as usize);
                let printed = format!("bytes {from}-{}/{}", to.saturating_sub(1), body.len());
                (body[from..to].to_vec(), Some(printed))
            }
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: i64::try_from(part.len()).ok(),
            content_range: range,
            content_type: found.content_type.clone(),
            e_tag: Some(found.etag()),
            last_modified: Some(timestamp(found.modified_at)),
            body: Some(blob(part)),
            ..GetObjectOutput::default()
        }))
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = request.input;
        let CopySource::Bucket { bucket, key, version_id } = &input.copy_source else {
            return Err(s3_error!(NotImplemented, "a source that is no bucket"));
        };
        let mut state = self.state();
        let mut copy = state.bucket(bucket)?.found(key, version_id.as_deref())?.clone();
        copy.modified_at = clock::now();
        if input.checksum_algorithm.is_some() {
            copy.checksum = copy.body.as_deref().map(checksum);
        }
        let result = CopyObjectResult {
            checksum_sha256: copy.checksum.clone(),
            e_tag: Some(copy.etag()),
            last_modified: Some(timestamp(copy.modified_at)),
            ..CopyObjectResult::default()
        };
        state.write(&input.bucket, &input.key, copy)?;
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            ..CopyObjectOutput::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        let mut state = self.state();
        let marker = Version { id: state.name(), ..Version::of(None) };
        let bucket = state.bucket(&input.bucket)?;
        if let Some(matching) = &input.if_match {
            bucket.admits(&input.key, Some(matching), None)?;
        }
        bucket.remove(&input.key, input.version_id.as_deref(), marker);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = request.input;
        let mut state = self.state();
        let mut deleted = Vec::new();
        for object in input.delete.objects {
            let marker = Version { id: state.name(), ..Version::of(None) };
            let bucket = state.bucket(&input.bucket)?;
            bucket.remove(&object.key, object.version_id.as_deref(), marker);
            deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() });
        }
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: Some(deleted),
            ..DeleteObjectsOutput::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let mut state = self.state();
        let page = state.page();
        let bucket = state.bucket(&input.bucket)?;
        let prefix = input.prefix.unwrap_or_default();
        let after = input.continuation_token.or(input.start_after);
        let limit = input.max_keys.map_or(page, |keys| keys.unsigned_abs() as usize).min(page);
        let from = after.map_or(Bound::Included(prefix.clone()), Bound::Excluded);
        let mut listed: Vec<Object> = bucket
            .objects
            .range((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(&prefix))
            .filter_map(|(key, versions)| {
                let latest = versions.last().filter(|latest| latest.body.is_some())?;
                Some(Object {
                    key: Some(key.clone()),
                    size: Some(latest.length()),
                    e_tag: Some(latest.etag()),
                    last_modified: Some(timestamp(latest.modified_at)),
                    ..Object::default()
                })
            })
            .take(limit + 1)
            .collect();
        let truncated = listed.len() > limit;
        listed.truncate(limit);
        let next = listed.last().filter(|_| truncated).and_then(|last| last.key.clone());
        Ok(S3Response::new(ListObjectsV2Output {
            contents: Some(listed),
            is_truncated: Some(truncated),
            next_continuation_token: next,
            ..ListObjectsV2Output::default()
        }))
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = request.input;
        let mut state = self.state();
        let entries = state.page();
        let bucket = state.bucket(&input.bucket)?;
        let prefix = input.prefix.unwrap_or_default();
        let marker =
            input.key_marker.as_deref().map(|key| (key, input.version_id_marker.as_deref()));
        let (page, next) = bucket.versions_after(&prefix, marker, entries);
        let (mut versions, mut markers) = (Vec::new(), Vec::new());
        for (key, version, latest) in page {
            let (key, id) = (Some(key.clone()), Some(version.id.clone()));
            let at = Some(timestamp(version.modified_at));
            match version.body {
                Some(_) => versions.push(ObjectVersion {
                    key,
                    version_id: id,
                    is_latest: Some(latest),
                    last_modified: at,
                    size: Some(version.length()),
                    e_tag: Some(version.etag()),
                    ..ObjectVersion::default()
                }),
                None => markers.push(DeleteMarkerEntry {
                    key,
                    version_id: id,
                    is_latest: Some(latest),
                    last_modified: at,
                    ..DeleteMarkerEntry::default()
                }),
            }
        }
        let truncated = next.is_some();
        let (next_key_marker, next_version_id_marker) = next.unzip();
        Ok(S3Response::new(ListObjectVersionsOutput {
            versions: Some(versions),
            delete_markers: Some(markers),
            is_truncated: Some(truncated),
            next_key_marker,
            next_version_id_marker,
            ..ListObjectVersionsOutput::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let mut state = self.state();
        let id = state.name();
        let upload = Upload {
            key: input.key,
            begun_at: clock::now(),
            content_type: input.content_type,
            metadata: metadata(input.metadata),
            parts: BTreeMap::new(),
        };
        state.bucket(&input.bucket)?.uploads.insert(id.clone(), upload);
        Ok(S3Response::new(CreateMultipartUploadOutput {
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        let body = verified(read(input.body).await?, input.checksum_sha256.as_ref())?;
        let etag = Version::of(Some(body.clone())).etag();
        let mut state = self.state();
        let uploads = &mut state.bucket(&input.bucket)?.uploads;
        let upload = uploads.get_mut(&input.upload_id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        upload.parts.insert(input.part_number, body);
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(etag),
            checksum_sha256: input.checksum_sha256,
            ..UploadPartOutput::default()
        }))
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let mut state = self.state();
        let uploads = &state.bucket(&input.bucket)?.uploads;
        let upload = uploads.get(&input.upload_id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        let parts = upload.parts.iter().map(|(number, body)| Part {
            part_number: Some(*number),
            size: i64::try_from(body.len()).ok(),
            checksum_sha256: Some(checksum(body)),
            e_tag: Some(Version::of(Some(body.clone())).etag()),
            ..Part::default()
        });
        Ok(S3Response::new(ListPartsOutput {
            parts: Some(parts.collect()),
            ..ListPartsOutput::default()
        }))
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        let mut state = self.state();
        let prefix = input.prefix.unwrap_or_default();
        let uploads = state.bucket(&input.bucket)?.uploads.iter();
        let listed =
            uploads.filter(|(_, upload)| upload.key.starts_with(&prefix)).map(|(id, upload)| {
                MultipartUpload {
                    key: Some(upload.key.clone()),
                    upload_id: Some(id.clone()),
                    initiated: Some(timestamp(upload.begun_at)),
                    ..MultipartUpload::default()
                }
            });
        Ok(S3Response::new(ListMultipartUploadsOutput {
            uploads: Some(listed.collect()),
            ..ListMultipartUploadsOutput::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let mut state = self.state();
        let bucket = state.bucket(&input.bucket)?;
        bucket.admits(&input.key, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let upload =
            bucket.uploads.remove(&input.upload_id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        let hashes: Vec<u8> = upload.parts.values().flat_map(Sha256::digest).collect();
        let composite = format!("{}-{}", checksum(&hashes), upload.parts.len());
        let version = Version {
            checksum: Some(composite.clone()),
            content_type: upload.content_type,
            metadata: upload.metadata,
            ..Version::of(Some(upload.parts.into_values().flatten().collect()))
        };
        let etag = version.etag();
        state.write(&input.bucket, &input.key, version)?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            e_tag: Some(etag),
            checksum_sha256: Some(composite),
            checksum_type: Some(ChecksumType::from_static(ChecksumType::COMPOSITE)),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        let mut state = self.state();
        let removed = state.bucket(&input.bucket)?.uploads.remove(&input.upload_id);
        removed.ok_or_else(|| s3_error!(NoSuchUpload))?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}
