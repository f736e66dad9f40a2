//! The types of texts and the bounds of numbers and lists.
//!
//! The functions parse each text into a type of the domain, which the annotations show as a string.
//! Here each type becomes a schema, and the members and parameters of the type refer to it. Texts
//! of responses that are stored unchecked stay plain strings.

mod schemas;

use anyhow::{Context, ensure};
use domain::{
    note::{Field, Note},
    recording::PARTICIPANTS_AT_MOST,
    registration::LENGTH_AT_MOST,
};
use platform::http::page::ROWS_AT_MOST;
use serde_json::{Value, json};

use self::schemas::types;

/// Adds the types, and refers to them.
///
/// # Errors
/// Names a member or parameter that the document does not have.
pub fn complete(document: &mut Value) -> anyhow::Result<()> {
    for (name, schema, members) in types() {
        for member in members.split_whitespace() {
            let member = find(document, member)
                .with_context(|| format!("{member} is {name}, and does not exist"))?;
            refer(member, name);
        }
        let before = document["components"]["schemas"]
            .as_object_mut()
            .and_then(|schemas| schemas.insert(name.to_owned(), schema));
        ensure!(before.is_none(), "two schemas have the name {name}");
    }
    for (members, bounds) in bounds() {
        for member in members.split_whitespace() {
            let member = find(document, member)
                .with_context(|| format!("{member} has bounds, and does not exist"))?;
            extend(member, &bounds);
        }
    }
    for (_, operation) in super::operations(document) {
        for parameter in
            operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
        {
            let name = format!(
                "{}.{}",
                parameter["in"].as_str().unwrap_or_default(),
                parameter["name"].as_str().unwrap_or_default()
            );
            if let Some((_, of)) =
                PARAMETERS.iter().find(|(names, _)| names.split_whitespace().any(|one| one == name))
            {
                let is_typed =
                    ["format", "enum"].iter().any(|key| parameter["schema"].get(*key).is_some());
                if !is_typed {
                    parameter["schema"] = json!({ "$ref": format!("#/components/schemas/{of}") });
                }
            } else if name == "query.limit" {
                extend(
                    &mut parameter["schema"],
                    &json!({ "minimum": 1, "maximum": ROWS_AT_MOST, "default": 50 }),
                );
            } else if name == "query.q" {
                extend(&mut parameter["schema"], &json!({ "minLength": 1, "maxLength": 100 }));
            }
        }
    }
    Ok(())
}

/// The types of parameters, as `place.name`.
const PARAMETERS: [(&str, &str); 18] = [
    ("path.organisation", "OrganisationId"),
    ("path.user query.user", "UserId"),
    ("path.group", "GroupId"),
    ("path.client", "ClientId"),
    ("path.call", "CallId"),
    ("path.id query.recording", "RecordingId"),
    ("path.hold path.erasure path.change path.import", "JobId"),
    ("path.mark", "MarkName"),
    ("path.month", "Month"),
    ("path.day path.from", "Day"),
    ("query.counterpart", "Counterpart"),
    ("query.direction", "Direction"),
    ("query.action", "AuditAction"),
    ("query.conversation", "ConversationId"),
    ("query.state", "CallState"),
    ("query.reason", "Reason"),
    ("header.Idempotency-Key", "IdempotencyKey"),
    ("header.if-match", "IfMatch"),
];

/// The bounds of numbers, lists and texts without a type of their own.
fn bounds() -> [(&'static str, Value); 18] {
    [
        ("RetentionOrder.days", json!({ "minimum": 180, "maximum": 3650 })),
        ("CallRegistration.contentLength", json!({ "minimum": 1, "maximum": LENGTH_AT_MOST })),
        (
            "CallRegistration.sequence",
            json!({ "minimum": 1, "maximum": 9_007_199_254_740_991_u64 }),
        ),
        ("CallRegistration.participants", json!({ "maxItems": PARTICIPANTS_AT_MOST })),
        ("UploadPartsOrder.partLength", json!({ "minimum": 5_242_880, "maximum": 67_108_864 })),
        ("UploadPartsOrder.sha256", json!({ "minItems": 1, "maxItems": 205 })),
        ("ReportedCall.durationMs", json!({ "minimum": 0, "maximum": u32::MAX })),
        ("CallRegistration.durationMs", json!({ "maximum": u32::MAX })),
        ("ActivationOrder.users", json!({ "minItems": 1, "maxItems": 1000 })),
        ("MembersChange.add MembersChange.remove", json!({ "minItems": 1, "maxItems": 90 })),
        ("HoldOrder.recordings", json!({ "minItems": 1, "maxItems": 100 })),
        ("Recording.fields", json!({ "minItems": 3, "maxItems": 3 })),
        ("Patch.note", json!({ "maxLength": Note::CHARACTERS })),
        ("Patch.mark", json!({ "maxLength": 32 })),
        ("Patch.field1 Patch.field2 Patch.field3", json!({ "maxLength": Field::CHARACTERS })),
        ("Asked.reason", json!({ "maxLength": 200 })),
        ("Client.scopes[]", json!({ "enum": ["read", "annotate", "export"] })),
        ("Download.url Playback.url Upload.url", json!({ "format": "uri" })),
    ]
}

/// The member `Schema.member` of the components, which may be in a part of the schema.
fn find<'a>(document: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let (schema, member) = name.split_once('.')?;
    let (member, is_item) =
        member.strip_suffix("[]").map_or((member, false), |member| (member, true));
    let schema = document["components"]["schemas"].get_mut(schema)?;
    let parts = ["oneOf", "allOf"].into_iter().find(|kind| schema[*kind].is_array());
    let found = match parts {
        Some(kind) => schema[kind]
            .as_array_mut()?
            .iter_mut()
            .find_map(|part| part.get_mut("properties")?.get_mut(member))?,
        None => schema["properties"].get_mut(member)?,
    };
    if is_item { found.get_mut("items") } else { Some(found) }
}

/// Replaces the type of a member by a reference to the named one. A nullable member stays nullable.
fn refer(member: &mut Value, name: &str) {
    let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
    let Some(members) = member.as_object_mut() else { return };
    let nullable = members.remove("type").is_some_and(|of| of.is_array());
    if nullable {
        members.insert("oneOf".to_owned(), json!([reference, { "type": "null" }]));
    } else {
        members.insert("$ref".to_owned(), reference["$ref"].clone());
    }
}

fn extend(member: &mut Value, bounds: &Value) {
    for (name, bound) in bounds.as_object().into_iter().flatten() {
        member[name.as_str()] = bound.clone();
    }
}
