//! Removes everything about a recording whose item is gone: all versions of its audio, uploaded
//! parts of it, its copies in quarantine, its edits, its usage, and its files in existing delivery
//! folders. A receipt remains. An erased recording also leaves a tombstone and a record outside the
//! table, so neither the phone nor a restore of the table brings it back.
//!
//! After a crash at any step, the removal is retried. So copies are counted before they are
//! removed, the receipt comes last, and each step may be repeated. A registration that came
//! meanwhile is read after the copies are listed, so its audio is never among them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::folder::{Order, Task},
    ids::{OrderId, OrganisationId, RecordingId},
};
use thiserror::Error;

use crate::{
    bucket::{self, Bucket},
    copies::Copy,
    erasures::{Erased, Subject},
    objects::{key, unregistered},
    queue::{Queue, Unsent},
    table::{
        self, Table,
        removal::{Copies, Recorded, Removal},
        tombstone::Buried,
    },
};

/// The stores that contain data of a recording.
#[derive(Clone, Debug)]
pub struct Stores {
    pub table: Table,
    pub objects: Bucket,
    /// The bucket of rejected audio, which only administrators may save.
    pub quarantine: Bucket,
    /// The record of erasures, for a restored table.
    pub erasures: Bucket,
    /// The queue of the delivery function, whose folders contain copies for some days.
    pub folders: Queue,
}

/// A step failed; the removal has to be retried.
#[derive(Debug, Error)]
pub enum Error {
    #[error("could not remove the audio")]
    Copies(#[from] bucket::Error),
    #[error("could not remove the recording's items")]
    Table(#[from] table::Error),
    #[error("could not request its removal from the delivery folders")]
    Folders(#[from] Unsent),
}

impl Stores {
    /// Removes the data of one removal, audio first. Usual cost of a stored recording: 2 lists, 1
    /// object removal, 1 read of the current registration, 1 read of the folders, 1 note and 1
    /// transaction. An erased recording costs 1 object, 2 lists and 1 write more: for content that
    /// nobody had registered, and for uploads in parts. One that was never stored costs 1 list more,
    /// for uploads in parts; S3 has removed those of others.
    pub async fn remove(&self, removal: &Removal, now: DateTime<Utc>) -> Result<(), Error> {
        if removal.is_nothing() {
            return Ok(());
        }
        if let Some((erasure, ended_at)) = removal.erasure() {
            let subject = Subject::Recording(removal.id);
            self.erasures
                .remember(&removal.organisation, &subject, Erased { erasure, ended_at })
                .await?;
        }
        let key = key(&removal.organisation, removal.id);
        let (audio, mut aside) = match &removal.recorded {
            Some(_) => {
                (self.objects.copies(&key).await?, self.quarantine.copies_under(&key).await?)
            }
            None => (Vec::new(), Vec::new()),
        };
        if removal.erasure().is_some() {
            aside.extend(self.quarantine.copies_under(&unregistered(&key)).await?);
        }
        let (current, noted) = self.table.removals().standing_of(removal, now).await?;
        let registered_at = current.and_then(|current| current.registered_at);
        let (audio, aside) = (older(audio, registered_at), older(aside, registered_at));
        let found = Copies {
            audio: audio.iter().filter(|copy| copy.audio).count() as u64,
            quarantined: aside.len() as u64,
        };
        if noted.is_none() && found != Copies::default() {
            self.table.removals().note_copies(removal, found, now).await?;
        }
        if removal.recorded.as_ref().is_some_and(|recorded| recorded.stored().is_none())
            || removal.erasure().is_some()
        {
            self.objects.abort_uploads(&key, registered_at).await?;
        }
        self.objects.remove_copies(&audio).await?;
        self.quarantine.remove_copies(&aside).await?;
        self.table.removals().remove_edits(removal, current, now).await?;
        self.take_out(removal).await?;
        self.table.removals().receipt(removal, noted.unwrap_or(found), now).await?;
        match removal.erasure() {
            Some((erasure, ended_at)) => self.bury(removal, erasure, ended_at, now).await,
            None => Ok(()),
        }
    }

    /// Removes the remains of an erased recording whose item is gone, and writes its tombstone. 4
    /// lists and 1 write, plus 1 request for each remaining object.
    pub async fn remove_rest(
        &self,
        of: &OrganisationId,
        id: RecordingId,
        erased: Erased,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let key = key(of, id);
        self.objects.abort_uploads(&key, None).await?;
        self.objects.remove_copies(&self.objects.copies(&key).await?).await?;
        for aside in [unregistered(&key), key] {
            self.quarantine.remove_copies(&self.quarantine.copies_under(&aside).await?).await?;
        }
        self.table.removals().forget_note(of, id, None, now).await?;
        self.bury(&Removal::of_note(of.clone(), id), erased.erasure, erased.ended_at, now).await
    }

    /// Writes the tombstone. A call that was registered again in between, after a crash and the
    /// removal of its item, is erased too unless it is held. 1 request.
    async fn bury(
        &self,
        removal: &Removal,
        erasure: OrderId,
        ended_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Buried::Resurrected(seen) =
            self.table.tombstones().bury(removal, erasure, ended_at).await?
        else {
            return Ok(());
        };
        if seen.retained.is_held() {
            return Ok(());
        }
        let seen = match seen.retained.erased(now) {
            Some(retained) => self.table.retention().end(&seen, &retained, erasure).await?,
            None => Some(*seen),
        };
        let Some(seen) = seen else { return Err(table::Error::Busy.into()) };
        Box::pin(self.remove(&Removal::of(&seen).map_err(table::Error::from)?, now)).await
    }

    /// Requests removal from the delivery folders. A folder that is being built omits the
    /// recording, or contains it and receives the request. 1 read.
    async fn take_out(&self, removal: &Removal) -> Result<(), Error> {
        let Some((started_at, stored_at)) = removal.recorded.as_ref().and_then(Recorded::stored)
        else {
            return Ok(());
        };
        let delivery_folders = self.table.folders().all(&removal.organisation).await?;
        if delivery_folders.iter().any(|delivery_folder| {
            delivery_folder.exists() && delivery_folder.may_hold_call(started_at, stored_at)
        }) {
            let order = Order {
                organisation: removal.organisation.clone(),
                task: Task::Forget { recording: removal.id },
            };
            self.folders.send(&order, Duration::ZERO).await?;
        }
        Ok(())
    }
}

/// The copies from before the current registration. S3 reports their time to the second.
fn older(copies: Vec<Copy>, registered_at: Option<DateTime<Utc>>) -> Vec<Copy> {
    let Some(registered_at) = registered_at else {
        return copies;
    };
    copies
        .into_iter()
        .filter(|copy| copy.modified_at < registered_at - TimeDelta::seconds(1))
        .collect()
}
