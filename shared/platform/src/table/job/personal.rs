//! Removes the data of an erased person from jobs.
//!
//! An unconfirmed erasure contains a number until it expires, and a hold may while it is placed.

use chrono::{DateTime, Utc};
use domain::{counterpart::Counterpart, job::Person};

use super::{
    super::{
        Error, Jobs,
        attributes::{n, named, optional_text, s, text},
        key::{self, Item},
        write::Write,
    },
    JobKind, Kind, RetentionJob, State,
};

/// Jobs that are read in one page.
const PAGE: usize = 100;

impl Jobs<'_> {
    /// Removes the number of the erasure from a page of the organisation's other jobs. Returns the
    /// key after which the next page begins. 1 request, and 1 for each job with the number.
    pub async fn forget(
        self,
        erasure: &RetentionJob,
        after: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Error> {
        let JobKind::Erasure { person: Some(Person::Counterpart(number)), .. } = &erasure.what
        else {
            return Ok(None);
        };
        let query = self
            .0
            .query(key::jobs(&erasure.organisation), None)
            .consistent()
            .limit(PAGE)
            .after_sort_key(after);
        let page = query.only(&["pk", "sk", "state", "peer", "sought"]).page().await?;
        for item in &page.items {
            self.forget_in(item, number, now).await?;
        }
        Ok(page.next_sort_key()?)
    }

    async fn forget_in(
        self,
        item: &Item,
        number: &Counterpart,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (state, kind): (State, _) = (
            named(item, "state")?,
            text(item, "sk")?.split_once('#').and_then(|(kind, _)| kind.parse().ok()),
        );
        let job = Write::update(key::alone(item)).is("state", Some(s(state)));
        let job = match kind {
            // It can no longer be confirmed: it would erase nothing.
            Some(Kind::Erasure)
                if state == State::Previewed
                    && optional_text(item, "peer")? == Some(&number.to_string()) =>
            {
                job.set("expires_at", n(now.timestamp())).remove("peer")
            }
            Some(Kind::Hold) if state != State::Placing && item.contains_key("sought") => {
                job.remove("sought")
            }
            _ => return Ok(()),
        };
        self.0.write(job).await.map(drop) // confirmed or lifted meanwhile: the job removes its number itself
    }
}
