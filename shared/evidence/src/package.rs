//! The files of a package, and their names.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Hash,
    fact::{Facts, Salt, milliseconds},
    tree::Proof,
};

pub const MANIFEST: &str = "MANIFEST.json";
/// The SHA-256 of the manifest, as `sha256sum` writes it.
pub const MANIFEST_HASH: &str = "MANIFEST.sha256";

/// The list of a package's files, but for itself and its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    pub v: u8,
    /// Why the package was made, and for whom.
    pub purpose: String,
    pub recipient: String,
    #[serde(with = "milliseconds")]
    pub created: DateTime<Utc>,
    /// The user who ordered it.
    pub created_by: String,
    pub files: Vec<File>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// With `/` between folders.
    pub path: String,
    pub bytes: u64,
    pub sha256: Hash,
}

/// A fact with its salt, and the proof that it is in the tree of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedFact {
    pub facts: Facts,
    pub salt: Salt,
    pub proof: Proof,
    /// The day of the head.
    pub head: NaiveDate,
}

/// The content of `MANIFEST.sha256`.
pub fn hash_file(manifest: &[u8]) -> String {
    format!("{}  {MANIFEST}\n", Hash::of(manifest))
}

pub fn facts(recording: &str) -> String {
    format!("facts/{recording}.json")
}

/// The path of an organisation's head, with the ending `json` or `sig`; its proof against the
/// super-root has `proof.json`.
pub fn head(organisation: &str, day: NaiveDate, ending: &str) -> String {
    format!("heads/{organisation}_{day}.{ending}")
}

/// The path of a super-root, with the ending `json`, `sig` or `tsr`.
pub fn super_root(day: NaiveDate, ending: &str) -> String {
    format!("super/{day}.{ending}")
}

/// The path of the signature of a head or super-root.
pub fn signature(of: &str) -> String {
    format!("{}.sig", of.strip_suffix(".json").unwrap_or(of))
}

pub fn key(id: Hash) -> String {
    format!("keys/{id}.pem")
}

/// The recording whose audio is at a path: `recordings/DAY/NAME_ID.ENDING`.
pub fn recording_at(path: &str) -> Option<&str> {
    let name = path.strip_prefix("recordings/")?.rsplit_once('/')?.1;
    let (name, _) = name.rsplit_once('.').unwrap_or((name, ""));
    Some(name.rsplit_once('_').map_or(name, |(_, id)| id))
}

/// Whether a path stays in the folder, on every system.
pub fn is_inside(path: &str) -> bool {
    !path.contains(['\\', ':', '\0'])
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_ending_of_a_head_becomes_that_of_its_signature() {
        assert_eq!(signature("heads/a.json_2026-11-24.json"), "heads/a.json_2026-11-24.sig");
        assert_eq!(signature("super/2026-11-24.json"), "super/2026-11-24.sig");
    }
}
