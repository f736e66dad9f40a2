//! The operator's list of organisations, which provisioning maintains. Nothing scans the table.

use std::collections::BTreeMap;

use domain::{
    ids::OrganisationId,
    people::{Name, Organisation},
};

use super::{
    BadItem, Error, Organisations,
    attributes::{parsed, readable, s},
    commit::Transaction,
    key::{self, Item},
    people::read_organisation,
    read::{BATCH, find},
    write::Write,
};

/// An organisation in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: OrganisationId,
    pub name: Name,
}

impl Organisations<'_> {
    /// At most `limit` organisations by id, after the given one. An empty page is last. 1 request.
    pub async fn page(
        self,
        after: Option<&OrganisationId>,
        limit: usize,
    ) -> Result<Vec<Listed>, Error> {
        let query = self
            .0
            .query(key::organisations(), None)
            .consistent()
            .limit(limit)
            .after(after.map(key::listed));
        Ok(query
            .page()
            .await?
            .items
            .iter()
            .filter_map(|item| readable("organisation", item, read(item)))
            .collect())
    }

    /// The existing organisations of these ids, by id. 1 request for each 100.
    pub async fn with_ids(self, ids: &[OrganisationId]) -> Result<Vec<Organisation>, Error> {
        let mut found = BTreeMap::new();
        for some in ids.chunks(BATCH) {
            let items = self.0.batch(some.iter().map(key::organisation)).await?;
            for id in some {
                if let Some(item) = find(&items, &key::organisation(id)) {
                    found.insert(id, read_organisation(id, item)?);
                }
            }
        }
        Ok(found.into_values().collect())
    }
}

impl Transaction<'_> {
    /// Adds the organisation to the list, under its name.
    pub(super) fn list(&mut self, organisation: &OrganisationId, name: &Name) {
        self.add(Write::update(key::listed(organisation)).set("name", s(name)));
    }
}

fn read(item: &Item) -> Result<Listed, BadItem> {
    Ok(Listed { id: parsed(item, "sk")?, name: parsed(item, "name")? })
}
