//! Measures FLAC by its stream information and by the number of its last frame (RFC 9639).
//!
//! The stream information counts the samples, unless the recorder never came back to its header.
//! Every frame has a number, so the last one tells whether the recording was cut off.

use super::{
    Codec, Damage, Found, TOLERANCE, be,
    object::{Object, Stop, THIRD, if_readable},
    time,
};

/// The mark at the beginning, a block header of 4 bytes and the stream information of 34.
const HEADER: u64 = 42;

pub(super) fn measure(object: Object<'_>, start: u64) -> Result<Found, Stop> {
    let stream = Stream::of(object.bytes(start, HEADER)?);
    let bytes = object.length.saturating_sub(start).saturating_sub(HEADER);
    let found = Found::unknown(Codec::Flac, bytes);
    let Some(stream) = stream else { return Ok(found.damaged(Damage::Contradictory)) };
    let stated = time(stream.samples, stream.rate).unwrap_or_default();
    let tail = if_readable(object.tail(THIRD))?;
    let last =
        tail.and_then(|(_, tail)| last_frame(tail, &stream)).and_then(|end| time(end, stream.rate));
    Ok(match last {
        Some(last) if stated.is_zero() => Found::exact(Codec::Flac, last, bytes),
        Some(last) if stated.saturating_sub(last) > TOLERANCE => {
            Found::exact(Codec::Flac, last, bytes).promised(stated, Damage::CutOff)
        }
        None if stated.is_zero() => found,
        _ => Found::exact(Codec::Flac, stated, bytes),
    })
}

/// The stream information (section 8.2).
struct Stream {
    /// Samples of a frame; the last one may have fewer.
    block: u64,
    /// Whether all frames have the same number of samples, so that they are numbered.
    is_fixed: bool,
    rate: u64,
    /// Zero if it is not known.
    samples: u64,
}

impl Stream {
    /// `None` if another block comes first, or the rate is zero.
    fn of(header: &[u8]) -> Option<Self> {
        let (smallest, block) = (be(header.get(8..10)?), be(header.get(10..12)?));
        let fields = be(header.get(18..26)?); // 20 bits of rate, 8 of the format, 36 of samples
        let rate = fields >> 44;
        let is_first = header.starts_with(b"fLaC") && header.get(4)? & 0x7f == 0;
        (is_first && rate > 0 && block > 0).then_some(Self {
            block,
            is_fixed: smallest == block,
            rate,
            samples: fields & 0xf_ffff_ffff,
        })
    }
}

/// The number of samples at the end of the last frame in `tail`.
fn last_frame(tail: &[u8], stream: &Stream) -> Option<u64> {
    let frames = tail.windows(16).rev().filter(|bytes| bytes[0] == 0xff && bytes[1] & 0xfe == 0xf8);
    frames.filter_map(|bytes| frame_end(bytes, stream)).next()
}

/// The number of samples at the end of the frame that begins with `bytes` (section 9.1).
fn frame_end(bytes: &[u8], stream: &Stream) -> Option<u64> {
    let is_fixed = bytes[1] & 1 == 0;
    let (size, rate) = (bytes[2] >> 4, bytes[2] & 15);
    let is_valid = size != 0 && rate != 15 && bytes[3] & 1 == 0 && bytes[3] >> 4 < 11;
    let (number, at) = coded_number(&bytes[4..])?;
    let at = at.saturating_add(4);
    let samples = match size {
        1 => 192,
        2..=5 => 144_u64 << size, // 576 to 4608
        6 => be(bytes.get(at..at.saturating_add(1))?).saturating_add(1),
        7 => be(bytes.get(at..at.saturating_add(2))?).saturating_add(1),
        _ => 1_u64 << size, // 256 to 32,768
    };
    let of_size: usize = size.checked_sub(5).filter(|count| *count <= 2).unwrap_or_default().into();
    let of_rate: usize =
        [1, 2, 2].get(usize::from(rate).wrapping_sub(12)).copied().unwrap_or_default();
    let end = at.saturating_add(of_size).saturating_add(of_rate);
    let is_intact = crc8(bytes.get(..end)?) == *bytes.get(end)?;
    let start = if is_fixed { number.saturating_mul(stream.block) } else { number };
    let is_ours = is_valid && is_intact && is_fixed == stream.is_fixed && samples <= stream.block;
    is_ours.then(|| start.saturating_add(samples))
}

/// A number as UTF-8 would encode it, in up to seven bytes, and its size.
fn coded_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let size = match first.leading_ones() {
        0 => return Some((first.into(), 1)),
        size @ 2..=7 => usize::try_from(size).ok()?,
        _ => return None,
    };
    let rest = bytes.get(1..size)?;
    let begin =
        u64::from(first) & 0x7f_u64.checked_shr(u32::try_from(size).ok()?).unwrap_or_default();
    let is_valid = rest.iter().all(|byte| byte & 0xc0 == 0x80);
    is_valid.then(|| {
        (rest.iter().fold(begin, |number, byte| number << 6 | u64::from(byte & 0x3f)), size)
    })
}

/// The CRC of a frame header: polynomial 7, not reflected (section 9.1.8).
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| {
        let shift = |sum: u8| if sum & 0x80 == 0 { sum << 1 } else { sum << 1 ^ 7 };
        (0..8).fold(sum ^ byte, |sum, _| shift(sum))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{audio, exact, flags, milliseconds, run};
    use super::super::{Container, Measured};
    use super::*;

    /// A header for frames of 4,096 samples at 8 kHz.
    fn header(samples: u64) -> Vec<u8> {
        let fields = 8000_u64 << 44 | 15 << 36 | samples;
        [&b"fLaC\x80\0\0\x22\x10\0\x10\0"[..], &[0; 6], &fields.to_be_bytes(), &[0; 16]].concat()
    }

    fn frame(number: u32) -> Vec<u8> {
        let number = char::from_u32(number).expect("a small number").to_string();
        let mut frame = [&[0xff, 0xf8, 0xc4, 0x08][..], number.as_bytes()].concat();
        frame.push(crc8(&frame));
        frame.resize(1000, 0x3f);
        frame
    }

    /// Frames of 512 ms.
    pub(in super::super) fn file(frames: u32) -> Vec<u8> {
        let frames: Vec<Vec<u8>> = (0..frames).map(frame).collect();
        [header(frames.len() as u64 * 4096), frames.concat()].concat()
    }

    #[test]
    fn the_header_counts_the_samples() {
        assert_eq!((exact(&file(30)), exact(&file(900))), (30 * 512, 900 * 512));
        assert_eq!((run(&file(30)).1, run(&file(900)).1), (1, 2));
        assert_eq!(
            (audio(&file(3)).container, audio(&file(3)).codec),
            (Container::Flac, Codec::Flac)
        );
    }

    #[test]
    fn the_last_frame_counts_them_if_the_header_does_not() {
        for frames in [30, 900, 5000] {
            let mut object = file(frames);
            object[..42].copy_from_slice(&header(0));
            assert_eq!(exact(&object), u128::from(frames) * 512);
        }
    }

    #[test]
    fn a_recording_that_was_cut_off_lasts_to_its_last_frame() {
        for (frames, rest) in [(30, 18), (900, 540)] {
            let object = &file(frames)[..42 + 1000 * rest as usize];
            assert_eq!(
                (flags(object), milliseconds(object)),
                ((Measured::Exact, Some(Damage::CutOff)), rest * 512)
            );
        }
    }

    #[test]
    fn a_header_that_cannot_be_read_leaves_the_claim() {
        assert_eq!(flags(&[header(0), vec![1; 90]].concat()), (Measured::Claimed, None));
        assert_eq!(
            flags(&[b"fLaC\x84\0\0\x22".to_vec(), vec![1; 90]].concat()),
            (Measured::Claimed, Some(Damage::Contradictory))
        );
        assert_eq!(flags(&header(0)[..20]), (Measured::Claimed, Some(Damage::CutOff)));
    }

    #[test]
    fn frames_state_their_size_and_number_in_many_ways() {
        let stream = |is_fixed| Stream { block: 4096, is_fixed, rate: 8000, samples: 0 };
        let end = |header: &[u8], is_fixed| {
            let header = [header, &[crc8(header)], &[0; 16]].concat();
            frame_end(&header[..16], &stream(is_fixed))
        };
        assert_eq!(end(&[0xff, 0xf8, 0x64, 0x08, 2, 99], true), Some(2 * 4096 + 100));
        assert_eq!(end(&[0xff, 0xf9, 0x7c, 0x08, 0xc4, 0x80, 3, 0xe7, 8], false), Some(256 + 1000));
        assert_eq!(end(&[0xff, 0xf8, 0x2d, 0x08, 0, 0x1f, 0x40], true), Some(576));
        assert_eq!(end(&[0xff, 0xf8, 0xc4, 0x09, 0], true), None);
        assert_eq!(coded_number(&[0xfe, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80]), Some((1 << 31, 7)));
        assert_eq!((coded_number(&[0x80]), coded_number(&[0xc4, 0x40])), (None, None));
        assert_eq!(crc8(b"123456789"), 0xf4); // the check value of this polynomial
    }
}
