//! Removes everything that is known of a recording whose item goes: its audio in every version, what was set aside of it, its edits, what
//! it used, its file in folders that still stand; and leaves a receipt. One that was erased leaves a tombstone, too, and a line outside the
//! table, so that neither the phone nor a restore of the table brings it back.
//!
//! Any step may be the last before a crash, and the removal is then told of again. What is found is noted before it is removed, the receipt
//! comes last, and each step finds its own work done. What stands under the same id meanwhile, registered anew, is looked at after the
//! copies have been found: one that came for it cannot be among those that are removed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::issue::{Order, Task},
    ids::{OrderId, OrganisationId, RecordingId},
};
use thiserror::Error;

use crate::{
    bucket,
    copies::Copy,
    erasures::{Erased, Erasures, Subject},
    objects::{Objects, key},
    queue::{Queue, Unsent},
    table::{
        self, Table,
        removal::{Copies, Recorded, Removal, Standing},
        tombstone::Buried,
    },
};

/// Where everything of a recording lies.
#[derive(Clone, Debug)]
pub struct Stores {
    pub table: Table,
    pub objects: Objects,
    /// The bucket for what is not served.
    pub quarantine: Objects,
    /// What has been erased, for a table that is restored.
    pub erasures: Erasures,
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
    /// Removes what the removal is of, the audio first. Usual cost of one that was stored: 2 lists, 1 removal of an object; 1 read of what
    /// stands and 1 of the folders, 1 note, 1 transaction. Of one that was erased: 1 object and 1 write more.
    pub async fn remove(&self, removal: &Removal, now: DateTime<Utc>) -> Result<(), Error> {
        if removal.is_nothing() {
            return Ok(());
        }
        if let Some((erasure, ended_at)) = removal.erasure() {
            let subject = Subject::Recording(removal.id);
            self.erasures.remember(&removal.organisation, &subject, Erased { erasure, ended_at }).await?;
        }
        let key = key(&removal.organisation, removal.id);
        let (audio, aside) = match &removal.recorded {
            Some(_) => (self.objects.copies(&key).await?, self.quarantine.copies_under(&key).await?),
            None => (Vec::new(), Vec::new()),
        };
        let (standing, noted) = self.table.standing_of(removal, now).await?;
        let (audio, aside) = (older(audio, standing), older(aside, standing));
        let found = Copies { audio: audio.iter().filter(|copy| copy.audio).count() as u64, quarantined: aside.len() as u64 };
        if noted.is_none() && found != Copies::default() {
            self.table.note_copies(removal, found, now).await?;
        }
        self.objects.remove_copies(&audio).await?;
        self.quarantine.remove_copies(&aside).await?;
        self.table.remove_edits(removal, standing, now).await?;
        self.take_out(removal).await?;
        self.table.receipt(removal, noted.unwrap_or(found), now).await?;
        match removal.erasure() {
            Some((erasure, ended_at)) => self.bury(removal, erasure, ended_at, now).await,
            None => Ok(()),
        }
    }

    /// Removes what is left of a recording that was erased and whose item is not there, and puts its tombstone. 2 lists, 1 write; what there
    /// is, 1 each.
    pub async fn remove_rest(&self, of: &OrganisationId, id: RecordingId, erased: Erased, now: DateTime<Utc>) -> Result<(), Error> {
        let key = key(of, id);
        self.objects.remove_copies(&self.objects.copies(&key).await?).await?;
        self.quarantine.remove_copies(&self.quarantine.copies_under(&key).await?).await?;
        self.table.forget_note(of, id, None, now).await?;
        self.bury(&Removal::of_note(of.clone(), id), erased.erasure, erased.ended_at, now).await
    }

    /// Puts the tombstone. A call that was registered anew in between, which takes a crash and the table's removing its item, is erased too,
    /// unless it is held by now. 1 request.
    async fn bury(&self, removal: &Removal, erasure: OrderId, ended_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Error> {
        let Buried::Resurrected(seen) = self.table.bury(removal, erasure, ended_at).await? else { return Ok(()) };
        if seen.kept.is_held() {
            return Ok(());
        }
        let seen = match seen.kept.erased(now) {
            Some(kept) => self.table.end(&seen, &kept, erasure).await?,
            None => Some(*seen),
        };
        let Some(seen) = seen else { return Err(table::Error::Busy.into()) };
        Box::pin(self.remove(&Removal::of(&seen).map_err(table::Error::from)?, now)).await
    }

    /// Has it taken out of the folders that hold it: one that is being built is left by then, or holds it and is asked again. 1 read.
    async fn take_out(&self, removal: &Removal) -> Result<(), Error> {
        let Some((started_at, stored_at)) = removal.recorded.as_ref().and_then(Recorded::stored) else { return Ok(()) };
        let issues = self.table.issues(&removal.organisation).await?;
        if issues.iter().any(|issue| issue.stands() && issue.may_hold_call(started_at, stored_at)) {
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
