//! Entries of the directories: the words that something is found by, and the counterparts' numbers, by their beginning and by their end.
//!
//! A search for the beginning of a word, or for some digits, asks them which whole ones there are. Each has its key and `expires_at`, which
//! is later than the end of every recording that it leads to; absent, it never ends. That is coarse on purpose: an entry is written when it
//! is missing or ends too soon, and then lasts `SPARE` longer than it has to, so that what is said every day is written once a month. An
//! entry that leads nowhere any more costs a search one empty query.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    phone::Counterpart,
    recording::Recording,
    search::{Posting, ends_at},
};

use super::{
    Error, Table,
    attributes::{n, number},
    key::{self, Item},
    people,
};

/// How much longer an entry lasts than it has to.
const SPARE: TimeDelta = TimeDelta::days(30);

impl Table {
    /// Sees to it that the directories know the words of the recording's `postings`, if it is `new` its counterpart's number too, for as
    /// long as the recording is kept. 1 request for each 100, and 1 for each that is not known yet.
    pub async fn enter<'a>(&self, recording: &Recording, postings: impl IntoIterator<Item = &'a Posting>, new: bool) -> Result<(), Error> {
        let mut keys: Vec<Item> = postings.into_iter().filter_map(|posting| word(recording, posting)).collect();
        if let (Counterpart::Number(number), true) = (&recording.counterpart, new) {
            keys.extend([key::number(&recording.organisation, number), key::ending(&recording.organisation, number)]);
        }
        let ends = ends_at(recording);
        for some in keys.chunks(people::BATCH) {
            // What was known a moment ago is known: entries go only once nothing is found by them.
            let known = self.batch_as_of(some.iter().cloned(), false).await?;
            for key in some {
                let lasts = people::find(&known, key).map(|entry| lasts(entry, ends)).transpose()?;
                if lasts != Some(true) {
                    self.prolong(key, ends).await?;
                }
            }
        }
        Ok(())
    }

    /// Writes the entry unless it lasts until `ends`. 1 request.
    async fn prolong(&self, key: &Item, ends: Option<DateTime<Utc>>) -> Result<(), Error> {
        let mut put = self.client.put_item().table_name(&self.name).set_item(Some(key.clone()));
        if let Some(ends) = ends {
            put = put
                .item("expires_at", n((ends + SPARE).timestamp()))
                .condition_expression("attribute_not_exists(pk) OR expires_at < :ends")
                .expression_attribute_values(":ends", n(ends.timestamp()));
        }
        let Err(error) = put.send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()), // another has written it meanwhile
            _ => Err(error.into()),
        }
    }
}

fn word(recording: &Recording, posting: &Posting) -> Option<Item> {
    match posting {
        Posting::Word(place, token) => Some(key::word(&recording.organisation, *place, token)),
        Posting::Held => None,
    }
}

/// Whether the entry lasts until `ends`, or for ever.
fn lasts(entry: &Item, ends: Option<DateTime<Utc>>) -> Result<bool, Error> {
    if !entry.contains_key("expires_at") {
        return Ok(true);
    }
    let until: i64 = number(entry, "expires_at")?;
    Ok(ends.is_some_and(|ends| until >= ends.timestamp()))
}
