//! Identifiers. Each is parsed once, when it enters the service; any value of the type is valid.

use std::fmt;

use chrono::{DateTime, Utc};
use data_encoding::BASE32HEX_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A provisioned id: 1 to 64 of `a-z 0-9 . _ -`. It cannot break out of a key, path or log line.
macro_rules! slug {
    ($(#[doc = $what:literal] $name:ident)*) => {$(
        #[doc = $what]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                slug(text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

slug! {
    /// An organisation, named by the operator.
    OrganisationId
    /// A user within an organisation, named by the operator.
    UserId
    /// A recording group within an organisation.
    GroupId
}

impl OrganisationId {
    /// The audit log of the operator's requests that concern no organisation. It is no valid id, so
    /// no organisation reads it.
    pub fn operator() -> Self {
        Self("OPERATOR".to_owned())
    }
}

/// A client of the user pool: a system that signs in for itself. 1 to 128 of `A-Z a-z 0-9 _ +`, as
/// Cognito's interface defines; case matters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

/// The app's id of one leg of a call: 1 to 128 visible ASCII characters, unique per organisation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallId(String);

/// The app's id of a conversation, whose legs, transfers and conferences are separate calls: 1 to
/// 128 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConversationId(String);

/// A phone on which the app is installed: 1 to 64 of `A-Z a-z 0-9 . _ : -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceId(String);

/// A recording: 16 bytes of a hash of organisation and call, written as 26 characters of lower-case
/// base32hex (RFC 4648, section 7, no padding), which sorts as the bytes do.
///
/// Every writer (the app's note during the call, a customer's fields, the registration, the ingest)
/// derives the same id, so all of them address the same item without a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordingId([u8; 16]);

/// A retention job (a hold, a change of the retention, an erasure): 6 bytes of Unix milliseconds
/// and 10 of a hash, written like a recording's id, so that jobs sort by their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrderId([u8; 16]);

/// Why a text is not an identifier of its kind.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidId {
    #[error("the name is not 1 to 64 of a-z, 0-9, '.', '_' and '-'")]
    Slug,
    #[error("a client is named by 1 to 128 letters, digits, '_' and '+'")]
    Client,
    #[error("a call is named by 1 to 128 visible ASCII characters without spaces")]
    Call,
    #[error("a conversation is named by 1 to 128 visible ASCII characters without spaces")]
    Conversation,
    #[error("a device is named by 1 to 64 letters, digits, '.', '_', ':' and '-'")]
    Device,
    #[error("a recording is named by 26 characters of 0-9 and a-v")]
    Recording,
    #[error("an order is named by 26 characters of 0-9 and a-v")]
    Order,
}

impl RecordingId {
    /// The id of the recording of `call`. NUL, which no part contains, separates the hashed parts.
    pub fn of(organisation: &OrganisationId, call: &CallId) -> Self {
        let mut hash = Sha256::new();
        for part in ["recording", "\0", &organisation.0, "\0", &call.0] {
            hash.update(part);
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        Self(id)
    }

    /// The id of a recording under a call id that another call has taken: of this user's audio.
    pub fn beside(
        organisation: &OrganisationId,
        call: &CallId,
        user: &UserId,
        sha256: &[u8; 32],
    ) -> Self {
        Self::hashed(["recording beside", &organisation.0, &call.0, &user.0], sha256)
    }

    /// A hash of a user's audio in place of an id: a tombstone recognises the audio by it.
    pub fn of_audio(organisation: &OrganisationId, user: &UserId, sha256: &[u8; 32]) -> Self {
        Self::hashed(["audio", &organisation.0, &user.0, ""], sha256)
    }

    /// An id of the calls that a device has numbered and not registered, before this number.
    pub fn of_gap(organisation: &OrganisationId, device: &DeviceId, number: u64) -> Self {
        Self::hashed(["gap", &organisation.0, &device.0, &number.to_string()], &[0; 32])
    }

    fn hashed(parts: [&str; 4], sha256: &[u8; 32]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
            hash.update("\0");
        }
        hash.update(sha256);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        Self(id)
    }

    /// The bytes of the id, as a cursor contains them.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The id of 16 bytes, as a cursor contains them.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl OrderId {
    /// The id of the job that only this `request` starts at `at`.
    pub fn of(organisation: &OrganisationId, request: &str, at: DateTime<Utc>) -> Self {
        let mut hash = Sha256::new();
        for part in ["order", "\0", &organisation.0, "\0", request] {
            hash.update(part);
        }
        let mut id = [0; 16];
        id[..6].copy_from_slice(&at.timestamp_millis().to_be_bytes()[2..]);
        id[6..].copy_from_slice(&hash.finalize()[..10]);
        Self(id)
    }
}

impl ClientId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+');
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text)) } else { Err(InvalidId::Client) }
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CallId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        if is_visible(&text) { Ok(Self(text)) } else { Err(InvalidId::Call) }
    }
}

impl TryFrom<String> for ConversationId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        if is_visible(&text) { Ok(Self(text)) } else { Err(InvalidId::Conversation) }
    }
}

impl TryFrom<String> for DeviceId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text)) } else { Err(InvalidId::Device) }
    }
}

/// Whether the text is 1 to 128 visible ASCII characters.
fn is_visible(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

impl TryFrom<String> for RecordingId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        bytes(&text).map(Self).ok_or(InvalidId::Recording)
    }
}

impl TryFrom<String> for OrderId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        bytes(&text).map(Self).ok_or(InvalidId::Order)
    }
}

impl From<ConversationId> for String {
    fn from(id: ConversationId) -> Self {
        id.0
    }
}

impl From<DeviceId> for String {
    fn from(id: DeviceId) -> Self {
        id.0
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> Self {
        id.0
    }
}

impl From<RecordingId> for String {
    fn from(id: RecordingId) -> Self {
        id.to_string()
    }
}

impl From<OrderId> for String {
    fn from(id: OrderId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32HEX_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32HEX_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

/// The 16 bytes of 26 characters of lower-case base32hex.
fn bytes(text: &str) -> Option<[u8; 16]> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    BASE32HEX_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?.try_into().ok()
}

fn slug(text: String) -> Result<String, InvalidId> {
    let allowed =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
    let climbs = text == "." || text == ".."; // in a URL these name the folder, or the one above
    if fits && !climbs { Ok(text) } else { Err(InvalidId::Slug) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_recording_id_reads_back_as_it_was_written(bytes: [u8; 16]) {
            let id = RecordingId::from_bytes(bytes);
            prop_assert_eq!(RecordingId::try_from(id.to_string()), Ok(id));
            prop_assert_eq!(id.to_string().len(), 26);
        }

        #[test]
        fn any_text_is_a_recording_id_or_refused(text in ".{0,40}") {
            if let Ok(id) = RecordingId::try_from(text.clone()) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn jobs_sort_by_their_time() -> Result<(), InvalidId> {
        let demo = OrganisationId::try_from("demo".to_owned())?;
        let at = |milliseconds| {
            OrderId::of(
                &demo,
                "request",
                DateTime::from_timestamp_millis(milliseconds).unwrap_or_default(),
            )
        };
        let orders = [at(1_795_521_600_000), at(1_795_521_600_001), at(1_995_521_600_000)]
            .map(|id| id.to_string());
        assert!(orders.is_sorted(), "{orders:?}");
        assert_eq!(OrderId::try_from(orders[0].clone()), Ok(at(1_795_521_600_000)));
        assert_eq!(OrderId::try_from("hold".to_owned()), Err(InvalidId::Order));
        Ok(())
    }

    #[test]
    fn the_same_call_of_two_organisations_is_two_recordings() -> Result<(), InvalidId> {
        let call = CallId::try_from("call-1".to_owned())?;
        let of = |name: &str| {
            OrganisationId::try_from(name.to_owned())
                .map(|organisation| RecordingId::of(&organisation, &call))
        };
        assert_ne!(of("a")?, of("b")?);
        assert_eq!(of("a")?, of("a")?);
        Ok(())
    }

    #[test]
    fn a_name_that_could_break_out_of_a_key_is_refused() {
        for name in ["", ".", "..", "a#b", "a/b", "A", "a b", "å", &"a".repeat(65)] {
            assert_eq!(OrganisationId::try_from(name.to_owned()), Err(InvalidId::Slug), "{name}");
        }
    }
}
