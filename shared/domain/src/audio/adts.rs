//! Measures AAC in ADTS frames (ISO 14496-3, section 1.A.2), which have no common header.

use super::{
    Codec, Found, be,
    frames::{self, Format, Frame, SEARCHED},
    object::{Object, Stop},
};

pub(super) const FORMAT: Format = Format { frame, neighbours: 3 };

/// Samples a second by the header's index.
const RATES: [u64; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

pub(super) fn measure(object: Object<'_>, start: u64) -> Result<Found, Stop> {
    let searched = object.up_to(start, SEARCHED as u64)?;
    let is_last = searched.len() as u64 == object.length.saturating_sub(start);
    let bytes = object.length.saturating_sub(start);
    let Some((at, like)) = frames::first(searched, FORMAT, is_last) else {
        return Ok(Found::unknown(Codec::Aac, bytes));
    };
    let stream = frames::measure(object, start.saturating_add(at as u64), &like, FORMAT)?;
    Ok(Found { length: stream.length, damage: stream.damage, ..Found::unknown(Codec::Aac, bytes) })
}

/// Twelve bits of synchronisation, then a layer of zero. The size is 13 bits from bit 30 on.
fn frame(bytes: &[u8]) -> Option<Frame> {
    let [0xff, kind, coding, ..] = *bytes else { return None };
    if kind & 0xf6 != 0xf0 {
        return None;
    }
    let rate = *RATES.get(usize::from(coding >> 2 & 15))?;
    let size = usize::try_from(be(bytes.get(3..6)?) >> 5 & 0x1fff).ok()?;
    let blocks = u64::from(bytes.get(6)? & 3).saturating_add(1);
    let header = if kind & 1 == 1 { 7 } else { 9 };
    (size > header).then_some(Frame {
        size,
        samples: blocks.saturating_mul(1024),
        rate,
        bit_rate: None,
        padded: false,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::super::testing::{audio, exact, flags, milliseconds};
    use super::super::{Container, Damage, Length, Measured, NotAudio};
    use super::*;

    /// Frames of 64 ms: 16 kHz, mono, of 200 to 231 bytes.
    pub(in super::super) fn file(frames: usize) -> Vec<u8> {
        let frame = |at: usize| {
            let size = 200 + at * 7 % 32;
            let mut frame = vec![
                0xff,
                0xf1,
                1 << 6 | 8 << 2,
                1 << 6 | (size >> 11) as u8,
                (size >> 3) as u8,
                (size << 5) as u8 | 0x1f,
                0xfc,
            ];
            frame.resize(size, 0x21);
            frame
        };
        (0..frames).flat_map(frame).collect()
    }

    #[test]
    fn the_frames_of_a_short_file_are_counted() {
        assert_eq!(exact(&file(1)), 64);
        assert_eq!(exact(&file(1000)), 64_000);
        let audio = audio(&file(9));
        assert_eq!((audio.container, audio.codec), (Container::Adts, Codec::Aac));
        let cut = file(10);
        assert_eq!(flags(&cut[..cut.len() - 1]), (Measured::Exact, Some(Damage::CutOff)));
    }

    #[test]
    fn a_long_file_is_estimated() {
        let object = file(20_000);
        assert_eq!(flags(&object), (Measured::Estimated, None));
        assert!(milliseconds(&object).abs_diff(1_280_000) < 12_800);
    }

    #[test]
    fn a_header_of_another_kind_is_no_frame() {
        for header in [
            [0xff, 0xfb, 0x50, 0x80, 0x20, 0, 0],
            [0xff, 0xf1, 0x7c, 0x80, 0x20, 0, 0],
            [0xff, 0xf1, 0x50, 0x80, 0, 0xe0, 0],
        ] {
            assert_eq!(frame(&header), None);
        }
        assert!(!matches!(
            super::super::testing::run(&file(4)).0,
            super::super::Step::NotAudio(NotAudio::Empty)
        ));
        assert_ne!(audio(&file(4)).length, Length::Exact(Duration::ZERO));
    }
}
