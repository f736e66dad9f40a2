//! The objects of the buckets, with their versions and their uploads in parts.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::{BASE64, HEXLOWER};
use s3s::{
    S3Result,
    dto::{ETag, ETagCondition, Timestamp},
    s3_error,
};
use sha2::{Digest, Sha256};

use crate::clock;

/// A version in a list, with its key and whether it is the latest.
pub(super) type Listed<'a> = (&'a String, &'a Version, bool);

/// One version of an object, or a delete marker.
#[derive(Clone, Debug)]
pub struct Version {
    pub id: String,
    /// `None` is a delete marker.
    pub body: Option<Vec<u8>>,
    pub modified_at: DateTime<Utc>,
    /// In base64, if the writer stated it; of an object in parts, with their number.
    pub(super) checksum: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) metadata: Option<BTreeMap<String, String>>,
}

/// An upload in parts that has not been completed.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) begun_at: DateTime<Utc>,
    pub(super) content_type: Option<String>,
    pub(super) metadata: Option<BTreeMap<String, String>>,
    pub(super) parts: BTreeMap<i32, Vec<u8>>,
}

#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) versioned: bool,
    /// The versions at each key, oldest first.
    pub(super) objects: BTreeMap<String, Vec<Version>>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) buckets: BTreeMap<String, Bucket>,
    /// Versions and uploads so far, which name the next one.
    named: u64,
    /// The keys of objects that came into a bucket since [`Store::take_created`].
    created: Vec<(String, String)>,
    /// Every object that was ever written: bucket and key.
    written: Vec<(String, String)>,
    /// Entries on a page of a listing, instead of [`PAGE`].
    page: Option<usize>,
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

    /// Sets how many entries a page of a listing has at most.
    pub fn list_by(&self, page: usize) {
        self.state().page = Some(page);
    }

    /// Puts an object where it is, without a request and an event.
    pub fn put(&self, bucket: &str, key: &str, body: &[u8], modified_at: DateTime<Utc>) {
        let mut state = self.state();
        let id = state.name();
        let checksum = Some(checksum(body));
        let body = Some(body.to_vec());
        let version =
            Version { id, body, modified_at, checksum, content_type: None, metadata: None };
        if let Some(bucket) = state.buckets.get_mut(bucket) {
            bucket.objects.entry(key.to_owned()).or_default().push(version);
        }
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

    /// Removes the objects under a prefix that are so old, as a rule of the bucket's lifecycle does.
    pub fn expire(&self, bucket: &str, prefix: &str, age: TimeDelta) {
        let mut state = self.state();
        let is_new = |version: &Version| clock::now() - version.modified_at < age;
        if let Some(of) = state.buckets.get_mut(bucket) {
            of.objects
                .retain(|key, versions| !key.starts_with(prefix) || versions.iter().any(is_new));
        }
    }

    /// Changes the last byte of an object.
    pub fn spoil(&self, bucket: &str, key: &str) {
        let mut state = self.state();
        let versions = state.buckets.get_mut(bucket).and_then(|of| of.objects.get_mut(key));
        let body = versions.and_then(|versions| versions.last_mut()?.body.as_mut());
        if let Some(last) = body.and_then(|body| body.last_mut()) {
            *last ^= 1;
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The most entries on a page of a listing.
    pub(super) fn page(&self) -> usize {
        self.page.unwrap_or(PAGE)
    }

    pub(super) fn bucket(&mut self, name: &str) -> S3Result<&mut Bucket> {
        self.buckets.get_mut(name).ok_or_else(|| s3_error!(NoSuchBucket, "{name}"))
    }

    pub(super) fn name(&mut self) -> String {
        self.named += 1;
        format!("v{:08}", self.named)
    }

    /// Writes an object, and returns its version's name.
    pub(super) fn write(
        &mut self,
        bucket: &str,
        key: &str,
        mut version: Version,
    ) -> S3Result<String> {
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
    pub(super) fn found(&self, key: &str, version: Option<&str>) -> S3Result<&Version> {
        let missing = || s3_error!(NoSuchKey, "{key}");
        let versions = self.objects.get(key).ok_or_else(missing)?;
        let found = match version {
            None => versions.last(),
            Some(version) => versions.iter().find(|found| found.id == version),
        };
        found.filter(|found| found.body.is_some()).ok_or_else(missing)
    }

    /// Whether a conditional write may proceed.
    pub(super) fn admits(
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

    /// A page of the versions and markers after one, the newest of each key first: each with its key
    /// and whether it is the latest. And the last of it, if more follow.
    pub(super) fn versions_after(
        &self,
        prefix: &str,
        marker: Option<(&str, Option<&str>)>,
        entries: usize,
    ) -> (Vec<Listed<'_>>, Option<(String, String)>) {
        let from = marker.map_or(prefix, |(key, _)| key.max(prefix)).to_owned();
        let all = self
            .objects
            .range(from..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .flat_map(|(key, versions)| {
                let latest = versions.last().map(|latest| latest.id.clone());
                let newest_first = versions.iter().rev();
                newest_first.map(move |version| (key, version, latest == Some(version.id.clone())))
            });
        let is_after = |key: &str, id: &str, seen: &mut bool| match marker {
            None => true,
            Some((marker, version)) if key == marker => match version {
                None => false,
                Some(version) => std::mem::replace(seen, *seen || id == version),
            },
            Some((marker, _)) => key > marker,
        };
        let mut seen = false;
        let mut page: Vec<_> = all
            .filter(|(key, version, _)| is_after(key, &version.id, &mut seen))
            .take(entries + 1)
            .collect();
        let truncated = page.len() > entries;
        page.truncate(entries);
        let next = page.last().filter(|_| truncated);
        let next = next.map(|(key, last, _)| ((*key).clone(), last.id.clone()));
        (page, next)
    }

    pub(super) fn remove(&mut self, key: &str, version: Option<&str>, marker: Version) {
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
    pub(super) fn of(body: Option<Vec<u8>>) -> Self {
        Self {
            id: String::new(),
            body,
            modified_at: clock::now(),
            checksum: None,
            content_type: None,
            metadata: None,
        }
    }

    pub(super) fn etag(&self) -> ETag {
        let hash = Sha256::digest(self.body.as_deref().unwrap_or_default());
        ETag::Strong(HEXLOWER.encode(&hash[..16]))
    }

    pub fn length(&self) -> i64 {
        self.body.as_ref().map_or(0, |body| i64::try_from(body.len()).unwrap_or(i64::MAX))
    }
}

pub(super) fn timestamp(at: DateTime<Utc>) -> Timestamp {
    SystemTime::from(at).into()
}

pub(super) fn checksum(bytes: &[u8]) -> String {
    BASE64.encode(&Sha256::digest(bytes))
}

/// The body, if it has the checksum that the request promises.
pub(super) fn verified(body: Vec<u8>, promised: Option<&String>) -> S3Result<Vec<u8>> {
    match promised {
        Some(promised) if checksum(&body) != *promised => Err(s3_error!(BadDigest)),
        _ => Ok(body),
    }
}
