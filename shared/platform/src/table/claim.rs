//! The claim of an `Idempotency-Key`, written with the request's effect: repetitions have none.
//!
//! | attribute     | what |
//! |---------------|------|
//! | `fingerprint` | SHA-256 of the key, the address and the body: identifies another request under the same key |
//! | `status`, `body`, `location` | the response |
//! | `expires_at`  | until when a repetition receives the same response: 24 hours |

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::OrganisationId;

use super::{
    BadItem, Claims, Error,
    attributes::{n, number, optional_text, s, text},
    commit::{Conflict, Transaction},
    key::{self, Item},
    write::Write,
};

/// How long a repetition is recognised.
pub const RETAINED: TimeDelta = TimeDelta::hours(24);

/// A claim to write together with the effect of its request.
#[derive(Clone, Debug)]
pub struct Claim {
    pub organisation: OrganisationId,
    /// Identifies the caller, the operation and the key.
    pub name: String,
    pub fingerprint: String,
    pub answer: Answer,
    pub at: DateTime<Utc>,
}

/// The response to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// JSON; empty without a body.
    pub body: String,
    /// The `Location` header, if the response has one.
    pub location: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Claimed {
    pub fingerprint: String,
    pub answer: Answer,
}

impl Claims<'_> {
    /// The claim of that name, unless it has expired. 1 request.
    pub async fn get(
        self,
        organisation: &OrganisationId,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Claimed>, Error> {
        let item = self.0.get(key::claim(organisation, name)).await?;
        let Some(claimed) = item.map(|item| read(&item)).transpose()? else { return Ok(None) };
        Ok(Some(claimed).filter(|(_, until)| *until > now.timestamp()).map(|(claimed, _)| claimed))
    }
}

impl Claim {
    /// The claim with a `Location` in its response.
    pub fn at(mut self, location: &str) -> Self {
        self.answer.location = Some(location.to_owned());
        self
    }
}

impl Transaction<'_> {
    /// Adds the claim, if there is one. If its name is taken, the result is [`Error::Claimed`].
    pub fn claim(&mut self, claim: Option<&Claim>) {
        let Some(claim) = claim else { return };
        let mut item = key::claim(&claim.organisation, &claim.name);
        item.insert("fingerprint".to_owned(), s(&claim.fingerprint));
        item.insert("status".to_owned(), n(claim.answer.status));
        item.insert("body".to_owned(), s(&claim.answer.body));
        item.extend(
            claim.answer.location.as_ref().map(|location| ("location".to_owned(), s(location))),
        );
        item.insert(
            "expires_at".to_owned(),
            n(claim.at.timestamp().saturating_add(RETAINED.num_seconds())),
        );
        let free = "attribute_not_exists(pk) OR expires_at <= :now";
        self.add(
            Write::put(item).when(free).given("now", n(claim.at.timestamp())).or(Conflict::Claimed),
        );
    }
}

fn read(item: &Item) -> Result<(Claimed, i64), BadItem> {
    let location = optional_text(item, "location")?.map(str::to_owned);
    let answer =
        Answer { status: number(item, "status")?, body: text(item, "body")?.to_owned(), location };
    Ok((
        Claimed { fingerprint: text(item, "fingerprint")?.to_owned(), answer },
        number(item, "expires_at")?,
    ))
}
