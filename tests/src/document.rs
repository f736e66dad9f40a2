//! Completes the API document with the facts that the annotations of the functions cannot express:
//! the server, the sign-in, who may call an operation, common responses, and the types of texts.

mod operations;
mod responses;
mod types;

use anyhow::Context;
use serde_json::{Value, json};

const DESCRIPTION: &str = "Recording of all calls of an organisation's users: registration and upload, search, playback, annotation, \
    retention, delivery, completeness and billing.\n\n\
    Every operation requires a bearer token. Errors are problem details (RFC 9457), and clients decide by `code`. Lists have pages: \
    send the `cursor` of one page to get the next. Times are RFC 3339. An unknown address, and a method that an address does not have, \
    are answered with 404.";

/// The tags, each with the operations that it groups.
const TAGS: [(&str, &str); 11] = [
    ("admin", "An administrator's users, groups, application clients and audit log."),
    ("annotate", "Notes, marks and fields of recordings, and the legend of marks."),
    (
        "completeness",
        "The account of every call, reports of the operator's switch, and the findings of the last reconciliation.",
    ),
    ("me", "The signed-in user: rights, activation, acknowledgement and listeners."),
    ("playback", "Links to play or save the audio of a recording."),
    (
        "provision",
        "The operator's organisations, users, application clients, prices and corrections.",
    ),
    ("retention", "Retention, legal holds and erasures."),
    ("search", "Searches for recordings."),
    ("sftp", "Delivery of recordings by SFTP: keys and folders."),
    ("statements", "Usage and monthly statements."),
    ("upload", "Registration of calls and upload of their audio."),
];

/// Completes the document.
///
/// # Errors
/// Names a member or parameter of a table here that the document does not have.
pub fn complete(document: &mut Value) -> anyhow::Result<()> {
    document["info"] = json!({
        "title": "Kontinuerlig inspelning",
        "version": "1",
        "description": DESCRIPTION,
        "contact": { "name": "The operator's customer service" },
        "license": { "name": "Proprietary", "identifier": "LicenseRef-Proprietary" },
    });
    document["servers"] = json!([{
        "url": "https://{api}.execute-api.{region}.amazonaws.com",
        "description": "The stack's output `ApiUrl`.",
        "variables": {
            "api": { "default": "api", "description": "The id of the HTTP API." },
            "region": { "default": "eu-north-1", "description": "The region of the stack." },
        },
    }]);
    document["components"]["securitySchemes"]["bearer"] = json!({
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the Cognito user pool: a user's ID token, by the authorization code flow with PKCE, or an application \
                        client's access token, by the client credentials flow. The scopes of an application client bound its operations.",
    });
    document["security"] = json!([{ "bearer": [] }]);
    document["tags"] =
        TAGS.map(|(name, description)| json!({ "name": name, "description": description })).into();
    bodies(document);
    responses::complete(document);
    operations::complete(document)?;
    types::complete(document)?;
    examples(document)
}

/// Describes bodies in the way that generated clients read: an optional body is a plain reference,
/// lines are a text, one of two members is an object with either, and an absent member of a patch
/// has no default.
fn bodies(document: &mut Value) {
    for (name, operation) in operations(document) {
        if name.ends_with("/playback") || name.ends_with("/download") {
            operation["requestBody"]["required"] = false.into();
        }
        if let Some(lines) = operation.pointer_mut("/requestBody/content/application~1x-ndjson") {
            lines["schema"] = json!({ "type": "string", "format": "binary", "contentSchema": lines["schema"].take() });
        }
    }
    let schemas = &mut document["components"]["schemas"];
    for (_, member) in schemas["Patch"]["properties"].as_object_mut().into_iter().flatten() {
        member.as_object_mut().map(|member| member.remove("default"));
    }
    let parts = schemas["MembersChange"]["oneOf"].take();
    let members = parts
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|part| part["properties"].as_object().into_iter().flatten());
    let properties: serde_json::Map<String, Value> =
        members.map(|(name, schema)| (name.clone(), schema.clone())).collect();
    let change = &mut schemas["MembersChange"];
    change.as_object_mut().map(|change| change.remove("oneOf"));
    change["type"] = "object".into();
    change["properties"] = properties.into();
    change["minProperties"] = 1.into();
    change["maxProperties"] = 1.into();
    change["additionalProperties"] = false.into();
}

/// Adds the examples of schemas.
fn examples(document: &mut Value) -> anyhow::Result<()> {
    let examples: Value = serde_json::from_str(include_str!("document/examples.json"))?;
    for (name, example) in examples.as_object().into_iter().flatten() {
        let schema = document["components"]["schemas"]
            .get_mut(name)
            .with_context(|| format!("there is an example of {name}"))?;
        schema["examples"] = json!([example]);
    }
    Ok(())
}

/// The operations of the document, each with its method and path.
fn operations(document: &mut Value) -> impl Iterator<Item = (String, &mut Value)> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object_mut().into_iter().flatten();
        operations.map(move |(method, operation)| {
            (format!("{} {path}", method.to_uppercase()), operation)
        })
    })
}
