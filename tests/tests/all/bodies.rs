//! Request bodies of every operation in the API document: objects only, never arrays.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::rights_world::World;

const DOCUMENT: &str = include_str!("../../openapi.json");

#[tokio::test]
async fn no_operation_takes_an_array_in_place_of_an_object() -> anyhow::Result<()> {
    let document: Value = serde_json::from_str(DOCUMENT)?;
    let world = World::new("stored").await?;
    let (mut operations, mut asked) = (0, 0);
    for (method, path, schema) in bodies(&document) {
        let role = if path.starts_with("/v1/organisations") || path.starts_with("/v1/prices") {
            "oper"
        } else {
            "admin"
        };
        let object = plausible(&document, schema);
        for array in arrays(&object) {
            let body = Some(array.to_string());
            let answer = world
                .ask(
                    role,
                    "demo",
                    &method,
                    &world.named(&method, path),
                    body,
                    json!({ "if-match": "*" }),
                )
                .await?;
            let refused = answer.status.is_client_error() && answer.body["detail"].is_string();
            ensure!(refused, "{method} {path} took {array}: {answer:?}");
            asked += 1;
        }
        operations += 1;
    }
    println!("{operations} operations refused {asked} arrays");
    ensure!(operations >= 20, "the document has no more than {operations} operations with a body");
    Ok(())
}

/// The operations that take JSON, each with its schema.
fn bodies(document: &Value) -> impl Iterator<Item = (String, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, operations)| {
        operations.as_object().into_iter().flatten().filter_map(move |(method, operation)| {
            let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
            Some((method.to_uppercase(), path.as_str(), schema))
        })
    })
}

/// The arrays that derived code could accept for the object: empty, nulls, its values in document
/// order, the object in an array, and the object with arrays for its members.
fn arrays(object: &Value) -> Vec<Value> {
    let members: Vec<(&String, &Value)> = object.as_object().into_iter().flatten().collect();
    let mut arrays: Vec<Value> =
        (0..=members.len()).map(|count| Value::Array(vec![Value::Null; count])).collect();
    arrays.push(members.iter().map(|(_, value)| (*value).clone()).collect());
    arrays.push(json!([object]));
    for (name, inner) in members.into_iter().filter(|(_, value)| value.is_object()) {
        for array in arrays_of(inner) {
            let mut outer = object.clone();
            outer[name] = array;
            arrays.push(outer);
        }
    }
    arrays
}

fn arrays_of(inner: &Value) -> [Value; 2] {
    [json!([]), inner.as_object().into_iter().flatten().map(|(_, value)| value.clone()).collect()]
}

/// A value of the schema with every member present.
fn plausible(document: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return plausible(
            document,
            document.pointer(name.trim_start_matches('#')).unwrap_or(&Value::Null),
        );
    }
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(choice) = schema["oneOf"]
        .as_array()
        .and_then(|choices| choices.iter().rfind(|choice| choice["type"] != "null"))
    {
        return plausible(document, choice);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "string" if schema["format"] == "date-time" => json!("2026-11-01T12:00:00Z"),
        "string" => json!("text"),
        "integer" | "number" => json!(180),
        "boolean" => json!(true),
        "array" => json!([plausible(document, &schema["items"])]),
        _ => schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, member)| (name.clone(), plausible(document, member)))
            .collect(),
    }
}
