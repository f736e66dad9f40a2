//! What a span leaves behind for sealing: its lines of the index and of the checksums, as one object that nobody sees over SFTP.
//!
//! Whoever writes it first has decided what the span holds: nobody writes it again. Later it only loses lines, each time on the condition
//! that nobody else has changed it since it was read.

use std::collections::BTreeMap;

use domain::{
    delivery::{
        issue::{Count, Name},
        manifest,
        outcome::{Reason, Undelivered},
    },
    ids::{OrganisationId, RecordingId, UserId},
    people,
};
use platform::{
    bucket::{Stands, could_not},
    http::csv,
};
use serde::{Deserialize, Serialize};

use crate::{App, Failure, copy::Outcome, folder};

/// The lines of each recording of a span, in order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Part {
    pub lines: Vec<Lines>,
}

/// What is said of one recording.
#[derive(Debug, Serialize, Deserialize)]
pub struct Lines {
    pub id: String,
    /// Empty where it is not in the folder.
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
    /// It is being taken out: neither index nor checksums have it.
    #[serde(default)]
    pub forgotten: bool,
}

/// Tries at a change while others change the same part: up to ten orders run at once.
const TRIES: usize = 50;

impl Part {
    pub fn of(outcomes: &[Outcome], names: &BTreeMap<UserId, people::Name>) -> Result<Self, Failure> {
        Ok(Self { lines: outcomes.iter().map(|outcome| Lines::of(outcome, names)).collect::<Result<_, Failure>>()? })
    }

    /// What the index and the checksums say.
    pub fn said(&self) -> impl Iterator<Item = &Lines> {
        self.lines.iter().filter(|line| !line.forgotten)
    }

    pub fn count(&self) -> Count {
        let delivered = || self.said().filter(|line| line.undelivered.is_none());
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
        self.said()
            .filter_map(|line| Some(Undelivered { recording: RecordingId::try_from(line.id.clone()).ok()?, reason: line.undelivered? }))
    }

    /// Whether the folder has a file of that name.
    pub fn has(&self, file: &str) -> bool {
        self.said().any(|line| line.file == file && line.undelivered.is_none())
    }
}

impl Lines {
    fn of(outcome: &Outcome, names: &BTreeMap<UserId, people::Name>) -> Result<Self, Failure> {
        let (row, recording) = match outcome {
            Outcome::Bare(id, reason) => (manifest::bare_row(*id, *reason), None),
            Outcome::Of { recording, late, undelivered, .. } => {
                (manifest::row(recording, names.get(&recording.user), *late, *undelivered), Some(recording))
            }
        };
        let index = csv::lines([row]).map_err(could_not("write an object of the delivery"))?;
        let there = recording.filter(|_| outcome.undelivered().is_none());
        let file = there.map(|recording| manifest::file_name(recording)).unwrap_or_default();
        Ok(Self {
            id: outcome.id().to_string(),
            bytes: there.map_or(0, |recording| recording.audio.length),
            late: matches!(outcome, Outcome::Of { late: true, .. }),
            index: String::from_utf8(index).map_err(could_not("write an object of the delivery"))?,
            checksum: there.map(|recording| recording.audio.sha256.line(&file)).unwrap_or_default(),
            file,
            undelivered: outcome.undelivered(),
            restored: matches!(outcome, Outcome::Of { restored: Some(_), .. }),
            forgotten: false,
        })
    }
}

/// What the span has left behind; none if it has not yet, or the folder is gone. 1 request.
pub async fn get(app: &App, organisation: &OrganisationId, issue: Name, span: u32) -> Result<Option<Part>, Failure> {
    Ok(read(app, organisation, issue, span).await?.map(|(part, _)| part))
}

/// Writes what the span leaves behind, unless that is written already; answers with what then stands. 1 request; 2 where another was first.
pub async fn put(app: &App, organisation: &OrganisationId, issue: Name, span: u32, part: Part) -> Result<Part, Failure> {
    if write(app, organisation, issue, span, &part, &Stands::Nothing).await? {
        return Ok(part);
    }
    get(app, organisation, issue, span).await?.ok_or_else(|| could_not("write an object of the delivery")("it is being removed").into())
}

/// Changes what the span has left behind, if `change` finds something to change; answers with what that says. None: it did not, or the folder
/// is gone. 1 request, 1 more for the change; again for each that others make meanwhile.
pub async fn change<T>(
    app: &App,
    organisation: &OrganisationId,
    issue: Name,
    span: u32,
    change: impl Fn(&mut Part) -> Option<T>,
) -> Result<Option<T>, Failure> {
    for _ in 0..TRIES {
        let Some((mut part, etag)) = read(app, organisation, issue, span).await? else { return Ok(None) };
        let Some(changed) = change(&mut part) else { return Ok(None) };
        if write(app, organisation, issue, span, &part, &Stands::Object(etag)).await? {
            return Ok(Some(changed));
        }
    }
    Err(could_not("write an object of the delivery")("others change it all the time").into())
}

async fn read(app: &App, organisation: &OrganisationId, issue: Name, span: u32) -> Result<Option<(Part, String)>, Failure> {
    let Some((body, etag)) = folder::get(app, &key(organisation, issue, span)).await? else { return Ok(None) };
    Ok(Some((serde_json::from_slice(&body).map_err(could_not("read an object of the delivery"))?, etag)))
}

async fn write(app: &App, organisation: &OrganisationId, issue: Name, span: u32, part: &Part, stands: &Stands) -> Result<bool, Failure> {
    let body = serde_json::to_vec(part).map_err(could_not("write an object of the delivery"))?;
    Ok(folder::put(app, &key(organisation, issue, span), body, "application/json", stands).await?)
}

fn key(organisation: &OrganisationId, issue: Name, span: u32) -> String {
    format!("{}{span:06}.json", manifest::workshop(organisation, issue))
}
