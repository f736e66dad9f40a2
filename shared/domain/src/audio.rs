//! Recognises the format of a recording and measures its duration, from the content alone.
//!
//! Any audio is stored. Only content that is certainly something else is refused. Billing, search
//! and playback need the duration. A call may last a day, so the bytes read are bounded. [`probe`]
//! is a pure step: the caller reads the range that it requests and calls it again. The crates in
//! this field (symphonia, lofty, mp4parse, ogg) read whole sample tables, pages or frames, so their
//! reads grow with the call. This module reads only the few fields that contain a duration, within
//! a limit that no input can exceed. If they do not state it, the app's claim is used instead.

mod adts;
mod amr;
mod caf;
mod codec;
mod condition;
mod container;
mod flac;
mod foreign;
mod found;
mod frames;
mod mp3;
mod mp4;
mod number;
mod object;
mod ogg;
mod recognise;
#[cfg(test)]
mod testing;
mod wav;
mod webm;

use std::ops::Range;
use std::time::Duration;

pub use codec::{Codec, plays_in_browsers};
pub use condition::{Damage, NotAudio};
pub use container::Container;
use found::Found;
use number::{be, le, share, share_of_time, time};
use object::{Object, Stop};

/// The most reads that [`probe`] requests, whatever the input. Most WAV files take one.
pub const READS_AT_MOST: usize = 3;

/// The most bytes that [`probe`] requests, in all reads together.
pub const BYTES_AT_MOST: u64 = 256 * 1024;

/// A difference of durations that is not reported as damage. Writers round headers and pad data.
const TOLERANCE: Duration = Duration::from_millis(100);

/// A range of the object that has been read, from `offset` bytes after its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub offset: u64,
    pub bytes: Vec<u8>,
}

/// The next step of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read this range, in bytes from the object's start, and probe again with one more window.
    Read(Range<u64>),
    Audio(Audio),
    NotAudio(NotAudio),
}

/// A recording as its content shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audio {
    pub container: Container,
    pub codec: Codec,
    pub length: Length,
    /// The longest time that the bytes can contain. A measured length is never longer.
    pub longest: Duration,
    pub damage: Option<Damage>,
    /// The duration that the header of a damaged recording promises, if it states one.
    pub promised: Option<Duration>,
}

/// The playing time as far as the content states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Counted by a header, by the size of the data, or by frames of one size.
    Exact(Duration),
    /// Extrapolated from parts of the content, or limited by its size.
    Estimated(Duration),
    /// Not stated within the allowed reads: only the app knows it.
    Unknown,
}

/// The origin of a stored duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measured {
    Exact,
    Estimated,
    /// The app's claim, limited by [`Audio::longest`].
    Claimed,
}

/// One step in recognising and measuring an object of `length` bytes. `windows` are the ranges read
/// so far, in that order; none at first.
///
/// Requests at most [`READS_AT_MOST`] reads and [`BYTES_AT_MOST`] bytes in the object, and never a
/// range that it has. It ends for every input, even if reads are short or contradictory.
pub fn probe(length: u64, windows: &[Window]) -> Step {
    let pieces = object::joined(length, windows);
    match examine(Object::new(length, windows.len(), &pieces)) {
        Ok(audio) => Step::Audio(audio),
        Err(Stop::Read(range)) => Step::Read(range),
        Err(Stop::NotAudio(reason)) => Step::NotAudio(reason),
        Err(Stop::OutOfReach | Stop::Damaged(_)) => {
            Step::Audio(Found::unknown(Codec::Other, length).audio(Container::Other))
        }
    }
}

impl Audio {
    pub fn measured(&self) -> Measured {
        match self.length {
            Length::Exact(_) => Measured::Exact,
            Length::Estimated(_) => Measured::Estimated,
            Length::Unknown => Measured::Claimed,
        }
    }

    /// The duration to store: the measured one, or as much of the claimed one as the bytes can hold.
    pub fn duration(&self, claimed: Duration) -> Duration {
        self.length.duration().unwrap_or(claimed.min(self.longest))
    }

    /// Whether all common browsers play it, as far as it is whole.
    pub fn is_playable(&self) -> bool {
        plays_in_browsers(self.container, self.codec)
    }
}

impl Length {
    /// The measured duration; `None` if the content does not state it.
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::Exact(duration) | Self::Estimated(duration) => Some(duration),
            Self::Unknown => None,
        }
    }
}

impl Measured {
    pub const ALL: [Self; 3] = [Self::Exact, Self::Estimated, Self::Claimed];

    /// The name in stored items and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Estimated => "estimated",
            Self::Claimed => "claimed",
        }
    }

    /// The origin of a name that [`Measured::as_str`] gave.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measured| measured.as_str() == name)
    }
}

fn examine(object: Object<'_>) -> Result<Audio, Stop> {
    if object.length == 0 {
        return Err(Stop::NotAudio(NotAudio::Empty));
    }
    let (container, start) = recognise::recognise(object)?;
    let found = match measure(object, container, start) {
        Err(Stop::OutOfReach) => Found::unknown(usual_codec(container), object.length),
        Err(Stop::Damaged(damage)) => {
            Found::unknown(usual_codec(container), object.length).damaged(damage)
        }
        found => found?,
    };
    Ok(found.audio(container))
}

/// Measures an object whose audio begins at `start`, after any tags.
fn measure(object: Object<'_>, container: Container, start: u64) -> Result<Found, Stop> {
    match container {
        Container::Wav => wav::measure(object),
        Container::Mp3 => mp3::measure(object, start),
        Container::Mp4 => mp4::measure(object),
        Container::Ogg => ogg::measure(object),
        Container::WebM => webm::measure(object),
        Container::Flac => flac::measure(object, start),
        Container::Adts => adts::measure(object, start),
        Container::Amr => amr::measure(object),
        Container::Caf => caf::measure(object),
        Container::Other => Ok(Found::unknown(Codec::Other, object.length)),
    }
}

/// The codec of a container that has only one.
fn usual_codec(container: Container) -> Codec {
    match container {
        Container::Mp3 => Codec::Mp3,
        Container::Flac => Codec::Flac,
        Container::Adts => Codec::Aac,
        Container::Amr => Codec::AmrNb,
        _ => Codec::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{audio, reason};
    use super::*;

    #[test]
    fn an_empty_object_is_not_read() {
        assert_eq!(probe(0, &[]), Step::NotAudio(NotAudio::Empty));
    }

    #[test]
    fn only_content_that_is_certainly_something_else_is_refused() {
        assert_eq!(reason("Möte med kunden, tisdag".as_bytes()), NotAudio::Foreign("text"));
        assert_eq!(reason(b"PK\x03\x04 and more"), NotAudio::Foreign("a zip archive"));
        let unknown = audio(&[0x80, 1, 2, 3, 0xfe, 0xdc, 0xba, 0x98]);
        assert_eq!(
            (unknown.container, unknown.measured(), unknown.damage),
            (Container::Other, Measured::Claimed, None)
        );
    }

    #[test]
    fn a_claimed_duration_is_limited_by_the_size() {
        let unknown = audio(&[0x80; 100]);
        assert_eq!(unknown.duration(Duration::from_secs(2)), Duration::from_secs(2));
        assert_eq!(unknown.duration(Duration::from_secs(3600)), Duration::from_secs(8));
    }

    #[test]
    fn each_origin_reads_back() {
        assert!(
            Measured::ALL
                .into_iter()
                .all(|measured| Measured::parse(measured.as_str()) == Some(measured))
        );
    }
}
