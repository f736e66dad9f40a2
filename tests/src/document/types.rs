//! The types of texts and the bounds of numbers and lists.
//!
//! The functions parse each text into a type of the domain, which the annotations show as a string.
//! Here each type becomes a schema, and the members and parameters of the type refer to it. Texts
//! of responses that are stored unchecked stay plain strings.

use anyhow::{Context, ensure};
use domain::{
    audio::{Damage, Measured},
    billing::Rule,
    delivery::outcome::Reason,
    legend::{Colour, Shape},
    note::{Field, Note},
    people::Name,
    reconcile::Kind,
    recording::ContentType,
    registration::{DURATION_AT_MOST, LENGTH_AT_MOST},
};
use platform::{http::page::ROWS_AT_MOST, table::audit::AuditAction};
use serde_json::{Value, json};
use strum::VariantArray;

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
                if parameter["schema"]["format"].is_null() {
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
const PARAMETERS: [(&str, &str); 16] = [
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
    ("query.reason", "Reason"),
    ("header.Idempotency-Key", "IdempotencyKey"),
    ("header.if-match", "IfMatch"),
];

/// The types: name, schema, and the members of the type. `[]` follows a list.
fn types() -> Vec<(&'static str, Value, &'static str)> {
    let slug = "^(?!\\.{1,2}$)[a-z0-9._-]{1,64}$";
    let id = "^[0-9a-v]{26}$";
    let number = "\\+[1-9][0-9]{6,14}";
    let problems: Vec<&str> = problems().collect();
    let urns: Vec<String> =
        problems.iter().map(|name| format!("urn:kontinuerlig-inspelning:problem:{name}")).collect();
    vec![
        (
            "OrganisationId",
            text("An organisation's id: 1 to 64 of a-z, 0-9, '.', '_' and '-'.", slug, "demo"),
            "Organisation.id OwnOrganisation.id ProvisionedOrganisation.id",
        ),
        (
            "UserId",
            text("A user's id: 1 to 64 of a-z, 0-9, '.', '_' and '-'.", slug, "anna"),
            "User.id ImportedUser.id Recording.user Supervisor.user UserUsage.user BilledNotRecorded.user ActivationOutcome.user \
             ActivationOrder.users[] ErasureOrder.user StatementCredit.user ExportedLine.user Event.recordedUser Missed.user \
             CriteriaRecordings.user MembersChange.add[] MembersChange.remove[]",
        ),
        (
            "GroupId",
            text("A group's id: 1 to 64 of a-z, 0-9, '.', '_' and '-'.", slug, "vaxel"),
            "Group.id GroupSupervision.group User.groups[]",
        ),
        (
            "ClientId",
            text(
                "An application client's id in the user pool.",
                "^[A-Za-z0-9_+]{1,128}$",
                "3n4b5urk1ft4fl3mg5e62d9ado",
            ),
            "Client.id",
        ),
        (
            "CallId",
            text(
                "The app's id of a call's leg: 1 to 128 visible ASCII characters.",
                "^[!-~]{1,128}$",
                "6f0c1c5e-leg-1",
            ),
            "CallRegistration.callId Recording.callId",
        ),
        (
            "RecordingId",
            text(
                "A recording's id: 26 characters of 0-9 and a-v.",
                id,
                "5q1d0ks2v8g3mhl7n4c9re6btu",
            ),
            "Recording.id AnnotatedRecording.recording Event.recording HeldRecording.recording LeftRecording.recording Missed.recording \
             Undelivered.recording HoldOrder.recordings[]",
        ),
        (
            "JobId",
            text(
                "The id of a hold, an erasure, a change of the retention or an import.",
                id,
                "06l8n4c9re6btu5q1d0ks2v8g0",
            ),
            "Hold.id Erasure.id RetentionChange.id LeftRecording.hold UserImport.id",
        ),
        (
            "MarkName",
            text(
                "A mark's name: 1 to 32 of a-z, 0-9 and '-', and not none.",
                "^(?!none$)[a-z0-9-]{1,32}$",
                "red",
            ),
            "",
        ),
        (
            "PhoneNumber",
            text("A number in E.164 form.", &format!("^{number}$"), "+46701740601"),
            "User.phone UserProvision.phone UserProvisionPatch.phone ImportedUser.phone",
        ),
        (
            "Counterpart",
            text(
                "The other end of a call: a number in E.164 form, a short number, a SIP address, a name, `withheld` or `unknown`. A request \
                 may contain a number in any form.",
                "^[\\s\\S]*$",
                "+46701234567",
            ),
            "CallRegistration.counterpart Recording.counterpart HeardCall.counterpart CriteriaRecordings.counterpart ErasureOrder.counterpart",
        ),
        (
            "CounterpartKind",
            closed(
                "The kind of a counterpart.",
                ["number", "dialled", "sip", "name", "withheld", "unknown"],
            ),
            "Recording.counterpartKind",
        ),
        (
            "Month",
            text("A month: yyyy-mm.", "^[0-9]{4}-(0[1-9]|1[0-2])$", "2026-11"),
            "BilledMonth.month Statement.month Statements.running ExportedLine.corrects",
        ),
        (
            "Day",
            extended(
                text(
                    "A day: yyyy-mm-dd.",
                    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
                    "2026-11-24",
                ),
                "date",
            ),
            "Drop.day",
        ),
        (
            "Amount",
            text("An amount in SEK, without VAT.", "^-?[0-9]+(\\.[0-9]+)?$", "49.00"),
            "BilledMonth.total PreviewedMonth.total Statement.total BillingChange.total ExportedLine.amount ExportedLine.price \
             ActivationCorrection.total StatementCredit.total",
        ),
        (
            "Price",
            text(
                "A price in SEK, without VAT, with up to 4 decimals.",
                "^[0-9]+(\\.[0-9]*)?$",
                "49.00",
            ),
            "Prices.sftp Prices.startFee Prices.storageAddOn Prices.storagePer100Mb Prices.userMonth",
        ),
        (
            "Sha256",
            text("A SHA-256: 64 hexadecimal digits.", "^[0-9A-Fa-f]{64}$", SHA256),
            "CallRegistration.sha256 Recording.sha256",
        ),
        (
            "Name",
            sized("A name: 1 to 100 characters on one line.", Name::CHARACTERS, "Anna Andersson"),
            "User.name UserProvision.name UserProvisionPatch.name ImportedUser.name Group.name GroupChange.name Organisation.name \
             OwnOrganisation.name OrganisationPatch.name OrganisationProvision.name ProvisionedOrganisation.name Client.name \
             ClientPatch.name ClientProvision.name Mark.label MarkPut.label Acknowledgement.client",
        ),
        (
            "Reason",
            sized("Why: at least one letter, at most 500 characters.", 500, "complaint 4411"),
            "HoldOrder.reason ErasureOrder.reason RetentionOrder.reason ActivationCorrection.reason StatementCredit.reason",
        ),
        (
            "IdempotencyKey",
            text(
                "1 to 128 visible ASCII characters.",
                "^[!-~]{1,128}$",
                "0b8c5f0e-5d0c-4f0e-9a51-1c1f6f0c1c5e",
            ),
            "",
        ),
        (
            "IfMatch",
            text("A version, as in ETag, or `*` for any.", "^(\\*|\"[0-9]+\")$", "\"3\""),
            "",
        ),
        (
            "ETag",
            text("A version, to send as If-Match.", "^\"[0-9]+\"$", "\"3\""),
            "Recording.version AnnotatedRecording.version",
        ),
        (
            "Direction",
            closed("The direction of a call, seen from the recorded user.", ["in", "out"]),
            "CallRegistration.direction Recording.direction HeardCall.direction CriteriaRecordings.direction",
        ),
        (
            "KeyRefusal",
            closed(
                "Why a public key is not accepted.",
                [
                    "private",
                    "lines",
                    "certificate",
                    "options",
                    "dsa",
                    "short",
                    "token",
                    "kind",
                    "unreadable",
                    "long",
                    "comment",
                ],
            ),
            "Problem.reason",
        ),
        (
            "Measured",
            closed("The origin of a duration.", Measured::ALL.map(Measured::as_str)),
            "Recording.measured",
        ),
        (
            "Damage",
            closed("The damage of stored audio.", Damage::ALL.map(Damage::as_str)),
            "Recording.damage",
        ),
        (
            "RecordingState",
            closed("The stage of a recording.", ["expected", "stored", "rejected"]),
            "Recording.state",
        ),
        (
            "ContentType",
            closed("A stored content type.", ContentType::all()),
            "Recording.contentType",
        ),
        (
            "Colour",
            closed("A mark's colour.", Colour::VARIANTS.iter().map(|one| one.into_str())),
            "Mark.colour MarkPut.colour",
        ),
        (
            "Shape",
            closed("A mark's shape.", Shape::VARIANTS.iter().map(|one| one.into_str())),
            "Mark.shape MarkPut.shape",
        ),
        (
            "AnnotationMember",
            closed("A member of an annotation.", ["note", "mark", "field1", "field2", "field3"]),
            "Changed.what",
        ),
        (
            "Plan",
            closed(
                "A plan that recording can be added to.",
                ["basic", "pro", "business", "enterprise"],
            ),
            "User.plan UserProvision.plan UserProvisionPatch.plan ImportedUser.plan",
        ),
        (
            "Language",
            closed("A language of the portal.", ["sv", "en"]),
            "User.language UserProvision.language UserProvisionPatch.language ImportedUser.language",
        ),
        (
            "RecordingStatus",
            closed(
                "Whether a user is recorded, or why not.",
                ["recorded", "no-base-service", "no-plan", "not-active", "not-acknowledged"],
            ),
            "User.recording",
        ),
        (
            "BilledNotRecordedReason",
            closed("The requirement that is missing.", ["not-acknowledged"]),
            "User.billedNotRecorded BilledNotRecorded.reason",
        ),
        (
            "ActivationKind",
            closed("The kind of an event.", ["activated", "deactivated", "acknowledged"]),
            "Activation.kind",
        ),
        (
            "ActivationEffect",
            closed("The effect of an order for one user.", EFFECTS),
            "ActivationOutcome.outcome",
        ),
        (
            "DropState",
            closed("The state of a folder.", ["building", "complete", "removed"]),
            "Drop.state",
        ),
        (
            "UndeliveredState",
            closed("The state of a missing recording.", ["not-delivered"]),
            "Undelivered.state",
        ),
        (
            "UndeliveredReason",
            closed(
                "Why a recording is missing.",
                Reason::VARIANTS.iter().map(|one| one.into_str()),
            ),
            "Undelivered.reason",
        ),
        (
            "HoldState",
            closed("The state of a hold.", ["placing", "held", "lifting", "lifted"]),
            "Hold.state",
        ),
        (
            "ErasureState",
            closed("The state of an erasure.", ["previewed", "erasing", "done"]),
            "Erasure.state",
        ),
        (
            "RetentionState",
            closed("The state of a change.", ["previewed", "moving", "overtaken", "done"]),
            "RetentionChange.state",
        ),
        (
            "DiscrepancyKind",
            closed("The kind of a discrepancy.", Kind::VARIANTS.iter().map(|one| one.into_str())),
            "Missed.kind",
        ),
        (
            "BillingRule",
            closed(
                "The rule that a line follows.",
                Rule::VARIANTS.iter().map(|one| one.into_str()),
            ),
            "ExportedLine.rule StatementCredit.rule",
        ),
        ("UploadMethod", closed("The method of the upload.", ["PUT"]), "Upload.method"),
        (
            "AuditAction",
            closed(
                "The kind of an audit event.",
                AuditAction::VARIANTS.iter().map(|one| one.into_str()),
            ),
            "Event.action",
        ),
        (
            "ProblemType",
            closed("The cause of a problem, as a URN.", urns.iter().map(String::as_str)),
            "Problem.type",
        ),
        ("ProblemCode", closed("The cause of a problem.", problems), "Problem.code Event.denial"),
    ]
}

/// The bounds of numbers, lists and texts without a type of their own.
fn bounds() -> [(&'static str, Value); 13] {
    [
        ("RetentionOrder.days", json!({ "minimum": 180, "maximum": 3650 })),
        ("CallRegistration.contentLength", json!({ "minimum": 1, "maximum": LENGTH_AT_MOST })),
        ("CallRegistration.durationMs", json!({ "maximum": DURATION_AT_MOST.num_milliseconds() })),
        ("ActivationOrder.users", json!({ "minItems": 1, "maxItems": 1000 })),
        ("MembersChange.add MembersChange.remove", json!({ "minItems": 1, "maxItems": 90 })),
        ("HoldOrder.recordings", json!({ "minItems": 1, "maxItems": 100 })),
        ("Recording.fields", json!({ "minItems": 3, "maxItems": 3 })),
        ("CallRegistration.note Patch.note", json!({ "maxLength": Note::CHARACTERS })),
        ("CallRegistration.mark Patch.mark", json!({ "maxLength": 32 })),
        ("Patch.field1 Patch.field2 Patch.field3", json!({ "maxLength": Field::CHARACTERS })),
        ("Asked.reason", json!({ "maxLength": 200 })),
        ("Client.scopes[]", json!({ "enum": ["read", "annotate", "export"] })),
        ("Download.url Playback.url Upload.url", json!({ "format": "uri" })),
    ]
}

const EFFECTS: [&str; 7] = [
    "changes",
    "waits-for-acknowledgement",
    "already",
    "no-base-service",
    "no-plan",
    "not-found",
    "changed-meanwhile",
];

/// The SHA-256 of an empty text.
const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The causes of problems, as their table in the code names them.
fn problems() -> impl Iterator<Item = &'static str> {
    const CODE: &str = include_str!("../../../shared/platform/src/http/problem.rs");
    let table = CODE
        .split("\ncauses! {")
        .nth(1)
        .and_then(|rest| rest.split("\n}").next())
        .unwrap_or_default();
    table.lines().filter_map(|line| line.split('"').nth(1))
}

fn text(description: &str, pattern: &str, example: &str) -> Value {
    json!({ "type": "string", "description": description, "pattern": pattern, "examples": [example] })
}

/// A text of 1 to `most` characters.
fn sized(description: &str, most: usize, example: &str) -> Value {
    json!({ "type": "string", "description": description, "minLength": 1, "maxLength": most, "examples": [example] })
}

fn extended(mut schema: Value, format: &str) -> Value {
    schema["format"] = format.into();
    schema
}

fn closed<'a>(description: &str, values: impl IntoIterator<Item = &'a str>) -> Value {
    json!({ "type": "string", "description": description, "enum": values.into_iter().collect::<Vec<_>>() })
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
