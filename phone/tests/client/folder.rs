//! A folder of one test, which is removed at its end, and the calls in it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use phone::{CallId, Direction, Facts, Queue};

/// A folder for a queue and for original audio.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!("phone-{}", CallId::random());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// The folder of the queue.
    pub fn queue_path(&self) -> PathBuf {
        self.0.join("queue")
    }

    pub fn queue(&self) -> Queue {
        Queue::open(self.queue_path()).expect("a queue")
    }

    /// Writes original audio.
    pub fn original(&self, name: &str, audio: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, audio).expect("written");
        path
    }

    /// Adds a call with this note and audio.
    pub fn enqueue(&self, note: &str, audio: &[u8]) -> CallId {
        let original = self.original("original", audio);
        self.queue().enqueue(facts(note), &original).expect("a call in the queue")
    }

    /// The names of the files of calls, sorted.
    pub fn names(&self) -> Vec<String> {
        names_in(&self.queue_path())
            .into_iter()
            .filter(|name| name != "damaged" && name != "sequence")
            .filter(|name| !name.ends_with(".lock"))
            .collect()
    }

    /// The names of the files that were set aside, sorted.
    pub fn damaged(&self) -> Vec<String> {
        names_in(&self.queue_path().join("damaged"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn facts(note: &str) -> Facts {
    Facts {
        direction: Direction::In,
        counterpart: Some("070-123 45 67".to_owned()),
        started_at: "2026-11-24T13:02:11Z".parse().expect("a time"),
        duration_ms: 2000,
        note: Some(note.to_owned()),
        mark: None,
        conversation_id: None,
        participants: Vec::new(),
    }
}

fn names_in(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).expect("a folder");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a text");
    let mut names: Vec<String> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}
