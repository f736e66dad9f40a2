//! Recognises the format of a recording and measures its duration, from the content alone.
//!
//! Billing, search and playback trust the duration. A call may last a day, so the bytes read are
//! bounded. [`probe`] is a pure step: the caller reads the range that it requests and calls it
//! again. The crates in this field (symphonia, lofty, mp4parse, mp3-duration) read whole sample
//! tables, pages or frames, so their reads grow with the call. This module reads only the few
//! header fields that contain a duration, within a limit that no input can exceed.

mod mp3;
mod mp4;
mod ogg;
mod wav;

use std::ops::Range;
use std::time::Duration;

use thiserror::Error;

/// The most reads that [`probe`] requests, whatever the input. A WAV takes one.
pub const READS_AT_MOST: usize = 3;

/// The most bytes that [`probe`] requests, in all reads together.
pub const BYTES_AT_MOST: u64 = 256 * 1024;

/// The size of the first read in bytes: every header and, in most phone files, the whole index.
const HEAD: u64 = 32 * 1024;

/// The size in bytes of a read at an offset that an earlier read contained.
const HOP: u64 = 32 * 1024;

/// The greatest length of an object in bytes, so that adding offsets cannot overflow.
const LONGEST: u64 = 1 << 62;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audio {
    pub container: Container,
    /// Playing time; never zero.
    pub duration: Duration,
    pub measured: Measured,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// Counted by a header, by the size of the data, or by frames of one size.
    Exact,
    /// Estimated from parts of an MP3 with a varying bit rate and no length header.
    Estimated,
}

/// The file formats that the service accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    Wav,
    Mp3,
    Mp4,
    Ogg,
}

/// Why an object is not a recording. The texts are for the person who uploaded it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NotAudio {
    #[error("the object is empty")]
    Empty,
    #[error("the content is none of wav, mp3, mp4 and ogg")]
    Unknown,
    #[error("the content is {0}, not one of wav, mp3, mp4 and ogg")]
    Other(&'static str),
    #[error("the {0} has a codec that is not supported")]
    Codec(Container),
    #[error("the {0} ends before the audio that its header promises")]
    Truncated(Container),
    #[error("the {0} is damaged: {1}")]
    Damaged(Container, &'static str),
    #[error("the {0} contains no sound")]
    NoSound(Container),
    #[error("the mp4 has no index: the app ended before the recording was finished")]
    NoIndex,
    #[error("the mp4 is written in fragments and does not state their total duration")]
    Fragmented,
    #[error("the duration of the {0} is not in the part of it that may be read")]
    OutOfReach(Container),
}

/// One step in recognising and measuring an object of `length` bytes. `windows` are the ranges read
/// so far, in that order; none at first.
///
/// Requests at most [`READS_AT_MOST`] reads and [`BYTES_AT_MOST`] bytes in the object, and never a
/// range that it has. It ends for every input, even if reads are short or contradictory.
pub fn probe(length: u64, windows: &[Window]) -> Step {
    if length == 0 {
        return Step::NotAudio(NotAudio::Empty);
    }
    if windows.is_empty() {
        return Step::Read(0..length.min(HEAD));
    }
    let object = Object { length: length.min(LONGEST), windows };
    let container = match recognise(object.from(0)) {
        Ok(container) => container,
        Err(reason) => return Step::NotAudio(reason),
    };
    match measure(object, container) {
        Ok((duration, _)) if duration.is_zero() => Step::NotAudio(NotAudio::NoSound(container)),
        Ok((duration, measured)) => Step::Audio(Audio { container, duration, measured }),
        Err(Stop::NotAudio(reason)) => Step::NotAudio(reason),
        Err(Stop::Read(range)) if object.may_read(&range) => Step::Read(range),
        Err(Stop::Read(_)) => Step::NotAudio(NotAudio::OutOfReach(container)),
    }
}

impl Container {
    /// The container of a content type in lower case without parameters, if it is accepted.
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        [Self::Wav, Self::Mp3, Self::Mp4, Self::Ogg].into_iter().find(|container| container.content_types().contains(&content_type))
    }

    /// The content types that clients use for the container, the registered one first.
    pub fn content_types(self) -> &'static [&'static str] {
        match self {
            Self::Wav => &["audio/wav", "audio/x-wav", "audio/wave"],
            Self::Mp3 => &["audio/mpeg", "audio/mp3"],
            Self::Mp4 => &["audio/mp4", "audio/m4a", "audio/x-m4a"],
            Self::Ogg => &["audio/ogg"],
        }
    }

    /// The usual file name extension of the container, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::Mp4 => "m4a",
            Self::Ogg => "ogg",
        }
    }
}

impl std::fmt::Display for Container {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::Mp4 => "mp4",
            Self::Ogg => "ogg",
        })
    }
}

/// Why a measurement cannot continue with the bytes read so far.
#[derive(Debug)]
enum Stop {
    Read(Range<u64>),
    NotAudio(NotAudio),
}

impl From<NotAudio> for Stop {
    fn from(reason: NotAudio) -> Self {
        Self::NotAudio(reason)
    }
}

/// An object as read so far, addressed by offset. A missing range is a [`Stop::Read`]. A
/// measurement treats the object as whole, and starts again with every window.
#[derive(Clone, Copy)]
struct Object<'a> {
    length: u64,
    windows: &'a [Window],
}

impl<'a> Object<'a> {
    /// The bytes from `at` to the end of one window; empty if none were read.
    fn from(self, at: u64) -> &'a [u8] {
        let tails = self.windows.iter().map(|window| window.from(at));
        tails.max_by_key(|bytes| bytes.len()).unwrap_or_default()
    }

    /// The `count` bytes at `at`; `None` past the end. If they were not read, the requested range
    /// also includes the bytes that are likely to follow.
    fn bytes(self, at: u64, count: u64) -> Result<Option<&'a [u8]>, Stop> {
        match at.checked_add(count) {
            Some(end) if end <= self.length => {
                self.range(at..end).map(Some).or(Err(Stop::Read(at..at.saturating_add(count.max(HOP)).min(self.length))))
            }
            _ => Ok(None),
        }
    }

    fn range(self, range: Range<u64>) -> Result<&'a [u8], Stop> {
        let count = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        self.from(range.start).get(..count).ok_or(Stop::Read(range))
    }

    /// The last `count` bytes of the object, or all of a shorter one, and their offset.
    fn tail(self, count: u64) -> Result<(u64, &'a [u8]), Stop> {
        let start = self.length.saturating_sub(count);
        Ok((start, self.range(start..self.length)?))
    }

    fn may_read(self, range: &Range<u64>) -> bool {
        let had: u64 = self.windows.iter().map(|window| window.bytes.len() as u64).fold(0, u64::saturating_add);
        let requested = range.end.saturating_sub(range.start);
        self.reads_left() && requested > 0 && had.saturating_add(requested) <= BYTES_AT_MOST
    }

    fn reads_left(self) -> bool {
        self.windows.len() < READS_AT_MOST
    }
}

impl Window {
    fn from(&self, at: u64) -> &[u8] {
        let start = at.checked_sub(self.offset).and_then(|start| usize::try_from(start).ok());
        start.and_then(|start| self.bytes.get(start..)).unwrap_or_default()
    }
}

fn recognise(head: &[u8]) -> Result<Container, NotAudio> {
    match head {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Ok(Container::Wav),
        [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Ok(Container::Wav),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Ok(Container::Mp4),
        [b'O', b'g', b'g', b'S', ..] => Ok(Container::Ogg),
        _ => match OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
            Some((_, name)) => Err(NotAudio::Other(name)),
            None => Ok(Container::Mp3), // MP3 has no magic number: its frames decide
        },
    }
}

/// Formats that people upload by mistake, by their first bytes.
const OTHERS: [(&[u8], &str); 8] = [
    (b"PK\x03\x04", "a zip archive"),
    (b"\x89PNG", "a png image"),
    (b"\xff\xd8\xff", "a jpeg image"),
    (b"%PDF-", "a pdf document"),
    (b"\x1a\x45\xdf\xa3", "webm or matroska"),
    (b"fLaC", "flac"),
    (b"#!AMR", "amr"),
    (b"caff", "core audio format"),
];

fn measure(object: Object<'_>, container: Container) -> Result<(Duration, Measured), Stop> {
    match container {
        Container::Wav => wav::measure(object).map(exact),
        Container::Mp4 => mp4::measure(object).map(exact),
        Container::Ogg => ogg::measure(object).map(exact),
        Container::Mp3 => mp3::measure(object),
    }
}

fn exact(duration: Duration) -> (Duration, Measured) {
    (duration, Measured::Exact)
}

/// The duration of `units` at `rate` units a second; `None` if the rate is 0.
fn time(units: u64, rate: u64) -> Option<Duration> {
    let nanoseconds = u128::from(units.checked_rem(rate)?).saturating_mul(1_000_000_000).checked_div(u128::from(rate))?;
    Some(Duration::new(units.checked_div(rate)?, u32::try_from(nanoseconds).ok()?))
}

/// A number of up to eight bytes, least significant first.
fn le(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A number of up to eight bytes, most significant first.
fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The result of [`probe`] and its number of reads. Panics if a read breaks the contract.
    pub(super) fn run(object: &[u8]) -> (Step, usize) {
        run_long(object.len() as u64, |range| object[range.start as usize..range.end as usize].to_vec())
    }

    /// The same for an object of any length, whose bytes `read` generates.
    pub(super) fn run_long(length: u64, read: impl Fn(Range<u64>) -> Vec<u8>) -> (Step, usize) {
        let (mut windows, mut total) = (Vec::<Window>::new(), 0);
        while let Step::Read(range) = probe(length, &windows) {
            assert!(range.start < range.end && range.end <= length, "requested {range:?} of {length}");
            total += range.end - range.start;
            assert!(windows.len() < READS_AT_MOST && total <= BYTES_AT_MOST, "requested {total} bytes in {} reads", windows.len() + 1);
            for window in &windows {
                let end = window.offset + window.bytes.len() as u64;
                assert!(range.start < window.offset || range.end > end, "requested {range:?} again");
            }
            windows.push(Window { offset: range.start, bytes: read(range) });
        }
        (probe(length, &windows), windows.len())
    }

    pub(super) fn milliseconds(object: &[u8]) -> u128 {
        match run(object).0 {
            Step::Audio(audio) => audio.duration.as_millis(),
            step => panic!("not audio: {step:?}"),
        }
    }

    pub(super) fn reason(object: &[u8]) -> NotAudio {
        match run(object).0 {
            Step::NotAudio(reason) => reason,
            step => panic!("audio: {step:?}"),
        }
    }

    fn valid_files() -> Vec<Vec<u8>> {
        vec![
            wav::tests::second_of_speech(),
            mp3::tests::file(3000, |_| 32),
            mp3::tests::file(3000, |at| [32, 64][at % 2]),
            mp4::tests::index_first(200_000),
            mp4::tests::index_last(200_000),
            mp4::tests::fragments(),
            ogg::tests::opus(200),
        ]
    }

    #[test]
    fn an_empty_object_is_not_read() {
        assert_eq!(probe(0, &[]), Step::NotAudio(NotAudio::Empty));
    }

    #[test]
    fn rejects_a_file_that_is_not_audio() {
        let cases: [(&[u8], NotAudio); 5] = [
            ("Möte med kunden, tisdag".as_bytes(), NotAudio::Unknown),
            (b"PK\x03\x04 and more", NotAudio::Other("a zip archive")),
            (b"\x89PNG\r\n\x1a\n", NotAudio::Other("a png image")),
            (b"\xff\xd8\xff\xe0 JFIF", NotAudio::Other("a jpeg image")),
            (b"%PDF-1.7", NotAudio::Other("a pdf document")),
        ];
        for (object, expected) in cases {
            assert_eq!(reason(object), expected);
        }
        assert_eq!(NotAudio::Truncated(Container::Mp4).to_string(), "the mp4 ends before the audio that its header promises");
    }

    #[test]
    fn a_content_type_promises_one_container() {
        assert_eq!(Container::of_content_type("audio/x-m4a"), Some(Container::Mp4));
        assert_eq!(Container::of_content_type("audio/aac"), None);
        assert_eq!(Container::Mp4.extension(), "m4a");
    }

    #[test]
    fn reads_that_come_back_empty_end_the_probe() {
        for object in valid_files() {
            let (step, _) = run_long(object.len() as u64, |_| Vec::new());
            assert!(matches!(step, Step::NotAudio(_)));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(object in vec(any::<u8>(), 0..4000)) {
            run(&object);
        }

        #[test]
        fn any_bytes_after_any_magic_number_give_a_result(
            magic in prop::sample::select(vec![&b"RIFF\0\0\0\0WAVEfmt "[..], b"\0\0\0\x08ftyp", b"OggS\0\x02", b"ID3\x04\0\0", b"\xff\xfb\x90\xc0"]),
            rest in vec(any::<u8>(), 0..4000),
        ) {
            run(&[magic, &rest].concat());
        }

        #[test]
        fn a_valid_file_with_any_bytes_changed_gives_a_result(
            file in prop::sample::select(valid_files()),
            changes in vec((0..600usize, any::<bool>(), prop_oneof![any::<u8>(), Just(0), Just(0xff)]), 1..12),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut object = file;
            let size = object.len();
            for (at, from_end, byte) in changes {
                object[if from_end { size - 1 - at } else { at }] = byte;
            }
            object.truncate(cut.map_or(size, |cut| cut.index(size)));
            run(&object);
        }

        #[test]
        fn any_length_gives_a_result(file in prop::sample::select(valid_files()), length in prop_oneof![any::<u64>(), 0..300_000u64], shorter in any::<bool>()) {
            run_long(length, |range| {
                let at = |place: u64| file.get((place % file.len() as u64) as usize).copied().unwrap_or(0);
                let bytes = range.map(at);
                if shorter { bytes.skip(1).collect() } else { bytes.collect() }
            });
        }

        #[test]
        fn any_windows_give_a_result(length in any::<u64>(), windows in vec((any::<u64>(), vec(any::<u8>(), 0..99)), 0..5)) {
            let windows: Vec<_> = windows.into_iter().map(|(offset, bytes)| Window { offset, bytes }).collect();
            probe(length, &windows);
        }

        #[test]
        fn numbers_read_as_they_were_written(number in any::<u64>()) {
            prop_assert_eq!((be(&number.to_be_bytes()), le(&number.to_le_bytes())), (number, number));
        }
    }
}
