//! The files in a delivery folder: the recordings, the index for people and systems, and the
//! checksums that `sha256sum -c` reads. The index has a row for each recording that belongs in the
//! folder, the checksum file a line for each other file in it.
//!
//! `SHA256SUMS` is written last: if it exists, the folder is complete.

use chrono::SecondsFormat;

use super::{folder::FolderId, outcome::Reason};
use crate::{
    ids::{OrganisationId, RecordingId},
    people::Name,
    recording::{Flag, Recording, State},
    time::in_stockholm,
};

/// The index: a table with the data of the folder's recordings.
pub const INDEX: &str = "index.csv";
/// The checksums of all other files in the folder.
pub const CHECKSUMS: &str = "SHA256SUMS";

/// The columns of [`INDEX`].
pub const COLUMNS: [&str; 29] = [
    "file",
    "id",
    "callId",
    "startedAt",
    "startedAtUtc",
    "durationMs",
    "user",
    "userName",
    "direction",
    "counterpart",
    "mark",
    "note",
    "field1",
    "field2",
    "field3",
    "contentType",
    "bytes",
    "sha256",
    "storedAtUtc",
    "late",
    "state",
    "reason",
    "promisedMs",
    "measured",
    "damage",
    "counterpartWritten",
    "flags",
    "conversationId",
    "participants",
];

/// The values of the column `state`.
pub const DELIVERED: &str = "delivered";
pub const NOT_DELIVERED: &str = "not-delivered";

/// The name of a recording's file, in Stockholm time: `140211_anna_in_46701234567_ID.ogg`. The
/// recording's id makes it unique in the folder, even in the hour that occurs twice.
pub fn file_name(recording: &Recording) -> String {
    let Recording { id, user, direction, .. } = recording;
    let (time, extension) = (
        in_stockholm(recording.started_at).format("%H%M%S"),
        recording.audio.content_type.container().extension(),
    );
    let counterpart = recording.counterpart.in_a_file_name();
    format!("{time}_{user}_{direction}_{counterpart}_{id}.{extension}")
}

/// The prefix of everything that an organisation sees over SFTP.
pub fn home(organisation: &OrganisationId) -> String {
    format!("files/{organisation}/")
}

/// The prefix of a folder's files.
pub fn folder(organisation: &OrganisationId, delivery_folder: FolderId) -> String {
    format!("{}{delivery_folder}/", home(organisation))
}

/// The prefix of the intermediate files of a folder. They are not visible over SFTP.
pub fn workshop(organisation: &OrganisationId, delivery_folder: FolderId) -> String {
    format!("parts/{organisation}/{delivery_folder}/")
}

/// The key of a recording's copy in a folder.
pub fn key(recording: &Recording, delivery_folder: FolderId) -> String {
    folder(&recording.organisation, delivery_folder) + &file_name(recording)
}

/// A recording's row of [`INDEX`]. With a reason for not being delivered, it names no file. Times
/// have their offset, so that both hours of the night in October can be distinguished.
pub fn row(
    recording: &Recording,
    user_name: Option<&Name>,
    late: bool,
    undelivered: Option<Reason>,
) -> [String; COLUMNS.len()] {
    let utc = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let stored_at =
        if let State::Stored { at } = recording.state { utc(at) } else { String::new() };
    let annotation = &recording.annotation;
    let [field1, field2, field3] =
        annotation.fields.clone().map(|field| field.map(String::from).unwrap_or_default());
    let [state, reason] = state(undelivered);
    [
        if undelivered.is_none() { file_name(recording) } else { String::new() },
        recording.id.to_string(),
        recording.call.to_string(),
        in_stockholm(recording.started_at).to_rfc3339_opts(SecondsFormat::Millis, false),
        utc(recording.started_at),
        recording.duration.num_milliseconds().to_string(),
        recording.user.to_string(),
        user_name.map(ToString::to_string).unwrap_or_default(),
        recording.direction.to_string(),
        recording.counterpart.to_string(),
        annotation.mark.clone().map(String::from).unwrap_or_default(),
        annotation.note.clone().map(String::from).unwrap_or_default(),
        field1,
        field2,
        field3,
        recording.audio.content_type.as_str().to_owned(),
        recording.audio.length.to_string(),
        recording.audio.sha256.into(),
        stored_at,
        if late { "yes" } else { "no" }.to_owned(),
        state,
        reason,
        recording.promised().num_milliseconds().to_string(),
        recording.sound.measured.as_str().to_owned(),
        recording.sound.damage.map(|damage| damage.as_str().to_owned()).unwrap_or_default(),
        recording.reported.counterpart.clone().unwrap_or_default(),
        recording.flags().iter().map(Flag::into_str).collect::<Vec<_>>().join(" "),
        recording.leg.conversation.as_ref().map(ToString::to_string).unwrap_or_default(),
        recording.leg.participants.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    ]
}

/// The row of a recording whose data must not or cannot be shown: its id and the reason only.
pub fn bare_row(id: RecordingId, reason: Reason) -> [String; COLUMNS.len()] {
    let [state, reason] = state(Some(reason));
    let value = |column| match column {
        "id" => id.to_string(),
        "state" => state.clone(),
        "reason" => reason.clone(),
        _ => String::new(),
    };
    COLUMNS.map(value)
}

fn state(undelivered: Option<Reason>) -> [String; 2] {
    let state = if undelivered.is_none() { DELIVERED } else { NOT_DELIVERED };
    [state.to_owned(), undelivered.map(|reason| reason.to_string()).unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        audio::{Damage, Measured},
        counterpart::Counterpart,
        delivery::{Day, is_late},
        ids::ConversationId,
        recording::{Leg, Reported, Sound, tests::recording},
        registration::Basis,
    };

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("the test names a valid time")
    }

    #[test]
    fn a_key_begins_with_the_organisation_and_the_day() {
        let recording = recording();
        let name = FolderId { day: Day::of(recording.started_at), number: 1 };
        assert_eq!(
            key(&recording, name),
            format!("files/demo/2026-11-24/130000_anna_in_46701234567_{}.ogg", recording.id)
        );
        assert_eq!(
            workshop(&recording.organisation, FolderId { number: 2, ..name }),
            "parts/demo/2026-11-24_2/"
        );
        let withheld = Recording { counterpart: Counterpart::Withheld, ..recording };
        assert!(file_name(&withheld).starts_with("130000_anna_in_withheld_"));
        for (counterpart, named) in [
            ("sip:anna@bolaget.se", "130000_anna_in_anna-bolaget.se_"),
            ("Kund / Örebro", "130000_anna_in_Kund----rebro_"),
        ] {
            let other = Recording {
                counterpart: Counterpart::from(counterpart.to_owned()),
                ..withheld.clone()
            };
            assert!(file_name(&other).starts_with(named), "{}", file_name(&other));
        }
    }

    #[test]
    fn calls_in_both_hours_of_the_night_in_october_have_distinct_names_and_times() {
        let first = Recording { started_at: utc("2026-10-25T00:30:00Z"), ..recording() };
        let second = Recording {
            started_at: utc("2026-10-25T01:30:00Z"),
            id: RecordingId::from_bytes([1; 16]),
            ..recording()
        };
        assert!([&first, &second].iter().all(|call| file_name(call).starts_with("023000_")));
        assert_ne!(file_name(&first), file_name(&second));
        let times = [&first, &second].map(|call| row(call, None, false, None)[3].clone());
        assert_eq!(times, ["2026-10-25T02:30:00.000+02:00", "2026-10-25T02:30:00.000+01:00"]);
    }

    #[test]
    fn a_row_shows_when_the_recording_was_stored_and_whether_that_was_late() {
        let late =
            Recording { state: State::Stored { at: utc("2026-11-25T04:00:00Z") }, ..recording() };
        let row = row(&late, None, is_late(&late), None);
        let cell = |name: &str| {
            COLUMNS.iter().position(|column| *column == name).map(|place| row[place].as_str())
        };
        assert_eq!(
            (cell("late"), cell("storedAtUtc")),
            (Some("yes"), Some("2026-11-25T04:00:00.000Z"))
        );
        assert_eq!(
            (cell("durationMs"), cell("counterpart")),
            (Some("60000"), Some("+46701234567"))
        );
        assert_eq!((cell("state"), cell("reason")), (Some("delivered"), Some("")));
    }

    #[test]
    fn a_row_shows_what_is_unusual_about_the_recording() {
        let usual = recording();
        let unusual = Recording {
            sound: Sound {
                measured: Measured::Estimated,
                damage: Some(Damage::NoIndex),
                unplayable: None,
            },
            reported: Reported {
                duration: Some(usual.duration + chrono::TimeDelta::seconds(3)),
                counterpart: Some("070-123 45 67".to_owned()),
                basis: Basis::Corrected,
                ..Reported::default()
            },
            leg: Leg {
                conversation: ConversationId::try_from("conf-1".to_owned()).ok(),
                participants: ["+46701740605", "sip:bo@example.org"]
                    .map(|text| text.to_owned().into())
                    .into(),
                sequence: None,
            },
            ..usual.clone()
        };
        let last = |recording: &Recording| row(recording, None, false, None)[22..].join("|");
        assert_eq!(last(&usual), "60000|claimed|||||");
        assert_eq!(
            last(&unusual),
            "63000|estimated|no-index|070-123 45 67|start-corrected duration-differs|conf-1|+46701740605 sip:bo@example.org"
        );
    }

    #[test]
    fn the_row_of_an_undelivered_recording_has_a_reason_and_no_file() {
        let recording = recording();
        let lost = row(&recording, None, false, Some(Reason::Lost));
        assert_eq!(
            (lost[0].as_str(), lost[9].as_str(), &lost[20..22]),
            ("", "+46701234567", &["not-delivered", "lost"].map(String::from)[..])
        );
        let expired = bare_row(recording.id, Reason::Expired);
        let cells: Vec<_> =
            expired.iter().filter(|cell| !cell.is_empty()).map(String::as_str).collect();
        assert_eq!(cells, [recording.id.to_string().as_str(), "not-delivered", "expired"]);
    }
}
