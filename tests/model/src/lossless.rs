//! A simulation of phones, from which no call may be lost: whoever was recorded when a call began
//! has it retained, nobody else has, and every call is accounted for in its day.
//!
//! The truth is drawn first: users' periods, calls, clocks, and the fates of phones. Then each phone
//! works through its calls by the reference client's transitions, over a network that loses requests
//! and responses. The service decides by the rules of `domain`. Each night accounts for the calls,
//! and each statement is compared with the truth.

mod check;
mod life;
mod office;
mod phones;
mod requests;
mod service;

use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use domain::audio::{BYTES_AT_MOST, READS_AT_MOST, Step, Window, probe};

pub use office::Office;

/// When the phones begin, and for how long they call. Clocks in Stockholm change meanwhile.
pub const BEGIN: DateTime<Utc> = DateTime::from_timestamp(1_789_077_600, 0).expect("a moment");
pub const CALLING: TimeDelta = TimeDelta::days(60);
/// How long phones continue to upload after the last call.
pub const AFTER: TimeDelta = TimeDelta::days(25);

/// A file as phones record it.
#[derive(Clone, Debug)]
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Whether it is audio, damaged or not.
    pub is_audio: bool,
}

/// How many calls had each fate. Each name is a line of the result.
#[derive(Clone, Debug, Default)]
pub struct Tally(pub BTreeMap<&'static str, u64>);

/// The outcome of a simulation.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub tally: Tally,
    /// The differences from the truth.
    pub discrepancies: Vec<String>,
}

impl Tally {
    pub fn count(&mut self, name: &'static str, number: u64) {
        *self.0.entry(name).or_default() += number;
    }

    pub fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }
}

impl Outcome {
    pub fn add(&mut self, other: Self) {
        for (name, number) in other.tally.0 {
            self.tally.count(name, number);
        }
        self.discrepancies.extend(other.discrepancies);
    }
}

/// The files of a folder, and some that are no audio.
///
/// # Errors
/// If the folder cannot be read.
pub fn files(folder: &Path) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.ends_with(".json") {
            files.push(File { name, bytes: std::fs::read(&path)?, is_audio: true });
        }
    }
    let others: [(&str, &[u8]); 4] = [
        ("page", b"<!doctype html><title>Sign in to the guest network</title>"),
        ("archive", b"PK\x03\x04\x14\0\0\0\x08\0 and more"),
        ("picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01"),
        ("note", "Möte med kunden på tisdag".as_bytes()),
    ];
    files.extend(others.map(|(name, bytes)| File {
        name: name.to_owned(),
        bytes: bytes.to_owned(),
        is_audio: false,
    }));
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

/// Measures a file as ingest does, within its bounds.
pub(crate) fn measure(file: &File) -> Step {
    let (mut windows, mut total) = (Vec::new(), 0);
    loop {
        let step = probe(file.bytes.len() as u64, &windows);
        let Step::Read(range) = step else { return step };
        total += range.end - range.start;
        assert!(windows.len() < READS_AT_MOST && total <= BYTES_AT_MOST, "{}", file.name);
        let bytes = file.bytes[range.start as usize..range.end as usize].to_vec();
        windows.push(Window { offset: range.start, bytes });
    }
}
