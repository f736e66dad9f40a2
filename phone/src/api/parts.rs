//! Uploads long audio in parts. The service tells which ones are missing, so an interrupted upload
//! continues with them, also after the phone was switched off.

use std::{
    io::{self, SeekFrom},
    path::Path,
};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::{Api, headers, of_user, response, send};
use crate::{
    call::{Audio, Link},
    outcome::{Failure, Kind, Outcome},
    token::Token,
};

/// From which length audio is uploaded in parts, and the length of each.
#[derive(Clone, Copy, Debug)]
pub struct PartSizes {
    /// Bytes of the longest audio that is uploaded as a whole.
    pub above: u64,
    /// Bytes of a part: 5 MiB to 64 MiB.
    pub length: u64,
}

impl Default for PartSizes {
    /// 8 MiB each.
    fn default() -> Self {
        Self { above: 8 << 20, length: 8 << 20 }
    }
}

/// The parts of the audio.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    part_length: u64,
    sha256: Vec<String>,
}

/// How far the upload has come.
#[derive(Deserialize)]
struct Progress {
    missing: Vec<Missing>,
}

#[derive(Deserialize)]
struct Missing {
    offset: u64,
    upload: Link,
}

/// How often the service may report parts as missing that were uploaded.
const ROUNDS: usize = 3;

impl Api {
    /// Uploads the audio in parts, as far as the service does not have them. One part at a time is
    /// in memory. An error is one of the disk.
    pub async fn put_parts(
        &self,
        token: &Token,
        recording: &str,
        audio: &Audio,
        path: &Path,
    ) -> io::Result<Outcome> {
        let Some(order) = self.order(audio, path).await? else {
            return Ok(Outcome::AudioDiffers);
        };
        for _ in 0..ROUNDS {
            let request = self.http.put(format!("{}/v1/recordings/{recording}/parts", self.url));
            let Some(answer) = send(of_user(request, token).json(&order)).await else {
                return Ok(Outcome::Unreachable);
            };
            let progress: Progress = match response::read(answer).await {
                Ok(progress) => progress,
                Err(outcome) => return Ok(of_api(outcome)),
            };
            if progress.missing.is_empty() {
                return Ok(Outcome::Put);
            }
            for missing in &progress.missing {
                let length = self.parts.length.min(audio.length.saturating_sub(missing.offset));
                let Some(part) = read(path, missing.offset, length).await? else {
                    return Ok(Outcome::AudioDiffers);
                };
                match self.put_part(&missing.upload, part).await {
                    Outcome::Put => {}
                    outcome => return Ok(outcome),
                }
            }
        }
        Ok(Outcome::Unreachable)
    }

    /// Whether audio of this length is uploaded in parts.
    pub(crate) fn is_in_parts(&self, audio: &Audio) -> bool {
        audio.length > self.parts.above
    }

    /// The digest of each part; `None` if the file is not the registered audio.
    async fn order(&self, audio: &Audio, path: &Path) -> io::Result<Option<Order>> {
        let (part_length, mut sha256, mut offset) = (self.parts.length, Vec::new(), 0);
        while offset < audio.length {
            let length = part_length.min(audio.length - offset);
            let Some(part) = read(path, offset, length).await? else { return Ok(None) };
            sha256.push(HEXLOWER.encode(&Sha256::digest(&part)));
            offset += length;
        }
        let is_whole = tokio::fs::metadata(path).await?.len() == audio.length;
        Ok(is_whole.then_some(Order { part_length, sha256 }))
    }

    async fn put_part(&self, link: &Link, part: Vec<u8>) -> Outcome {
        let of_part = Audio { length: part.len() as u64, sha256: String::new() };
        let (Ok(method), Some(headers)) = (link.method.parse(), headers(link, &of_part)) else {
            return Outcome::Unreachable;
        };
        let request = self.http.request(method, &link.url).headers(headers);
        let request = request.timeout(super::upload_at_most(of_part.length)).body(part);
        send(request).await.map_or(Outcome::Unreachable, |answer| response::uploaded(&answer))
    }
}

/// The outcome of a request to the API among those to S3: a refused token is always 401, because 403
/// is what S3 answers to an expired link.
fn of_api(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Failed(failure) if failure.kind() == Kind::SignIn => {
            Outcome::Failed(Failure { status: 401, ..failure })
        }
        outcome => outcome,
    }
}

/// Some bytes of a file; `None` if it is missing or shorter.
async fn read(path: &Path, offset: u64, length: u64) -> io::Result<Option<Vec<u8>>> {
    let mut file = match tokio::fs::File::open(path).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    file.seek(SeekFrom::Start(offset)).await?;
    let mut part = vec![0; usize::try_from(length).unwrap_or_default()];
    match file.read_exact(&mut part).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read.map(|_| Some(part)),
    }
}
