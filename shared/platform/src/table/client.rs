//! Application clients that an organisation has let in. A token of one that is not here, or not any more, opens nothing.

use domain::{
    access::Scopes,
    ids::{ClientId, OrganisationId},
    people::Name,
};

use super::{
    Error, Table,
    attributes::{s, ss},
    audit::Event,
    commit::Commit,
    key,
    people::{Client, read_client},
};

impl Table {
    /// Lets the client in, or changes what it may do. 1 request.
    pub async fn put_client(
        &self,
        organisation: &OrganisationId,
        client: &ClientId,
        name: &Name,
        scopes: Scopes,
        event: &Event,
    ) -> Result<Commit, Error> {
        let mut item = key::client(organisation, client);
        item.insert("name".to_owned(), s(name));
        let names = [("read", scopes.read), ("annotate", scopes.annotate), ("export", scopes.export)];
        if let Some(set) = ss(names.into_iter().filter(|(_, granted)| *granted).map(|(name, _)| name)) {
            item.insert("scopes".to_owned(), set);
        }
        let mut writes = self.writes();
        writes.put(item, |put| put);
        writes.audit(event);
        writes.commit().await
    }

    /// Lets the client in no longer. 1 request. [`Commit::Refused`] if there is none.
    pub async fn remove_client(&self, organisation: &OrganisationId, client: &ClientId, event: &Event) -> Result<Commit, Error> {
        let mut writes = self.writes();
        writes.delete(key::client(organisation, client), |delete| delete.condition_expression("attribute_exists(pk)"));
        writes.audit(event);
        writes.commit().await
    }

    /// The organisation's clients: a page of 1 MB holds thousands. 1 request.
    pub async fn clients(&self, organisation: &OrganisationId) -> Result<Vec<Client>, Error> {
        Ok(self.all(key::clients(organisation), "").await?.iter().map(read_client).collect::<Result<_, _>>()?)
    }
}
