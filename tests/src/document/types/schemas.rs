//! The schemas of the types, each with the members that refer to it.

use domain::{
    audio::{Damage, Measured},
    billing::Rule,
    completeness::CallState,
    delivery::outcome::Reason,
    legend::{Colour, Shape},
    people::Name,
    reconcile::Kind,
    recording::{ContentType, Flag},
    registration::WarningCode,
};
use platform::table::audit::AuditAction;
use serde_json::{Value, json};
use strum::VariantArray;

/// The types: name, schema, and the members of the type. `[]` follows a list.
pub(super) fn types() -> Vec<(&'static str, Value, &'static str)> {
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
             ActivationOrder.users[] ErasureOrder.user ReportedCall.user AccountedCall.user UserCompleteness.user StatementCredit.user ExportedLine.user Event.recordedUser Missed.user \
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
            "CallRegistration.callId Recording.callId ReportedCall.callId AccountedCall.callId",
        ),
        (
            "ConversationId",
            text(
                "The app's id of a conversation: 1 to 128 visible ASCII characters.",
                "^[!-~]{1,128}$",
                "6f0c1c5e",
            ),
            "CallRegistration.conversationId Recording.conversationId",
        ),
        (
            "DeviceId",
            text(
                "The app's id of a phone: 1 to 64 letters, digits, '.', '_', ':' and '-'.",
                "^[A-Za-z0-9._:-]{1,64}$",
                "E621E1F8-C36C-495A-93FC-0C247A3E6E5F",
            ),
            "CallRegistration.deviceId Recording.deviceId AccountedCall.deviceId",
        ),
        (
            "CallState",
            closed("The fate of a call.", CallState::VARIANTS.iter().map(|state| state.into_str())),
            "AccountedCall.state",
        ),
        (
            "RecordingId",
            text(
                "A recording's id: 26 characters of 0-9 and a-v.",
                id,
                "5q1d0ks2v8g3mhl7n4c9re6btu",
            ),
            "Recording.id AnnotatedRecording.recording AnnotatedRecording.also[] Event.recording HeldRecording.recording LeftRecording.recording Missed.recording AccountedCall.id AccountedCall.recording \
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
            "CallRegistration.counterpart Recording.counterpart HeardCall.counterpart CriteriaRecordings.counterpart ErasureOrder.counterpart ReportedCall.counterpart AccountedCall.counterpart Recording.participants[] CallRegistration.participants[]",
        ),
        (
            "CounterpartKind",
            closed(
                "The kind of a counterpart.",
                ["number", "dialled", "sip", "text", "withheld", "unknown"],
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
            "Drop.day DayCompleteness.day",
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
            "CallRegistration.sha256 Recording.sha256 UploadPartsOrder.sha256[]",
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
            "HoldOrder.reason ErasureOrder.reason RetentionOrder.reason ActivationCorrection.reason StatementCredit.reason CallExplanation.text",
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
            "CallRegistration.direction Recording.direction HeardCall.direction CriteriaRecordings.direction ReportedCall.direction",
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
            "RecordingFlag",
            closed("An anomaly of a recording.", Flag::VARIANTS.iter().map(|one| one.into_str())),
            "Recording.flags[]",
        ),
        (
            "WarningCode",
            closed(
                "The kind of a warning.",
                WarningCode::VARIANTS.iter().map(|one| one.into_str()),
            ),
            "RegistrationWarning.code",
        ),
        (
            "Country",
            text("A country's ISO 3166-1 code.", "^[A-Z]{2}$", "SE"),
            "OrganisationProvision.country OrganisationPatch.country ProvisionedOrganisation.country",
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
    const CODE: &str = include_str!("../../../../shared/platform/src/http/problem.rs");
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
