//! The SHA-256 of an object that S3 has no checksum for: it was put without one, or in parts.

use domain::recording::Sha256;
use sha2::Digest;

use crate::bucket::{Bucket, Error, failed_to};

impl Bucket {
    /// Streams the object or a version and computes its SHA-256; `None` if it is gone. 1 request.
    pub async fn digest(&self, key: &str, version: Option<&str>) -> Result<Option<Sha256>, Error> {
        let get = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key)
            .set_version_id(version.map(str::to_owned));
        let mut body = match get.send().await {
            Ok(answer) => answer.body,
            Err(error) if error.raw_response().is_some_and(|raw| raw.status().as_u16() == 404) => {
                return Ok(None);
            }
            Err(error) => return Err(failed_to("read an object whole")(error)),
        };
        let mut hash = sha2::Sha256::new();
        while let Some(bytes) = body.try_next().await.map_err(failed_to("read an object whole"))? {
            hash.update(&bytes);
        }
        Ok(Some(Sha256(hash.finalize().into())))
    }
}
