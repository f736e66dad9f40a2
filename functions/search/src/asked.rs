//! The criteria of a search in its audit event, with keyed hashes in place of personal data.
//!
//! Numbers are hashed as E.164 digits, words and names in their compared form.

use domain::{
    counterpart::Counterpart,
    people::{Organisation, fold},
    phone::Country,
    search::{Digits, tokens},
};
use platform::{
    http::Problem,
    table::keyed_hash::{Key, Kind},
};
use serde_json::{Value, json};

use crate::{App, request::Filter};

/// Numbers with at least this many digits show their last two, as in all logs.
const WHOLE: usize = 7;

/// The criteria. No request, or those of [`platform::table::keyed_hash::Keys::of`].
pub async fn asked(app: &App, of: &Organisation, filter: &Filter) -> Result<Value, Problem> {
    let mut asked = filter.asked();
    let Value::Object(filters) = &mut asked else { return Ok(asked) };
    if filters.iter().all(|(name, value)| kind(name, value).is_none()) {
        return Ok(asked);
    }
    let key = app.keys.of(&app.table, &of.id).await?;
    for (name, value) in filters {
        if name == "counterpart" || name == "participant" {
            let text = value.as_str().unwrap_or_default();
            *value = Counterpart::read(text, of.country).to_string().into(); // one hash for every form
        }
        if let Some(kind) = kind(name, value) {
            *value = hashed(&key, kind, value.as_str().unwrap_or_default(), of.country);
        }
    }
    Ok(asked)
}

/// The kind of personal data in a filter, if any.
fn kind(filter: &str, value: &Value) -> Option<Kind> {
    match filter {
        "counterpart" | "participant" if value == "withheld" || value == "unknown" => None,
        "counterpart" | "participant" | "number" => Some(Kind::Number),
        "name" => Some(Kind::Name),
        "note" | "field1" | "field2" | "field3" | "fields" => Some(Kind::Words),
        _ => None,
    }
}

fn hashed(key: &Key, kind: Kind, text: &str, country: Country) -> Value {
    match kind {
        Kind::Name => json!({ "hash": key.hash(kind, &fold(text.trim())) }),
        Kind::Words => json!({ "hash": key.hash(kind, &tokens(text).join(" ")) }),
        Kind::Number => {
            let digits = Digits::parse_in(text, country)
                .map_or_else(|_| text.trim().to_owned(), |digits| digits.beginning().to_owned());
            let ends = digits
                .len()
                .checked_sub(2)
                .filter(|_| digits.len() >= WHOLE && digits.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|end| digits.get(end..));
            json!({ "hash": key.hash(kind, &digits), "ends": ends })
        }
    }
}
