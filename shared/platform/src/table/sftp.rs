//! SFTP access: the public keys of organisations, and the list of the organisations that have any.
//!
//! | item       | attribute     | type | what |
//! |------------|---------------|------|------|
//! | key        | `body`        | S    | as OpenSSH writes it, without the comment |
//! |            | `comment`     | S    | its owner or purpose; may be empty |
//! |            | `who`         | S    | who added it |
//! |            | `added`       | N    | Unix milliseconds |
//! |            | `imported`    | N    | Unix milliseconds: since when the server accepts it; absent: not yet |
//! | subscriber | `keys`        | N    | how many keys it has |
//! |            | `since`       | N    | Unix milliseconds: of its first key |

use chrono::{DateTime, Utc};
use domain::ids::OrganisationId;

use super::{
    BadItem, Error, Sftp,
    attributes::{instant, n, optional_instant, parsed, readable, s, text},
    audit::Event,
    claim::Claim,
    commit::{Committed, Conflict},
    key::{self, Item},
    write::Write,
};

/// A public key with which an organisation signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `SHA256:` and 43 characters of base64, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    pub body: String,
    pub comment: String,
    pub who: String,
    pub added_at: DateTime<Utc>,
    /// Since when the server accepts it. `None`: interrupted; adding the key again completes it.
    pub imported_at: Option<DateTime<Utc>>,
}

/// An organisation with the SFTP service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    pub organisation: OrganisationId,
    pub since: DateTime<Utc>,
}

/// The most keys of an organisation: the limit of AWS Transfer Family for a user.
pub const KEYS: usize = 10;

impl Sftp<'_> {
    /// Adds a key that the server does not accept yet. 1 request. [`Conflict::Exists`], or
    /// `TooMany` if there are [`KEYS`] already.
    pub async fn add(
        self,
        organisation: &OrganisationId,
        key: &Key,
        event: &Event,
        claim: Option<&Claim>,
    ) -> Result<Committed, Error> {
        let mut item = key::sftp_key(organisation, &key.fingerprint);
        for (name, value) in [("body", &key.body), ("comment", &key.comment), ("who", &key.who)] {
            item.insert(name.to_owned(), s(value));
        }
        item.insert("added".to_owned(), n(key.added_at.timestamp_millis()));
        let mut writes = self.0.writes();
        writes.add(Write::put_new(item));
        writes.add(
            Write::update(key::subscriber(organisation))
                .set_first("since", n(key.added_at.timestamp_millis()))
                .add("keys", n(1))
                .when("attribute_not_exists(#keys) OR #keys < :most")
                .given("most", n(KEYS))
                .or(Conflict::TooMany),
        );
        writes.audit(event);
        writes.claim(claim);
        writes.commit().await
    }

    /// Records that the server accepts a key. 1 request. `NotFound` if it was removed.
    pub async fn import(
        self,
        organisation: &OrganisationId,
        fingerprint: &str,
        now: DateTime<Utc>,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        let imported = Write::update(key::sftp_key(organisation, fingerprint))
            .set("imported", n(now.timestamp_millis()));
        writes.add(imported.existing());
        writes.commit().await
    }

    /// Removes a key. 1 request. `NotFound` if there is none.
    pub async fn remove(
        self,
        organisation: &OrganisationId,
        fingerprint: &str,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        writes.add(Write::delete(key::sftp_key(organisation, fingerprint)).existing());
        writes.add(Write::update(key::subscriber(organisation)).add("keys", n(-1)));
        writes.audit(event);
        writes.commit().await
    }

    /// One key. 1 request.
    pub async fn get(
        self,
        organisation: &OrganisationId,
        fingerprint: &str,
    ) -> Result<Option<Key>, Error> {
        let item = self.0.get(key::sftp_key(organisation, fingerprint)).await?;
        Ok(item.map(|item| read(&item)).transpose()?)
    }

    /// The organisation's keys: [`KEYS`] at most. 1 request.
    pub async fn all(self, organisation: &OrganisationId) -> Result<Vec<Key>, Error> {
        Ok(self
            .0
            .all(key::sftp_keys(organisation), "")
            .await?
            .iter()
            .map(read)
            .collect::<Result<_, _>>()?)
    }

    /// A page of the organisations with the service, and where the next begins. One that cannot be
    /// read is logged. 1 request for each MB: thousands of them.
    pub async fn subscribers(
        self,
        after: Option<Item>,
    ) -> Result<(Vec<Subscriber>, Option<Item>), Error> {
        let page = self
            .0
            .query(key::SUBSCRIBERS, None)
            .filter("#keys > :none")
            .given("none", n(0))
            .after(after)
            .page()
            .await?;
        let read = |item| {
            Ok(Subscriber { organisation: parsed(item, "sk")?, since: instant(item, "since")? })
        };
        let subscribers =
            page.items.iter().filter_map(|item| readable("subscriber", item, read(item))).collect();
        Ok((subscribers, page.next))
    }
}

fn read(item: &Item) -> Result<Key, BadItem> {
    Ok(Key {
        fingerprint: text(item, "sk")?.to_owned(),
        body: text(item, "body")?.to_owned(),
        comment: text(item, "comment")?.to_owned(),
        who: text(item, "who")?.to_owned(),
        added_at: instant(item, "added")?,
        imported_at: optional_instant(item, "imported")?,
    })
}
