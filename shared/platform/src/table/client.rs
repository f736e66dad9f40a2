//! Application clients that an organisation has admitted. No other client has access.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    access::Scopes,
    ids::{ClientId, OrganisationId},
    people::Name,
};

use super::{
    Clients, Error,
    attributes::{parsed, s, ss},
    audit::Event,
    commit::Committed,
    key,
    people::{Client, read_client},
    write::Write,
};

impl Clients<'_> {
    /// Admits the client, or replaces its name and scopes. 1 request.
    pub async fn put(
        self,
        organisation: &OrganisationId,
        client: &ClientId,
        name: &Name,
        scopes: Scopes,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut item = key::client(organisation, client);
        item.insert("name".to_owned(), s(name));
        if let Some(set) = scopes_value(scopes) {
            item.insert("scopes".to_owned(), set);
        }
        let mut writes = self.0.writes();
        writes.add(Write::put(item));
        writes.audit(event);
        writes.commit().await
    }

    /// Changes name or scopes; `None` leaves either as it is. 1 request. `NotFound` if none exists.
    pub async fn change(
        self,
        organisation: &OrganisationId,
        client: &ClientId,
        name: Option<&Name>,
        scopes: Option<Scopes>,
        event: &Event,
    ) -> Result<Committed, Error> {
        let change = Write::update(key::client(organisation, client)).set_if("name", name.map(s));
        let change = match scopes {
            Some(scopes) => change.set_or_remove("scopes", scopes_value(scopes)),
            None => change,
        };
        let mut writes = self.0.writes();
        writes.add(change.existing());
        writes.audit(event);
        writes.commit().await
    }

    /// Removes the client. 1 request. `NotFound` if there is none.
    pub async fn remove(
        self,
        organisation: &OrganisationId,
        client: &ClientId,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        writes.add(Write::delete(key::client(organisation, client)).existing());
        writes.audit(event);
        writes.commit().await
    }

    /// A page of the clients by id, and the id after which the next begins. 1 request.
    pub async fn page(
        self,
        organisation: &OrganisationId,
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<(Vec<Client>, Option<ClientId>), Error> {
        let query = self.0.query(key::clients(organisation), None).consistent().limit(limit);
        let page = query.after_sort_key(after.map(ClientId::as_str)).page().await?;
        let next = page.next.as_ref().map(|key| parsed(key, "sk")).transpose()?;
        Ok((page.items.iter().map(read_client).collect::<Result<_, _>>()?, next))
    }

    /// The organisation's clients. 1 request: a page of 1 MB holds thousands.
    pub async fn all(self, organisation: &OrganisationId) -> Result<Vec<Client>, Error> {
        Ok(self
            .0
            .all(key::clients(organisation), "")
            .await?
            .iter()
            .map(read_client)
            .collect::<Result<_, _>>()?)
    }
}

/// The scopes as a set of their names.
fn scopes_value(scopes: Scopes) -> Option<AttributeValue> {
    let names = [("read", scopes.read), ("annotate", scopes.annotate), ("export", scopes.export)];
    ss(names.into_iter().filter(|(_, granted)| *granted).map(|(name, _)| name))
}
