//! Measures MP3 by a header that counts the frames, else by the frames.
//!
//! The encoder's delay and padding are counted, as ffprobe does. A header that counts more bytes
//! than there are belongs to a recording that was cut off. If it counts far fewer, other recordings
//! may follow the first one, or data that is no audio.

mod frame;

use std::time::Duration;

use super::{
    Codec, Damage, Found, TOLERANCE,
    frames::{self, Format, Frame, SEARCHED},
    object::{Object, Stop},
    share_of_time, time,
};
use frame::{Count, frame};

pub(super) const FORMAT: Format = Format { frame, neighbours: 3 };

/// Bytes after the counted frames that need no explanation: tags, or a picture.
const TAGS: u64 = 64 * 1024;

pub(super) fn measure(object: Object<'_>, start: u64) -> Result<Found, Stop> {
    let searched = object.up_to(start, SEARCHED as u64)?;
    let bytes = object.length.saturating_sub(start);
    let Some((skipped, like)) = frames::first(searched, FORMAT, searched.len() as u64 == bytes)
    else {
        let damage = if bytes == 0 { Damage::NoSound } else { Damage::Contradictory };
        return Ok(Found::unknown(Codec::Mp3, bytes).damaged(damage));
    };
    let start = start.saturating_add(skipped as u64);
    match Count::of(&searched[skipped..]) {
        Some(count) => counted(object, start, &like, &count),
        None => by_frames(object, start, &like),
    }
}

/// Measures a stream whose first frame is a counting header.
fn counted(object: Object<'_>, start: u64, like: &Frame, count: &Count) -> Result<Found, Stop> {
    let duration = time(count.frames.saturating_mul(like.samples), like.rate).unwrap_or_default();
    let bytes = object.length.saturating_sub(start);
    let exact = Found::exact(Codec::Mp3, duration, bytes);
    let counts_all = count.bytes == 0
        || bytes <= count.bytes.saturating_add(count.bytes / 16).saturating_add(TAGS);
    if is_cut(duration, count.bytes, bytes) {
        let found = by_frames(object, start.saturating_add(like.size as u64), like)?; // the header is no sound
        return Ok(found.promised(duration, Damage::CutOff));
    }
    if counts_all || !frames_follow(object, start.saturating_add(count.bytes), like)? {
        return Ok(exact);
    }
    by_frames(object, start, like)
}

/// Whether more of the duration is missing than writers leave out.
fn is_cut(duration: Duration, promised: u64, bytes: u64) -> bool {
    share_of_time(duration, promised.saturating_sub(bytes), promised) > TOLERANCE
}

/// Whether another recording begins at `at`, and not data that is no audio.
fn frames_follow(object: Object<'_>, at: u64, like: &Frame) -> Result<bool, Stop> {
    let bytes = object.up_to(at, SEARCHED as u64)?;
    Ok(frames::first(bytes, FORMAT, false).is_some_and(|(_, frame)| frame.rate == like.rate))
}

fn by_frames(object: Object<'_>, start: u64, like: &Frame) -> Result<Found, Stop> {
    let stream = frames::measure(object, start, like, FORMAT)?;
    let found = Found::unknown(Codec::Mp3, object.length.saturating_sub(start));
    Ok(Found { length: stream.length, damage: stream.damage, ..found })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{audio, exact, flags, milliseconds, run};
    use super::super::{Container, Measured};
    use super::*;

    /// Frames of 24 ms: MPEG 2, 24 kHz, mono.
    fn frame(kilobits: u64) -> Vec<u8> {
        let index = [8, 16, 24, 32, 40, 48, 56, 64]
            .iter()
            .position(|rate| *rate == kilobits)
            .map_or(0, |at| at as u8 + 1);
        let mut frame = vec![0xff, 0xf3, index << 4 | 1 << 2, 0xc0];
        frame.resize(3 * kilobits as usize, 0x55);
        frame
    }

    pub(in super::super) fn file(frames: usize, kilobits: impl Fn(usize) -> u64) -> Vec<u8> {
        (0..frames).flat_map(|at| frame(kilobits(at))).collect()
    }

    fn header(name: &[u8; 4], frames: u32, bytes: u32) -> Vec<u8> {
        let mut first = frame(64);
        let header =
            [&name[..], &3u32.to_be_bytes(), &frames.to_be_bytes(), &bytes.to_be_bytes()].concat();
        first[13..13 + header.len()].copy_from_slice(&header);
        first
    }

    #[test]
    fn frames_of_one_size_are_counted_exactly() {
        for frames in [1, 2, 4, 400, 40_000] {
            assert_eq!(exact(&file(frames, |_| 32)), 24 * frames as u128);
        }
    }

    #[test]
    fn padded_frames_are_counted_by_their_bit_rate() {
        let sizes =
            (0..50_000u64).map(|at| (at + 1) * 11_520_000 / 110_250 - at * 11_520_000 / 110_250); // 144 × 32,000 / 44,100
        let frames = sizes.flat_map(|size| {
            let mut frame = vec![0xff, 0xfb, if size == 105 { 0x12 } else { 0x10 }, 0xc0];
            frame.resize(size as usize, 0x55);
            frame
        });
        assert_eq!(exact(&frames.collect::<Vec<u8>>()), 50_000 * 1152 * 1000 / 44_100);
    }

    #[test]
    fn a_counting_header_is_used_if_its_bytes_exist() {
        let frames = file(5000, |at| [32, 64][at % 2]);
        for name in [b"Xing", b"Info"] {
            let object = [header(name, 5000, frames.len() as u32 + 192), frames.clone()].concat();
            assert_eq!((exact(&object), run(&object).1), (120_000, 1));
            assert_eq!(exact(&object[..object.len() - 1]), 120_000);
        }
    }

    #[test]
    fn a_recording_that_was_cut_off_keeps_what_its_header_promised() {
        for (frames, measured) in [(1000, Measured::Exact), (10_000, Measured::Estimated)] {
            let sound = file(frames, |at| [32, 64][at % 2]);
            let object = [header(b"Xing", frames as u32, sound.len() as u32 + 192), sound].concat();
            let cut = audio(&object[..object.len() * 6 / 10]);
            assert_eq!((cut.measured(), cut.damage), (measured, Some(Damage::CutOff)));
            assert_eq!(cut.promised, Some(Duration::from_millis(24 * frames as u64)));
            let milliseconds = milliseconds(&object[..object.len() * 6 / 10]);
            assert!(milliseconds.abs_diff(24 * 6 * frames as u128 / 10) < 1000, "{milliseconds}");
        }
    }

    #[test]
    fn a_header_that_counts_only_the_first_of_joined_recordings_is_ignored() {
        let part = [header(b"Info", 2000, 2001 * 192), file(2000, |_| 64)].concat();
        assert_eq!(milliseconds(&part.repeat(3)), 3 * 2001 * 24);
    }

    #[test]
    fn data_that_is_no_audio_may_follow_the_counted_frames() {
        let object =
            [header(b"Info", 2000, 2001 * 192), file(2000, |_| 64), vec![0; 900_000]].concat();
        assert_eq!((exact(&object), run(&object).1), (48_000, 2));
    }

    #[test]
    fn varying_rates_without_a_count_are_an_estimate() {
        let object = file(20_000, |at| [32, 64][at % 2]);
        assert_eq!(flags(&object), (Measured::Estimated, None));
        assert!(milliseconds(&object).abs_diff(480_000) < 4800);
    }

    #[test]
    fn a_long_silence_is_weighed_by_its_share_of_the_bytes() {
        let object = file(60_000, |at| if at < 30_000 { 8 } else { 40 });
        assert_eq!(flags(&object), (Measured::Estimated, None));
        assert!(milliseconds(&object).abs_diff(1_440_000) < 72_000, "{}", milliseconds(&object));
    }

    #[test]
    fn tags_before_and_after_are_not_counted() {
        let tag = |size: usize| {
            [
                b"ID3\x04\0\0\0",
                &[(size >> 14) as u8, (size >> 7 & 127) as u8, (size & 127) as u8][..],
                &vec![0; size],
            ]
            .concat()
        };
        let closing = [&b"TAG"[..], &[b' '; 125]].concat();
        for (before, frames) in [(100, 400), (100, 40_000), (200_000, 400), (200_000, 40_000)] {
            let object = [tag(before), file(frames, |_| 32), closing.clone()].concat();
            assert_eq!(exact(&object), 24 * frames as u128);
        }
    }

    #[test]
    fn a_recording_may_begin_and_end_within_a_frame() {
        let object = file(10, |_| 32);
        assert_eq!(milliseconds(&object[50..object.len() - 50]), 8 * 24);
        assert_eq!(audio(&object[50..]).container, Container::Mp3);
    }
}
