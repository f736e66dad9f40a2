//! The codings of sound, which of them browsers play, and how small each can be.

use std::{fmt, time::Duration};

use super::{Container, time};

/// The coding of the sound within a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Samples as integers or floats.
    Pcm,
    ALaw,
    MuLaw,
    Gsm,
    /// Any kind of adaptive differential PCM.
    Adpcm,
    Mp3,
    Aac,
    Alac,
    AmrNb,
    AmrWb,
    Opus,
    Vorbis,
    Speex,
    Flac,
    /// A codec that is not listed, or that could not be read.
    Other,
}

impl Codec {
    pub const ALL: [Self; 15] = [
        Self::Pcm,
        Self::ALaw,
        Self::MuLaw,
        Self::Gsm,
        Self::Adpcm,
        Self::Mp3,
        Self::Aac,
        Self::Alac,
        Self::AmrNb,
        Self::AmrWb,
        Self::Opus,
        Self::Vorbis,
        Self::Speex,
        Self::Flac,
        Self::Other,
    ];

    /// The name of the codec in messages and in stored items.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pcm => "pcm",
            Self::ALaw => "alaw",
            Self::MuLaw => "mulaw",
            Self::Gsm => "gsm",
            Self::Adpcm => "adpcm",
            Self::Mp3 => "mp3",
            Self::Aac => "aac",
            Self::Alac => "alac",
            Self::AmrNb => "amr-nb",
            Self::AmrWb => "amr-wb",
            Self::Opus => "opus",
            Self::Vorbis => "vorbis",
            Self::Speex => "speex",
            Self::Flac => "flac",
            Self::Other => "other",
        }
    }

    /// The codec of a name that [`Codec::as_str`] gave.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.as_str() == name)
    }

    /// The longest time that `bytes` bytes of the codec can contain.
    pub(super) fn longest(self, bytes: u64) -> Duration {
        time(bytes.saturating_mul(8), self.lowest_bit_rate()).unwrap_or(Duration::MAX)
    }

    /// A bit rate that no recording of the codec is below, in bits a second.
    ///
    /// Samples of a constant size need 8 kbit/s even at 1,000 bytes a second, and MP3 has no lower
    /// rate. AMR has one byte for 20 ms without speech (RFC 4867, section 5.3). Other codecs shrink
    /// in silence: an Opus packet to one byte for 60 ms, a FLAC frame to 14 bytes for half a second.
    fn lowest_bit_rate(self) -> u64 {
        match self {
            Self::Pcm | Self::ALaw | Self::MuLaw | Self::Gsm | Self::Adpcm | Self::Mp3 => 8_000,
            Self::AmrNb | Self::AmrWb => 400,
            Self::Aac
            | Self::Alac
            | Self::Opus
            | Self::Vorbis
            | Self::Speex
            | Self::Flac
            | Self::Other => 100,
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether Chromium, Firefox and Safari all play the codec in that container.
///
/// The list follows MDN's "Media container formats", Firefox's `WaveDecoder` (WAV of kinds 1, 3, 6
/// and 7) and the notes of Safari: Opus in MP4 and WebM since 17, Ogg with Opus or Vorbis since
/// 18.4. A pair that one of them leaves out is not listed. No desktop browser plays AMR, GSM, ADPCM
/// or Speex, and only Safari plays ALAC and CAF. FLAC in Ogg and in MP4 is uncertain in Safari.
pub fn plays_in_browsers(container: Container, codec: Codec) -> bool {
    match container {
        Container::Wav => matches!(codec, Codec::Pcm | Codec::ALaw | Codec::MuLaw),
        Container::Mp3 => codec == Codec::Mp3,
        Container::Mp4 => matches!(codec, Codec::Aac | Codec::Opus),
        Container::Ogg | Container::WebM => matches!(codec, Codec::Opus | Codec::Vorbis),
        Container::Flac => codec == Codec::Flac,
        Container::Adts => codec == Codec::Aac,
        Container::Amr | Container::Caf | Container::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_reads_back() {
        assert!(Codec::ALL.into_iter().all(|codec| Codec::parse(codec.as_str()) == Some(codec)));
        assert_eq!((Codec::parse("AMR-NB"), Codec::AmrNb.to_string()), (None, "amr-nb".to_owned()));
    }

    #[test]
    fn only_what_every_browser_plays_is_playable() {
        assert!(plays_in_browsers(Container::Wav, Codec::MuLaw));
        assert!(plays_in_browsers(Container::Ogg, Codec::Opus));
        assert!(!plays_in_browsers(Container::Wav, Codec::Gsm));
        assert!(!plays_in_browsers(Container::Mp4, Codec::AmrNb));
        assert!(!plays_in_browsers(Container::Caf, Codec::Opus));
        assert!(Codec::ALL.into_iter().all(|codec| !plays_in_browsers(Container::Other, codec)));
    }

    #[test]
    fn a_stub_contains_seconds_and_not_hours() {
        assert_eq!(Codec::Aac.longest(64), Duration::from_millis(5120));
        assert_eq!(Codec::Pcm.longest(16_000), Duration::from_secs(16));
        assert_eq!(Codec::Other.longest(0), Duration::ZERO);
        assert!(Codec::Other.longest(u64::MAX) > Duration::from_secs(1 << 40));
    }
}
