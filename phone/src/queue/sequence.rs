//! The numbers of the phone's calls: 1, 2, 3 since the app was installed. The service recognises by
//! a gap that a call has never come.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::disk;
use crate::call::{CallId, Sequence};

/// The counter of the folder. Like every file of it, it is replaced as a whole.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counter {
    device_id: String,
    next: u64,
}

/// The counter, and its lock.
pub(super) const COUNTER: &str = "sequence";
pub(super) const SEQUENCE_LOCK: &str = "sequence.lock";

/// Saves something with the next number, and then counts on. After a crash between the two, the
/// next call has the same number: that hides no call, while a number too many would invent one.
pub(super) fn numbered<R>(
    folder: &Path,
    save: impl FnOnce(Sequence) -> io::Result<R>,
) -> io::Result<R> {
    let lock = disk::lock_file(&folder.join(SEQUENCE_LOCK))?;
    lock.lock()?;
    let path = folder.join(COUNTER);
    let Counter { device_id, next } = read(&path)?;
    let saved = save(Sequence { device_id: device_id.clone(), sequence: next })?;
    let counter = Counter { device_id, next: next.saturating_add(1) };
    disk::write(&path, &serde_json::to_vec(&counter).map_err(io::Error::other)?)?;
    Ok(saved)
}

/// The counter. A missing or damaged one begins anew, as another device.
fn read(path: &Path) -> io::Result<Counter> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        bytes => bytes?,
    };
    let anew = || Counter { device_id: CallId::random().to_string(), next: 1 };
    Ok(serde_json::from_slice(&bytes).unwrap_or_else(|_| anew()))
}
