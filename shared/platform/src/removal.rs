//! Removes everything that is known of a recording whose item goes: its audio in every version, what was set aside of it, its edits, what
//! it used, its file in folders that still stand; and leaves a receipt.
//!
//! Any step may be the last before a crash, and the removal is then told of again. What is found is noted before it is removed, the receipt
//! comes last, and each step finds its own work done. What stands under the same id meanwhile, registered anew, is looked at after the
//! copies have been found: one that came for it cannot be among those that are removed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::delivery::issue::{Order, Task};
use thiserror::Error;

use crate::{
    bucket,
    copies::Copy,
    objects::{Objects, key},
    queue::{Queue, Unsent},
    table::{
        self, Table,
        removal::{Copies, Recorded, Removal, Standing},
    },
};

/// Where everything of a recording lies.
#[derive(Clone, Debug)]
pub struct Stores {
    pub table: Table,
    pub objects: Objects,
    /// The bucket for what is not served.
    pub quarantine: Objects,
    /// Orders for the delivery by SFTP, which has copies for some days.
    pub folders: Queue,
}

/// Something could not be removed now; it is to be told of again.
#[derive(Debug, Error)]
pub enum Error {
    #[error("could not remove the audio")]
    Copies(#[from] bucket::Error),
    #[error("could not remove what is known of it")]
    Table(#[from] table::Error),
    #[error("could not have it taken out of the folders")]
    Folders(#[from] Unsent),
}

impl Stores {
    /// Removes what the removal is of. Usual cost of one that was stored: 2 lists, 1 removal of an object; 2 reads, 1 note, 1 transaction.
    pub async fn remove(&self, removal: &Removal, now: DateTime<Utc>) -> Result<(), Error> {
        let key = key(&removal.organisation, removal.id);
        let (audio, aside) = match &removal.recorded {
            Some(_) => (self.objects.copies(&key).await?, self.quarantine.copies_under(&key).await?),
            None => (Vec::new(), Vec::new()),
        };
        let edits = self.table.old_edits(removal).await?;
        let (standing, noted) = self.table.standing_of(removal, now).await?;
        let (audio, aside) = (older(audio, standing), older(aside, standing));
        let found = Copies { audio: audio.iter().filter(|copy| copy.audio).count() as u64, quarantined: aside.len() as u64 };
        if noted.is_none() && found != Copies::default() {
            self.table.note_copies(removal, found, now).await?;
        }
        self.objects.remove_copies(&audio).await?;
        self.quarantine.remove_copies(&aside).await?;
        self.forget(removal, &edits, standing).await?;
        self.take_out(removal).await?;
        self.table.receipt(removal, noted.unwrap_or(found), now).await?;
        Ok(())
    }

    /// Removes what else the table knows of it: its edits. Whatever is derived from a recording is removed here.
    async fn forget(&self, removal: &Removal, edits: &[table::removal::OldEdit], standing: Option<Standing>) -> Result<(), Error> {
        Ok(self.table.remove_edits(removal, edits, standing).await?)
    }

    /// Has it taken out of the folders that hold it: one that is being built is left by then, or holds it and is asked again. 1 read.
    async fn take_out(&self, removal: &Removal) -> Result<(), Error> {
        let Some((started_at, stored_at)) = removal.recorded.as_ref().and_then(Recorded::stored) else { return Ok(()) };
        let issues = self.table.issues(&removal.organisation).await?;
        if issues.iter().any(|issue| issue.stands() && issue.holds_call(started_at, stored_at)) {
            let order = Order { organisation: removal.organisation.clone(), task: Task::Forget { recording: removal.id } };
            self.folders.send(&order, Duration::ZERO).await?;
        }
        Ok(())
    }
}

/// The copies that came before what stands was registered; S3 tells their time to the second.
fn older(copies: Vec<Copy>, standing: Option<Standing>) -> Vec<Copy> {
    let Some(registered_at) = standing.and_then(|standing| standing.registered_at) else { return copies };
    copies.into_iter().filter(|copy| copy.modified_at < registered_at - TimeDelta::seconds(1)).collect()
}
