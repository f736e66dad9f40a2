//! The format chunk of WAV: the codec, and how many bytes a second of it has.
//!
//! The kinds are those of Microsoft's mmreg.h and RFC 2361, WAVE_FORMAT_EXTENSIBLE of the Windows
//! SDK. Blocks of ADPCM and GSM have one size, so they are as exact as samples.

use std::time::Duration;

use super::super::{Codec, Damage, Found, le, time};

const EXTENSIBLE: u64 = 0xfffe;

/// The format of the data.
#[derive(Clone, Copy)]
pub(super) struct Format {
    pub codec: Codec,
    /// Samples a second in each channel.
    rate: u64,
    /// Bytes of one block in all channels.
    block: u64,
    /// Samples of one block in each channel.
    samples: u64,
    /// Whether blocks have one size, and `rate` is not the mean that the writer states.
    is_exact: bool,
}

impl Default for Format {
    /// The format of data without a format chunk: nothing is measured.
    fn default() -> Self {
        Self { codec: Codec::Other, rate: 0, block: 0, samples: 0, is_exact: false }
    }
}

impl Format {
    pub fn of(body: &[u8]) -> Self {
        let field =
            |start: usize, size: usize| body.get(start..start.saturating_add(size)).map_or(0, le);
        let (channels, rate, bytes_a_second, block, bits) =
            (field(2, 2), field(4, 4), field(8, 4), field(12, 2), field(14, 2));
        let kind = if field(0, 2) == EXTENSIBLE { field(24, 2) } else { field(0, 2) };
        let codec = codec(kind);
        let frame = channels.saturating_mul(bits.div_ceil(8));
        let exact = |block, samples| Self { codec, rate, block, samples, is_exact: true };
        match codec {
            Codec::Pcm | Codec::ALaw | Codec::MuLaw => {
                exact(if frame == 0 { block } else { frame }, 1)
            }
            Codec::Gsm => exact(block, or(field(18, 2), 320)),
            Codec::Adpcm if kind == 2 => {
                exact(block, or(field(18, 2), adpcm_samples(block, channels, 7, 2)))
            }
            Codec::Adpcm if kind == 0x11 => {
                exact(block, or(field(18, 2), adpcm_samples(block, channels, 4, 1)))
            }
            _ => Self {
                codec,
                rate: bytes_a_second,
                block: 1,
                samples: 1,
                is_exact: codec == Codec::Adpcm,
            },
        }
    }

    /// The result for `bytes` bytes of data.
    pub fn found(&self, bytes: u64) -> Found {
        if self.rate == 0 || self.block == 0 || self.samples == 0 {
            return Found::unknown(self.codec, bytes).damaged(Damage::Contradictory);
        }
        let found = if self.is_exact { Found::exact } else { Found::estimated };
        found(self.codec, self.time(bytes), bytes)
    }

    /// The time of `bytes` bytes in whole blocks; zero if the format does not state it.
    pub fn time(&self, bytes: u64) -> Duration {
        let blocks = bytes.checked_div(self.block).unwrap_or_default();
        time(blocks.saturating_mul(self.samples), self.rate).unwrap_or_default()
    }
}

fn codec(kind: u64) -> Codec {
    match kind {
        1 | 3 => Codec::Pcm, // integers and floats
        6 => Codec::ALaw,
        7 => Codec::MuLaw,
        0x31 => Codec::Gsm,
        2 | 0x10 | 0x11 | 0x14 | 0x17 | 0x40 | 0x45 | 0x64 | 0x65 => Codec::Adpcm, // Microsoft, IMA, G.721 to G.726
        0x55 => Codec::Mp3,
        0xff | 0x1600 | 0x1602 | 0x1610 | 0xa106 => Codec::Aac,
        0xf1ac => Codec::Flac,
        0x57 => Codec::AmrNb,
        0x58 => Codec::AmrWb,
        0x704f => Codec::Opus,
        _ => Codec::Other,
    }
}

fn or(stated: u64, usual: u64) -> u64 {
    if stated == 0 { usual } else { stated }
}

/// The samples of a block of 4 bits a sample, after a header of some bytes and samples a channel.
fn adpcm_samples(block: u64, channels: u64, header: u64, first: u64) -> u64 {
    let body = block.saturating_sub(header.saturating_mul(channels));
    body.saturating_mul(2).checked_div(channels).map_or(0, |samples| samples.saturating_add(first))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Length, Measured};
    use super::*;

    fn body(kind: u16, rate: u32, bytes_a_second: u32, rest: [u16; 4]) -> Vec<u8> {
        let rest = rest.map(u16::to_le_bytes).concat();
        [
            &kind.to_le_bytes()[..],
            &[1, 0],
            &rate.to_le_bytes(),
            &bytes_a_second.to_le_bytes(),
            &rest,
        ]
        .concat()
    }

    #[test]
    fn blocks_of_one_size_are_exact() {
        let gsm = Format::of(&body(0x31, 8000, 1625, [65, 0, 2, 320]));
        assert_eq!(
            (gsm.codec, gsm.found(6500).length),
            (Codec::Gsm, Length::Exact(Duration::from_secs(4)))
        );
        let ima = Format::of(&body(0x11, 8000, 4055, [256, 4, 2, 505]));
        assert_eq!(
            (ima.codec, ima.found(25_600).length),
            (Codec::Adpcm, Length::Exact(Duration::from_micros(6_312_500)))
        );
        let microsoft = Format::of(&body(2, 8000, 4096, [256, 4, 0, 0]));
        assert_eq!(microsoft.time(256 * 8), Duration::from_millis(500));
    }

    #[test]
    fn other_codecs_are_estimated_by_the_mean_rate() {
        let mp3 = Format::of(&body(0x55, 16_000, 4000, [1, 0, 12, 1]));
        assert_eq!(
            (mp3.codec, mp3.found(40_000).length),
            (Codec::Mp3, Length::Estimated(Duration::from_secs(10)))
        );
        let g726 = Format::of(&body(0x45, 8000, 4000, [1, 4, 0, 0]));
        assert_eq!(g726.found(4000).length, Length::Exact(Duration::from_secs(1)));
    }

    #[test]
    fn an_extensible_format_names_its_codec_after_the_common_fields() {
        let extensible =
            [body(0xfffe, 8000, 16_000, [2, 16, 22, 16]), vec![0; 4], vec![1, 0], vec![0; 14]]
                .concat();
        let format = Format::of(&extensible);
        assert_eq!((format.codec, format.time(16_000)), (Codec::Pcm, Duration::from_secs(1)));
    }

    #[test]
    fn a_format_without_a_rate_measures_nothing() {
        for format in [
            Format::default(),
            Format::of(&[]),
            Format::of(&body(1, 0, 0, [2, 16, 0, 0])),
            Format::of(&body(0x7777, 8000, 0, [0; 4])),
        ] {
            let audio = format.found(1000).audio(super::super::super::Container::Wav);
            assert_eq!(
                (audio.measured(), audio.damage),
                (Measured::Claimed, Some(Damage::Contradictory))
            );
        }
    }
}
