//! The past of each recording's item, as the table's stream tells it: what was held, and when what ended.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::clock;

/// The images of each recording's item, oldest first, by organisation and id.
#[derive(Debug, Default)]
pub struct Past {
    images: BTreeMap<(String, String), Vec<Image>>,
    /// When each erasure ended, by the audit log.
    ended: BTreeMap<String, DateTime<Utc>>,
}

/// An item from a moment on.
#[derive(Clone, Debug)]
pub struct Image {
    pub at: DateTime<Utc>,
    /// Null once it is removed.
    pub item: Value,
}

impl Past {
    pub(super) fn add(&mut self, records: &[Value]) {
        for record in records {
            let keys = &record["dynamodb"]["Keys"];
            let (pk, sk) = (keys["pk"]["S"].as_str(), keys["sk"]["S"].as_str());
            let of = pk.and_then(|pk| pk.strip_suffix("#recording"));
            if let (Some(of), Some(id)) = (of, sk) {
                let item = record["dynamodb"]["NewImage"].clone();
                let images = self.images.entry((of.to_owned(), id.to_owned())).or_default();
                images.push(Image { at: clock::now(), item });
            }
            let new = &record["dynamodb"]["NewImage"];
            if new["deed"]["S"] == "end-erasure"
                && let Some(erasure) = new["subject"]["S"].as_str()
            {
                self.ended.entry(erasure.to_owned()).or_insert_with(clock::now);
            }
        }
    }

    /// The images of a recording, oldest first.
    pub fn of(&self, organisation: &str, id: &str) -> &[Image] {
        self.images.get(&(organisation.to_owned(), id.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// When an erasure ended.
    pub fn ended(&self, erasure: &str) -> Option<DateTime<Utc>> {
        self.ended.get(erasure).copied()
    }

    /// The images of each recording of an organisation.
    pub fn all(&self, organisation: &str) -> impl Iterator<Item = &[Image]> {
        let all = self.images.iter().filter(move |((of, _), _)| of == organisation);
        all.map(|(_, images)| images.as_slice())
    }

    /// Whether the recording existed at a moment or has done so since, for its readers.
    pub fn exists_since(&self, organisation: &str, id: &str, moment: DateTime<Utc>) -> bool {
        let images = self.of(organisation, id);
        let from = images.partition_point(|image| image.at <= moment).saturating_sub(1);
        images[from..].iter().any(|image| image.exists(moment))
    }
}

impl Image {
    /// Whether it is a recording.
    pub fn is_recording(&self) -> bool {
        matches!(self.item["state"]["S"].as_str(), Some("expected" | "stored" | "rejected"))
    }

    pub fn is_stored(&self) -> bool {
        self.item["state"]["S"] == "stored"
    }

    pub fn is_held(&self) -> bool {
        self.item["holds"]["SS"].is_array()
    }

    pub fn is_held_by(&self, hold: &str) -> bool {
        self.item["holds"]["SS"].as_array().is_some_and(|holds| holds.iter().any(|it| it == hold))
    }

    /// Whether an erasure has ended it.
    pub fn is_erased(&self) -> bool {
        self.item["erased"].is_object()
    }

    /// When it expires, unless it is held.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        let seconds = self.number("expires_at")?;
        DateTime::from_timestamp(seconds, 0)
    }

    /// A number of the item.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.item[name]["N"].as_str()?.parse().ok()
    }

    /// Whether a reader sees it at a moment.
    pub fn exists(&self, moment: DateTime<Utc>) -> bool {
        self.is_recording()
            && !self.is_erased()
            && self.expires_at().is_none_or(|expires_at| expires_at > moment)
    }
}
