//! What a span leaves behind for sealing: its lines of the index and of the checksums, as one object that nobody sees over SFTP.

use std::collections::BTreeMap;

use domain::{
    delivery::{
        is_late,
        issue::{Count, Name},
        manifest,
    },
    ids::{OrganisationId, UserId},
    people,
    recording::Recording,
};
use platform::{
    bucket::{self, could_not},
    http::csv,
};
use serde::{Deserialize, Serialize};

use crate::{App, Failure, folder};

/// The lines of each recording of a span, in order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Part {
    pub lines: Vec<Lines>,
}

/// What is said of one recording.
#[derive(Debug, Serialize, Deserialize)]
pub struct Lines {
    pub id: String,
    pub file: String,
    pub bytes: u64,
    pub late: bool,
    pub index: String,
    pub checksum: String,
}

impl Part {
    pub fn of(recordings: &[Recording], names: &BTreeMap<UserId, people::Name>) -> Result<Self, Failure> {
        let lines = recordings.iter().map(|recording| {
            let row = manifest::row(recording, names.get(&recording.user));
            let index = csv::lines([row]).map_err(could_not("write an object of the delivery"))?;
            let file = manifest::file_name(recording);
            Ok(Lines {
                id: recording.id.to_string(),
                bytes: recording.audio.length,
                late: is_late(recording),
                index: String::from_utf8(index).map_err(could_not("write an object of the delivery"))?,
                checksum: recording.audio.sha256.line(&file),
                file,
            })
        });
        Ok(Self { lines: lines.collect::<Result<_, bucket::Error>>()? })
    }

    pub fn count(&self) -> Count {
        Count {
            recordings: self.lines.len() as u64,
            bytes: self.lines.iter().map(|line| line.bytes).sum(),
            late: self.lines.iter().filter(|line| line.late).count() as u64,
        }
    }
}

/// Writes what a span leaves behind. 1 request.
pub async fn put(app: &App, organisation: &OrganisationId, issue: Name, span: u32, part: &Part) -> Result<(), Failure> {
    let body = serde_json::to_vec(part).map_err(could_not("write an object of the delivery"))?;
    Ok(folder::put(app, &key(organisation, issue, span), body, "application/json").await?)
}

/// Reads it. 1 request.
pub async fn get(app: &App, organisation: &OrganisationId, issue: Name, span: u32) -> Result<Part, Failure> {
    let body = folder::get(app, &key(organisation, issue, span)).await?;
    Ok(serde_json::from_slice(&body).map_err(could_not("read an object of the delivery"))?)
}

fn key(organisation: &OrganisationId, issue: Name, span: u32) -> String {
    format!("{}{span:06}.json", manifest::workshop(organisation, issue))
}
