//! Measures WAV: the size of the data divided by the size of a second, both from the header.
//!
//! Chunks follow Microsoft's and IBM's "Multimedia Programming Interface" of 1991,
//! WAVE_FORMAT_EXTENSIBLE the Windows SDK, RF64 EBU Tech 3306. The first read must contain the
//! header.

use std::time::Duration;

use super::{Container, NotAudio, Object, Stop, le, time};

const PCM: u64 = 1;
const FLOAT: u64 = 3;
const A_LAW: u64 = 6;
const MU_LAW: u64 = 7;
const EXTENSIBLE: u64 = 0xfffe;

/// Sizes of streamed data, which its writer left open: it continues to the end of the object.
const STREAMED: [u64; 2] = [0, 0xffff_ffff];

pub(super) fn measure(object: Object<'_>) -> Result<Duration, Stop> {
    let head = object.from(0);
    let (mut at, mut format, mut large) = (12, None, None);
    loop {
        let chunk = Chunk::at(head, at).ok_or_else(|| missing(object, at))?;
        let next = chunk.body_at.saturating_add(chunk.size).saturating_add(chunk.size % 2); // chunks begin at even places
        match chunk.name {
            b"data" => return duration(object.length, &chunk, format, large),
            _ if next > object.length => return Err(NotAudio::Truncated(Container::Wav).into()),
            b"fmt " => format = Some(Format::of(chunk.body)?),
            b"ds64" => large = chunk.body.get(8..16).map(le), // RF64: the size of data that a 32-bit field cannot hold
            _ => {}
        }
        at = next;
    }
}

struct Chunk<'a> {
    name: &'a [u8],
    size: u64,
    body_at: u64,
    /// The part that was read.
    body: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn at(head: &'a [u8], at: u64) -> Option<Self> {
        let (header, rest) = head.get(usize::try_from(at).ok()?..)?.split_at_checked(8)?;
        let size = le(&header[4..]);
        let body = &rest[..rest.len().min(usize::try_from(size).ok()?)];
        Some(Self { name: &header[..4], size, body_at: at.saturating_add(8), body })
    }
}

/// Why no chunk begins at `at`: the object ends, or the metadata exceed the first read.
fn missing(object: Object<'_>, at: u64) -> NotAudio {
    if at.saturating_add(8) > object.length { NotAudio::Truncated(Container::Wav) } else { NotAudio::OutOfReach(Container::Wav) }
}

/// The sample format in the `fmt ` chunk.
#[derive(Clone, Copy)]
struct Format {
    /// Samples a second in each channel.
    rate: u64,
    /// Bytes of one sample in all channels.
    block: u64,
}

impl Format {
    fn of(body: &[u8]) -> Result<Self, NotAudio> {
        let field = |start: usize, size: usize| body.get(start..start.saturating_add(size)).map(le);
        let (Some(tag), Some(channels), Some(rate), Some(block), Some(bits)) =
            (field(0, 2), field(2, 2), field(4, 4), field(12, 2), field(14, 2))
        else {
            return Err(NotAudio::Damaged(Container::Wav, "the format chunk is too short"));
        };
        let coding = if tag == EXTENSIBLE { field(24, 2).unwrap_or(tag) } else { tag };
        if ![PCM, FLOAT, A_LAW, MU_LAW].contains(&coding) {
            return Err(NotAudio::Codec(Container::Wav));
        }
        if rate == 0 || block == 0 || block != channels.saturating_mul(bits.div_ceil(8)) {
            return Err(NotAudio::Damaged(Container::Wav, "the format chunk contradicts itself"));
        }
        Ok(Self { rate, block })
    }
}

fn duration(length: u64, data: &Chunk<'_>, format: Option<Format>, large: Option<u64>) -> Result<Duration, Stop> {
    let Some(Format { rate, block }) = format else {
        return Err(NotAudio::Damaged(Container::Wav, "there is no format chunk before the data").into());
    };
    let left = length.saturating_sub(data.body_at);
    let size = match large {
        Some(size) if data.size == 0xffff_ffff => size,
        _ if STREAMED.contains(&data.size) => left,
        _ => data.size,
    };
    if size > left {
        return Err(NotAudio::Truncated(Container::Wav).into());
    }
    Ok(size.checked_div(block).and_then(|samples| time(samples, rate)).unwrap_or_default())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{milliseconds, reason, run};
    use super::*;

    fn chunk(name: &[u8; 4], size: u32, body: &[u8]) -> Vec<u8> {
        [&name[..], &size.to_le_bytes(), body].concat()
    }

    fn whole(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        chunk(name, body.len() as u32, body)
    }

    fn format(coding: u16, bits: u16) -> Vec<u8> {
        let block = bits / 8;
        let fields = [
            coding.to_le_bytes(),
            1u16.to_le_bytes(),
            8000u16.to_le_bytes(),
            [0; 2],
            [0; 2],
            [0; 2],
            block.to_le_bytes(),
            bits.to_le_bytes(),
        ];
        whole(b"fmt ", fields.as_flattened())
    }

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        [b"RIFF\xff\xff\xff\xffWAVE".to_vec(), chunks.concat()].concat()
    }

    pub(in super::super) fn second_of_speech() -> Vec<u8> {
        file(&[format(1, 16), whole(b"data", &[0; 16_000])])
    }

    #[test]
    fn pcm_and_both_laws_are_measured_in_one_read() {
        assert!(matches!(run(&second_of_speech()), (_, 1)));
        assert_eq!(milliseconds(&second_of_speech()), 1000);
        for law in [6, 7] {
            assert_eq!(milliseconds(&file(&[format(law, 8), whole(b"data", &[0; 12_000])])), 1500);
        }
    }

    #[test]
    fn metadata_before_the_data_and_an_odd_size_are_skipped() {
        let list = [whole(b"LIST", b"odd"), vec![0]].concat();
        assert_eq!(milliseconds(&file(&[format(1, 16), list, whole(b"data", &[0; 8000])])), 500);
    }

    #[test]
    fn an_extensible_format_names_its_codec_after_the_common_fields() {
        let mut extensible = format(0xfffe, 16);
        extensible[4] = 40;
        extensible.extend([22, 0, 16, 0, 0, 0, 0, 0, 1, 0]);
        extensible.extend([0; 14]);
        assert_eq!(milliseconds(&file(&[extensible, whole(b"data", &[0; 16_000])])), 1000);
    }

    #[test]
    fn streamed_data_last_to_the_end_of_the_object() {
        for size in [0, u32::MAX] {
            assert_eq!(milliseconds(&file(&[format(1, 16), chunk(b"data", size, &[0; 16_000])])), 1000);
        }
    }

    #[test]
    fn rf64_has_the_size_in_a_separate_chunk() {
        let sizes = [[0; 8], 8000u64.to_le_bytes(), [0; 8]].concat();
        let mut object = file(&[whole(b"ds64", &sizes), format(1, 16), chunk(b"data", u32::MAX, &[0; 9000])]);
        object[..4].copy_from_slice(b"RF64");
        assert_eq!(milliseconds(&object), 500);
    }

    #[test]
    fn rejects_a_file_that_cannot_be_measured() {
        let wav = Container::Wav;
        assert_eq!(reason(&second_of_speech()[..9000]), NotAudio::Truncated(wav));
        assert_eq!(reason(&second_of_speech()[..20]), NotAudio::Truncated(wav));
        assert_eq!(reason(&file(&[format(0x31, 8), whole(b"data", &[0; 99])])), NotAudio::Codec(wav));
        assert_eq!(reason(&file(&[format(1, 16), chunk(b"data", 0, &[])])), NotAudio::NoSound(wav));
        assert_eq!(reason(&file(&[whole(b"LIST", &[0; 70_000]), format(1, 16), whole(b"data", &[0; 99])])), NotAudio::OutOfReach(wav));
        assert!(matches!(reason(&file(&[whole(b"data", &[0; 99])])), NotAudio::Damaged(..)));
    }
}
