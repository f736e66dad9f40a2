//! Writes and reads the item of a folder.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use domain::{
    delivery::{
        folder::{Count, DeliveryFolder, FolderId, Progress},
        outcome::Undelivered,
    },
    ids::OrganisationId,
};

use super::{
    super::{
        BadItem,
        attributes::{instant, n, number, s, text},
        key::{self, Item},
        write::Write,
    },
    Held, Plan, Work,
};

const LISTED: TimeDelta = TimeDelta::days(30);

pub(super) fn counts(count: &Count) -> [(&'static str, u64); 5] {
    let Count { recordings, bytes, late, restored, undelivered } = *count;
    [
        ("recordings", recordings),
        ("bytes", bytes),
        ("late", late),
        ("restored", restored),
        ("undelivered", undelivered),
    ]
}

/// Sets the contents of a folder.
pub(super) fn holding(folder: Write, held: &Held) -> Write {
    let lacks = held
        .undelivered
        .iter()
        .map(|lacking| s(format!("{} {}", lacking.recording, lacking.reason)));
    let folder = folder.set("lacks", AttributeValue::L(lacks.collect()));
    counts(&held.count).into_iter().fold(folder, |folder, (name, count)| folder.set(name, n(count)))
}

pub(super) fn item(organisation: &OrganisationId, delivery_folder: &DeliveryFolder) -> Item {
    let mut item = key::delivery_folder(organisation, delivery_folder.name);
    for (name, at) in [
        ("cut", delivery_folder.cutoff),
        ("due", delivery_folder.due_at),
        ("gone", delivery_folder.gone_at),
    ] {
        item.insert(name.to_owned(), n(at.timestamp_millis()));
    }
    item.insert("state".to_owned(), s("building"));
    item.insert("expires_at".to_owned(), n((delivery_folder.gone_at + LISTED).timestamp()));
    item
}

pub(super) fn read(item: &Item) -> Result<Work, BadItem> {
    let progress = match text(item, "state")? {
        "building" => Progress::Building,
        "complete" => Progress::Complete { at: instant(item, "ready")? },
        "removed" => Progress::Removed,
        _ => return Err(BadItem { attribute: "state" }),
    };
    let amount =
        |attribute| if item.contains_key(attribute) { number(item, attribute) } else { Ok(0) };
    let delivery_folder = DeliveryFolder {
        name: name(text(item, "sk")?).ok_or(BadItem { attribute: "sk" })?,
        cutoff: instant(item, "cut")?,
        due_at: instant(item, "due")?,
        gone_at: instant(item, "gone")?,
        progress,
        count: Count {
            recordings: amount("recordings")?,
            bytes: amount("bytes")?,
            late: amount("late")?,
            restored: amount("restored")?,
            undelivered: amount("undelivered")?,
        },
        undelivered: if item.contains_key("lacks") { lacks(item)? } else { Vec::new() },
    };
    let plan = match item.contains_key("started") {
        true => Some(Plan { started: places(item, "started")?, late: places(item, "late_ones")? }),
        false => None,
    };
    Ok(Work { delivery_folder, plan, done: done(item)? })
}

fn name(place: &str) -> Option<FolderId> {
    let (day, number) = place.split_once('#')?;
    Some(FolderId { day: day.to_owned().try_into().ok()?, number: number.parse().ok()? })
}

fn places(item: &Item, attribute: &'static str) -> Result<Vec<String>, BadItem> {
    let list =
        item.get(attribute).and_then(|value| value.as_l().ok()).ok_or(BadItem { attribute })?;
    list.iter().map(|place| place.as_s().cloned().map_err(|_| BadItem { attribute })).collect()
}

fn lacks(item: &Item) -> Result<Vec<Undelivered>, BadItem> {
    let lacking = |text: &str| {
        let (id, reason) = text.split_once(' ')?;
        Some(Undelivered {
            recording: id.to_owned().try_into().ok()?,
            reason: reason.parse().ok()?,
        })
    };
    places(item, "lacks")?
        .iter()
        .map(|text| lacking(text).ok_or(BadItem { attribute: "lacks" }))
        .collect()
}

fn done(item: &Item) -> Result<Vec<u32>, BadItem> {
    let bad = || BadItem { attribute: "done" };
    let Some(chunks) = item.get("done") else { return Ok(Vec::new()) };
    chunks
        .as_ns()
        .map_err(|_| bad())?
        .iter()
        .map(|chunk| chunk.parse().map_err(|_| bad()))
        .collect()
}
