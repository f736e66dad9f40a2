//! A recording: the data of one leg of a call, whether or not its audio has arrived.

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::Digest;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};
use thiserror::Error;

use crate::{
    audio::{self, Codec, Container, Damage, Measured},
    completeness::sequence::Sequence,
    counterpart::Counterpart,
    ids::{CallId, ConversationId, OrganisationId, RecordingId, UserId},
    note::Annotation,
    registration::Basis,
    retention::begins_at,
    time::in_stockholm,
};

/// All data of a recording that a reader can see.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    pub id: RecordingId,
    pub organisation: OrganisationId,
    pub user: UserId,
    pub call: CallId,
    pub direction: Direction,
    pub counterpart: Counterpart,
    pub started_at: DateTime<Utc>,
    /// Measured from the audio once it is stored; reported by the app before that.
    pub duration: TimeDelta,
    pub audio: Audio,
    pub sound: Sound,
    pub reported: Reported,
    pub leg: Leg,
    pub annotation: Annotation,
    /// The number of edits of the annotation, which is the ETag.
    pub version: u64,
    pub registered_at: DateTime<Utc>,
    /// The end of its retention. A held recording remains after it.
    pub expires_at: DateTime<Utc>,
    /// Since when it is held, if it is.
    pub held_since: Option<DateTime<Utc>>,
    pub state: State,
}

/// The stage of a recording. After its expiry no reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Registered; the audio has not arrived.
    Expected,
    /// The audio is verified; the recording can be searched and played.
    Stored { at: DateTime<Utc> },
    /// The audio was refused for this reason.
    Rejected { reason: String },
}

/// The promised audio. The upload link is signed for it, and ingest compares the object with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    pub content_type: ContentType,
    /// Bytes.
    pub length: u64,
    pub sha256: Sha256,
}

/// Values of the app where the recording has others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The start by the device's clock, and how the recording's start was determined from it.
    pub started_at: Option<DateTime<Utc>>,
    pub basis: Basis,
    /// The length that the app promised; `None` of recordings from before it was stored.
    pub duration: Option<TimeDelta>,
    /// The counterpart as the app wrote it.
    pub counterpart: Option<String>,
    /// Whether its call id was taken by another call.
    pub call_id_taken: bool,
}

/// Where the call belongs: in a conversation, and among the calls of a phone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leg {
    pub conversation: Option<ConversationId>,
    /// Others who took part besides the counterpart, at most [`PARTICIPANTS_AT_MOST`].
    pub participants: Vec<Counterpart>,
    pub sequence: Option<Sequence>,
}

/// The most participants of a call.
pub const PARTICIPANTS_AT_MOST: usize = 20;

/// An anomaly of a recording. It is shown and has no other effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Flag {
    /// The start was corrected by the difference of the clocks.
    StartCorrected,
    /// The start is the time of receipt minus the duration.
    StartReplaced,
    /// The call began more than a week before its registration.
    Backdated,
    /// The measured duration differs from the promised one by more than [`SAME_DURATION`].
    DurationDiffers,
    /// The call id was taken by another call.
    CallIdTaken,
}

/// How far a measured duration may differ from the promised one.
pub const SAME_DURATION: TimeDelta = TimeDelta::seconds(2);

/// The findings of ingest about the stored audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sound {
    /// The origin of the recording's duration.
    pub measured: Measured,
    pub damage: Option<Damage>,
    /// The codec, if browsers cannot play it.
    pub unplayable: Option<Codec>,
}

impl Default for Reported {
    /// As the recording has it.
    fn default() -> Self {
        Self {
            started_at: None,
            basis: Basis::Reported,
            duration: None,
            counterpart: None,
            call_id_taken: false,
        }
    }
}

impl Default for Sound {
    /// Before the audio arrives, the duration is the app's claim.
    fn default() -> Self {
        Self { measured: Measured::Claimed, damage: None, unplayable: None }
    }
}

/// The direction of a call, seen from the recorded user.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Direction {
    In,
    Out,
}

/// A content type that the service stores: one of [`ContentType::all`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType(Container);

/// A SHA-256, written as 64 lower-case hexadecimal digits, as `sha256sum` writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256(pub [u8; 32]);

/// The text is not a SHA-256.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a SHA-256 is written as 64 hexadecimal digits")]
pub struct InvalidSha256;

impl Recording {
    /// Whether the recording exists for a reader at `now`.
    pub fn exists(&self, now: DateTime<Utc>) -> bool {
        self.held_since.is_some() || self.expires_at > now
    }

    /// Whether `other` registers the same leg of a call; audio, note and duration may differ.
    pub fn is_same_call(&self, other: &Self) -> bool {
        let leg = |recording: &Self| (recording.direction, recording.reported_start());
        (&self.user, &self.counterpart) == (&other.user, &other.counterpart)
            && leg(self) == leg(other)
    }

    /// The start by the device's clock.
    pub fn reported_start(&self) -> DateTime<Utc> {
        self.reported.started_at.unwrap_or(self.started_at)
    }

    /// The length that the app promised.
    pub fn promised(&self) -> TimeDelta {
        self.reported.duration.unwrap_or(self.duration)
    }

    /// The anomalies of the recording.
    pub fn flags(&self) -> Vec<Flag> {
        let begins_at = begins_at(self.started_at, self.registered_at);
        let difference = self.duration.checked_sub(&self.promised()).unwrap_or(TimeDelta::MAX);
        let holds = |flag: &Flag| match flag {
            Flag::StartCorrected => self.reported.basis == Basis::Corrected,
            Flag::StartReplaced => self.reported.basis == Basis::Received,
            Flag::Backdated => begins_at > self.started_at,
            Flag::DurationDiffers => difference.abs() > SAME_DURATION,
            Flag::CallIdTaken => self.reported.call_id_taken,
        };
        Flag::VARIANTS.iter().copied().filter(holds).collect()
    }

    /// A file name in ASCII and Stockholm time: `2026-11-24_140211_anna_in_46701234567.ogg`.
    pub fn file_name(&self) -> String {
        let stamp = in_stockholm(self.started_at).format("%Y-%m-%d_%H%M%S");
        let extension = self.audio.content_type.container().extension();
        format!(
            "{stamp}_{}_{}_{}.{extension}",
            self.user,
            self.direction,
            self.counterpart.in_a_file_name()
        )
    }
}

impl Audio {
    /// Whether both are the same bytes, whatever their content types.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.length, self.sha256) == (other.length, other.sha256)
    }
}

impl Sound {
    /// The findings about the audio.
    pub fn of(audio: &audio::Audio) -> Self {
        let unplayable = (!audio.is_playable()).then_some(audio.codec);
        Self { measured: audio.measured(), damage: audio.damage, unplayable }
    }
}

impl ContentType {
    /// The type of a container that was found; `None` for an unknown one.
    pub fn found(container: Container) -> Option<Self> {
        (container != Container::Other).then_some(Self(container))
    }

    /// The type of audio whose container the app does not know.
    pub const UNKNOWN: &str = "application/octet-stream";

    /// The type that leaves everything to the content.
    pub fn unknown() -> Self {
        Self(Container::Other)
    }

    /// The stored types, one of each container.
    pub fn all() -> [&'static str; Container::ALL.len()] {
        Container::ALL.map(Container::content_type)
    }

    /// The type of a MIME text, with its aliases and any parameters (`audio/ogg; codecs=opus`).
    pub fn parse(mime: &str) -> Option<Self> {
        Container::of_content_type(mime).map(Self)
    }

    pub fn container(self) -> Container {
        self.0
    }

    pub fn as_str(self) -> &'static str {
        self.0.content_type()
    }
}

impl Sha256 {
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// A line as `sha256sum` writes it. Our names contain no character that it escapes.
    pub fn line(self, name: &str) -> String {
        format!("{}  {name}\n", String::from(self))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = InvalidSha256;
    fn try_from(text: String) -> Result<Self, InvalidSha256> {
        let bytes =
            HEXLOWER.decode(text.to_ascii_lowercase().as_bytes()).map_err(|_| InvalidSha256)?;
        bytes.try_into().map(Self).map_err(|_| InvalidSha256)
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> Self {
        HEXLOWER.encode(&hash.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Anna's recording in "demo", of a call that began at noon UTC on a winter day.
    pub(crate) fn recording() -> Recording {
        let call = CallId::try_from("call-1".to_owned()).expect("a valid id");
        let organisation = OrganisationId::try_from("demo".to_owned()).expect("a valid id");
        let started_at = DateTime::from_timestamp(1_795_521_600, 0).expect("a valid moment");
        Recording {
            id: RecordingId::of(&organisation, &call),
            organisation,
            user: UserId::try_from("anna".to_owned()).expect("a valid id"),
            call,
            direction: Direction::In,
            counterpart: Counterpart::from("+46701234567".to_owned()),
            started_at,
            duration: TimeDelta::minutes(1),
            audio: Audio {
                content_type: ContentType(Container::Ogg),
                length: 1,
                sha256: Sha256([0; 32]),
            },
            sound: Sound::default(),
            reported: Reported::default(),
            leg: Leg::default(),
            annotation: Annotation::default(),
            version: 0,
            registered_at: started_at,
            expires_at: started_at,
            held_since: None,
            state: State::Expected,
        }
    }

    #[test]
    fn a_file_name_describes_the_recording_in_stockholm_time() {
        assert_eq!(recording().file_name(), "2026-11-24_130000_anna_in_46701234567.ogg");
        let withheld = Recording {
            counterpart: Counterpart::Withheld,
            direction: Direction::Out,
            ..recording()
        };
        assert_eq!(withheld.file_name(), "2026-11-24_130000_anna_out_withheld.ogg");
    }

    #[test]
    fn anomalies_are_flagged() {
        let with = |reported: Reported| Recording { reported, ..recording() }.flags();
        let usual = Reported::default();
        assert_eq!(recording().flags(), []);
        let corrected = Reported { basis: Basis::Corrected, ..usual.clone() };
        assert_eq!(with(corrected), [Flag::StartCorrected]);
        let received = Reported { basis: Basis::Received, call_id_taken: true, ..usual.clone() };
        assert_eq!(with(received), [Flag::StartReplaced, Flag::CallIdTaken]);
        let promised = |seconds| {
            let duration = Some(TimeDelta::minutes(1) + TimeDelta::milliseconds(seconds));
            with(Reported { duration, ..usual.clone() })
        };
        assert_eq!(promised(2000), []);
        assert_eq!(
            (promised(2001), promised(-2001)),
            ([Flag::DurationDiffers].into(), [Flag::DurationDiffers].into())
        );
        let week = TimeDelta::days(7);
        let registered_after = |by| {
            let registered_at = recording().started_at + by;
            Recording { registered_at, ..recording() }.flags()
        };
        assert_eq!(registered_after(week), []);
        assert_eq!(registered_after(week + TimeDelta::seconds(1)), [Flag::Backdated]);
    }

    #[test]
    fn a_content_type_is_recognised_by_its_aliases_and_with_any_parameters() {
        let canonical = |mime| ContentType::parse(mime).map(ContentType::as_str);
        assert_eq!(canonical("audio/ogg; codecs=opus"), Some("audio/ogg"));
        assert_eq!(canonical("Audio/X-WAV"), Some("audio/wav"));
        assert_eq!((canonical("video/mp4"), canonical("text/plain")), (Some("audio/mp4"), None));
        assert!(ContentType::all().iter().all(|name| canonical(name) == Some(name)));
    }

    #[test]
    fn a_hash_reads_back_as_it_was_written() {
        let text = "0f".repeat(32);
        assert_eq!(Sha256::try_from(text.clone()).map(String::from), Ok(text.clone()));
        assert_eq!(Sha256::try_from(text.to_uppercase()).map(String::from), Ok(text));
        for bad in ["", "0f", "zz", &"0f".repeat(33)] {
            assert_eq!(Sha256::try_from(bad.to_owned()), Err(InvalidSha256));
        }
    }

    #[test]
    fn a_line_of_checksums_is_as_sha256sum_writes_it() {
        // printf abc | sha256sum
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sha256::of(b"abc").line("index.csv"), format!("{of_abc}  index.csv\n"));
    }
}
