//! The bucket of erasures: what has been erased, kept outside the table. A table that is restored to an earlier moment has it again, and is
//! told from here to erase it again.
//!
//! | key | what |
//! |-----|------|
//! | `erased/ORG/recording/RECORDING` | a recording, with its audio and all that was said of it |
//! | `erased/ORG/note/USER/RECORDING` | what a user had said of a call that was never registered |
//! | `erased/ORG/user/USER` | the name and number of a removed user |
//!
//! An object is written before anything is removed, and says by which order and when. Ids are all that it holds.

use aws_sdk_s3::{Client, primitives::ByteStream};
use chrono::{DateTime, Utc};
use domain::ids::{OrderId, OrganisationId, RecordingId, UserId};
use serde::{Deserialize, Serialize};

use crate::bucket::{Error, could_not};

/// The bucket of erasures, as a function reaches it.
#[derive(Clone, Debug)]
pub struct Erasures {
    pub client: Client,
    pub bucket: String,
}

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Recording(RecordingId),
    Note(UserId, RecordingId),
    User(UserId),
}

/// By which order it was erased, and when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Erased {
    pub erasure: OrderId,
    pub ended_at: DateTime<Utc>,
}

/// A page of what was erased, and the key after which the next begins.
pub type Page = (Vec<(OrganisationId, Subject)>, Option<String>);

const PREFIX: &str = "erased/";

impl Erasures {
    /// Keeps that it was erased. The same again changes nothing that matters. 1 request.
    pub async fn remember(&self, of: &OrganisationId, subject: &Subject, erased: Erased) -> Result<(), Error> {
        let failed = "keep what was erased";
        let body = serde_json::to_vec(&erased).map_err(could_not(failed))?;
        let put = self.client.put_object().bucket(&self.bucket).key(key(of, subject)).content_type("application/json");
        put.body(ByteStream::from(body)).send().await.map_err(could_not(failed))?;
        Ok(())
    }

    /// A page of everything that was erased, in the order of the keys. 1 request.
    pub async fn page(&self, after: Option<&str>, limit: i32) -> Result<Page, Error> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(PREFIX).max_keys(limit);
        let answer = list.set_start_after(after.map(str::to_owned)).send().await.map_err(could_not("list what was erased"))?;
        let keys: Vec<&str> = answer.contents().iter().filter_map(|object| object.key()).collect();
        let next = answer.is_truncated().unwrap_or_default().then(|| keys.last().map(|key| (*key).to_owned())).flatten();
        Ok((keys.into_iter().filter_map(read).collect(), next))
    }

    /// By which order it was erased, and when. 1 request.
    pub async fn erased(&self, of: &OrganisationId, subject: &Subject) -> Result<Erased, Error> {
        let failed = "read what was erased";
        let answer = self.client.get_object().bucket(&self.bucket).key(key(of, subject)).send().await.map_err(could_not(failed))?;
        let body = answer.body.collect().await.map_err(could_not(failed))?;
        serde_json::from_slice(&body.to_vec()).map_err(could_not(failed))
    }
}

impl Subject {
    /// The recording, if it is one.
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

/// What a key names; none if it names nothing that was erased.
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
    fn a_key_names_what_was_erased() -> Result<(), Box<dyn std::error::Error>> {
        let (demo, id) = (OrganisationId::try_from("demo".to_owned())?, RecordingId::from_bytes([7; 16]));
        let anna = UserId::try_from("anna".to_owned())?;
        for subject in [Subject::Recording(id), Subject::Note(anna.clone(), id), Subject::User(anna)] {
            assert_eq!(read(&key(&demo, &subject)), Some((demo.clone(), subject)));
        }
        for other in ["erased/demo/recording/x", "erased/demo/other/anna", "erased/demo", "other"] {
            assert_eq!(read(other), None, "{other}");
        }
        Ok(())
    }
}
