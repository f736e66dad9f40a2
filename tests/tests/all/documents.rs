//! The documents that are generated from the code and checked in.

use serde_json::{Value, json};
use tests::golden;
use utoipa::{OpenApi, openapi::OpenApi as Document};

/// The API document of each function.
fn parts() -> [Document; 10] {
    [
        upload::Document::openapi(),
        search::Document::openapi(),
        playback::Document::openapi(),
        annotate::Document::openapi(),
        me::Document::openapi(),
        admin::Document::openapi(),
        provision::Document::openapi(),
        billing_api::Document::openapi(),
        retention_api::Document::openapi(),
        delivery_api::Document::openapi(),
    ]
}

#[test]
fn the_api_document_says_what_the_code_does() -> anyhow::Result<()> {
    let [mut document, others @ ..] = parts();
    for other in others {
        document.merge(other);
    }
    document.info.title = "Kontinuerlig inspelning".to_owned();
    document.info.version = "1".to_owned();
    name_operations(&mut document);
    let mut document = serde_json::to_value(document)?;
    add_common_answers(&mut document);
    golden::holds("openapi.json", &document)
}

#[test]
fn no_two_functions_use_one_name_for_different_schemas() {
    let mut shapes = std::collections::BTreeMap::new();
    for (name, shape) in parts().into_iter().flat_map(|part| part.components.unwrap_or_default().schemas) {
        let before = shapes.insert(name.clone(), shape.clone());
        assert!(before.is_none_or(|before| before == shape), "{name}");
    }
}

/// A PUT decides nothing by omission: each member of its body is required. `PUT …/annotation` is a
/// merge patch by design, because app and systems each set their own members of a call. A price
/// list names only the prices that it changes.
#[test]
fn a_put_requires_every_member() -> anyhow::Result<()> {
    const PARTIAL: [&str; 3] = ["/v1/calls/{call}/annotation", "/v1/prices/{from}", "/v1/organisations/{organisation}/prices/{from}"];
    let document: serde_json::Value = serde_json::from_str(include_str!("../../openapi.json"))?;
    let mut puts = 0;
    for (path, methods) in document["paths"].as_object().into_iter().flatten().filter(|(path, _)| !PARTIAL.contains(&path.as_str())) {
        let schema = &methods["put"]["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let Some(pointer) = schema.as_str().and_then(|reference| reference.strip_prefix('#')) else { continue };
        puts += 1;
        let mut left = vec![document.pointer(pointer).cloned().unwrap_or_default()];
        while let Some(schema) = left.pop() {
            let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
            for (name, of) in schema["properties"].as_object().into_iter().flatten() {
                assert!(required.contains(&name.as_str()), "PUT {path} does not require {name}");
                left.extend(of["$ref"].as_str().and_then(|at| document.pointer(at.strip_prefix('#')?)).cloned());
            }
        }
    }
    assert!(puts >= 6, "{puts}");
    Ok(())
}

/// A schema that forbids additional members would make every response composed of it invalid.
#[test]
fn schemas_that_others_are_composed_of_allow_additional_members() -> anyhow::Result<()> {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json"))?;
    let mut composed = 0;
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let pointer = part["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
            let part = pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(part);
            assert_ne!(part["additionalProperties"], false, "{name} is composed of a schema that forbids its other members");
            composed += 1;
        }
    }
    assert!(composed >= 2, "{composed}");
    Ok(())
}

/// Responses that any operation may return: unreadable or too large requests, denied callers,
/// unknown addresses, too many requests, failures. A status that the operation documents remains.
const COMMON: [(&str, &str, When); 9] = [
    ("400", "malformed", When::Body),
    ("401", "not-signed-in", When::Always),
    ("403", "not-allowed, unknown-user; the gateway's own message where the token is invalid", When::Always),
    ("404", "not-found", When::Named),
    ("413", "too-large", When::Body),
    ("415", "unknown-type", When::Body),
    ("422", "invalid", When::Asked),
    ("429", "busy", When::Always),
    ("500", "internal", When::Always),
];

/// The statuses that API Gateway also returns before a function runs, with its own message as JSON.
const GATEWAYS: [&str; 5] = ["401", "403", "404", "429", "500"];

/// The operations that a response applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    Body,
    /// Operations whose path names something.
    Named,
    /// Operations that take a body or a query.
    Asked,
}

fn add_common_answers(document: &mut Value) {
    document["components"]["schemas"]["GatewayMessage"] = json!({
        "type": "object",
        "description": "The response of API Gateway to a request that reaches no function: without a valid token (401, 403), to an unknown \
                        address or method (404), or above the accepted rate (429).",
        "required": ["message"],
        "properties": { "message": { "type": ["string", "null"], "examples": ["Unauthorized"] } },
    });
    let gateways = json!({ "schema": { "$ref": "#/components/schemas/GatewayMessage" } });
    for (status, description, _) in COMMON {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        document["components"]["responses"][status] =
            json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } });
        if GATEWAYS.contains(&status) {
            document["components"]["responses"][status]["content"]["application/json"] = gateways.clone();
        }
    }
    for operation in document["paths"].as_object_mut().into_iter().flatten().flat_map(|(_, item)| item.as_object_mut()).flatten() {
        let operation = operation.1;
        let has = |place: &str| operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["in"] == place);
        let (body, path, query) = (!operation["requestBody"].is_null(), has("path"), has("query"));
        for (status, _, when) in COMMON {
            let applies = match when {
                When::Always => true,
                When::Body => body,
                When::Named => path,
                When::Asked => body || query,
            };
            match operation["responses"].get_mut(status) {
                None if applies => operation["responses"][status] = json!({ "$ref": format!("#/components/responses/{status}") }),
                Some(own) if GATEWAYS.contains(&status) => own["content"]["application/json"] = gateways.clone(),
                _ => {}
            }
        }
    }
}

/// Names each operation by its method and path. Handlers of the same name in different modules
/// would otherwise share an operation id, and a generated client would mix them up.
fn name_operations(document: &mut Document) {
    for (path, item) in &mut document.paths.paths {
        let of_path = path.trim_start_matches("/v1/").replace(|c: char| !c.is_ascii_alphanumeric(), "_").replace("__", "_");
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}_{}", of_path.trim_end_matches('_')));
            }
        }
    }
}
