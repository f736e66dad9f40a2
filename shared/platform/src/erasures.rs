//! The bucket of erasures. After a restore of the table, it states what to erase again.
//!
//! | key | erased data |
//! |-----|------|
//! | `erased/ORG/recording/RECORDING` | a recording with its audio and annotation |
//! | `erased/ORG/note/USER/RECORDING` | a user's annotation of a call that was never registered |
//! | `erased/ORG/user/USER` | the name and number of a removed user |
//!
//! An object is written before anything is removed. It contains ids and the time only.

use chrono::{DateTime, Utc};
use domain::ids::{OrderId, OrganisationId, RecordingId, UserId};
use serde::{Deserialize, Serialize};

use crate::bucket::{Bucket, Error, failed_to};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Recording(RecordingId),
    Note(UserId, RecordingId),
    User(UserId),
}

/// The erasure that removed it, and when the recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Erased {
    pub erasure: OrderId,
    pub ended_at: DateTime<Utc>,
}

/// A page of erased subjects, and the key after which the next page begins.
pub type Page = (Vec<(OrganisationId, Subject)>, Option<String>);

const PREFIX: &str = "erased/";

impl Bucket {
    /// Records the erasure. A repetition does no harm. 1 request.
    pub async fn remember(
        &self,
        of: &OrganisationId,
        subject: &Subject,
        erased: Erased,
    ) -> Result<(), Error> {
        let body = serde_json::to_vec(&erased).map_err(failed_to("record the erasure"))?;
        self.put(&key(of, subject), "application/json", body).await
    }

    /// A page of all erased subjects, in key order. 1 request.
    pub async fn erased_subjects(&self, after: Option<&str>, limit: i32) -> Result<Page, Error> {
        let list = self.client.list_objects_v2().bucket(&self.name).prefix(PREFIX).max_keys(limit);
        let answer = list
            .set_start_after(after.map(str::to_owned))
            .send()
            .await
            .map_err(failed_to("list the erasures"))?;
        let keys: Vec<&str> = answer.contents().iter().filter_map(|object| object.key()).collect();
        let next = answer
            .is_truncated()
            .unwrap_or_default()
            .then(|| keys.last().map(|key| (*key).to_owned()))
            .flatten();
        Ok((keys.into_iter().filter_map(read).collect(), next))
    }

    /// The erasure of a subject, and its time. 1 request.
    pub async fn erased(&self, of: &OrganisationId, subject: &Subject) -> Result<Erased, Error> {
        let failed = "read the erasure";
        let (body, _) = self
            .get(&key(of, subject))
            .await?
            .ok_or("it does not exist")
            .map_err(failed_to(failed))?;
        serde_json::from_slice(&body).map_err(failed_to(failed))
    }
}

impl Subject {
    pub fn recording(&self) -> Option<RecordingId> {
        if let Self::Recording(id) = self { Some(*id) } else { None }
    }
}

fn key(of: &OrganisationId, subject: &Subject) -> String {
    match subject {
        Subject::Recording(id) => format!("{PREFIX}{of}/recording/{id}"),
        Subject::Note(user, id) => format!("{PREFIX}{of}/note/{user}/{id}"),
        Subject::User(user) => format!("{PREFIX}{of}/user/{user}"),
    }
}

/// The subject that a key names; `None` if it is no key of this bucket.
fn read(key: &str) -> Option<(OrganisationId, Subject)> {
    let mut parts = key.strip_prefix(PREFIX)?.splitn(3, '/');
    let (of, kind, id) = (parts.next()?, parts.next()?, parts.next()?.to_owned());
    let subject = match kind {
        "recording" => Subject::Recording(id.try_into().ok()?),
        "note" => {
            let (user, id) = id.split_once('/')?;
            Subject::Note(user.to_owned().try_into().ok()?, id.to_owned().try_into().ok()?)
        }
        "user" => Subject::User(id.try_into().ok()?),
        _ => return None,
    };
    Some((of.to_owned().try_into().ok()?, subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_as_its_subject() -> Result<(), Box<dyn std::error::Error>> {
        let (demo, id) =
            (OrganisationId::try_from("demo".to_owned())?, RecordingId::from_bytes([7; 16]));
        let anna = UserId::try_from("anna".to_owned())?;
        for subject in
            [Subject::Recording(id), Subject::Note(anna.clone(), id), Subject::User(anna)]
        {
            assert_eq!(read(&key(&demo, &subject)), Some((demo.clone(), subject)));
        }
        for other in ["erased/demo/recording/x", "erased/demo/other/anna", "erased/demo", "other"] {
            assert_eq!(read(other), None, "{other}");
        }
        Ok(())
    }
}
