//! The documents that are generated from the code and checked in.

use platform::http::problem;
use serde_json::Value;
use tests::{document, golden};
use utoipa::{OpenApi, openapi::OpenApi as Document};

/// The API document of each function.
fn parts() -> [Document; 11] {
    [
        upload::routes().into_openapi(),
        search::routes().into_openapi(),
        playback::routes().into_openapi(),
        annotate::routes().into_openapi(),
        me::routes().into_openapi(),
        admin::routes().into_openapi(),
        provision::routes().into_openapi(),
        billing_api::routes().into_openapi(),
        retention_api::routes().into_openapi(),
        completeness::routes().into_openapi(),
        delivery_api::routes().into_openapi(),
    ]
}

/// The schema of every error response, which the document adds to each operation.
#[derive(OpenApi)]
#[openapi(components(schemas(problem::Body)))]
struct Errors;

#[test]
fn the_api_document_says_what_the_code_does() -> anyhow::Result<()> {
    let mut document = Errors::openapi();
    for part in parts() {
        document.merge(part);
    }
    name_operations(&mut document);
    let mut document = serde_json::to_value(document)?;
    document::complete(&mut document)?;
    golden::holds("openapi.json", &document)
}

#[test]
fn no_two_functions_use_one_name_for_different_schemas() {
    let mut shapes = std::collections::BTreeMap::new();
    for (name, shape) in
        parts().into_iter().flat_map(|part| part.components.unwrap_or_default().schemas)
    {
        let before = shapes.insert(name.clone(), shape.clone());
        assert!(before.is_none_or(|before| before == shape), "{name}");
    }
}

/// A PUT decides nothing by omission: each member of its body is required. `PUT …/annotation` is a
/// merge patch by design, because app and systems each set their own members of a call. A price
/// list names only the prices that it changes.
#[test]
fn a_put_requires_every_member() -> anyhow::Result<()> {
    const PARTIAL: [&str; 3] = [
        "/v1/calls/{call}/annotation",
        "/v1/prices/{from}",
        "/v1/organisations/{organisation}/prices/{from}",
    ];
    /// Members of later versions, which earlier clients do not send.
    const OPTIONAL: [&str; 2] = ["country", "extension"];
    let document: serde_json::Value = serde_json::from_str(include_str!("../../openapi.json"))?;
    let mut puts = 0;
    for (path, methods) in document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(path, _)| !PARTIAL.contains(&path.as_str()))
    {
        let schema =
            &methods["put"]["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let Some(pointer) = schema.as_str().and_then(|reference| reference.strip_prefix('#'))
        else {
            continue;
        };
        puts += 1;
        let mut left = vec![document.pointer(pointer).cloned().unwrap_or_default()];
        while let Some(schema) = left.pop() {
            let required: Vec<&str> = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|name| name.as_str())
                .collect();
            for (name, of) in schema["properties"].as_object().into_iter().flatten() {
                let is_optional = OPTIONAL.contains(&name.as_str());
                assert!(
                    is_optional || required.contains(&name.as_str()),
                    "PUT {path} does not require {name}"
                );
                left.extend(
                    of["$ref"]
                        .as_str()
                        .and_then(|at| document.pointer(at.strip_prefix('#')?))
                        .cloned(),
                );
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
            assert_ne!(
                part["additionalProperties"], false,
                "{name} is composed of a schema that forbids its other members"
            );
            composed += 1;
        }
    }
    assert!(composed >= 2, "{composed}");
    Ok(())
}

/// Names each operation by its method and path. Handlers of the same name in different modules
/// would otherwise share an operation id, and a generated client would mix them up.
fn name_operations(document: &mut Document) {
    for (path, item) in &mut document.paths.paths {
        let of_path = path
            .trim_start_matches("/v1/")
            .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
            .replace("__", "_");
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id =
                    Some(format!("{method}_{}", of_path.trim_end_matches('_')));
            }
        }
    }
}
