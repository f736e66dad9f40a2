//! The responses that operations have in common, and the headers of responses.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Responses that any operation may return: unreadable or too large requests, denied callers,
/// unknown addresses, too many requests, failures. A status that the operation documents remains.
const COMMON: [(&str, &str, When); 9] = [
    ("400", "malformed", When::Body),
    ("401", "not-signed-in", When::Always),
    (
        "403",
        "not-allowed, unknown-user; the gateway's own message where the token is invalid",
        When::Always,
    ),
    ("404", "not-found", When::Named),
    ("413", "too-large", When::Body),
    ("415", "unknown-type", When::Body),
    ("422", "invalid", When::Asked),
    ("429", "busy, over-budget", When::Always),
    ("500", "internal", When::Always),
];

/// The statuses that API Gateway also returns before a function runs, with its own message as JSON.
const GATEWAYS: [&str; 5] = ["401", "403", "404", "429", "500"];

/// The schemas of single resources, whose responses have an entity tag.
const SINGLE: [&str; 10] = [
    "Erasure",
    "Group",
    "Me",
    "Organisation",
    "ProvisionedOrganisation",
    "Recording",
    "RetentionChange",
    "Statement",
    "User",
    "UserImport",
];

/// The headers of single responses: operation, status, header.
const HEADERS: [(&str, &str, &str); 5] = [
    ("PATCH /v1/recordings/{id}", "204", "ETag"),
    ("POST /v1/organisations/{organisation}/users", "202", "Location"),
    ("GET /v1/recordings", "200", "next-cursor"),
    ("GET /v1/audit", "200", "next-cursor"),
    ("GET /v1/completeness/{day}/calls", "200", "next-cursor"),
];

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

/// Adds the common responses and the headers, and a description where a response has none.
pub fn complete(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let mut used = BTreeSet::new();
    for (name, operation) in super::operations(document) {
        used.extend(add_common(operation));
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            if status.as_str() >= "400" && response["$ref"].is_null() {
                response["content"]["application/problem+json"] = problem();
            }
            if response["$ref"].is_null()
                && response["description"].as_str().unwrap_or_default().is_empty()
            {
                response["description"] = described(response, &schemas).into();
            }
            if status == "429" && response["$ref"].is_null() {
                add_waiting(response);
            }
            if status == "200" && SINGLE.contains(&schema_of(response)) {
                response["headers"]["ETag"] = json!({ "$ref": "#/components/headers/ETag" });
            }
            for (_, _, header) in
                HEADERS.iter().filter(|(of, when, _)| *of == name && when == status)
            {
                response["headers"] =
                    json!({ *header: { "$ref": format!("#/components/headers/{header}") } });
            }
        }
    }
    add_components(document, &used);
}

fn add_components(document: &mut Value, responses: &BTreeSet<&str>) {
    document["components"]["headers"] = json!({
        "ETag": {
            "description": "The entity tag of the resource. Of a recording, it is the version of note, mark and fields: send it as If-Match \
                            with the next edit.",
            "schema": { "type": "string", "pattern": "^\"[0-9a-f]+\"$", "examples": ["\"3\""] },
        },
        "Location": {
            "description": "The path of the created resource.",
            "schema": { "type": "string", "pattern": "^/v1/" },
        },
        "Retry-After": {
            "description": "Seconds to wait before the next attempt. The gateway's own response does not have it.",
            "schema": { "type": "integer", "minimum": 1, "examples": [1] },
        },
        "RateLimit": {
            "description": "The units that are left of each budget in this minute, as far as the server knows, and the seconds until the \
                            next (draft-ietf-httpapi-ratelimit-headers). Every response to an organisation's caller has it.",
            "schema": { "type": "string", "examples": ["\"caller\";r=29990;t=42, \"organisation\";r=59990;t=42"] },
        },
        "RateLimit-Policy": {
            "description": "The budgets: capacity units of the table (`q`) in so many seconds (`w`), of the caller and of the organisation. \
                            Registrations have budgets of their own.",
            "schema": { "type": "string", "examples": ["\"caller\";q=30000;w=60, \"organisation\";q=60000;w=60"] },
        },
        "next-cursor": {
            "description": "The cursor of the next CSV file. It is absent from the last file, and from JSON.",
            "schema": { "type": "string" },
        },
    });
    document["components"]["schemas"]["GatewayMessage"] = json!({
        "type": "object",
        "description": "The response of API Gateway to a request that reaches no function: without a valid token (401, 403), to an unknown \
                        address or method (404), or above the accepted rate (429).",
        "required": ["message"],
        "properties": { "message": { "type": ["string", "null"], "examples": ["Unauthorized"] } },
    });
    document["components"]["schemas"]["Refusal"] = json!({
        "description": "The body of a refusal: of a function, or of API Gateway.",
        "anyOf": [{ "$ref": "#/components/schemas/Problem" }, { "$ref": "#/components/schemas/GatewayMessage" }],
    });
    for (status, description, _) in
        COMMON.into_iter().filter(|(status, ..)| responses.contains(status))
    {
        let mut response = json!({ "description": description, "content": { "application/problem+json": problem() } });
        if GATEWAYS.contains(&status) {
            response["content"]["application/json"] = gateways();
        }
        if status == "429" {
            add_waiting(&mut response);
        }
        document["components"]["responses"][status] = response;
    }
}

/// Adds the headers of a response that says how long to wait.
fn add_waiting(response: &mut Value) {
    for header in ["Retry-After", "RateLimit", "RateLimit-Policy"] {
        response["headers"][header] = json!({ "$ref": format!("#/components/headers/{header}") });
    }
}

fn problem() -> Value {
    json!({ "schema": { "$ref": "#/components/schemas/Problem" } })
}

/// JSON of the gateway; a client that does not distinguish media types reads problems as well.
fn gateways() -> Value {
    json!({ "schema": { "$ref": "#/components/schemas/Refusal" } })
}

/// Adds the common responses that the operation does not document. Returns their statuses.
fn add_common(operation: &mut Value) -> Vec<&'static str> {
    let mut added = Vec::new();
    let has = |place: &str| {
        operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|parameter| parameter["in"] == place)
    };
    let (body, path, query) = (!operation["requestBody"].is_null(), has("path"), has("query"));
    for (status, _, when) in COMMON {
        let applies = match when {
            When::Always => true,
            When::Body => body,
            When::Named => path,
            When::Asked => body || query,
        };
        match operation["responses"].get_mut(status) {
            None if applies => {
                operation["responses"][status] =
                    json!({ "$ref": format!("#/components/responses/{status}") });
                added.push(status);
            }
            Some(own) if GATEWAYS.contains(&status) => {
                own["content"]["application/json"] = gateways()
            }
            _ => {}
        }
    }
    added
}

/// The name of the schema of a response's JSON; empty if it has none.
fn schema_of(response: &Value) -> &str {
    let reference = response
        .pointer("/content/application~1json/schema/$ref")
        .and_then(Value::as_str)
        .unwrap_or_default();
    reference.rsplit('/').next().unwrap_or_default()
}

/// The description of the schema of a response's JSON.
fn described(response: &Value, schemas: &Value) -> String {
    schemas[schema_of(response)]["description"].as_str().unwrap_or("the result").to_owned()
}
