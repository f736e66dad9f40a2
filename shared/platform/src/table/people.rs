//! Reads who is asking: the organisation and the user, in one request.
//!
//! The read is consistent: a right taken away is gone on the next request, whatever the authorizer has cached.

use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::{
    ids::{OrganisationId, UserId},
    people::{Organisation, Rights, User},
};

use super::{
    BadItem, Error, Table,
    attributes::{flag, number, optional_instant, optional_text, set, text},
    key::{self, Item},
};

const PLANS: [&str; 4] = ["basic", "pro", "business", "enterprise"];

impl Table {
    /// The organisation and the user, if both exist. 1 request.
    ///
    /// # Errors
    /// As [`Error`]; a table that answers in part is [`Error::Busy`].
    pub async fn people(&self, organisation: &OrganisationId, user: &UserId) -> Result<Option<(Organisation, User)>, Error> {
        let keys = KeysAndAttributes::builder()
            .consistent_read(true)
            .keys(key::organisation(organisation))
            .keys(key::user(organisation, user))
            .build()
            .map_err(|error| Error::Request(error.into()))?;
        let answer = self.client.batch_get_item().request_items(&self.name, keys).send().await?;
        if answer.unprocessed_keys().is_some_and(|keys| !keys.is_empty()) {
            return Err(Error::Busy);
        }
        let items = answer.responses().and_then(|tables| tables.get(&self.name)).map_or(&[][..], Vec::as_slice);
        let (mut organisation_item, mut user_item) = (None, None);
        for item in items {
            let is_organisation = text(item, "pk")?.ends_with("#organisation");
            *(if is_organisation { &mut organisation_item } else { &mut user_item }) = Some(item);
        }
        let (Some(organisation_item), Some(user_item)) = (organisation_item, user_item) else { return Ok(None) };
        Ok(Some((read_organisation(organisation, organisation_item)?, read_user(user, user_item)?)))
    }
}

fn read_organisation(id: &OrganisationId, item: &Item) -> Result<Organisation, BadItem> {
    Ok(Organisation { id: id.clone(), base_service: flag(item, "base_service")?, retention_days: number(item, "retention_days")? })
}

fn read_user(id: &UserId, item: &Item) -> Result<User, BadItem> {
    let rights = set(item, "rights")?;
    let has = |right: &str| rights.iter().any(|name| name == right);
    Ok(User {
        id: id.clone(),
        has_plan: optional_text(item, "plan")?.is_some_and(|plan| PLANS.contains(&plan)),
        administrator: flag(item, "administrator")?,
        rights: Rights { listen: has("listen"), download: has("download"), annotate: has("annotate") },
        activated_at: optional_instant(item, "activated_at")?,
        acknowledged_at: optional_instant(item, "acknowledged_at")?,
    })
}
