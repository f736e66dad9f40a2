//! Reads the caller, and the people that a request concerns.
//!
//! Reads are consistent: a revoked right is gone on the next request, whatever the authorizer has
//! cached. A removed user is `None`.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    access::Scopes,
    ids::{ClientId, GroupId, OrganisationId, UserId},
    people::{Acknowledged, Language, Organisation, Period, Rights, Supervision, User},
};

use super::{
    BadItem, Error, People,
    attributes::{
        flag, ids, number, optional_instant, optional_parsed, optional_text, parse, parsed,
        readable, set, text,
    },
    key::{self, Item},
    read::{BATCH, find},
};

/// An application client that an organisation has admitted.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: ClientId,
    pub name: String,
    /// The most that its tokens may be used for.
    pub scopes: Scopes,
}

impl People<'_> {
    /// The organisation and the user, if both exist. 1 request.
    ///
    /// # Errors
    /// As [`enum@Error`]; a partial response is [`Error::Busy`].
    pub async fn caller(
        self,
        organisation: &OrganisationId,
        user: &UserId,
    ) -> Result<Option<(Organisation, User)>, Error> {
        self.caller_by(organisation, user, read_user).await
    }

    /// The same, with a removed user as they were, unless their data is erased. 1 request.
    pub async fn caller_or_removed(
        self,
        organisation: &OrganisationId,
        user: &UserId,
    ) -> Result<Option<(Organisation, User)>, Error> {
        self.caller_by(organisation, user, read_user_or_removed).await
    }

    async fn caller_by(
        self,
        organisation: &OrganisationId,
        user: &UserId,
        read: fn(&Item) -> Result<Option<User>, BadItem>,
    ) -> Result<Option<(Organisation, User)>, Error> {
        let keys = [key::organisation(organisation), key::user(organisation, user)];
        let items = self.0.batch(keys.clone()).await?;
        let (Some(of), Some(item)) = (find(&items, &keys[0]), find(&items, &keys[1])) else {
            return Ok(None);
        };
        let Some(user) = read(item)? else { return Ok(None) };
        Ok(Some((read_organisation(organisation, of)?, user)))
    }

    /// The organisation and the application client, if both exist. 1 request.
    pub async fn application(
        self,
        organisation: &OrganisationId,
        client: &ClientId,
    ) -> Result<Option<(Organisation, Client)>, Error> {
        let keys = [key::organisation(organisation), key::client(organisation, client)];
        let items = self.0.batch(keys.clone()).await?;
        let (organisation_item, client_item) = (find(&items, &keys[0]), find(&items, &keys[1]));
        let (Some(organisation_item), Some(client_item)) = (organisation_item, client_item) else {
            return Ok(None);
        };
        Ok(Some((read_organisation(organisation, organisation_item)?, read_client(client_item)?)))
    }

    /// The organisation. 1 request.
    pub async fn organisation(self, id: &OrganisationId) -> Result<Option<Organisation>, Error> {
        let item = self.0.get(key::organisation(id)).await?;
        Ok(item.map(|item| read_organisation(id, &item)).transpose()?)
    }

    /// One user. 1 request.
    pub async fn user(
        self,
        organisation: &OrganisationId,
        user: &UserId,
    ) -> Result<Option<User>, Error> {
        let item = self.0.get(key::user(organisation, user)).await?;
        Ok(item.map(|item| read_user(&item)).transpose()?.flatten())
    }

    /// The existing users of these ids. One that cannot be read is logged. 1 request for each 100.
    pub async fn users(
        self,
        organisation: &OrganisationId,
        users: &BTreeSet<UserId>,
    ) -> Result<BTreeMap<UserId, User>, Error> {
        self.users_by(organisation, users, read_user).await
    }

    async fn users_by(
        self,
        organisation: &OrganisationId,
        users: &BTreeSet<UserId>,
        read: fn(&Item) -> Result<Option<User>, BadItem>,
    ) -> Result<BTreeMap<UserId, User>, Error> {
        let mut found = BTreeMap::new();
        for some in users.iter().collect::<Vec<_>>().chunks(BATCH) {
            for item in self.0.batch(some.iter().map(|user| key::user(organisation, user))).await? {
                found.extend(
                    readable("user", &item, read(&item))
                        .flatten()
                        .map(|user| (user.id.clone(), user)),
                );
            }
        }
        Ok(found)
    }

    /// The same with removed users as they were, unless their data is erased.
    pub async fn users_or_removed(
        self,
        organisation: &OrganisationId,
        users: &BTreeSet<UserId>,
    ) -> Result<BTreeMap<UserId, User>, Error> {
        self.users_by(organisation, users, read_user_or_removed).await
    }

    /// The names of the users among actors: `user:karin` is Karin Åberg. Clients, the operator and
    /// removed users have none. 1 request for each 100 users.
    ///
    /// # Errors
    /// As [`People::users`].
    pub async fn names_of_those<'a>(
        self,
        organisation: &OrganisationId,
        who: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, String>, Error> {
        let ids = who
            .into_iter()
            .filter_map(|who| UserId::try_from(who.strip_prefix("user:")?.to_owned()).ok())
            .collect();
        let users = self.users(organisation, &ids).await?;
        Ok(users.into_iter().map(|(id, user)| (format!("user:{id}"), user.name.into())).collect())
    }

    /// The members of each of the groups. 1 request for each 100.
    pub async fn members(
        self,
        organisation: &OrganisationId,
        groups: &[&GroupId],
    ) -> Result<BTreeMap<GroupId, BTreeSet<UserId>>, Error> {
        let mut found = BTreeMap::new();
        for some in groups.chunks(BATCH) {
            for item in
                self.0.batch(some.iter().map(|group| key::members(organisation, group))).await?
            {
                found.insert(parsed(&item, "sk")?, ids(&item, "members")?);
            }
        }
        Ok(found)
    }
}

pub(super) fn read_organisation(id: &OrganisationId, item: &Item) -> Result<Organisation, BadItem> {
    Ok(Organisation {
        id: id.clone(),
        name: parsed(item, "name")?,
        base_service: flag(item, "base_service")?,
        base_since: optional_instant(item, "base_since")?,
        base_before: read_period(item, "base_from", "base_to")?,
        country: optional_parsed(item, "country")?.unwrap_or_default(),
        retention_days: number(item, "retention_days")?,
        storage_add_on: flag(item, "storage_add_on")?,
        asks_reason: flag(item, "asks_reason")?,
    })
}

/// The period between two attributes. Without the first, it has always begun.
fn read_period(
    item: &Item,
    from: &'static str,
    to: &'static str,
) -> Result<Option<Period>, BadItem> {
    let from = optional_instant(item, from)?.unwrap_or(DateTime::<Utc>::MIN_UTC);
    Ok(optional_instant(item, to)?.map(|to| Period { from, to }))
}

/// The user in an item; `None` once they are removed.
pub(super) fn read_user(item: &Item) -> Result<Option<User>, BadItem> {
    if item.contains_key("removed_at") { Ok(None) } else { Ok(Some(read_any_user(item)?)) }
}

/// The user in an item, removed or not; `None` once their data is erased.
fn read_user_or_removed(item: &Item) -> Result<Option<User>, BadItem> {
    if item.contains_key("name") { read_any_user(item).map(Some) } else { Ok(None) }
}

/// The user in an item, removed or not.
fn read_any_user(item: &Item) -> Result<User, BadItem> {
    let plan = optional_text(item, "plan")?.map(|plan| parse(plan, "plan")).transpose()?;
    Ok(User {
        id: parsed(item, "sk")?,
        name: parsed(item, "name")?,
        phone: optional_parsed(item, "phone")?,
        extension: optional_parsed(item, "extension")?,
        language: if optional_text(item, "language")? == Some("en") {
            Language::En
        } else {
            Language::Sv
        },
        plan,
        administrator: flag(item, "administrator")?,
        rights: read_rights(item)?,
        activated_at: optional_instant(item, "activated_at")?,
        acknowledged: read_acknowledged(item)?,
        recorded_since: optional_instant(item, "recorded_since")?,
        recorded_before: read_period(item, "recorded_from", "recorded_to")?,
        groups: ids(item, "groups")?,
        supervises: read_supervisions(item, "supervises")?,
    })
}

fn read_acknowledged(item: &Item) -> Result<Option<Acknowledged>, BadItem> {
    let Some(at) = optional_instant(item, "acknowledged_at")? else { return Ok(None) };
    Ok(Some(Acknowledged { at, version: text(item, "acknowledged_version")?.to_owned() }))
}

pub(super) fn read_rights(item: &Item) -> Result<Rights, BadItem> {
    let rights = set(item, "rights")?;
    let has = |right: &str| rights.iter().any(|name| name == right);
    Ok(Rights { listen: has("listen"), download: has("download"), annotate: has("annotate") })
}

/// The supervisions in a map, by group or by supervisor.
pub(super) fn read_supervisions<T: TryFrom<String> + Ord>(
    item: &Item,
    attribute: &'static str,
) -> Result<BTreeMap<T, Supervision>, BadItem> {
    let bad = || BadItem { attribute };
    let Some(supervisions) = item.get(attribute) else { return Ok(BTreeMap::new()) };
    let read = |(id, supervision): (&String, &AttributeValue)| {
        let supervision = supervision.as_m().map_err(|_| bad())?;
        Ok((T::try_from(id.clone()).map_err(|_| bad())?, read_supervision(supervision)?))
    };
    supervisions.as_m().map_err(|_| bad())?.iter().map(read).collect()
}

fn read_supervision(item: &Item) -> Result<Supervision, BadItem> {
    let moment =
        |attribute| -> Result<Option<DateTime<Utc>>, BadItem> { optional_instant(item, attribute) };
    Ok(Supervision { from: moment("from")?, to: moment("to")?, rights: read_rights(item)? })
}

pub(super) fn read_client(item: &Item) -> Result<Client, BadItem> {
    let scopes = Scopes::named(set(item, "scopes")?.iter().map(String::as_str));
    Ok(Client { id: parsed(item, "sk")?, name: text(item, "name")?.to_owned(), scopes })
}
