//! A recording: what is known of one leg of a call, whether or not its audio has come.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    audio::Container,
    ids::{CallId, OrganisationId, RecordingId, UserId},
    note::{Mark, Note},
    phone::Counterpart,
    time::in_stockholm,
};

/// Everything a reader can be shown of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    pub id: RecordingId,
    pub organisation: OrganisationId,
    pub user: UserId,
    pub call: CallId,
    pub direction: Direction,
    pub counterpart: Counterpart,
    pub started_at: DateTime<Utc>,
    /// Measured from the audio once it is stored, the app's word before.
    pub duration: TimeDelta,
    pub audio: Audio,
    pub note: Option<Note>,
    pub mark: Option<Mark>,
    pub registered_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub state: State,
}

/// Where a recording is in its life. After its day it is gone, for every reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Registered, audio not here yet.
    Expected,
    /// Audio verified, searchable and playable.
    Stored { at: DateTime<Utc> },
    /// Audio refused, and why.
    Rejected { reason: String },
}

/// What the app promised of the audio: the upload link is signed over it and the ingest holds the object against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    pub content_type: ContentType,
    /// Bytes.
    pub length: u64,
    pub sha256: Sha256,
}

/// The direction of a call, seen from the recorded user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    In,
    Out,
}

/// A content type that we keep: one of [`ContentType::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType(Container);

/// A SHA-256, written as 64 lower-case hexadecimal digits, as `sha256sum` writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256(pub [u8; 32]);

/// The text is no SHA-256.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a SHA-256 is written as 64 hexadecimal digits")]
pub struct InvalidSha256;

impl Recording {
    /// Whether `other` registers the same leg of the same call. Audio, note and measured duration may differ.
    pub fn is_same_call(&self, other: &Self) -> bool {
        let leg = |recording: &Self| (recording.direction, recording.started_at);
        (self.id, &self.user, &self.counterpart) == (other.id, &other.user, &other.counterpart) && leg(self) == leg(other)
    }

    /// A file name that says what it is, in plain ASCII: `2026-11-24_140211_anna_in_46701234567.ogg`, Stockholm time.
    pub fn file_name(&self) -> String {
        let stamp = in_stockholm(self.started_at).format("%Y-%m-%d_%H%M%S");
        let counterpart = self.counterpart.to_string();
        let extension = self.audio.content_type.container().extension();
        format!("{stamp}_{}_{}_{}.{extension}", self.user, self.direction, counterpart.trim_start_matches('+'))
    }
}

impl ContentType {
    pub const ALL: [&str; 4] = ["audio/wav", "audio/mpeg", "audio/mp4", "audio/ogg"];

    /// The type named by a MIME text, whatever its parameters (`audio/ogg; codecs=opus`) and usual aliases.
    pub fn parse(mime: &str) -> Option<Self> {
        let essence = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Container::of_content_type(&essence).map(Self)
    }

    pub fn container(self) -> Container {
        self.0
    }

    pub fn as_str(self) -> &'static str {
        match self.0 {
            Container::Wav => Self::ALL[0],
            Container::Mp3 => Self::ALL[1],
            Container::Mp4 => Self::ALL[2],
            Container::Ogg => Self::ALL[3],
        }
    }
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Sha256 {
    type Error = InvalidSha256;
    fn try_from(text: String) -> Result<Self, InvalidSha256> {
        let bytes = HEXLOWER.decode(text.to_ascii_lowercase().as_bytes()).map_err(|_| InvalidSha256)?;
        bytes.try_into().map(Self).map_err(|_| InvalidSha256)
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> Self {
        HEXLOWER.encode(&hash.0)
    }
}
