//! The queue after a crash: leftovers end, and everything that is no valid call is set aside.

use std::{fs, io, path::Path};

use super::{
    CLIENT_LOCK, DAMAGED, ENQUEUE_LOCK, Queue, disk,
    sequence::{COUNTER, SEQUENCE_LOCK},
};
use crate::call::CallId;

impl Queue {
    /// Removes unfinished files, completes deletions, and moves damaged and unknown files into the
    /// folder `damaged`. Only the queue's client calls it, before its first request.
    pub fn tidy(&self) -> io::Result<()> {
        let lock = disk::lock_file(&self.folder.join(ENQUEUE_LOCK))?;
        lock.lock()?;
        for id in self.ids()? {
            match self.load(&id) {
                Ok(Some(call)) if call.state.ends_copy() => self.delete(&id)?,
                Ok(_) => {}
                Err(error) => tracing::error!(call = %id, %error, "the disk failed"),
            }
        }
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            match name.to_str() {
                Some(DAMAGED | CLIENT_LOCK | ENQUEUE_LOCK | COUNTER | SEQUENCE_LOCK) => {}
                Some(name) if name.ends_with(disk::UNFINISHED) && entry.path().is_file() => {
                    disk::remove(&entry.path())?;
                }
                Some(name) if self.is_of_call(name) => {}
                _ => self.set_file_aside(&entry.path())?,
            }
        }
        Ok(())
    }

    /// Moves a file into the folder `damaged`, beside those that have its name already.
    pub(super) fn set_file_aside(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default();
        let free = (0_u64..).map(|number| {
            let mut name = name.to_owned();
            if number > 0 {
                name.push(format!(".{number}"));
            }
            self.folder.join(DAMAGED).join(name)
        });
        let Some(to) = free.into_iter().find(|to| !to.exists()) else { return Ok(()) };
        tracing::warn!("a file that belongs to no valid call was moved into the folder `damaged`");
        disk::relocate(path, &to)
    }

    /// Whether the file belongs to a call. A call without its audio was set aside before.
    fn is_of_call(&self, name: &str) -> bool {
        let id = name.strip_suffix(".json").or(name.strip_suffix(".audio"));
        let id = id.and_then(|id| CallId::try_from(id.to_owned()).ok());
        id.is_some_and(|id| self.record(&id).exists())
    }
}
