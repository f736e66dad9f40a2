//! Real speech in the formats of phones and apps. `make audio` joins it from recorded prompts.

use std::{fs, path::PathBuf};

use anyhow::Context;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
pub struct Speech {
    pub name: String,
    pub content_type: String,
    pub bytes: u64,
    pub sha256: String,
    /// The duration according to ffprobe, in seconds.
    pub duration: f64,
}

/// Every file that `make audio` creates.
pub fn all() -> anyhow::Result<Vec<Speech>> {
    let manifest =
        fs::read(folder().join("manifest.json")).context("there is no audio: run `make audio`")?;
    Ok(serde_json::from_slice(&manifest)?)
}

impl Speech {
    /// The audio itself.
    pub fn read(&self) -> anyhow::Result<Vec<u8>> {
        fs::read(folder().join(&self.name)).with_context(|| format!("could not read {}", self.name))
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.local/audio")
}
