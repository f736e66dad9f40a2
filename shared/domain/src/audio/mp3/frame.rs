//! The headers of MP3: of a frame, and of a stream.
//!
//! Frames follow ISO 11172-3 and 13818-3, and the customary MPEG 2.5 of 8 to 12 kHz. The headers
//! that count frames are those of Xing (and LAME's "Info") and of Fraunhofer ("VBRI").

use super::{super::be, Frame};

/// Kilobits a second by the header's index, from 1 on. Index 0 leaves it open, 15 is forbidden.
const MPEG1: [u64; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MPEG2: [u64; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// The frame at the beginning of `bytes` (ISO 11172-3, section 2.4.2.3). Only layer III is MP3.
pub(super) fn frame(bytes: &[u8]) -> Option<Frame> {
    let [0xff, kind, rates, mode, ..] = *bytes else { return None };
    let halvings = halvings(kind)?;
    let bit_rates = if halvings == 0 { MPEG1 } else { MPEG2 };
    let bit_rate = bit_rates.get(usize::from(rates >> 4).checked_sub(1)?)?.saturating_mul(1000);
    let rate = [44_100_u64, 48_000, 32_000].get(usize::from(rates >> 2 & 3))? >> halvings;
    let samples: u64 = if halvings == 0 { 1152 } else { 576 };
    let padded = rates & 2 != 0;
    let unpadded = (samples / 8).saturating_mul(bit_rate).checked_div(rate)?;
    let size = usize::try_from(unpadded.saturating_add(padded.into())).ok()?;
    let emphasis_is_defined = mode & 3 != 2;
    emphasis_is_defined.then_some(Frame { size, samples, rate, bit_rate: Some(bit_rate), padded })
}

/// How often the sample rate of MPEG 1 is halved; `None` if the frame is no layer III.
fn halvings(kind: u8) -> Option<u32> {
    match kind >> 1 {
        0b111_1101 => Some(0), // MPEG 1, layer III
        0b111_1001 => Some(1), // MPEG 2
        0b111_0001 => Some(2), // MPEG 2.5
        _ => None,
    }
}

/// The contents of a counting header in the first frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub frames: u64,
    /// Bytes of all frames; zero if not stated.
    pub bytes: u64,
}

impl Count {
    /// The count in the frame at the beginning of `bytes`.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let is_mpeg1 = halvings(*bytes.get(1)?)? == 0;
        let is_mono = bytes.get(3)? >> 6 == 3;
        let after_side_information = match (is_mpeg1, is_mono) {
            (true, false) => 36,
            (true, true) | (false, false) => 21,
            (false, true) => 13,
        };
        let count = Self::xing(bytes.get(after_side_information..)?)
            .or_else(|| Self::vbri(bytes.get(36..)?));
        count.filter(|count| count.frames > 0)
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_states_its_size() {
        let frame = frame(&[0xff, 0xfb, 0x92, 0xc0]).expect("a frame");
        assert_eq!(
            (frame.size, frame.samples, frame.rate, frame.bit_rate),
            (418, 1152, 44_100, Some(128_000))
        );
        let slow = super::frame(&[0xff, 0xe3, 0x18, 0xc0]).expect("a frame");
        assert_eq!((slow.size, slow.samples, slow.rate), (72, 576, 8_000));
    }

    #[test]
    fn forbidden_fields_are_no_frame() {
        for header in [
            [0xff, 0xfb, 0xf2, 0],
            [0xff, 0xfb, 0x02, 0],
            [0xff, 0xfb, 0x9c, 0],
            [0xff, 0xfd, 0x92, 0],
            [0xff, 0xfb, 0x92, 2],
        ] {
            assert_eq!(frame(&header), None);
        }
    }

    #[test]
    fn both_headers_count_frames_and_bytes() {
        let first = |at: usize, header: &[u8]| {
            [&[0xff, 0xf3, 0x84, 0xc0][..], &vec![0; at - 4], header, &[0; 99]].concat()
        };
        let xing =
            [&b"Xing\0\0\0\x03"[..], &500_u32.to_be_bytes(), &9000_u32.to_be_bytes()].concat();
        assert_eq!(Count::of(&first(13, &xing)), Some(Count { frames: 500, bytes: 9000 }));
        let vbri =
            [&b"VBRI\0\0\0\0\0\0"[..], &9000_u32.to_be_bytes(), &500_u32.to_be_bytes()].concat();
        assert_eq!(Count::of(&first(36, &vbri)), Some(Count { frames: 500, bytes: 9000 }));
        assert_eq!(Count::of(&first(13, b"Info\0\0\0\0")), None);
    }
}
