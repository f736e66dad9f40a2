//! Item sizes as DynamoDB counts them: names and values in UTF-8, a number two digits a byte and
//! one or two more.
//!
//! Source: DynamoDB Developer Guide, "DynamoDB item sizes and formats". The attributes are those of
//! `platform::table::recording`.

use domain::{
    recording::{Recording, State},
    search::{Place, Posting, Stream},
};

/// The name of the generated organisation.
pub const ORGANISATION: &str = "demo";

/// The half RCUs of an eventually consistent read of so many bytes.
pub fn half_rcus(bytes: usize) -> u64 {
    bytes.div_ceil(4096).max(1) as u64
}

/// The bytes of an entry of the stream.
pub fn entry(recording: &Recording, stream: &Stream) -> usize {
    match stream {
        Stream::Posting(posting) => posted(recording, posting),
        _ => row(recording),
    }
}

/// The bytes of a recording's item in the table or an index.
pub fn row(recording: &Recording) -> usize {
    let organisation = ORGANISATION.len();
    let (user, peer) = (recording.user.as_str().len(), recording.counterpart.to_string().len());
    let place = 13 + 1 + 26;
    let mut bytes = "pk".len() + organisation + "#recording".len();
    bytes += "sk".len() + 26 + "at".len() + place;
    bytes += "u".len() + organisation + 1 + user;
    bytes += "p".len() + organisation + 1 + peer;
    bytes += "call".len() + recording.call.to_string().len();
    bytes += "dir".len() + recording.direction.to_string().len();
    bytes += "type".len() + recording.audio.content_type.as_str().len() + "sha".len() + 32;
    bytes += "ms".len() + number(recording.duration.num_milliseconds());
    bytes += "bytes".len() + number(recording.audio.length as i64);
    bytes += "registered".len() + number(recording.registered_at.timestamp_millis());
    bytes += match recording.held_since {
        Some(held) => {
            "held".len()
                + number(held.timestamp_millis())
                + "until".len()
                + number(recording.expires_at.timestamp())
        }
        None => "expires_at".len() + number(recording.expires_at.timestamp()),
    };
    bytes += match &recording.state {
        State::Expected => "stateexpected".len(),
        State::Stored { at } => {
            "statestored".len()
                + "stored".len()
                + number(at.timestamp_millis())
                + "l".len()
                + organisation
                + "#00".len()
        }
        State::Rejected { reason } => {
            "staterejected".len()
                + "why".len()
                + reason.len()
                + "l".len()
                + organisation
                + "#rejected".len()
        }
    };
    bytes + annotation(recording)
}

fn annotation(recording: &Recording) -> usize {
    let annotation = &recording.annotation;
    let note = annotation.note.as_ref().map_or(0, |note| "note".len() + note.as_str().len());
    let mark = annotation
        .mark
        .as_ref()
        .map_or(0, |mark| "markm".len() + 2 * mark.as_str().len() + ORGANISATION.len() + 1);
    let fields: usize =
        annotation.fields.iter().flatten().map(|field| "f1".len() + field.as_str().len()).sum();
    let edits =
        if recording.version > 0 { "edits".len() + number(recording.version as i64) } else { 0 };
    note + mark + fields + edits
}

fn posted(recording: &Recording, posting: &Posting) -> usize {
    let key = match posting {
        Posting::Word(place, word) => {
            "#note#".len() - if *place == Place::Note { 0 } else { 2 } + word.len()
        }
        Posting::Held => "#held".len(),
    };
    let own = "user".len()
        + recording.user.as_str().len()
        + "dir".len()
        + recording.direction.to_string().len()
        + "peer".len()
        + recording.counterpart.to_string().len();
    "pk".len()
        + ORGANISATION.len()
        + key
        + "#posting".len()
        + "sk".len()
        + 40
        + own
        + "expires_at".len()
        + number(recording.expires_at.timestamp())
}

/// The bytes of a word's dictionary entry.
pub fn word(place: Place, word: &str) -> usize {
    entered("#word", place.as_str().len() + 1 + word.len())
}

/// The bytes of a number's dictionary entry, by its beginning or its end.
pub fn digits(digits: &str) -> usize {
    entered("#number", digits.len())
}

fn entered(directory: &str, name: usize) -> usize {
    "pk".len() + ORGANISATION.len() + directory.len() + "sk".len() + name + "expires_at".len() + 6
}

fn number(value: i64) -> usize {
    let digits = value.unsigned_abs().to_string();
    let significant = digits.trim_end_matches('0').len().max(1);
    significant.div_ceil(2) + 1
}
