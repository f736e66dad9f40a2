//! All copies of a recording's audio: versions, delete markers and objects in quarantine.
//!
//! A copy is removed by its version, so a later object at the same key is never affected.

use chrono::{DateTime, Utc};

use crate::bucket::{Bucket, Error, failed_to};

/// One version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub key: String,
    pub version: Option<String>,
    /// To the second.
    pub modified_at: DateTime<Utc>,
    /// Whether it contains audio. A delete marker does not.
    pub audio: bool,
}

impl Bucket {
    /// All versions and delete markers at exactly this key. 1 request for each 1,000.
    pub async fn copies(&self, key: &str) -> Result<Vec<Copy>, Error> {
        let (mut copies, mut key_marker, mut version_marker) = (Vec::new(), None, None);
        loop {
            let list = self.client.list_object_versions().bucket(&self.name).prefix(key);
            let list = list.set_key_marker(key_marker).set_version_id_marker(version_marker);
            let page = list.send().await.map_err(failed_to("list the copies of a recording"))?;
            let versions = page.versions().iter().map(|version| {
                (version.key(), version.version_id(), version.last_modified(), true)
            });
            let markers = page
                .delete_markers()
                .iter()
                .map(|marker| (marker.key(), marker.version_id(), marker.last_modified(), false));
            for (found, version, modified, audio) in
                versions.chain(markers).filter(|(found, ..)| *found == Some(key))
            {
                let modified_at = moment(modified)?;
                copies.push(Copy {
                    key: found.unwrap_or_default().to_owned(),
                    version: version.map(str::to_owned),
                    modified_at,
                    audio,
                });
            }
            if page.is_truncated() != Some(true) {
                return Ok(copies);
            }
            (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
        }
    }

    /// All objects under this key in a bucket without versions. 1 request for each 1,000.
    pub async fn copies_under(&self, key: &str) -> Result<Vec<Copy>, Error> {
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(format!("{key}/"))
            .into_paginator()
            .send();
        let mut copies = Vec::new();
        while let Some(page) = pages.next().await {
            for object in page.map_err(failed_to("list the copies of a recording"))?.contents() {
                let modified_at = moment(object.last_modified())?;
                copies.push(Copy {
                    key: object.key().unwrap_or_default().to_owned(),
                    version: None,
                    modified_at,
                    audio: true,
                });
            }
        }
        Ok(copies)
    }

    /// Removes each copy by its version. 1 request each; nearly every recording has one.
    pub async fn remove_copies(&self, copies: &[Copy]) -> Result<(), Error> {
        for copy in copies {
            self.remove(&copy.key, copy.version.as_deref()).await?;
        }
        Ok(())
    }
}

fn moment(modified: Option<&aws_sdk_s3::primitives::DateTime>) -> Result<DateTime<Utc>, Error> {
    let moment = modified.and_then(|modified| DateTime::from_timestamp(modified.secs(), 0));
    moment.ok_or("a copy without a time").map_err(failed_to("list the copies of a recording"))
}
