//! Reads who is asking, and whom a question is about.
//!
//! Reads are consistent: a right taken away is gone on the next request, whatever the authorizer has cached. A user who was removed reads
//! as none.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    access::Scopes,
    ids::{ClientId, GroupId, OrganisationId, UserId},
    people::{Acknowledged, Cover, Language, Organisation, Plan, Rights, User},
};

use super::{
    BadItem, Error, Table,
    attributes::{flag, ids, number, optional_instant, optional_parsed, optional_text, parsed, readable, set, text},
    key::{self, Item},
    read::{BATCH, find},
};

/// An application client that an organisation has let in.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: ClientId,
    pub name: String,
    /// What its tokens may be used for at most.
    pub scopes: Scopes,
}

impl Table {
    /// The organisation and the user, if both exist. 1 request.
    ///
    /// # Errors
    /// As [`enum@Error`]; a table that answers in part is [`Error::Busy`].
    pub async fn people(&self, organisation: &OrganisationId, user: &UserId) -> Result<Option<(Organisation, User)>, Error> {
        let keys = [key::organisation(organisation), key::user(organisation, user)];
        let items = self.batch(keys.clone()).await?;
        let (organisation_item, user_item) = (find(&items, &keys[0]), find(&items, &keys[1]));
        let (Some(organisation_item), Some(user_item)) = (organisation_item, user_item) else { return Ok(None) };
        let user = read_user(user_item)?;
        Ok(user.map(|user| Ok::<_, BadItem>((read_organisation(organisation, organisation_item)?, user))).transpose()?)
    }

    /// The organisation and the application client, if both exist. 1 request.
    pub async fn application(&self, organisation: &OrganisationId, client: &ClientId) -> Result<Option<(Organisation, Client)>, Error> {
        let keys = [key::organisation(organisation), key::client(organisation, client)];
        let items = self.batch(keys.clone()).await?;
        let (organisation_item, client_item) = (find(&items, &keys[0]), find(&items, &keys[1]));
        let (Some(organisation_item), Some(client_item)) = (organisation_item, client_item) else { return Ok(None) };
        Ok(Some((read_organisation(organisation, organisation_item)?, read_client(client_item)?)))
    }

    /// The organisation. 1 request.
    pub async fn organisation(&self, id: &OrganisationId) -> Result<Option<Organisation>, Error> {
        let item = self.get(key::organisation(id)).await?;
        Ok(item.map(|item| read_organisation(id, &item)).transpose()?)
    }

    /// One user. 1 request.
    pub async fn user(&self, organisation: &OrganisationId, user: &UserId) -> Result<Option<User>, Error> {
        let item = self.get(key::user(organisation, user)).await?;
        Ok(item.map(|item| read_user(&item)).transpose()?.flatten())
    }

    /// Those of the users that exist; but one that cannot be read, which is logged. 1 request for each 100.
    pub async fn users(&self, organisation: &OrganisationId, users: &BTreeSet<UserId>) -> Result<BTreeMap<UserId, User>, Error> {
        let mut found = BTreeMap::new();
        for some in users.iter().collect::<Vec<_>>().chunks(BATCH) {
            for item in self.batch(some.iter().map(|user| key::user(organisation, user))).await? {
                found.extend(readable("user", &item, read_user(&item)).flatten().map(|user| (user.id.clone(), user)));
            }
        }
        Ok(found)
    }

    /// The names of those who are users, each under what an event calls them: `user:karin` is Karin Åberg. Applications, the operator and
    /// who is no longer there have none. 1 request for each 100 users, none for none.
    ///
    /// # Errors
    /// As [`Table::users`].
    pub async fn names_of_those<'a>(
        &self,
        organisation: &OrganisationId,
        who: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, String>, Error> {
        let ids = who.into_iter().filter_map(|who| UserId::try_from(who.strip_prefix("user:")?.to_owned()).ok()).collect();
        let users = self.users(organisation, &ids).await?;
        Ok(users.into_iter().map(|(id, user)| (format!("user:{id}"), user.name.into())).collect())
    }

    /// The members of each of the groups. 1 request for each 100.
    pub async fn members(&self, organisation: &OrganisationId, groups: &[&GroupId]) -> Result<BTreeMap<GroupId, BTreeSet<UserId>>, Error> {
        let mut found = BTreeMap::new();
        for some in groups.chunks(BATCH) {
            for item in self.batch(some.iter().map(|group| key::members(organisation, group))).await? {
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
        retention_days: number(item, "retention_days")?,
        storage_add_on: flag(item, "storage_add_on")?,
        asks_reason: flag(item, "asks_reason")?,
    })
}

/// The user that an item holds; none once they are removed.
pub(super) fn read_user(item: &Item) -> Result<Option<User>, BadItem> {
    if item.contains_key("removed_at") {
        return Ok(None);
    }
    let plan = optional_text(item, "plan")?.map(|plan| Plan::parse(plan).ok_or(BadItem { attribute: "plan" })).transpose()?;
    Ok(Some(User {
        id: parsed(item, "sk")?,
        name: parsed(item, "name")?,
        phone: optional_parsed(item, "phone")?,
        language: if optional_text(item, "language")? == Some("en") { Language::En } else { Language::Sv },
        plan,
        administrator: flag(item, "administrator")?,
        rights: read_rights(item)?,
        activated_at: optional_instant(item, "activated_at")?,
        acknowledged: read_acknowledged(item)?,
        groups: ids(item, "groups")?,
        supervises: read_covers(item, "supervises")?,
    }))
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

/// A map of covers by the group or the supervisor.
pub(super) fn read_covers<T: TryFrom<String> + Ord>(item: &Item, attribute: &'static str) -> Result<BTreeMap<T, Cover>, BadItem> {
    let bad = || BadItem { attribute };
    let Some(covers) = item.get(attribute) else { return Ok(BTreeMap::new()) };
    let read = |(id, cover): (&String, &AttributeValue)| {
        let cover = cover.as_m().map_err(|_| bad())?;
        Ok((T::try_from(id.clone()).map_err(|_| bad())?, read_cover(cover)?))
    };
    covers.as_m().map_err(|_| bad())?.iter().map(read).collect()
}

fn read_cover(item: &Item) -> Result<Cover, BadItem> {
    let moment = |attribute| -> Result<Option<DateTime<Utc>>, BadItem> { optional_instant(item, attribute) };
    Ok(Cover { from: moment("from")?, to: moment("to")?, rights: read_rights(item)? })
}

pub(super) fn read_client(item: &Item) -> Result<Client, BadItem> {
    let scopes = Scopes::named(set(item, "scopes")?.iter().map(String::as_str));
    Ok(Client { id: parsed(item, "sk")?, name: text(item, "name")?.to_owned(), scopes })
}
