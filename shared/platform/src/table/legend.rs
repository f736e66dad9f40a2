//! The legend of marks: `ORG#mark`, `MARK`, with `label`, `colour`, `shape` and perhaps `retired`.

use domain::{
    ids::OrganisationId,
    legend::{Entry, FIRST},
    note::Mark,
};

use super::{
    BadItem, Error, Marks,
    attributes::{n, named, parsed, s, text},
    audit::Event,
    commit::{Committed, Conflict, Transaction},
    key::{self, Item},
    write::Write,
};

impl Marks<'_> {
    /// The legend by name, with retired marks. 1 request: a page of 1 MB holds it.
    pub async fn all(self, organisation: &OrganisationId) -> Result<Vec<Entry>, Error> {
        Ok(self
            .0
            .all(key::marks(organisation), "")
            .await?
            .iter()
            .map(read)
            .collect::<Result<_, _>>()?)
    }

    /// Adds the mark or changes it; `retired: false` restores a retired one. 1 request.
    pub async fn put(
        self,
        organisation: &OrganisationId,
        entry: &Entry,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut item = key::mark(organisation, &entry.mark);
        item.insert("label".to_owned(), s(&entry.label));
        item.insert("colour".to_owned(), s(entry.colour));
        item.insert("shape".to_owned(), s(entry.shape));
        if entry.retired {
            item.insert("retired".to_owned(), n(event.at.timestamp_millis()));
        }
        let mut writes = self.0.writes();
        writes.add(Write::put(item));
        writes.audit(event);
        writes.commit().await
    }
}

impl Transaction<'_> {
    /// Checks that the mark is in the legend and not retired, for every change of a mark.
    pub(super) fn can_set(&mut self, organisation: &OrganisationId, mark: &Mark) {
        let listed = Write::check(key::mark(organisation, mark))
            .when("attribute_exists(pk) AND attribute_not_exists(retired)");
        self.add(listed.or(Conflict::UnknownMark));
    }

    /// Gives an organisation its first legend, and leaves existing marks unchanged.
    pub(super) fn first_legend(&mut self, organisation: &OrganisationId) {
        for (mark, label, colour, shape) in FIRST {
            let Ok(mark) = mark.to_owned().try_into() else { continue };
            let write = Write::update(key::mark(organisation, &mark));
            self.add(
                write
                    .set_first("label", s(label))
                    .set_first("colour", s(colour))
                    .set_first("shape", s(shape)),
            );
        }
    }
}

/// A mark named `none`, from before that name was refused, counts as retired.
fn read(item: &Item) -> Result<Entry, BadItem> {
    let name = text(item, "sk")?;
    Ok(Entry {
        mark: Mark::stored(name.to_owned()),
        label: parsed(item, "label")?,
        colour: named(item, "colour")?,
        shape: named(item, "shape")?,
        retired: item.contains_key("retired") || name == Mark::NONE,
    })
}
