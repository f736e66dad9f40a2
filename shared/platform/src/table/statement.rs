//! The exported months of an organisation. The statements themselves are in the bucket of exports.

use domain::{billing::Month, ids::OrganisationId};

use super::{
    BadItem, Error, Statements,
    attributes::{n, number, parsed, s, text},
    key::{self, Item},
    write::Write,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    pub month: Month,
    pub lines: u64,
    /// SEK with öre.
    pub total: String,
}

impl Statements<'_> {
    /// Records that the month was exported. Can be repeated. 1 request.
    pub async fn put(
        self,
        organisation: &OrganisationId,
        exported: &Exported,
    ) -> Result<(), Error> {
        let mut item = key::statement(organisation, exported.month);
        item.insert("lines".to_owned(), n(exported.lines));
        item.insert("total".to_owned(), s(&exported.total));
        self.0.write(Write::put(item)).await.map(drop)
    }

    /// The organisation's exported months, newest first. 1 request.
    pub async fn all(self, organisation: &OrganisationId) -> Result<Vec<Exported>, Error> {
        let items = self.0.all(key::statements(organisation), "").await?;
        Ok(items.iter().rev().map(read).collect::<Result<_, _>>()?)
    }
}

fn read(item: &Item) -> Result<Exported, BadItem> {
    Ok(Exported {
        month: parsed(item, "sk")?,
        lines: number(item, "lines")?,
        total: text(item, "total")?.to_owned(),
    })
}
