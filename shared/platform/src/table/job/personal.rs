//! Removes the data of an erased person from jobs.
//!
//! An unconfirmed erasure contains a number until it expires, and a hold may while it is placed.

use chrono::{DateTime, Utc};
use domain::{job::Person, phone::PhoneNumber};

use super::{
    super::{
        Error, Table,
        attributes::{n, optional_text, s, text},
        key::{self, Item},
        write::Write,
    },
    JobKind, Kind, RetentionJob, State,
};

/// Jobs that are read in one page.
const PAGE: i32 = 100;

impl Table {
    /// Removes the number of the erasure from a page of the organisation's other jobs. Returns the
    /// key after which the next page begins. 1 request, and 1 for each job with the number.
    pub async fn forget_in_orders(&self, erasure: &RetentionJob, after: Option<&str>, now: DateTime<Utc>) -> Result<Option<String>, Error> {
        let JobKind::Erasure { person: Some(Person::Counterpart(number)), .. } = &erasure.what else { return Ok(None) };
        let partition = key::jobs(&erasure.organisation);
        let query = self.client.query().table_name(&self.name).consistent_read(true).limit(PAGE);
        let query = query.key_condition_expression("pk = :pk").expression_attribute_values(":pk", s(&partition));
        let query = query.projection_expression("pk, sk, #state, peer, sought").expression_attribute_names("#state", "state");
        let start = after.map(|checkpoint| Item::from([("pk".to_owned(), s(&partition)), ("sk".to_owned(), s(checkpoint))]));
        let answer = query.set_exclusive_start_key(start).send().await?;
        for item in answer.items() {
            self.forget_in(item, number, now).await?;
        }
        Ok(answer.last_evaluated_key().map(|key| text(key, "sk").map(str::to_owned)).transpose()?)
    }

    async fn forget_in(&self, item: &Item, number: &PhoneNumber, now: DateTime<Utc>) -> Result<(), Error> {
        let (state, kind) = (text(item, "state")?, text(item, "sk")?.split_once('#').and_then(|(kind, _)| Kind::parse(kind)));
        let job = Write::update(key::alone(item)).is("state", Some(s(state)));
        let job = match kind {
            // It can no longer be confirmed: it would erase nothing.
            Some(Kind::Erasure) if state == State::Previewed.as_str() && optional_text(item, "peer")? == Some(&number.to_string()) => {
                job.set("expires_at", n(now.timestamp())).remove("peer")
            }
            Some(Kind::Hold) if state != State::Placing.as_str() && item.contains_key("sought") => job.remove("sought"),
            _ => return Ok(()),
        };
        self.write(job).await.map(drop) // confirmed or lifted meanwhile: the job removes its number itself
    }
}
