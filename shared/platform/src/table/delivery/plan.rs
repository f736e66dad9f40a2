//! The plan of a folder: the chunks in which its recordings are copied.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    delivery::{Day, folder::FolderId},
    ids::OrganisationId,
};

use super::{
    super::{
        Error, Folders,
        attributes::{s, text},
        key,
        query::Query,
        write::Write,
    },
    Work,
};

/// The boundaries of the chunks: each chunk extends from one up to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Sort keys of the day's recordings.
    pub started: Vec<String>,
    /// Sort keys of the late arrivals.
    pub late: Vec<String>,
}

/// A chunk: its first sort key, and the one before which it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    Started(&'a str, &'a str),
    Late(&'a str, &'a str),
}

/// The bounds of the sort keys of late arrivals.
const IDS: (&str, &str) = ("0", "~");

impl Plan {
    pub fn chunks(&self) -> u32 {
        let chunks = self.started.len().saturating_sub(1) + self.late.len().saturating_sub(1);
        u32::try_from(chunks).unwrap_or(u32::MAX)
    }

    /// The chunk with that number, if it exists.
    pub fn chunk(&self, number: u32) -> Option<Chunk<'_>> {
        let (number, of_day) = (number as usize, self.started.len().saturating_sub(1));
        match number.checked_sub(of_day) {
            None => Some(Chunk::Started(self.started.get(number)?, self.started.get(number + 1)?)),
            Some(number) => Some(Chunk::Late(self.late.get(number)?, self.late.get(number + 1)?)),
        }
    }
}

impl Folders<'_> {
    /// Stores the plan of a folder, unless it has one. Returns the current progress. 1 request.
    pub async fn plan(
        self,
        organisation: &OrganisationId,
        name: FolderId,
        plan: &Plan,
    ) -> Result<Option<Work>, Error> {
        let list = |places: &[String]| AttributeValue::L(places.iter().map(s).collect());
        let folder = Write::update(key::delivery_folder(organisation, name));
        let folder = folder.set("started", list(&plan.started)).set("late_ones", list(&plan.late));
        self.changed(folder.is("started", None).is("state", Some(s("building")))).await
    }

    /// The boundaries of chunks of `rows` recordings of a day. 1 request for each MB.
    pub async fn split_day(
        self,
        organisation: &OrganisationId,
        day: Day,
        rows: usize,
    ) -> Result<Vec<String>, Error> {
        let ends = (key::from(day.begins_at()), key::before(day.ends_at()));
        boundaries(
            self.0.query(key::recordings(organisation), Some(key::BY_ORG)),
            (&ends.0, &ends.1),
            rows,
        )
        .await
    }

    /// The boundaries of chunks of `rows` late arrivals. 1 request for each MB.
    pub async fn split_late(
        self,
        organisation: &OrganisationId,
        rows: usize,
    ) -> Result<Vec<String>, Error> {
        boundaries(self.0.query(key::all_late(organisation), None), IDS, rows).await
    }
}

/// Divides the sort keys of a query into chunks of `rows`. 1 request for each MB.
async fn boundaries(
    query: Query,
    (first, last): (&str, &str),
    rows: usize,
) -> Result<Vec<String>, Error> {
    let (mut places, mut seen) = (vec![first.to_owned()], 0);
    let sort = query.sort();
    let mut pages = query.between(first, last).only(&[sort]).pages();
    while let Some(page) = pages.next().await? {
        for item in &page.items {
            if seen > 0 && seen % rows == 0 {
                places.push(text(item, sort)?.to_owned());
            }
            seen += 1;
        }
    }
    places.push(last.to_owned());
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_numbered_through_the_day_and_then_the_late_arrivals() {
        let plan = Plan {
            started: ["a", "b", "c"].map(str::to_owned).to_vec(),
            late: ["0", "~"].map(str::to_owned).to_vec(),
        };
        assert_eq!(plan.chunks(), 3);
        let chunks = [
            Some(Chunk::Started("a", "b")),
            Some(Chunk::Started("b", "c")),
            Some(Chunk::Late("0", "~")),
            None,
        ];
        assert_eq!([0, 1, 2, 3].map(|number| plan.chunk(number)), chunks);
        let of_day = Plan { late: Vec::new(), ..plan };
        assert_eq!((of_day.chunks(), of_day.chunk(2)), (2, None));
    }
}
