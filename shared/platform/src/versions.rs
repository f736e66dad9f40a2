//! All objects under an organisation's prefix of the bucket: each key with all its versions.
//!
//! The bucket is listed in parts, split where keys begin and read concurrently, so millions of
//! objects take minutes. Listing costs the table nothing.

use chrono::DateTime;
use domain::{
    ids::OrganisationId,
    reconcile::{Object, Version},
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    bucket::{Bucket, Error, failed_to},
    objects::{PREFIX, read_checksum},
};

/// Parts of a listing that are read concurrently.
const AT_ONCE: usize = 8;
/// The characters that an id can begin with.
const BEGINNINGS: &str = "0123456789abcdefghijklmnopqrstuv";

impl Bucket {
    /// Folds all keys under the organisation's prefix in parts, each key with its versions. 1
    /// request for each 1,000 versions; beyond that at least one for each part.
    pub async fn everything<T: Default>(
        &self,
        of: &OrganisationId,
        see: impl Fn(&mut T, String, Object),
    ) -> Result<Vec<T>, Error> {
        let prefix = format!("{PREFIX}/{of}/");
        let (mut first, mut listing) = (T::default(), Listing::default());
        listing.start = self.fold_page(&prefix, &mut listing, &mut first, &see).await?;
        let Some((reached, _)) = listing.start.clone() else { return Ok(vec![first]) };
        let cuts: Vec<_> = BEGINNINGS
            .chars()
            .map(|beginning| format!("{prefix}{beginning}"))
            .filter(|cut| *cut > reached)
            .collect();
        listing.end = cuts.first().cloned();
        let ends = cuts.iter().skip(1).cloned().map(Some).chain([None]);
        let rest = cuts.iter().zip(ends).map(|(cut, end)| Listing {
            start: Some((cut.clone(), None)),
            end,
            waiting: Vec::new(),
        });
        let (prefix, see) = (&prefix, &see);
        let parts = [listing].into_iter().chain(rest).map(|mut listing| async move {
            let mut part = T::default();
            while listing.start.is_some() {
                listing.start = self.fold_page(prefix, &mut listing, &mut part, see).await?;
            }
            Ok(part)
        });
        let mut all: Vec<T> = stream::iter(parts).buffer_unordered(AT_ONCE).try_collect().await?;
        all.push(first);
        Ok(all)
    }

    /// All versions at exactly this key. 1 request for each 1,000 versions.
    pub async fn object(&self, key: &str) -> Result<Object, Error> {
        let (mut object, mut listing) = (Object::default(), Listing::default());
        let see = |object: &mut Object, found: String, versions: Object| {
            if found == key {
                *object = versions;
            }
        };
        loop {
            listing.start = self.fold_page(key, &mut listing, &mut object, &see).await?;
            if listing.start.is_none() {
                return Ok(object);
            }
        }
    }

    /// Reads the checksums of the versions at this key. 1 request each. A version that no longer
    /// exists is skipped. One of `length` bytes without a SHA-256 is read: 1 more.
    pub async fn with_checksums(
        &self,
        key: &str,
        mut object: Object,
        length: u64,
    ) -> Result<Object, Error> {
        for version in object.versions.iter_mut().filter(|version| !version.marker) {
            let head =
                self.client.head_object().bucket(&self.name).key(key).version_id(&version.name);
            match head.checksum_mode(aws_sdk_s3::types::ChecksumMode::Enabled).send().await {
                Ok(head) => {
                    let recorded = head.checksum_sha256().and_then(read_checksum);
                    let computed = if recorded.is_none() && version.length == length {
                        self.digest(key, Some(&version.name)).await?
                    } else {
                        None
                    };
                    version.sha256 = Some(recorded.or(computed).unwrap_or(UNSIGNED));
                }
                Err(error)
                    if error.as_service_error().is_some_and(
                        aws_sdk_s3::operation::head_object::HeadObjectError::is_not_found,
                    ) => {}
                Err(error) => return Err(failed_to("read the checksum of an object")(error)),
            }
        }
        Ok(object)
    }

    /// Folds one page of the listing, and returns where the next begins. A key whose versions
    /// continue on the next page waits in the listing.
    async fn fold_page<T>(
        &self,
        prefix: &str,
        listing: &mut Listing,
        into: &mut T,
        see: &impl Fn(&mut T, String, Object),
    ) -> Result<Option<Start>, Error> {
        let list = self.client.list_object_versions().bucket(&self.name).prefix(prefix);
        let (key_marker, version_marker) = listing.start.clone().unzip();
        let list = list.set_key_marker(key_marker).set_version_id_marker(version_marker.flatten());
        let page = list.send().await.map_err(failed_to("list the bucket"))?;
        let mut found = std::mem::take(&mut listing.waiting);
        for version in page.versions() {
            let at = version
                .last_modified()
                .and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos()));
            let length = version.size().unwrap_or_default().unsigned_abs();
            found.push(one(
                version.key(),
                version.version_id(),
                version.is_latest(),
                at,
                length,
                false,
            )?);
        }
        for marker in page.delete_markers() {
            let at = marker
                .last_modified()
                .and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos()));
            found.push(one(marker.key(), marker.version_id(), marker.is_latest(), at, 0, true)?);
        }
        let next = match (page.is_truncated(), page.next_key_marker) {
            (Some(true), Some(key)) => Some((key, page.next_version_id_marker)),
            _ => None,
        };
        let ends = |key: &str| listing.end.as_deref().is_some_and(|end| key > end);
        let over = found.iter().any(|one| ends(&one.key));
        found.retain(|one| !ends(&one.key));
        let next = next.filter(|_| !over);
        if let Some((last, _)) = &next {
            let (waits, done) = found.into_iter().partition(|one| one.key == *last);
            (listing.waiting, found) = (waits, done);
        }
        for (key, object) in grouped(found) {
            see(into, key, object);
        }
        Ok(next)
    }
}

/// The progress of a listing.
#[derive(Default)]
struct Listing {
    start: Option<Start>,
    /// The last key of the listing.
    end: Option<String>,
    /// Versions of a key that continues on the next page.
    waiting: Vec<One>,
}

/// The key, and the version of it, after which a page begins.
type Start = (String, Option<String>);

/// A version as listed.
struct One {
    key: String,
    latest: bool,
    version: Version,
}

/// The hash given to a version with another length, which cannot be the audio that the app signed.
const UNSIGNED: domain::recording::Sha256 = domain::recording::Sha256([0; 32]);

fn one(
    key: Option<&str>,
    name: Option<&str>,
    latest: Option<bool>,
    modified_at: Option<DateTime<chrono::Utc>>,
    length: u64,
    marker: bool,
) -> Result<One, Error> {
    let (Some(key), Some(modified_at)) = (key, modified_at) else {
        return Err(failed_to("list the bucket")("a version without a key or a time"));
    };
    let version = Version {
        name: name.unwrap_or("null").to_owned(),
        marker,
        length,
        modified_at,
        sha256: None,
    };
    Ok(One { key: key.to_owned(), latest: latest == Some(true), version })
}

/// Groups versions by key, newest first. S3 lists versions and delete markers apart.
fn grouped(mut found: Vec<One>) -> Vec<(String, Object)> {
    found.sort_by(|a, b| {
        a.key
            .cmp(&b.key)
            .then(b.latest.cmp(&a.latest))
            .then(b.version.modified_at.cmp(&a.version.modified_at))
    });
    let mut keys: Vec<(String, Object)> = Vec::new();
    for One { key, version, .. } in found {
        match keys.last_mut() {
            Some((last, object)) if *last == key => object.versions.push(version),
            _ => keys.push((key, Object { versions: vec![version] })),
        }
    }
    keys
}
