//! Reads typed values from an item. A missing or malformed value is an error with its attribute.

use std::{collections::BTreeSet, str::FromStr};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use thiserror::Error;

use super::key::Item;

/// An attribute is missing or malformed.
#[derive(Debug, Error)]
#[error("the attribute {attribute} is missing or malformed")]
pub struct BadItem {
    pub attribute: &'static str,
}

type Read<T> = Result<T, BadItem>;

/// Logs an item that cannot be read, by its key, so that work on other items continues. These keys
/// contain no number, name or text of a customer.
pub fn readable<T>(kind: &'static str, item: &Item, read: Read<T>) -> Option<T> {
    let error = match read {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let place = |name| item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
    tracing::error!(
        kind,
        partition = place("pk"),
        place = place("sk"),
        attribute = error.attribute,
        "an item cannot be read"
    );
    None
}

pub fn text<'a>(item: &'a Item, attribute: &'static str) -> Read<&'a str> {
    optional_text(item, attribute)?.ok_or(BadItem { attribute })
}

pub fn optional_text<'a>(item: &'a Item, attribute: &'static str) -> Read<Option<&'a str>> {
    let Some(value) = item.get(attribute) else { return Ok(None) };
    value.as_s().map(|text| Some(text.as_str())).map_err(|_| BadItem { attribute })
}

/// A value that parses from a text, as ids, phone numbers and notes do.
pub fn parsed<T: TryFrom<String>>(item: &Item, attribute: &'static str) -> Read<T> {
    T::try_from(text(item, attribute)?.to_owned()).map_err(|_| BadItem { attribute })
}

pub fn optional_parsed<T: TryFrom<String>>(
    item: &Item,
    attribute: &'static str,
) -> Read<Option<T>> {
    let Some(text) = optional_text(item, attribute)? else { return Ok(None) };
    T::try_from(text.to_owned()).map(Some).map_err(|_| BadItem { attribute })
}

pub fn number<T: FromStr>(item: &Item, attribute: &'static str) -> Read<T> {
    let value = item.get(attribute).and_then(|value| value.as_n().ok());
    value.and_then(|digits| digits.parse().ok()).ok_or(BadItem { attribute })
}

/// A number; absent means zero.
pub fn count<T: FromStr + Default>(item: &Item, attribute: &'static str) -> Read<T> {
    if item.contains_key(attribute) { number(item, attribute) } else { Ok(T::default()) }
}

/// A value that parses from its name, as enums do.
pub fn named<T: FromStr>(item: &Item, attribute: &'static str) -> Read<T> {
    parse(text(item, attribute)?, attribute)
}

/// Parses a text with [`FromStr`], for example a day.
pub fn parse<T: FromStr>(text: &str, attribute: &'static str) -> Read<T> {
    text.parse().map_err(|_| BadItem { attribute })
}

/// A moment, stored as Unix milliseconds.
pub fn instant(item: &Item, attribute: &'static str) -> Read<DateTime<Utc>> {
    DateTime::from_timestamp_millis(number(item, attribute)?).ok_or(BadItem { attribute })
}

pub fn optional_instant(item: &Item, attribute: &'static str) -> Read<Option<DateTime<Utc>>> {
    if item.contains_key(attribute) { instant(item, attribute).map(Some) } else { Ok(None) }
}

/// A flag; absent means no.
pub fn flag(item: &Item, attribute: &'static str) -> Read<bool> {
    item.get(attribute)
        .map_or(Ok(false), |value| value.as_bool().copied().map_err(|_| BadItem { attribute }))
}

/// A set of texts; absent means the empty set.
pub fn set<'a>(item: &'a Item, attribute: &'static str) -> Read<&'a [String]> {
    item.get(attribute).map_or(Ok(&[]), |value| {
        value.as_ss().map(Vec::as_slice).map_err(|_| BadItem { attribute })
    })
}

pub fn bytes<const N: usize>(item: &Item, attribute: &'static str) -> Read<[u8; N]> {
    let value = item.get(attribute).and_then(|value| value.as_b().ok());
    value.and_then(|blob| blob.as_ref().try_into().ok()).ok_or(BadItem { attribute })
}

/// A set of ids; absent means the empty set.
pub fn ids<T: TryFrom<String> + Ord>(item: &Item, attribute: &'static str) -> Read<BTreeSet<T>> {
    set(item, attribute)?
        .iter()
        .map(|id| T::try_from(id.clone()).map_err(|_| BadItem { attribute }))
        .collect()
}

/// A list of texts; absent means the empty list.
pub fn list(item: &Item, attribute: &'static str) -> Read<Vec<String>> {
    let Some(list) = item.get(attribute) else { return Ok(Vec::new()) };
    let texts = list.as_l().map_err(|_| BadItem { attribute })?.iter();
    texts.map(|text| text.as_s().cloned().map_err(|_| BadItem { attribute })).collect()
}

pub fn s(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

pub fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A set of texts. DynamoDB stores no empty set.
pub fn ss(texts: impl IntoIterator<Item = impl ToString>) -> Option<AttributeValue> {
    let texts: Vec<String> = texts.into_iter().map(|text| text.to_string()).collect();
    (!texts.is_empty()).then_some(AttributeValue::Ss(texts))
}
