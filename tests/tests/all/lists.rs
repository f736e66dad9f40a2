//! Every list of the API is bounded: it has pages, or a documented maximum number of rows.

use std::collections::BTreeMap;

use serde_json::Value;

/// The largest accepted bound. Lists with more rows need pages.
const AT_MOST: u64 = 1_000;

/// Lists without pages or `maxItems`: the groups of a user. One item of at most 400 KB bounds them.
const OF_A_USER: [&str; 4] = [".groups", ".supervises", ".user.groups", ".user.supervises"];
/// The signed headers of an upload link, some ten.
const OF_A_LINK: &str = ".upload.headers";

struct Document(Value);

impl Document {
    fn read() -> anyhow::Result<Self> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        Ok(Self(serde_json::from_slice(&std::fs::read(path)?)?))
    }

    /// The value, or the target of its reference.
    fn found<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"]
            .as_str()
            .and_then(|reference| self.0.pointer(reference.trim_start_matches('#')))
        {
            Some(found) => self.found(found),
            None => value,
        }
    }

    /// Every outermost list in a body, by its place. Its pages bound the lists inside it.
    fn lists<'a>(
        &'a self,
        schema: &'a Value,
        place: &str,
        lists: &mut BTreeMap<String, &'a Value>,
    ) {
        let schema = self.found(schema);
        let is = |kind: &str| {
            schema["type"] == kind
                || schema["type"]
                    .as_array()
                    .is_some_and(|kinds| kinds.iter().any(|one| one == kind))
        };
        if is("array") || schema["additionalProperties"].is_object() {
            lists.insert(place.to_owned(), schema);
            return;
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            self.lists(member, &format!("{place}.{name}"), lists);
        }
        for kind in ["oneOf", "anyOf", "allOf"] {
            for part in schema[kind].as_array().into_iter().flatten() {
                self.lists(part, place, lists);
            }
        }
    }

    fn has_member(&self, schema: &Value, name: &str) -> bool {
        let schema = self.found(schema);
        let parts = ["oneOf", "anyOf", "allOf"]
            .into_iter()
            .filter_map(|kind| schema[kind].as_array())
            .flatten();
        schema["properties"].get(name).is_some()
            || parts.into_iter().any(|part| self.has_member(part, name))
    }

    /// The unbounded lists in the responses of an operation.
    fn unbounded(&self, name: &str, method: &str, operation: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_asked = parameters.iter().any(|parameter| self.found(parameter)["name"] == "cursor");
        let answers = operation["responses"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(status, _)| status.starts_with('2'));
        for (kind, content) in
            answers.filter_map(|(_, answer)| self.found(answer)["content"].as_object()).flatten()
        {
            let (schema, mut lists) = (&content["schema"], BTreeMap::new());
            if kind == "text/csv" && !is_asked {
                wrong.push(format!("{name}: a file of any length, without a cursor"));
            }
            self.lists(schema, "", &mut lists);
            // A request that changes a list may return its first page with a cursor for the list.
            let has_pages = self.has_member(schema, "cursor") && (is_asked || method != "get");
            for (place, list) in lists {
                let bounded = list["maxItems"]
                    .as_u64()
                    .or(list["maxProperties"].as_u64())
                    .is_some_and(|most| most <= AT_MOST);
                if !bounded
                    && !has_pages
                    && !OF_A_USER.contains(&place.as_str())
                    && place != OF_A_LINK
                {
                    wrong.push(format!("{name} {kind}: {place} has no cursor and no maxItems"));
                }
            }
        }
        wrong
    }
}

#[test]
fn every_list_of_the_api_has_pages_or_a_documented_bound() -> anyhow::Result<()> {
    let document = Document::read()?;
    let mut wrong = Vec::new();
    for (path, methods) in document.0["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, operation)| operation["responses"].is_object())
        {
            wrong.extend(document.unbounded(
                &format!("{} {path}", method.to_uppercase()),
                method,
                operation,
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "give it a cursor (platform::http::page), or a bound that the code holds it to:\n{}",
        wrong.join("\n")
    );
    Ok(())
}
