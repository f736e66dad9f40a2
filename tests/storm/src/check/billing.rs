//! Closed days and months add up to what was stored and removed.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Utc};
use domain::billing::{Month, today};
use serde_json::{Value, json};

use super::Found;
use crate::{
    aws::Image,
    function::EXPORTS,
    life::Life,
    plan::{ORGANISATIONS, USERS},
};

/// Recordings, milliseconds and bytes that were stored, and bytes that were removed.
type Counts = [i64; 4];
/// By user and day.
type Usage = BTreeMap<(String, String), Counts>;

/// Each user's counts of each day are what was stored on it, and the days add up.
pub(super) fn days_are_right(life: &Life, found: &Found) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in ORGANISATIONS {
        let (counted, expected) = (counted(found, name), expected(life, name));
        for key in counted.keys().chain(expected.keys()) {
            let [counted, expected] =
                [&counted, &expected].map(|usage| usage.get(key).copied().unwrap_or_default());
            if counted != expected {
                wrong.push(format!("{name} {key:?}: counted {counted:?}, stored {expected:?}"));
            }
        }
        wrong.extend(closed_days_add_up(found, name));
    }
    wrong.sort();
    wrong.dedup();
    wrong
}

/// The counts of the table, of closed and of open days.
fn counted(found: &Found, name: &str) -> Usage {
    let mut usage = Usage::new();
    let mut add = |user: &str, day: &str, place: usize, number: i64| {
        usage.entry((user.to_owned(), day.to_owned())).or_default()[place] += number;
    };
    for item in found.of(name, "daily") {
        let parts: Vec<&str> = item["sk"]["S"].as_str().unwrap_or_default().split('#').collect();
        let [noticed, user, ..] = parts[..] else { continue };
        let day = parts.get(2).unwrap_or(&noticed);
        for (place, kind) in ["recordings", "ms", "added", "removed"].into_iter().enumerate() {
            add(user, day, place, number(&item[kind]));
        }
    }
    for item in found.of(name, "usage") {
        let user = item["sk"]["S"].as_str().unwrap_or_default();
        for (attribute, value) in item.as_object().into_iter().flatten() {
            let cut = attribute.len().saturating_sub("2026-11-24".len());
            let Some((kind, day)) = attribute.split_at_checked(cut) else { continue };
            let place = ["n", "ms", "in", "out"].into_iter().position(|known| known == kind);
            if let Some(place) = place.filter(|_| day.starts_with("20")) {
                add(user, day, place, number(value));
            }
        }
    }
    usage.retain(|_, counts| *counts != Counts::default());
    usage
}

/// The counts that follow from the recordings' past.
fn expected(life: &Life, name: &str) -> Usage {
    let mut usage = Usage::new();
    let mut add = |image: &Image, at: Option<DateTime<Utc>>, place: usize, number: i64| {
        let user = image.item["u"]["S"].as_str().and_then(|user| user.rsplit('#').next());
        let day = at.map(|at| today(at).to_string()).unwrap_or_default();
        usage.entry((user.unwrap_or_default().to_owned(), day)).or_default()[place] += number;
    };
    let past = life.service.aws().past();
    for images in past.all(name) {
        let mut before: Option<&Image> = None;
        for image in images {
            let bytes = |image: &Image| image.number("bytes").unwrap_or_default();
            match (before.filter(|before| before.is_stored()), image.is_stored()) {
                (None, true) => {
                    let at = image.number("stored").and_then(DateTime::from_timestamp_millis);
                    add(image, at, 0, 1);
                    add(image, at, 1, image.number("ms").unwrap_or_default());
                    add(image, at, 2, bytes(image));
                }
                (Some(before), false) => add(before, before.expires_at(), 3, bytes(before)),
                _ => {}
            }
            before = Some(image);
        }
    }
    usage
}

/// The organisation's days contain what its users' days do, up to yesterday.
fn closed_days_add_up(found: &Found, name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut last = None;
    for item in found.of(name, "day") {
        let day = item["sk"]["S"].as_str().unwrap_or_default();
        last = Some(day.to_owned());
        let (mut own, mut late, mut balance) = (Counts::default(), Counts::default(), 0);
        for entry in found.of(name, "daily") {
            let parts: Vec<&str> =
                entry["sk"]["S"].as_str().unwrap_or_default().split('#').collect();
            let counts = counts(entry);
            if parts[0] <= day {
                balance += counts[2] - counts[3];
            }
            let sum = match parts.get(2) {
                Some(of) if *of != day => &mut late,
                _ => &mut own,
            };
            if parts[0] == day {
                sum.iter_mut().zip(counts).for_each(|(sum, number)| *sum += number);
            }
        }
        let mut noted = Counts::default();
        for late in item["late"]["L"].as_array().into_iter().flatten() {
            noted.iter_mut().zip(counts(&late["M"])).for_each(|(sum, number)| *sum += number);
        }
        let shown = (counts(item), noted, number(&item["balance"]));
        if shown != (own, late, balance) {
            wrong.push(format!(
                "{name} closed {day} with {shown:?}, not {:?}",
                (own, late, balance)
            ));
        }
    }
    let yesterday = (today(found.now) - Days::new(1)).to_string();
    if last.as_ref().is_some_and(|last| *last != yesterday) {
        wrong.push(format!("{name} closed its last day {last:?}, not {yesterday}"));
    }
    wrong
}

fn counts(item: &Value) -> Counts {
    ["recordings", "ms", "added", "removed"].map(|kind| number(&item[kind]))
}

fn number(value: &Value) -> i64 {
    value["N"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The exported months bill each user once, and no export was ever written differently.
pub(super) async fn months_are_right(
    life: &Life,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (key, versions) in life.service.aws().store.everything(EXPORTS) {
        if versions.iter().any(|version| version.body != versions[0].body) {
            wrong.push(format!("the export {key} was written differently"));
        }
    }
    for (of, name) in ORGANISATIONS.into_iter().enumerate() {
        let months = life.months(of).await?;
        let last = Month::of(today(now)).previous().to_string();
        if months.iter().all(|(month, _)| *month != last) {
            wrong.push(format!("{name} has no statement of {last}"));
        }
        for (month, starts) in months {
            let mut lines: Vec<(String, String, i64)> = life
                .statement(of, &month)
                .await?
                .iter()
                .map(|line| {
                    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
                    (text("rule"), text("user"), line["quantity"].as_i64().unwrap_or_default())
                })
                .collect();
            let rules: &[&str] =
                if starts { &["start-fee", "user-month"] } else { &["user-month"] };
            let billed = |rule: &&str| USERS.map(|user| ((*rule).to_owned(), user.to_owned(), 1));
            let mut expected: Vec<_> = rules.iter().flat_map(billed).collect();
            lines.sort();
            expected.sort();
            if lines != expected {
                wrong.push(format!(
                    "{name} owes {} for {month}, not {}",
                    json!(lines),
                    json!(expected)
                ));
            }
        }
    }
    Ok(wrong)
}
