//! Measures AMR: frames of 20 ms after a magic number (RFC 4867, section 5).
//!
//! The header of a frame names its type, which determines its size. Recorders usually use one type.

use super::{
    Codec, Damage, Found,
    frames::{self, Format, Frame},
    object::{Object, Stop},
};

const NARROWBAND: Format =
    Format { frame: |bytes| frame(bytes, &NARROWBAND_SIZES, 8_000), neighbours: 12 };
const WIDEBAND: Format =
    Format { frame: |bytes| frame(bytes, &WIDEBAND_SIZES, 16_000), neighbours: 12 };

/// Bytes after the header by the type of the frame. The last three types occur in no file (3GPP TS
/// 26.101 and 26.201): they carry comfort noise of other systems.
const NARROWBAND_SIZES: [usize; 9] = [12, 13, 15, 17, 19, 20, 26, 31, 5];
const WIDEBAND_SIZES: [usize; 10] = [17, 23, 32, 36, 40, 46, 50, 58, 60, 5];

/// The type of a frame that was lost or not sent.
const NO_DATA: [u8; 2] = [14, 15];

pub(super) fn measure(object: Object<'_>) -> Result<Found, Stop> {
    let head = object.up_to(0, 15)?;
    let (codec, format, start) = match head {
        [b'#', b'!', b'A', b'M', b'R', b'\n', ..] => (Codec::AmrNb, NARROWBAND, 6),
        [b'#', b'!', b'A', b'M', b'R', b'-', b'W', b'B', b'\n', ..] => (Codec::AmrWb, WIDEBAND, 9),
        [b'#', b'!', b'A', b'M', b'R', b'-', ..] => {
            return Ok(Found::unknown(Codec::AmrWb, object.length));
        } // several channels
        _ => return Ok(Found::unknown(Codec::AmrNb, object.length)),
    };
    let bytes = object.length.saturating_sub(start);
    let Some(like) = (format.frame)(object.up_to(start, 1)?) else {
        let damage = if bytes == 0 { Damage::NoSound } else { Damage::Contradictory };
        return Ok(Found::unknown(codec, bytes).damaged(damage));
    };
    let stream = frames::measure(object, start, &like, format)?;
    Ok(Found { length: stream.length, damage: stream.damage, ..Found::unknown(codec, bytes) })
}

/// The header of a frame: a zero bit, its type in four bits, its quality, and two zero bits.
fn frame(bytes: &[u8], sizes: &[usize], rate: u64) -> Option<Frame> {
    let header = *bytes.first()?;
    let kind = header >> 3 & 15;
    let body =
        sizes.get(usize::from(kind)).copied().or_else(|| NO_DATA.contains(&kind).then_some(0))?;
    let size = body.saturating_add(1);
    let bit_rate = Some((size as u64).saturating_mul(8 * 50));
    (header & 0x83 == 0).then_some(Frame {
        size,
        samples: rate / 50,
        rate,
        bit_rate,
        padded: false,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{audio, exact, flags, milliseconds};
    use super::super::{Length, Measured};
    use super::*;

    fn frames(kinds: impl IntoIterator<Item = u8>, sizes: &[usize]) -> Vec<u8> {
        let frame = |kind: u8| {
            let size = sizes.get(usize::from(kind)).copied().unwrap_or(0);
            [vec![kind << 3 | 4], vec![0x9d; size]].concat()
        };
        kinds.into_iter().flat_map(frame).collect()
    }

    /// Frames of 12.2 kbit/s.
    pub(in super::super) fn file(count: usize) -> Vec<u8> {
        [b"#!AMR\n".to_vec(), frames(vec![7; count], &NARROWBAND_SIZES)].concat()
    }

    #[test]
    fn frames_of_one_type_are_exact() {
        assert_eq!(exact(&file(1)), 20);
        assert_eq!(exact(&file(1000)), 20_000);
        assert_eq!(exact(&file(100_000)), 2_000_000);
        assert_eq!(audio(&file(9)).codec, Codec::AmrNb);
    }

    #[test]
    fn wideband_has_other_sizes() {
        let object = [
            b"#!AMR-WB\n".to_vec(),
            frames((0..500).map(|at| [8, 2, 9, 15][at % 4]), &WIDEBAND_SIZES),
        ]
        .concat();
        assert_eq!((exact(&object), audio(&object).codec), (10_000, Codec::AmrWb));
    }

    #[test]
    fn pauses_in_a_long_file_make_it_an_estimate() {
        let kinds = (0..60_000)
            .map(|at| if at / 500 % 2 == 0 { 7 } else { [8, 15, 15, 15, 15, 15, 15, 15][at % 8] });
        let object = [b"#!AMR\n".to_vec(), frames(kinds, &NARROWBAND_SIZES)].concat();
        assert_eq!(flags(&object), (Measured::Estimated, None));
        assert!(milliseconds(&object).abs_diff(1_200_000) < 120_000, "{}", milliseconds(&object));
    }

    #[test]
    fn a_file_without_frames_is_damaged() {
        assert_eq!(flags(b"#!AMR\n"), (Measured::Exact, Some(Damage::NoSound)));
        assert_eq!(flags(b"#!AMR\n\xff\xff"), (Measured::Claimed, Some(Damage::Contradictory)));
        assert_eq!(flags(&file(9)[..280]), (Measured::Exact, Some(Damage::CutOff)));
        assert_eq!(audio(b"#!AMR_MC1.0\n\0\0\0\x02").length, Length::Unknown);
    }
}
