//! The durable queue: a folder with two files per call, `ID.json` and `ID.audio`.
//!
//! Each change is written to a new file, which then replaces the old one. So a crash at any point
//! leaves the old state or the new one. `ID.json` makes a call part of the queue, so it is
//! written last and removed last.

mod digest;
mod disk;
mod sequence;
mod tidy;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::call::{Audio, Call, CallId, Facts, State};

/// A queue of calls in a folder.
#[derive(Clone, Debug)]
pub struct Queue {
    folder: PathBuf,
}

/// A client already works on the queue, or the lock cannot be taken.
#[derive(Debug, Error)]
#[error("failed to lock the queue, which another client may use")]
pub struct InUse(#[source] TryLockError);

/// The folder of files that belong to no valid call.
const DAMAGED: &str = "damaged";
/// The lock of the only client.
const CLIENT_LOCK: &str = "client.lock";
/// The lock that many writers of new calls share, and that tidying takes alone.
const ENQUEUE_LOCK: &str = "enqueue.lock";

impl Queue {
    /// Opens the queue, and creates its folder if it is missing. Only its owner can read it.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        disk::create_folder(&folder.join(DAMAGED))?;
        disk::sync_folder(&folder)?;
        disk::sync_folder(folder.parent().filter(|it| *it != "").unwrap_or(".".as_ref()))?;
        Ok(Self { folder })
    }

    /// Adds a finished call under a random id, as [`Queue::enqueue_as`] does.
    pub fn enqueue(&self, facts: Facts, audio: &Path) -> io::Result<CallId> {
        let call_id = CallId::random();
        self.enqueue_as(&call_id, facts, audio)?;
        Ok(call_id)
    }

    /// Adds a finished call with a copy of its audio. The original may be deleted afterwards. The id
    /// is the one that the operator's switch reports, if the app knows it. A call that is in the
    /// queue already is an error.
    pub fn enqueue_as(&self, call_id: &CallId, facts: Facts, audio: &Path) -> io::Result<()> {
        let lock = disk::lock_file(&self.folder.join(ENQUEUE_LOCK))?;
        lock.lock_shared()?;
        let is_new = || match self.record(call_id).exists() {
            false => Ok(()),
            true => Err(io::Error::from(io::ErrorKind::AlreadyExists)),
        };
        is_new()?;
        let copy = self.audio(call_id);
        disk::copy(audio, &copy)?;
        let saved = sequence::numbered(&self.folder, |sequence| {
            is_new()?; // another thread may have added it meanwhile
            let state = State::Recorded { audio: None };
            self.save(&Call { call_id: call_id.clone(), facts, sequence: Some(sequence), state })
        });
        match saved {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                disk::remove(&copy)?;
                Err(error)
            }
            saved => saved,
        }
    }

    /// The calls of the queue, in the order of their ids.
    pub fn ids(&self) -> io::Result<Vec<CallId>> {
        let mut ids: Vec<CallId> = self
            .names()?
            .iter()
            .filter_map(|name| CallId::try_from(name.strip_suffix(".json")?.to_owned()).ok())
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Reads a call. It is `None` if it is gone, or if its files are damaged: they are set aside.
    pub fn load(&self, id: &CallId) -> io::Result<Option<Call>> {
        let bytes = match fs::read(self.record(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        let call = serde_json::from_slice(&bytes).ok().filter(|call: &Call| call.call_id == *id);
        match call {
            Some(call) if call.state.ends_copy() || self.audio(id).is_file() => Ok(Some(call)),
            _ => self.set_aside(id).map(|()| None),
        }
    }

    /// Writes the state of a call.
    pub fn save(&self, call: &Call) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(call).map_err(io::Error::other)?;
        disk::write(&self.record(&call.call_id), &bytes)
    }

    /// Deletes a call and its audio.
    pub fn delete(&self, id: &CallId) -> io::Result<()> {
        disk::remove(&self.audio(id))?;
        disk::remove(&self.record(id))
    }

    /// Moves the files of a call into the folder `damaged`.
    pub fn set_aside(&self, id: &CallId) -> io::Result<()> {
        for path in [self.audio(id), self.record(id)] {
            if path.exists() {
                self.set_file_aside(&path)?;
            }
        }
        Ok(())
    }

    /// Computes the digest of a call's audio in pieces. It is `None` if the file is missing.
    pub fn digest(&self, id: &CallId) -> io::Result<Option<Audio>> {
        match digest::of_file(&self.audio(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            digest => digest.map(Some),
        }
    }

    /// The audio file of a call.
    pub fn audio(&self, id: &CallId) -> PathBuf {
        self.folder.join(format!("{id}.audio"))
    }

    /// Makes the caller the queue's only client, until the file is closed or the process ends.
    pub fn lock(&self) -> Result<File, InUse> {
        let lock = disk::lock_file(&self.folder.join(CLIENT_LOCK));
        let lock = lock.map_err(|error| InUse(TryLockError::Error(error)))?;
        lock.try_lock().map_err(InUse)?;
        Ok(lock)
    }

    fn record(&self, id: &CallId) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// The names of the folder's entries. Names that are no text are written as if they were.
    fn names(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.folder)?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }
}
