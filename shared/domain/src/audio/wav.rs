//! Measures WAV: the size of the data divided by the size of a second, both from the header.
//!
//! Chunks follow Microsoft's and IBM's "Multimedia Programming Interface" of 1991, RF64 EBU Tech
//! 3306. A recorder that ends early leaves a placeholder as the size of the data: the data then
//! continues to the end of the object.

mod format;

use super::{
    Damage, Found, TOLERANCE, le,
    object::{Object, Stop, if_readable},
};
use format::Format;

/// Sizes from here on are placeholders if the object is shorter: 2 GiB less a header of 64 KiB.
const PLACEHOLDER: u64 = 0x7fff_0000;

pub(super) fn measure(object: Object<'_>) -> Result<Found, Stop> {
    let (mut at, mut format, mut large) = (12, Format::default(), None);
    loop {
        let chunk = match Chunk::at(object, at) {
            Err(Stop::Damaged(damage)) => {
                return Ok(Found::unknown(format.codec, 0).damaged(damage));
            }
            Err(Stop::OutOfReach) => return Ok(Found::unknown(format.codec, object.length)),
            chunk => chunk?,
        };
        match &chunk.name {
            b"data" => return measure_data(object, &chunk, &format, large),
            b"fmt " => format = Format::of(object.up_to(chunk.start, chunk.size.min(40))?),
            b"ds64" => large = object.up_to(chunk.start, 16)?.get(8..).map(le), // RF64: a size that 32 bits cannot hold
            _ => {}
        }
        at = chunk.start.saturating_add(chunk.size).saturating_add(chunk.size % 2); // chunks begin at even offsets
    }
}

struct Chunk {
    name: [u8; 4],
    /// The offset of its content.
    start: u64,
    size: u64,
}

impl Chunk {
    fn at(object: Object<'_>, at: u64) -> Result<Self, Stop> {
        let header = object.bytes(at, 8)?;
        Ok(Self {
            name: [header[0], header[1], header[2], header[3]],
            start: at.saturating_add(8),
            size: le(&header[4..]),
        })
    }

    /// Whether a name that follows sound is at `at`, and its chunk ends within the object.
    fn follows(object: Object<'_>, at: u64) -> Result<bool, Stop> {
        const NAMES: [&[u8; 4]; 12] = [
            b"LIST", b"id3 ", b"ID3 ", b"fact", b"cue ", b"bext", b"JUNK", b"FLLR", b"iXML",
            b"PEAK", b"smpl", b"PAD ",
        ];
        let chunk = if_readable(Self::at(object, at))?;
        Ok(chunk.is_some_and(|chunk| {
            let end = chunk.start.saturating_add(chunk.size);
            NAMES.contains(&&chunk.name) && end <= object.length.saturating_add(1)
        }))
    }
}

/// Measures the data by what exists of it. `large` is the size that RF64 states.
fn measure_data(
    object: Object<'_>,
    data: &Chunk,
    format: &Format,
    large: Option<u64>,
) -> Result<Found, Stop> {
    let left = object.length.saturating_sub(data.start);
    let stated = large.filter(|_| data.size == u64::from(u32::MAX)).unwrap_or(data.size);
    if stated == 0 && Chunk::follows(object, data.start)? {
        return Ok(format.found(0));
    }
    let is_placeholder = stated == 0 || stated >= PLACEHOLDER && large.is_none();
    if is_placeholder && (stated == 0 || stated > left) {
        return Ok(format.found(left));
    }
    let found = format.found(stated.min(left));
    if format.time(stated.saturating_sub(left)) > TOLERANCE {
        return Ok(found.promised(format.time(stated), Damage::CutOff));
    }
    let is_more_than_tags = format.time(left.saturating_sub(stated)) > TOLERANCE;
    if is_more_than_tags
        && !Chunk::follows(object, data.start.saturating_add(stated).saturating_add(stated % 2))?
    {
        return Ok(found.damaged(Damage::Contradictory));
    }
    Ok(found)
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::super::testing::{audio, exact, flags, milliseconds, run};
    use super::super::{Codec, Length, Measured};
    use super::*;

    fn chunk(name: &[u8; 4], size: u32, body: &[u8]) -> Vec<u8> {
        [&name[..], &size.to_le_bytes(), body].concat()
    }

    fn whole(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        chunk(name, body.len() as u32, body)
    }

    fn format(coding: u16, bits: u16) -> Vec<u8> {
        let fields = [coding, 1, 8000, 0, 0, 0, bits / 8, bits].map(u16::to_le_bytes);
        whole(b"fmt ", fields.as_flattened())
    }

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        [b"RIFF\xff\xff\xff\xffWAVE".to_vec(), chunks.concat()].concat()
    }

    fn sized(size: u32, bytes: usize) -> Vec<u8> {
        file(&[format(1, 16), chunk(b"data", size, &vec![0; bytes])])
    }

    pub(in super::super) fn second_of_speech() -> Vec<u8> {
        sized(16_000, 16_000)
    }

    #[test]
    fn samples_are_measured_in_one_read() {
        assert_eq!((exact(&second_of_speech()), run(&second_of_speech()).1), (1000, 1));
        assert_eq!(
            (exact(&sized(1_600_000, 1_600_000)), run(&sized(1_600_000, 1_600_000)).1),
            (100_000, 1)
        );
        for (law, codec) in [(6, Codec::ALaw), (7, Codec::MuLaw)] {
            let object = file(&[format(law, 8), whole(b"data", &[0; 12_000])]);
            assert_eq!((exact(&object), audio(&object).codec), (1500, codec));
        }
    }

    #[test]
    fn metadata_before_the_data_is_skipped_whatever_its_size() {
        for size in [3, 70_000, 700_001] {
            let list = [whole(b"LIST", &vec![1; size]), vec![0; size % 2]].concat();
            assert_eq!(exact(&file(&[list, format(1, 16), whole(b"data", &[0; 8000])])), 500);
        }
    }

    #[test]
    fn data_with_a_placeholder_lasts_to_the_end_of_the_object() {
        for size in [0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffdb, u32::MAX] {
            assert_eq!(exact(&sized(size, 16_000)), 1000, "{size:x}");
        }
    }

    #[test]
    fn a_size_that_is_a_little_wrong_is_no_damage() {
        assert_eq!(exact(&sized(16_016, 16_000)), 1000);
        assert_eq!(exact(&sized(16_000, 15_999)), 999);
        assert_eq!(exact(&sized(16_000, 16_100)), 1000);
    }

    #[test]
    fn a_size_of_an_hour_too_much_is_damage() {
        let cut = audio(&sized(16_000 + 57_600_000, 16_000));
        assert_eq!(
            (cut.length, cut.damage),
            (Length::Exact(Duration::from_secs(1)), Some(Damage::CutOff))
        );
        assert_eq!(cut.promised, Some(Duration::from_secs(3601)));
    }

    #[test]
    fn more_data_than_stated_is_a_contradiction_unless_it_is_metadata() {
        assert_eq!(flags(&sized(16_000, 900_000)), (Measured::Exact, Some(Damage::Contradictory)));
        let tagged =
            file(&[format(1, 16), whole(b"data", &[0; 900_000]), whole(b"id3 ", &[1; 90_000])]);
        assert_eq!(exact(&tagged), 56_250);
    }

    #[test]
    fn no_data_is_no_sound() {
        let closed = file(&[format(1, 16), chunk(b"data", 0, &[]), whole(b"LIST", &[b'i'; 26])]);
        for object in [closed, sized(0, 0)] {
            let audio = audio(&object);
            assert_eq!(
                (audio.length, audio.damage),
                (Length::Exact(Duration::ZERO), Some(Damage::NoSound))
            );
        }
        for size in [20, 36, 40] {
            assert_eq!(flags(&second_of_speech()[..size]), (Measured::Exact, Some(Damage::CutOff)));
        }
    }

    #[test]
    fn rf64_has_the_size_in_a_separate_chunk() {
        let sizes = [[0; 8], 8000u64.to_le_bytes(), [0; 8]].concat();
        let mut object =
            file(&[whole(b"ds64", &sizes), format(1, 16), chunk(b"data", u32::MAX, &[0; 9000])]);
        object[..4].copy_from_slice(b"RF64");
        assert_eq!(exact(&object), 500);
    }

    #[test]
    fn a_format_that_cannot_be_read_leaves_the_claim() {
        for object in
            [file(&[whole(b"data", &[0; 99])]), file(&[format(1, 0), whole(b"data", &[0; 99])])]
        {
            assert_eq!(flags(&object), (Measured::Claimed, Some(Damage::Contradictory)));
            assert_eq!(milliseconds(&object), u128::MAX);
        }
    }
}
