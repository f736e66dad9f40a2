//! Measures MP3 by a header that counts the frames, else by counting or sampling the frames.
//!
//! Frames follow ISO 11172-3 and 13818-3 (and the customary MPEG 2.5 of 8 to 12 kHz), tags before
//! them ID3v2.4, counting headers Xing (and LAME's "Info") and Fraunhofer ("VBRI"). If frames at
//! the beginning, middle and end have one bit rate, all are assumed to have it and the duration is
//! exact to the frame. Otherwise it is marked as an estimate. Data after the last frame, such as an
//! ID3v1 tag, is not counted. The encoder's delay and padding are counted, as ffprobe does.

use std::time::Duration;

use super::{Container, Measured, NotAudio, Object, Stop, be, time};

/// Where the first frame may begin after the tags, in bytes: a file may begin within a frame.
const SEARCHED: usize = 4096;

/// How many frames must follow each other: a chance match in other data has no neighbours.
const BELIEVED: usize = 3;

/// Bytes to read for the first frames: enough to find and accept them.
const BEGINNING: u64 = 12 * 1024;

/// Bytes to read in the middle of the frames if no header counts them.
const MIDDLE: u64 = 128 * 1024;

/// Bytes to read at the end if no header counts the frames.
const TAIL: u64 = 64 * 1024;

pub(super) fn measure(object: Object<'_>) -> Result<(Duration, Measured), Stop> {
    let after_tags = after_tags(object)?;
    let left = object.length.saturating_sub(after_tags);
    let searched = object.bytes(after_tags, left.min(BEGINNING))?.unwrap_or_default();
    let (skipped, first) = first_frame(searched).ok_or(NotAudio::Unknown)?;
    let start = after_tags.saturating_add(skipped as u64);
    match Count::of(&first, &searched[skipped..]) {
        Some(count) if count.bytes > object.length => Err(NotAudio::Truncated(Container::Mp3).into()),
        Some(count) if count.counts_all(object.length.saturating_sub(start)) => Ok((first.time(count.frames), Measured::Exact)),
        _ => by_size(object, start, &first),
    }
}

/// The end of all ID3v2 tags. A size has seven bits a byte (ID3v2.4, section 3.1).
fn after_tags(object: Object<'_>) -> Result<u64, Stop> {
    let mut at = 0;
    while let Some([b'I', b'D', b'3', _, _, flags, size @ ..]) = object.bytes(at, 10)? {
        let body = size.iter().fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f));
        let around: u64 = if flags & 0x10 == 0 { 10 } else { 20 }; // a header, and perhaps a footer
        at = body.saturating_add(around).saturating_add(at);
        if at > object.length {
            return Err(NotAudio::Truncated(Container::Mp3).into());
        }
    }
    Ok(at)
}

fn first_frame(bytes: &[u8]) -> Option<(usize, Frame)> {
    let candidates = (0..bytes.len().min(SEARCHED)).filter_map(|at| Some((at, Frame::of(&bytes[at..])?)));
    candidates.into_iter().find(|(at, frame)| frame.is_followed(&bytes[*at..]))
}

/// The header of a frame (ISO 11172-3, section 2.4.2.3). Only layer III is accepted, which is MP3.
#[derive(Clone, Copy)]
struct Frame {
    /// Whether the frame is MPEG 1 and not MPEG 2 or 2.5, which have lower rates.
    mpeg1: bool,
    mono: bool,
    padded: bool,
    /// Bits a second.
    bit_rate: u64,
    /// Samples a second in each channel.
    rate: u64,
}

/// Kilobits a second by the header's index, from 1 on. Index 0 leaves it open, 15 is forbidden.
const MPEG1: [u64; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MPEG2: [u64; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

impl Frame {
    fn of(bytes: &[u8]) -> Option<Self> {
        let [0xff, kind, rates, mode, ..] = *bytes else { return None };
        let halvings = match kind >> 1 {
            0b111_1101 => 0, // MPEG 1, layer III
            0b111_1001 => 1, // MPEG 2
            0b111_0001 => 2, // MPEG 2.5
            _ => return None,
        };
        let bit_rates = if halvings == 0 { MPEG1 } else { MPEG2 };
        let bit_rate = bit_rates.get(usize::from(rates >> 4).checked_sub(1)?)?.saturating_mul(1000);
        let rate = [44_100, 48_000, 32_000].get(usize::from(rates >> 2 & 3))? >> halvings;
        let emphasis_is_known = mode & 3 != 2;
        emphasis_is_known.then_some(Self { mpeg1: halvings == 0, mono: mode >> 6 == 3, padded: rates & 2 != 0, bit_rate, rate })
    }

    fn samples(&self) -> u64 {
        if self.mpeg1 { 1152 } else { 576 }
    }

    /// Bytes, including the four of the header.
    fn size(&self) -> u64 {
        let unpadded = (self.samples() / 8).saturating_mul(self.bit_rate).checked_div(self.rate).unwrap_or_default();
        unpadded.saturating_add(u64::from(self.padded))
    }

    fn time(&self, frames: u64) -> Duration {
        time(frames.saturating_mul(self.samples()), self.rate).unwrap_or_default()
    }

    /// Whether both can belong to one stream. The bit rate may differ, the clock may not.
    fn goes_with(&self, other: &Self) -> bool {
        self.rate == other.rate && self.mpeg1 == other.mpeg1
    }

    /// Whether `bytes` begin with enough frames of its stream.
    fn is_followed(&self, bytes: &[u8]) -> bool {
        let mut at = 0;
        for _ in 0..BELIEVED {
            match bytes.get(at..).and_then(Self::of) {
                Some(frame) if frame.goes_with(self) => at = frame.size().saturating_add(at as u64) as usize,
                _ => return false,
            }
        }
        true
    }
}

/// The contents of a counting header in the first frame.
struct Count {
    frames: u64,
    /// Bytes of all frames; zero if not stated.
    bytes: u64,
}

impl Count {
    fn of(first: &Frame, bytes: &[u8]) -> Option<Self> {
        let after_side = match (first.mpeg1, first.mono) {
            (true, false) => 36,
            (true, true) | (false, false) => 21,
            (false, true) => 13,
        };
        Self::xing(bytes.get(after_side..)?).or_else(|| Self::vbri(bytes.get(36..)?)).filter(|count| count.frames > 0)
    }

    /// Flags state which numbers are present: 1 the frames, 2 the bytes.
    fn xing(header: &[u8]) -> Option<Self> {
        if !header.starts_with(b"Xing") && !header.starts_with(b"Info") {
            return None;
        }
        let has_bytes = header.get(7)? & 3 == 3;
        let has_frames = header.get(7)? & 1 == 1;
        let frames = if has_frames { be(header.get(8..12)?) } else { 0 };
        let bytes = if has_bytes { be(header.get(12..16)?) } else { 0 };
        Some(Self { frames, bytes })
    }

    fn vbri(header: &[u8]) -> Option<Self> {
        let is_vbri = header.starts_with(b"VBRI");
        is_vbri.then_some(Self { frames: be(header.get(14..18)?), bytes: be(header.get(10..14)?) })
    }

    /// Whether it counts all `available` bytes, and not only the first of joined recordings.
    fn counts_all(&self, available: u64) -> bool {
        self.bytes == 0 || available <= self.bytes.saturating_add(self.bytes / 16).saturating_add(TAIL)
    }
}

/// Counts the frames from `start` on by their size.
fn by_size(object: Object<'_>, start: u64, like: &Frame) -> Result<(Duration, Measured), Stop> {
    let mut seen = Seen::default();
    seen.add_frames(object.from(start), start, like);
    if object.from(start).len() as u64 == object.length.saturating_sub(start) {
        return Ok((like.time(seen.frames), Measured::Exact)); // read to the end
    }
    let (tail_at, tail) = object.tail(TAIL)?;
    seen.add_frames(tail, tail_at, like);
    if seen.end < tail_at {
        return Err(NotAudio::Damaged(Container::Mp3, "its frames do not continue to the end").into());
    }
    if let Some((middle_at, middle)) = middle(object, start, tail_at)? {
        seen.add_frames(middle, middle_at, like);
    }
    Ok((like.time(seen.frames_in(seen.end.saturating_sub(start), like)), seen.measured()))
}

/// The middle between `start` and `tail`, unless tags before the frames have used up the reads.
fn middle<'a>(object: Object<'a>, start: u64, tail: u64) -> Result<Option<(u64, &'a [u8])>, Stop> {
    let half = tail.saturating_sub(start) / 2;
    let at = start.saturating_add(half.saturating_sub(MIDDLE / 2));
    match object.range(at..at.saturating_add(half.saturating_mul(2).min(MIDDLE))) {
        Err(_) if !object.reads_left() => Ok(None),
        bytes => Ok(Some((at, bytes?))),
    }
}

/// The frames read so far.
#[derive(Default)]
struct Seen {
    frames: u64,
    /// Bytes of these frames together.
    bytes: u64,
    padded: bool,
    /// Bits a second of the first frame.
    bit_rate: Option<u64>,
    varied: bool,
    /// The end of the last frame, in bytes from the object's start.
    end: u64,
}

impl Seen {
    /// Adds the whole frames in `bytes`, which begin at `offset`, with other data between runs.
    fn add_frames(&mut self, bytes: &[u8], offset: u64, like: &Frame) {
        let (mut at, mut in_run) = (0, false);
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let frame = Frame::of(rest).filter(|frame| frame.goes_with(like) && frame.size() <= rest.len() as u64);
            match frame.filter(|_| in_run || like.is_followed(rest)) {
                Some(frame) => {
                    at = frame.size().saturating_add(at as u64) as usize;
                    in_run = true;
                    self.add(&frame, offset.saturating_add(at as u64));
                }
                None => (at, in_run) = (at.saturating_add(1), false),
            }
        }
    }

    fn add(&mut self, frame: &Frame, end: u64) {
        self.frames = self.frames.saturating_add(1);
        self.bytes = self.bytes.saturating_add(frame.size());
        self.padded |= frame.padded;
        self.varied |= *self.bit_rate.get_or_insert(frame.bit_rate) != frame.bit_rate;
        self.end = self.end.max(end);
    }

    /// The number of frames in `bytes` bytes: by a padded bit rate, or by their mean size.
    fn frames_in(&self, bytes: u64, like: &Frame) -> u64 {
        let (frames, size) = match self.bit_rate {
            Some(bit_rate) if self.padded && !self.varied => (like.rate.saturating_mul(8), like.samples().saturating_mul(bit_rate)),
            _ => (self.frames, self.bytes.max(1)),
        };
        let halves_up = u128::from(bytes).saturating_mul(u128::from(frames)).saturating_add(u128::from(size / 2));
        halves_up.checked_div(u128::from(size)).and_then(|rounded| u64::try_from(rounded).ok()).unwrap_or(u64::MAX)
    }

    fn measured(&self) -> Measured {
        if self.varied { Measured::Estimated } else { Measured::Exact }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Step;
    use super::super::tests::{milliseconds, reason, run};
    use super::*;

    /// Frames of 24 ms: MPEG 2, 24 kHz, mono.
    fn frame(kilobits: u64) -> Vec<u8> {
        let index = MPEG2.iter().position(|rate| *rate == kilobits).map_or(0, |at| at as u8 + 1);
        let mut frame = vec![0xff, 0xf3, index << 4 | 1 << 2, 0xc0];
        frame.resize(3 * kilobits as usize, 0x55);
        frame
    }

    pub(in super::super) fn file(frames: usize, kilobits: impl Fn(usize) -> u64) -> Vec<u8> {
        (0..frames).flat_map(|at| frame(kilobits(at))).collect()
    }

    fn counted(name: &[u8; 4], frames: u32, bytes: u32) -> Vec<u8> {
        let mut first = frame(64);
        let header = [&name[..], &3u32.to_be_bytes(), &frames.to_be_bytes(), &bytes.to_be_bytes()].concat();
        first[13..13 + header.len()].copy_from_slice(&header);
        first
    }

    fn tag(size: usize) -> Vec<u8> {
        let seven = |shift: usize| (size >> shift & 0x7f) as u8;
        [b"ID3\x04\0\0", &[seven(21), seven(14), seven(7), seven(0)][..], &vec![0; size]].concat()
    }

    fn measured(object: &[u8]) -> Option<Measured> {
        if let Step::Audio(audio) = run(object).0 { Some(audio.measured) } else { None }
    }

    #[test]
    fn frames_of_one_size_are_counted_exactly() {
        for frames in [4, 400, 40_000] {
            let object = file(frames, |_| 32);
            assert_eq!(milliseconds(&object), 24 * frames as u128);
            assert_eq!(measured(&object), Some(Measured::Exact));
        }
    }

    #[test]
    fn padded_frames_are_counted_by_their_bit_rate() {
        let sizes = (0..50_000u64).map(|at| (at + 1) * 11_520_000 / 110_250 - at * 11_520_000 / 110_250); // 144 × 32,000 / 44,100
        let frames = sizes.flat_map(|size| {
            let mut frame = vec![0xff, 0xfb, if size == 105 { 0x12 } else { 0x10 }, 0xc0];
            frame.resize(size as usize, 0x55);
            frame
        });
        assert_eq!(milliseconds(&frames.collect::<Vec<u8>>()), 50_000 * 1152 * 1000 / 44_100);
    }

    #[test]
    fn a_counting_header_is_used_if_its_bytes_exist() {
        let frames = file(5000, |at| [32, 64][at % 2]);
        let bytes = frames.len() as u32 + 192;
        for name in [b"Xing", b"Info"] {
            let object = [counted(name, 5000, bytes), frames.clone()].concat();
            assert_eq!((milliseconds(&object), measured(&object), run(&object).1), (120_000, Some(Measured::Exact), 1));
            assert_eq!(reason(&object[..object.len() - 1]), NotAudio::Truncated(Container::Mp3));
        }
    }

    #[test]
    fn a_header_that_counts_only_the_first_of_joined_recordings_is_ignored() {
        let part = [counted(b"Info", 2000, 2001 * 192), file(2000, |_| 64)].concat();
        assert_eq!(milliseconds(&part.repeat(3)), 3 * 2001 * 24);
    }

    #[test]
    fn fraunhofers_header_counts_too() {
        let mut first = frame(64);
        let header = [&b"VBRI"[..], &[0; 6], &0u32.to_be_bytes(), &5000u32.to_be_bytes()].concat();
        first[36..36 + header.len()].copy_from_slice(&header);
        assert_eq!(milliseconds(&[first, file(5000, |_| 64)].concat()), 120_000);
    }

    #[test]
    fn varying_rates_without_a_count_are_an_estimate() {
        let object = file(20_000, |at| [32, 64][at % 2]);
        assert_eq!(measured(&object), Some(Measured::Estimated));
        assert!(milliseconds(&object).abs_diff(480_000) < 500);
    }

    #[test]
    fn tags_before_and_after_are_not_counted() {
        let closing = [&b"TAG"[..], &[b' '; 125]].concat();
        for (before, frames) in [(100, 400), (100, 40_000), (200_000, 400), (200_000, 40_000)] {
            let object = [tag(before), file(frames, |_| 32), closing.clone()].concat();
            assert_eq!(milliseconds(&object), 24 * frames as u128);
        }
    }

    #[test]
    fn a_recording_may_begin_and_end_within_a_frame() {
        let object = file(10, |_| 32);
        assert_eq!(milliseconds(&object[50..object.len() - 50]), 8 * 24);
    }

    #[test]
    fn rejects_a_file_that_cannot_be_measured() {
        assert_eq!(reason(&file(1, |_| 32)), NotAudio::Unknown);
        assert_eq!(reason(&[tag(100), b"text".repeat(100)].concat()), NotAudio::Unknown);
        assert_eq!(reason(&tag(100)[..50]), NotAudio::Truncated(Container::Mp3));
        assert_eq!(reason(&[0xff, 0xf1, 0x50, 0x80].repeat(1000)), NotAudio::Unknown); // AAC in ADTS
        assert!(matches!(reason(&[file(400, |_| 32), vec![0; 300_000]].concat()), NotAudio::Damaged(..)));
    }
}
