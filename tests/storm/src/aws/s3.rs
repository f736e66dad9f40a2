//! S3 in memory: versions, conditional writes, checksums, listings and uploads in parts.
//!
//! `s3s` reads the requests and writes the responses; this is what a bucket does.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use data_encoding::{BASE64, HEXLOWER};
use futures_util::{StreamExt, stream};
use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumType,
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput,
        CopyObjectOutput, CopyObjectResult, CopySource, CreateMultipartUploadInput,
        CreateMultipartUploadOutput, DeleteMarkerEntry, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, ETagCondition,
        GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
        ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput,
        ListObjectVersionsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput,
        ListPartsOutput, MultipartUpload, Object, ObjectVersion, Part, PutObjectInput,
        PutObjectOutput, StreamingBlob, Timestamp, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};
use sha2::{Digest, Sha256};

use crate::clock;

/// One version of an object, or a delete marker.
#[derive(Clone, Debug)]
pub struct Version {
    pub id: String,
    /// `None` is a delete marker.
    pub body: Option<Vec<u8>>,
    pub modified_at: DateTime<Utc>,
    /// In base64, if the writer stated it; of an object in parts, with their number.
    checksum: Option<String>,
    content_type: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
}

/// An upload in parts that has not been completed.
#[derive(Clone, Debug)]
struct Upload {
    key: String,
    begun_at: DateTime<Utc>,
    content_type: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    parts: BTreeMap<i32, Vec<u8>>,
}

#[derive(Debug, Default)]
struct Bucket {
    versioned: bool,
    /// The versions at each key, oldest first.
    objects: BTreeMap<String, Vec<Version>>,
    uploads: BTreeMap<String, Upload>,
}

#[derive(Debug, Default)]
struct State {
    buckets: BTreeMap<String, Bucket>,
    /// Versions and uploads so far, which name the next one.
    named: u64,
    /// The keys of objects that came into a bucket since [`Store::take_created`].
    created: Vec<(String, String)>,
    /// Every object that was ever written: bucket and key.
    written: Vec<(String, String)>,
}

/// All buckets.
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<Mutex<State>>);

/// The most entries on a page of a listing. S3 has 1,000; fewer make more pages.
const PAGE: usize = 40;

impl Store {
    pub fn create(&self, name: &str, versioned: bool) {
        self.state().buckets.insert(name.to_owned(), Bucket { versioned, ..Bucket::default() });
    }

    /// Buckets and keys of the objects that came since the last call.
    pub fn take_created(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.state().created)
    }

    /// Every version at every key of a bucket.
    pub fn everything(&self, bucket: &str) -> BTreeMap<String, Vec<Version>> {
        self.state().buckets.get(bucket).map(|found| found.objects.clone()).unwrap_or_default()
    }

    /// The key of every object that was ever written to a bucket.
    pub fn written(&self, bucket: &str) -> Vec<String> {
        let state = self.state();
        let of = state.written.iter().filter(|(of, _)| of == bucket);
        of.map(|(_, key)| key.clone()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn bucket(&mut self, name: &str) -> S3Result<&mut Bucket> {
        self.buckets.get_mut(name).ok_or_else(|| s3_error!(NoSuchBucket, "{name}"))
    }

    fn name(&mut self) -> String {
        self.named += 1;
        format!("v{:08}", self.named)
    }

    /// Writes an object, and returns its version's name.
    fn write(&mut self, bucket: &str, key: &str, mut version: Version) -> S3Result<String> {
        version.id = self.name();
        let id = version.id.clone();
        if version.body.is_some() {
            self.created.push((bucket.to_owned(), key.to_owned()));
            self.written.push((bucket.to_owned(), key.to_owned()));
        }
        let bucket = self.bucket(bucket)?;
        let versions = bucket.objects.entry(key.to_owned()).or_default();
        if !bucket.versioned {
            versions.clear();
            version.id = "null".to_owned();
        }
        versions.push(version);
        Ok(id)
    }
}

impl Bucket {
    /// The object at a key, or the named version of it.
    fn found(&self, key: &str, version: Option<&str>) -> S3Result<&Version> {
        let missing = || s3_error!(NoSuchKey, "{key}");
        let versions = self.objects.get(key).ok_or_else(missing)?;
        let found = match version {
            None => versions.last(),
            Some(version) => versions.iter().find(|found| found.id == version),
        };
        found.filter(|found| found.body.is_some()).ok_or_else(missing)
    }

    /// Whether a conditional write may proceed.
    fn admits(
        &self,
        key: &str,
        matching: Option<&ETagCondition>,
        none: Option<&ETagCondition>,
    ) -> S3Result<()> {
        let found = self.found(key, None).ok();
        if none.is_some() && found.is_some() {
            return Err(s3_error!(PreconditionFailed, "{key} exists"));
        }
        match (matching, found) {
            (Some(_), None) => Err(s3_error!(NoSuchKey, "{key}")),
            (Some(ETagCondition::ETag(wanted)), Some(found)) if *wanted != found.etag() => {
                Err(s3_error!(PreconditionFailed, "{key} is another object"))
            }
            _ => Ok(()),
        }
    }

    fn remove(&mut self, key: &str, version: Option<&str>, marker: Version) {
        let Some(versions) = self.objects.get_mut(key) else { return };
        match version {
            Some(version) => versions.retain(|found| found.id != version),
            None if self.versioned => versions.push(marker),
            None => versions.clear(),
        }
        if versions.is_empty() {
            self.objects.remove(key);
        }
    }
}

impl Version {
    fn of(body: Option<Vec<u8>>) -> Self {
        Self {
            id: String::new(),
            body,
            modified_at: clock::now(),
            checksum: None,
            content_type: None,
            metadata: None,
        }
    }

    fn etag(&self) -> ETag {
        let hash = Sha256::digest(self.body.as_deref().unwrap_or_default());
        ETag::Strong(HEXLOWER.encode(&hash[..16]))
    }

    pub fn length(&self) -> i64 {
        self.body.as_ref().map_or(0, |body| i64::try_from(body.len()).unwrap_or(i64::MAX))
    }
}

fn timestamp(at: DateTime<Utc>) -> Timestamp {
    SystemTime::from(at).into()
}

fn checksum(bytes: &[u8]) -> String {
    BASE64.encode(&Sha256::digest(bytes))
}

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

/// The body, if it has the checksum that the request promises.
fn verified(body: Vec<u8>, promised: Option<&String>) -> S3Result<Vec<u8>> {
    match promised {
        Some(promised) if checksum(&body) != *promised => Err(s3_error!(BadDigest)),
        _ => Ok(body),
    }
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
        let bucket = state.bucket(&input.bucket)?;
        let prefix = input.prefix.unwrap_or_default();
        let after = input.continuation_token.or(input.start_after);
        let limit = input.max_keys.map_or(PAGE, |keys| keys.unsigned_abs() as usize).min(PAGE);
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
        let bucket = state.bucket(&input.bucket)?;
        let prefix = input.prefix.unwrap_or_default();
        let (key_marker, version_marker) = (input.key_marker, input.version_id_marker);
        let all = bucket.objects.iter().filter(|(key, _)| key.starts_with(&prefix)).flat_map(
            |(key, versions)| {
                let latest = versions.last().map(|latest| latest.id.clone());
                let newest_first = versions.iter().rev();
                newest_first.map(move |version| (key, version, latest == Some(version.id.clone())))
            },
        );
        let is_after = |key: &str, id: &str, seen: &mut bool| match &key_marker {
            None => true,
            Some(marker) if key == marker => match &version_marker {
                None => false,
                Some(version) => std::mem::replace(seen, *seen || id == version),
            },
            Some(marker) => key > marker.as_str(),
        };
        let mut seen = false;
        let mut page: Vec<_> = all
            .filter(|(key, version, _)| is_after(key, &version.id, &mut seen))
            .take(PAGE + 1)
            .collect();
        let truncated = page.len() > PAGE;
        page.truncate(PAGE);
        let next = page
            .last()
            .filter(|_| truncated)
            .map(|(key, last, _)| ((*key).clone(), last.id.clone()));
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
