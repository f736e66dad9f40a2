//! What is searched for, as an audit event tells it: which filters, and keyed hashes in place of what names a person.
//!
//! A number is hashed as its digits in E.164, words and names as they are compared, so that two spellings of one search have one hash.

use domain::{
    ids::OrganisationId,
    people::fold,
    search::{Digits, tokens},
};
use platform::{
    http::Problem,
    table::keyed_hash::{Key, Kind},
};
use serde_json::{Value, json};

use crate::{App, request::Filter};

/// Of a number with so many digits the last two are told, as everywhere.
const WHOLE: usize = 7;

/// What is searched for. No request, or those of [`platform::table::keyed_hash::Keys::of`] where a filter names a person.
pub async fn asked(app: &App, of: &OrganisationId, filter: &Filter) -> Result<Value, Problem> {
    let mut asked = filter.asked();
    let Value::Object(filters) = &mut asked else { return Ok(asked) };
    if filters.iter().all(|(name, value)| kind(name, value).is_none()) {
        return Ok(asked);
    }
    let key = app.keys.of(&app.table, of).await?;
    for (name, value) in filters {
        if let Some(kind) = kind(name, value) {
            *value = hashed(&key, kind, value.as_str().unwrap_or_default());
        }
    }
    Ok(asked)
}

/// What a filter names of a person, if it does.
fn kind(filter: &str, value: &Value) -> Option<Kind> {
    match filter {
        "counterpart" if value == "withheld" => None,
        "counterpart" | "number" => Some(Kind::Number),
        "name" => Some(Kind::Name),
        "note" | "field1" | "field2" | "field3" | "fields" => Some(Kind::Words),
        _ => None,
    }
}

fn hashed(key: &Key, kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Name => json!({ "hash": key.hash(kind, &fold(text.trim())) }),
        Kind::Words => json!({ "hash": key.hash(kind, &tokens(text).join(" ")) }),
        Kind::Number => {
            let digits = Digits::parse(text).map_or_else(|_| text.trim().to_owned(), |digits| digits.beginning().to_owned());
            let ends = digits.len().checked_sub(2).filter(|_| digits.len() >= WHOLE).and_then(|end| digits.get(end..));
            json!({ "hash": key.hash(kind, &digits), "ends": ends })
        }
    }
}
