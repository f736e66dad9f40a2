//! The recordings of the service, their upload links and their objects.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::{BASE64, HEXLOWER};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A recording. Another call or other audio is another recording.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    pub call: String,
    pub sha256: String,
    pub length: u64,
    /// Each `sentAt` of its registrations.
    pub sent_at: Vec<String>,
    pub object: Option<Vec<u8>>,
    /// How often an upload was accepted.
    pub puts: u32,
    pub is_verified: bool,
    /// The parts that have come, and how many uploads of parts were accepted.
    pub parts: BTreeMap<usize, Vec<u8>>,
    pub part_puts: u32,
    /// How often the recording is read before the upload is verified.
    reads_left: u32,
}

/// The recordings, by their ids: each is its number.
pub struct Recordings {
    all: Vec<Recording>,
    links: u64,
    expired: BTreeSet<u64>,
    url: String,
    random: ChaCha8Rng,
}

impl Recordings {
    pub fn new(seed: u64, url: String) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self { all: Vec::new(), links: 0, expired: BTreeSet::new(), url, random }
    }

    /// All recordings.
    pub fn all(&self) -> &[Recording] {
        &self.all
    }

    pub fn of_call(&self, call: &str) -> Vec<Recording> {
        self.all.iter().filter(|recording| recording.call == call).cloned().collect()
    }

    /// Registers a call. Returns whether it is new, and the response.
    pub fn register(&mut self, call: &Value) -> (bool, Value) {
        let text = |member: &str| call[member].as_str().expect("a text").to_owned();
        let (id, sha256) = (text("callId"), text("sha256"));
        let before = self.all.iter().position(|it| it.call == id && it.sha256 == sha256);
        let number = before.unwrap_or_else(|| {
            let length = call["contentLength"].as_u64().expect("a length");
            self.all.push(Recording { call: id, sha256, length, ..Recording::default() });
            self.all.len() - 1
        });
        self.all[number].sent_at.push(text("sentAt"));
        let recording = self.show(number).expect("a recording");
        let warning = json!({"code": "unchanged", "pointer": "/counterpart", "detail": "a name"});
        let mut response = json!({"recording": recording, "warnings": [warning]});
        if recording["state"] == "expected" {
            response["upload"] = self.link(number);
        }
        (before.is_none(), response)
    }

    /// A recording as the API shows it. Ingest verifies it after some reads.
    pub fn show(&mut self, number: usize) -> Option<Value> {
        let recording = self.all.get_mut(number)?;
        recording.is_verified |= recording.object.is_some() && recording.reads_left == 0;
        recording.reads_left = recording.reads_left.saturating_sub(1);
        let is_rejected = recording.object.as_ref().is_some_and(|it| it.starts_with(b"rejected"));
        let (state, rejection) = match (recording.is_verified, is_rejected) {
            (false, _) => ("expected", None),
            (true, false) => ("stored", None),
            (true, true) => ("rejected", Some("no-audio")),
        };
        let sha256 = &recording.sha256;
        let id = number.to_string();
        Some(json!({"id": id, "state": state, "sha256": sha256, "rejection": rejection}))
    }

    /// Uploads audio by a link, with its signed checksum. Returns the status of S3.
    pub fn put(&mut self, number: usize, link: u64, checksum: &str, audio: &[u8]) -> u16 {
        let digest = Sha256::digest(audio);
        let recording = &mut self.all[number];
        if self.expired.contains(&link) {
            return 403;
        }
        if BASE64.encode(&digest) != checksum || HEXLOWER.encode(&digest) != recording.sha256 {
            return 400;
        }
        if recording.object.is_some() {
            return 412;
        }
        recording.object = Some(audio.to_vec());
        recording.puts += 1;
        recording.reads_left = self.random.random_range(0..4);
        200
    }

    /// The parts that are missing, each with a link; once none is, the audio is joined.
    pub fn parts(&mut self, number: usize, order: &Value) -> Option<Value> {
        let length = order["partLength"].as_u64().expect("a length");
        let sums: Vec<String> = order["sha256"]
            .as_array()
            .expect("digests")
            .iter()
            .map(|sum| sum.as_str().expect("a digest").to_owned())
            .collect();
        let recording = self.all.get(number)?;
        let is_there = |part: usize| {
            let stored = recording.parts.get(&part);
            stored.is_some_and(|stored| HEXLOWER.encode(&Sha256::digest(stored)) == sums[part])
        };
        let missing: Vec<usize> = match recording.object {
            Some(_) => Vec::new(),
            None => (0..sums.len()).filter(|part| !is_there(*part)).collect(),
        };
        if missing.is_empty() && recording.object.is_none() {
            let reads_left = self.random.random_range(0..4);
            let recording = &mut self.all[number];
            recording.object = Some(recording.parts.values().flatten().copied().collect());
            (recording.puts, recording.reads_left) = (recording.puts + 1, reads_left);
        }
        let parts: Vec<Value> = missing
            .into_iter()
            .map(|part| {
                self.links += 1;
                let digest = HEXLOWER.decode(sums[part].as_bytes()).expect("a digest");
                let upload = json!({
                    "method": "PUT",
                    "url": format!("{}/s3/{number}/{part}/{}?signature=secret", self.url, self.links),
                    "headers": { "x-amz-checksum-sha256": BASE64.encode(&digest) },
                });
                json!({"number": part + 1, "offset": part as u64 * length, "upload": upload})
            })
            .collect();
        Some(json!({"recording": self.show(number)?, "missing": parts, "uploaded": 0}))
    }

    /// Uploads a part by a link, with its signed checksum. Returns the status of S3.
    pub fn put_part(
        &mut self,
        number: usize,
        part: usize,
        link: u64,
        checksum: &str,
        audio: &[u8],
    ) -> u16 {
        if self.expired.contains(&link) {
            return 403;
        }
        if BASE64.encode(&Sha256::digest(audio)) != checksum {
            return 400;
        }
        self.all[number].parts.insert(part, audio.to_vec());
        self.all[number].part_puts += 1;
        200
    }

    pub fn expire(&mut self, link: u64) {
        self.expired.insert(link);
    }

    fn link(&mut self, number: usize) -> Value {
        self.links += 1;
        let recording = &self.all[number];
        let digest = HEXLOWER.decode(recording.sha256.as_bytes()).expect("a digest");
        json!({
            "method": "PUT",
            "url": format!("{}/s3/{number}/{}?signature=secret", self.url, self.links),
            "headers": {
                "content-length": recording.length.to_string(),
                "content-type": "application/octet-stream",
                "if-none-match": "*",
                "x-amz-checksum-sha256": BASE64.encode(&digest),
            },
            "expiresAt": "2026-11-24T15:00:00Z",
        })
    }
}
