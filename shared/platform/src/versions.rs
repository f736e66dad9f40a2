//! All objects under an organisation's prefix of the bucket: each key with all its versions.
//!
//! The bucket is listed in parts, split where keys begin and read concurrently, so millions of
//! objects take minutes. An invocation that has listed enough returns the other ranges of keys, for
//! another one. Listing costs the table nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::DateTime;
use domain::{
    ids::OrganisationId,
    reconcile::{Object, Version},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::{
    bucket::{Bucket, Error, failed_to},
    objects::{PREFIX, read_checksum},
};

/// Parts of a listing that are read concurrently.
const AT_ONCE: usize = 8;
/// The characters that an id can begin with.
const BEGINNINGS: &str = "0123456789abcdefghijklmnopqrstuv";

/// Keys of a bucket: those after one, up to and including another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub after: String,
    /// `None`: to the end of the organisation's keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The result of a listing: a fold of each part, the ranges that were listed, and those that remain.
#[derive(Debug)]
pub struct Listed<T> {
    pub parts: Vec<T>,
    pub seen: Vec<Range>,
    pub rest: Vec<Range>,
}

impl Range {
    /// All keys of an organisation.
    pub fn of(organisation: &OrganisationId) -> Self {
        Self { after: prefix(organisation), to: None }
    }

    pub fn contains(&self, key: &str) -> bool {
        // The prefix itself may be a key, which the first page has.
        let begins = key > &*self.after || key == self.after && key.ends_with('/');
        begins && self.to.as_deref().is_none_or(|to| key <= to)
    }
}

fn prefix(organisation: &OrganisationId) -> String {
    format!("{PREFIX}/{organisation}/")
}

impl Bucket {
    /// Folds the organisation's keys in these ranges, each key with its versions, until it has read
    /// so many `pages` of 1,000 versions. 1 request for each page; of more than one page at least one
    /// for each part. More pages only to end a key whose versions fill a page.
    pub async fn list<T: Default>(
        &self,
        of: &OrganisationId,
        ranges: Vec<Range>,
        pages: usize,
        see: impl Fn(&mut T, String, Object),
    ) -> Result<Listed<T>, Error> {
        let (prefix, left) = (prefix(of), AtomicUsize::new(pages.max(1)));
        let has_page = || {
            let take = |left: usize| left.checked_sub(1);
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
        };
        let mut parts: Vec<Part<T>> = ranges.into_iter().map(Part::of).collect();
        if let [only] = &mut parts[..] {
            has_page();
            self.fold_page(&prefix, only, &see).await?;
            let others = only.split(&prefix);
            parts.extend(others);
        }
        let (prefix, see, has_page) = (&prefix, &see, &has_page);
        let read = parts.into_iter().map(|mut part| async move {
            while !part.done && (has_page() || part.is_within_a_key()) {
                self.fold_page(prefix, &mut part, see).await?;
            }
            Ok(part)
        });
        let read: Vec<Part<T>> = stream::iter(read).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut listed = Listed { parts: Vec::new(), seen: Vec::new(), rest: Vec::new() };
        for part in read {
            let Part { range: Range { after, to }, reached, folded, done, .. } = part;
            if !done {
                listed.rest.push(Range { after: reached.clone(), to: to.clone() });
            }
            let to = if done { to } else { Some(reached) };
            if to.as_ref() != Some(&after) {
                listed.seen.push(Range { after, to });
                listed.parts.push(folded);
            }
        }
        Ok(listed)
    }

    /// All versions at exactly this key. 1 request for each 1,000 versions.
    pub async fn object(&self, key: &str) -> Result<Object, Error> {
        let mut part = Part::of(Range { after: key.to_owned(), to: None });
        let see = |object: &mut Object, found: String, versions: Object| {
            if found == key {
                *object = versions;
            }
        };
        while !part.done {
            self.fold_page(key, &mut part, &see).await?;
        }
        Ok(part.folded)
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

    /// Folds one page of a part. A key whose versions continue on the next page waits in the part.
    async fn fold_page<T>(
        &self,
        prefix: &str,
        part: &mut Part<T>,
        see: &impl Fn(&mut T, String, Object),
    ) -> Result<(), Error> {
        let list = self.client.list_object_versions().bucket(&self.name).prefix(prefix);
        let begins = || Some((part.range.after.clone(), None)).filter(|(after, _)| after != prefix);
        let (key_marker, version_marker) = part.next.take().or_else(begins).unzip();
        let list = list.set_key_marker(key_marker).set_version_id_marker(version_marker.flatten());
        let page = list.send().await.map_err(failed_to("list the bucket"))?;
        let mut found = std::mem::take(&mut part.waiting);
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
        let ends = |key: &str| part.range.to.as_deref().is_some_and(|to| key > to);
        let over = found.iter().any(|one| ends(&one.key));
        found.retain(|one| !ends(&one.key));
        let next = next.filter(|_| !over);
        if let Some((last, _)) = &next {
            let (waits, complete) = found.into_iter().partition(|one| one.key == *last);
            (part.waiting, found) = (waits, complete);
        }
        for (key, object) in grouped(found) {
            part.reached.clone_from(&key);
            see(&mut part.folded, key, object);
        }
        (part.done, part.next) = (next.is_none(), next);
        Ok(())
    }
}

/// A part of a listing.
struct Part<T> {
    range: Range,
    /// The last key that was folded.
    reached: String,
    /// Where the next page begins; at the beginning of the range if nothing was read.
    next: Option<Start>,
    /// Versions of a key that continues on the next page.
    waiting: Vec<One>,
    folded: T,
    done: bool,
}

impl<T: Default> Part<T> {
    fn of(range: Range) -> Self {
        let reached = range.after.clone();
        Self { range, reached, next: None, waiting: Vec::new(), folded: T::default(), done: false }
    }

    /// Whether it has begun without completing a key, so that it could not continue from one.
    fn is_within_a_key(&self) -> bool {
        self.next.is_some() && self.reached == self.range.after
    }

    /// Leaves the keys from the next beginning of an id to other parts, if it is not done.
    fn split(&mut self, prefix: &str) -> Vec<Self> {
        let Some((at, _)) = &self.next else { return Vec::new() };
        let cuts = BEGINNINGS.chars().map(|beginning| format!("{prefix}{beginning}"));
        let to = self.range.to.take();
        let cuts: Vec<_> =
            cuts.filter(|cut| cut > at && to.as_ref().is_none_or(|to| cut < to)).collect();
        let ends = cuts.iter().skip(1).cloned().map(Some).chain([to.clone()]);
        let others = cuts.iter().zip(ends).map(|(cut, to)| Range { after: cut.clone(), to });
        let others = others.map(Self::of).collect();
        self.range.to = cuts.first().cloned().or(to);
        others
    }
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
