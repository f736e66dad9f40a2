//! A chunk's part of the index and the checksums, as one object that SFTP does not show.
//!
//! The first part that is written for a chunk is final. Afterwards it only loses lines, each time
//! on condition that it is unchanged since it was read.

use std::collections::BTreeMap;

use domain::{
    delivery::{
        folder::{Count, FolderId},
        manifest,
        outcome::{Reason, Undelivered},
    },
    ids::{OrganisationId, RecordingId, UserId},
    people,
};
use platform::{
    bucket::{Precondition, failed_to},
    csv,
};
use serde::{Deserialize, Serialize};

use crate::{App, Failure, copy::Outcome};

/// The lines of each recording of a chunk, in order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Part {
    pub lines: Vec<Lines>,
}

/// The lines of one recording.
#[derive(Debug, Serialize, Deserialize)]
pub struct Lines {
    pub id: String,
    /// Empty where the recording is not in the folder.
    pub file: String,
    pub bytes: u64,
    pub late: bool,
    pub index: String,
    pub checksum: String,
    /// Why it is not in the folder.
    #[serde(default)]
    pub undelivered: Option<Reason>,
    /// It is late because an earlier folder could not deliver it.
    #[serde(default)]
    pub restored: bool,
    /// It is being removed: neither the index nor the checksums contain it.
    #[serde(default)]
    pub forgotten: bool,
}

/// Attempts while others change the same part: up to ten tasks run at once.
const TRIES: usize = 50;

impl Part {
    pub fn of(
        outcomes: &[Outcome],
        names: &BTreeMap<UserId, people::Name>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            lines: outcomes
                .iter()
                .map(|outcome| Lines::of(outcome, names))
                .collect::<Result<_, Failure>>()?,
        })
    }

    /// The lines that the index and the checksums contain.
    pub fn listed(&self) -> impl Iterator<Item = &Lines> {
        self.lines.iter().filter(|line| !line.forgotten)
    }

    pub fn count(&self) -> Count {
        let delivered = || self.listed().filter(|line| line.undelivered.is_none());
        Count {
            recordings: delivered().count() as u64,
            bytes: delivered().map(|line| line.bytes).sum(),
            late: delivered().filter(|line| line.late).count() as u64,
            restored: delivered().filter(|line| line.restored).count() as u64,
            undelivered: self.undelivered().count() as u64,
        }
    }

    /// The recordings that are not in the folder.
    pub fn undelivered(&self) -> impl Iterator<Item = Undelivered> {
        self.listed().filter_map(|line| {
            Some(Undelivered {
                recording: RecordingId::try_from(line.id.clone()).ok()?,
                reason: line.undelivered?,
            })
        })
    }

    /// Whether the folder contains a file with that name.
    pub fn has(&self, file: &str) -> bool {
        self.listed().any(|line| line.file == file && line.undelivered.is_none())
    }
}

impl Lines {
    fn of(outcome: &Outcome, names: &BTreeMap<UserId, people::Name>) -> Result<Self, Failure> {
        let (row, recording) = match outcome {
            Outcome::Bare(id, reason) => (manifest::bare_row(*id, *reason), None),
            Outcome::Of { recording, late, undelivered, .. } => (
                manifest::row(recording, names.get(&recording.user), *late, *undelivered),
                Some(recording),
            ),
        };
        let index = csv::lines([row]).map_err(failed_to("write an object of the delivery"))?;
        let delivered = recording.filter(|_| outcome.undelivered().is_none());
        let file = delivered.map(|recording| manifest::file_name(recording)).unwrap_or_default();
        Ok(Self {
            id: outcome.id().to_string(),
            bytes: delivered.map_or(0, |recording| recording.audio.length),
            late: matches!(outcome, Outcome::Of { late: true, .. }),
            index: String::from_utf8(index)
                .map_err(failed_to("write an object of the delivery"))?,
            checksum: delivered
                .map(|recording| recording.audio.sha256.line(&file))
                .unwrap_or_default(),
            file,
            undelivered: outcome.undelivered(),
            restored: matches!(outcome, Outcome::Of { restored: Some(_), .. }),
            forgotten: false,
        })
    }
}

/// The part of the chunk. None if it is not written yet, or the folder is gone. 1 request.
pub async fn get(
    app: &App,
    organisation: &OrganisationId,
    delivery_folder: FolderId,
    chunk: u32,
) -> Result<Option<Part>, Failure> {
    Ok(read(app, organisation, delivery_folder, chunk).await?.map(|(part, _)| part))
}

/// Writes the part unless one exists. Returns the stored one. 1 request; 2 where another was first.
pub async fn put(
    app: &App,
    organisation: &OrganisationId,
    delivery_folder: FolderId,
    chunk: u32,
    part: Part,
) -> Result<Part, Failure> {
    if write(app, organisation, delivery_folder, chunk, &part, &Precondition::Nothing).await? {
        return Ok(part);
    }
    get(app, organisation, delivery_folder, chunk)
        .await?
        .ok_or_else(|| failed_to("write an object of the delivery")("it is being removed").into())
}

/// Applies `change` to the part and returns its result. None if it changes nothing, or the folder
/// is gone. 1 request, 1 more for the change; repeated for each concurrent change.
pub async fn change<T>(
    app: &App,
    organisation: &OrganisationId,
    delivery_folder: FolderId,
    chunk: u32,
    change: impl Fn(&mut Part) -> Option<T>,
) -> Result<Option<T>, Failure> {
    for _ in 0..TRIES {
        let Some((mut part, etag)) = read(app, organisation, delivery_folder, chunk).await? else {
            return Ok(None);
        };
        let Some(changed) = change(&mut part) else { return Ok(None) };
        if write(app, organisation, delivery_folder, chunk, &part, &Precondition::Object(etag))
            .await?
        {
            return Ok(Some(changed));
        }
    }
    Err(failed_to("write an object of the delivery")("too many concurrent changes").into())
}

async fn read(
    app: &App,
    organisation: &OrganisationId,
    delivery_folder: FolderId,
    chunk: u32,
) -> Result<Option<(Part, String)>, Failure> {
    let Some((body, etag)) = app.drop.get(&key(organisation, delivery_folder, chunk)).await? else {
        return Ok(None);
    };
    Ok(Some((
        serde_json::from_slice(&body).map_err(failed_to("read an object of the delivery"))?,
        etag,
    )))
}

async fn write(
    app: &App,
    organisation: &OrganisationId,
    delivery_folder: FolderId,
    chunk: u32,
    part: &Part,
    expected: &Precondition,
) -> Result<bool, Failure> {
    let body = serde_json::to_vec(part).map_err(failed_to("write an object of the delivery"))?;
    Ok(app
        .drop
        .put_over(&key(organisation, delivery_folder, chunk), "application/json", body, expected)
        .await?)
}

fn key(organisation: &OrganisationId, delivery_folder: FolderId, chunk: u32) -> String {
    format!("{}{chunk:06}.json", manifest::workshop(organisation, delivery_folder))
}
