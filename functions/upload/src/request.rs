//! The call as the app sends it, parsed into a registration.
//!
//! The call id, the direction, the start, the duration and the audio must be right. Everything else
//! is put right or left out with a warning, because a call is never lost for its note.

mod leg;

use chrono::{SubsecRound, TimeDelta};
use domain::{
    counterpart::Counterpart,
    ids::CallId,
    note::{Mark, Note},
    people::Organisation,
    recording::{Audio, ContentType, Direction, Sha256},
    registration::{
        Registration, Warning,
        WarningCode::{self, Corrected, Cut, LeftOut, NumberForm, UnknownMember, UnknownType},
    },
    time::DeviceTime,
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected},
};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use leg::Sent;

/// A call that has ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallRegistration)]
pub struct Call {
    /// The app's id of the call's leg, unique in the organisation: 1 to 128 visible ASCII
    /// characters.
    #[schema(value_type = String, example = "6f0c1c5e-leg-1")]
    call_id: CallId,
    /// Seen from the recorded user.
    #[schema(value_type = String, example = "in")]
    direction: Direction,
    /// The other end of the call as the phone knows it: a number in any form, a short number, a SIP
    /// address, a name, or `withheld`. Absent, null and empty mean unknown.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "070-123 45 67")]
    counterpart: Value,
    /// When the call began, by the device's clock (RFC 3339, years 1970 to 2199), truncated to the
    /// millisecond.
    #[schema(value_type = String, format = DateTime)]
    started_at: DeviceTime,
    /// The device's clock when it sends this request. With it, the service corrects a wrong start.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Value,
    /// Milliseconds. Ingest replaces it with the length measured from the audio.
    #[serde(deserialize_with = "duration")]
    #[schema(value_type = u32, example = 93_000)]
    duration_ms: Number,
    /// Any audio type, as phones name them, or `application/octet-stream`. The content decides.
    #[serde(default)]
    #[schema(value_type = String, example = "audio/ogg", required = false)]
    content_type: Value,
    /// Bytes, at most 1 GiB.
    #[serde(deserialize_with = "length")]
    #[schema(value_type = u64)]
    content_length: Number,
    /// SHA-256 of the audio, 64 hexadecimal digits.
    #[schema(value_type = String)]
    sha256: Sha256,
    /// At most 1,000 characters. A longer note is cut.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    note: Value,
    /// The name of a mark in the organisation's legend that is not retired. Another one is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "red")]
    mark: Value,
    /// The app's id of the conversation that the call is a leg of, as after a transfer: 1 to 128
    /// visible ASCII characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "6f0c1c5e")]
    conversation_id: Value,
    /// Others who took part besides the counterpart, each in any form; at most 20.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    participants: Value,
    /// The app's id of the phone, new whenever the app is installed: 1 to 64 letters, digits, '.',
    /// '_', ':' and '-'.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    device_id: Value,
    /// The phone's number of the call among those that it registers, counted from 1. Gaps show calls
    /// that never came.
    #[serde(default)]
    #[schema(value_type = Option<u64>, example = 17)]
    sequence: Value,
    /// Members that the service does not know.
    #[serde(flatten)]
    #[schema(ignore)]
    others: Map<String, Value>,
}

/// A whole number in any form that JSON libraries write.
#[derive(Clone, Copy, Debug)]
struct Number {
    value: u64,
    /// Whether it was written as a whole JSON number.
    is_plain: bool,
}

impl Call {
    /// The registration, with a warning for each member that was put right or left out.
    pub fn read(self, organisation: &Organisation) -> Registration {
        let mut warnings = Vec::new();
        let mut warn = |code: WarningCode, member: &str| {
            let member: String = member.chars().take(NAMED).collect();
            let member = member.replace('~', "~0").replace('/', "~1");
            warnings.push(Warning::new(code, format!("/{member}")));
        };
        for member in self.others.keys().take(WARNINGS) {
            warn(UnknownMember, member);
        }
        for (number, member) in
            [(self.duration_ms, "durationMs"), (self.content_length, "contentLength")]
        {
            if !number.is_plain {
                warn(NumberForm, member);
            }
        }
        let mut text = |value: Value, member: &str| match value {
            Value::Null => None,
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            Value::Number(number) if member == "counterpart" => Some(number.to_string()),
            _ => {
                warn(LeftOut, member);
                None
            }
        };
        let counterpart = text(self.counterpart, "counterpart").unwrap_or_default();
        let (sent_at, content_type) =
            (text(self.sent_at, "sentAt"), text(self.content_type, "contentType"));
        let (note, mark) = (text(self.note, "note"), text(self.mark, "mark"));

        let sent_at = sent_at.and_then(|sent_at| {
            DeviceTime::try_from(sent_at).map_err(|_| warn(LeftOut, "sentAt")).ok()
        });
        let content_type = content_type.as_deref().unwrap_or(ContentType::UNKNOWN);
        let content_type = ContentType::parse(content_type).unwrap_or_else(|| {
            warn(UnknownType, "contentType");
            ContentType::unknown()
        });
        let note = note.map(|note| {
            let (note, repaired) = Note::repaired(&note);
            for (_, code) in
                [(repaired.cut, Cut), (repaired.corrected, Corrected)].iter().filter(|(is, _)| *is)
            {
                warn(*code, "note");
            }
            note
        });
        let mark = mark.and_then(|mark| match Mark::repaired(&mark) {
            Some((mark, differs)) => {
                if differs {
                    warn(Corrected, "mark");
                }
                Some(mark)
            }
            None => {
                warn(LeftOut, "mark");
                None
            }
        });
        let leg = Sent {
            conversation: self.conversation_id,
            participants: self.participants,
            device: self.device_id,
            sequence: self.sequence,
        };
        let read = Counterpart::read(&counterpart, organisation.country);
        let mut leg = leg.read(organisation.country, &mut warn);
        leg.participants.retain(|participant| *participant != read);
        let written: String = counterpart.chars().take(WRITTEN).collect();
        Registration {
            call: self.call_id,
            direction: self.direction,
            written: Some(written)
                .filter(|written| *written != read.to_string() && read.is_known()),
            counterpart: read,
            started_at: self.started_at.utc().trunc_subsecs(3),
            sent_at: sent_at.map(DeviceTime::utc),
            duration: TimeDelta::milliseconds(self.duration_ms.value.cast_signed()),
            audio: Audio { content_type, length: self.content_length.value, sha256: self.sha256 },
            note,
            mark,
            leg,
            warnings,
        }
    }
}

/// The most characters of a member's name in a warning, and of a value in an error.
const NAMED: usize = 40;
/// The most warnings about unknown members.
const WARNINGS: usize = 20;
/// The most characters of a counterpart that are stored as written.
const WRITTEN: usize = 256;

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
    number(deserializer, u32::MAX.into(), "a whole number from 0 to 4294967295")
}

fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
    number(deserializer, u64::MAX, "a whole number from 0")
}

/// A number from 0 to `most`: `93000`, `93000.4`, `"93000"`.
fn number<'de, D: Deserializer<'de>>(
    deserializer: D,
    most: u64,
    expected: &'static str,
) -> Result<Number, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if let Some(value) = value.as_u64().filter(|value| *value <= most) {
        return Ok(Number { value, is_plain: true });
    }
    let written = match &value {
        Value::String(text) => text.trim().parse().ok(),
        _ => value.as_f64(),
    };
    let rounded = written.map(f64::round).filter(|value| (0.0..=most as f64).contains(value));
    match rounded {
        Some(value) => Ok(Number { value: value as u64, is_plain: false }),
        None => {
            let shown: String = value.to_string().chars().take(NAMED).collect();
            Err(D::Error::invalid_value(Unexpected::Other(&shown), &expected))
        }
    }
}
