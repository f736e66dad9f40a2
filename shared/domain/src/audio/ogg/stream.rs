//! The first packet of a logical stream: its codec and its clock.

use super::super::{Codec, be, le};

/// A stream of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub codec: Codec,
    /// Ticks of the stream's clock a second.
    pub rate: u64,
    /// Ticks before the sound begins.
    pub skip: u64,
}

impl Stream {
    /// The stream that begins with the packet; `None` if it is no sound.
    pub fn of(packet: &[u8]) -> Option<Self> {
        let stream = |codec, rate| Self { codec, rate, skip: 0 };
        match packet {
            // RFC 7845: a clock of 48 kHz, and samples to skip at the start
            [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', version, _, low, high, ..]
                if *version < 16 =>
            {
                Some(Self { skip: le(&[*low, *high]), ..stream(Codec::Opus, 48_000) })
            }
            // Vorbis I, section 4.2.2
            [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => {
                Some(stream(Codec::Vorbis, le(packet.get(12..16)?)))
            }
            // The Speex manual, section "Ogg file format"
            [b'S', b'p', b'e', b'e', b'x', b' ', b' ', b' ', ..] => {
                Some(stream(Codec::Speex, le(packet.get(36..40)?)))
            }
            // RFC 9639, section 10.1: the rate has 20 bits
            [0x7f, b'F', b'L', b'A', b'C', ..] => {
                Some(stream(Codec::Flac, be(packet.get(27..30)?) >> 4))
            }
            [b'P', b'C', b'M', b' ', b' ', b' ', b' ', b' ', ..] => {
                Some(stream(Codec::Pcm, be(packet.get(16..20)?)))
            }
            _ => None,
        }
    }
}

/// Whether the packet begins a stream of video: Theora, Dirac, VP8 or Daala.
pub(super) fn is_video(packet: &[u8]) -> bool {
    [&b"\x80theora"[..], b"BBCD\0", b"OVP80", b"\x80daala"]
        .iter()
        .any(|magic| packet.starts_with(magic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_codec_has_a_clock() {
        let opus = Stream::of(b"OpusHead\x01\x01\x38\x01\x80\x3e\0\0\0\0\0");
        assert_eq!(opus, Some(Stream { codec: Codec::Opus, rate: 48_000, skip: 312 }));
        let vorbis = Stream::of(b"\x01vorbis\0\0\0\0\x01\x80\x3e\0\0 and the rest of it");
        assert_eq!(vorbis, Some(Stream { codec: Codec::Vorbis, rate: 16_000, skip: 0 }));
        let speex = [&b"Speex   "[..], &[0; 28], &8000_u32.to_le_bytes()].concat();
        assert_eq!(Stream::of(&speex), Some(Stream { codec: Codec::Speex, rate: 8000, skip: 0 }));
        let flac =
            [&b"\x7fFLAC\x01\0\0\x01fLaC\0\0\0\x22"[..], &[0; 10], &[0x01, 0xf4, 0x00]].concat();
        assert_eq!(Stream::of(&flac), Some(Stream { codec: Codec::Flac, rate: 8000, skip: 0 }));
    }

    #[test]
    fn other_packets_are_no_sound() {
        assert_eq!(Stream::of(b"fishead\0"), None);
        assert_eq!(Stream::of(b"\x01vorbis"), None);
        assert!(is_video(b"\x80theora\x03\x02\x01"));
    }
}
