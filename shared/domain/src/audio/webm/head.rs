//! The headers of WebM before the first cluster: the duration, and the first stream of sound.

use std::time::Duration;

use super::{
    super::{
        Codec, be,
        object::{Object, Stop},
    },
    element::{Element, Elements},
};

const INFO: u64 = 0x1549_a966;
const TIMESTAMP_SCALE: u64 = 0x2a_d7b1;
const DURATION: u64 = 0x4489;
const STREAMS: u64 = 0x1654_ae6b;
const ENTRY: u64 = 0xae;
const NUMBER: u64 = 0xd7;
const KIND: u64 = 0x83;
const CODEC: u64 = 0x86;
const CLUSTER: u64 = 0x1f43_b675;

/// The most bytes of a header that are read: longer ones have pictures after the fields.
const HEADER: u64 = 4096;

/// The headers before the first cluster.
pub(super) struct Head {
    /// Nanoseconds of a tick.
    scale: u64,
    /// `None` in a live recording.
    pub duration: Option<Duration>,
    pub stream: Option<Stream>,
    pub has_video: bool,
    /// The offset of the first cluster.
    pub clusters: u64,
}

/// The first stream of sound.
#[derive(Clone, Copy)]
pub(super) struct Stream {
    pub number: u64,
    pub codec: Codec,
}

impl Head {
    pub fn of(object: Object<'_>, start: u64) -> Result<Self, Stop> {
        let mut head = Self {
            scale: 1_000_000,
            duration: None,
            stream: None,
            has_video: false,
            clusters: start,
        };
        while head.clusters < object.length {
            let element = match Element::at(object, head.clusters) {
                Err(Stop::Damaged(_)) => break,
                element => element?,
            };
            let content =
                |size: u64| object.up_to(element.start, element.size.unwrap_or(size).min(size));
            match element.id {
                CLUSTER => break,
                INFO => head.add_info(content(HEADER)?),
                STREAMS => head.add_streams(content(HEADER)?),
                _ => {}
            }
            let Some(end) = element.end() else { break };
            head.clusters = end;
        }
        Ok(head)
    }

    fn add_info(&mut self, info: &[u8]) {
        let mut ticks = None;
        for (id, content) in Elements(info) {
            match id {
                TIMESTAMP_SCALE => {
                    self.scale = be(content.get(..content.len().min(8)).unwrap_or_default())
                }
                DURATION => ticks = float(content),
                _ => {}
            }
        }
        // The cast saturates; a duration of more than 500 years is limited by the size anyway.
        let nanoseconds = ticks.map(|ticks| (ticks * self.scale as f64) as u64);
        self.duration = nanoseconds.filter(|time| *time > 0).map(Duration::from_nanos);
    }

    fn add_streams(&mut self, streams: &[u8]) {
        for (_, entry) in Elements(streams).filter(|(id, _)| *id == ENTRY) {
            let field = |wanted| {
                Elements(entry)
                    .find(|(id, _)| *id == wanted)
                    .map_or(&[][..], |(_, content)| content)
            };
            let small = |id| {
                field(id)
                    .last_chunk()
                    .map_or(be(field(id)), |chunk: &[u8; 8]| u64::from_be_bytes(*chunk))
            };
            match small(KIND) {
                2 if self.stream.is_none() => {
                    self.stream = Some(Stream { number: small(NUMBER), codec: codec(field(CODEC)) })
                }
                1 => self.has_video = true,
                _ => {}
            }
        }
    }

    pub fn time(&self, ticks: u64) -> Duration {
        Duration::from_nanos(ticks.saturating_mul(self.scale))
    }
}

fn float(bytes: &[u8]) -> Option<f64> {
    match bytes {
        [a, b, c, d] => Some(f32::from_be_bytes([*a, *b, *c, *d]).into()),
        _ => bytes.try_into().ok().map(f64::from_be_bytes),
    }
}

/// The codec of Matroska's codec identifier.
fn codec(id: &[u8]) -> Codec {
    let starts = |name: &[u8]| id.starts_with(name);
    match id {
        _ if starts(b"A_OPUS") => Codec::Opus,
        _ if starts(b"A_VORBIS") => Codec::Vorbis,
        _ if starts(b"A_AAC") => Codec::Aac,
        _ if starts(b"A_FLAC") => Codec::Flac,
        _ if starts(b"A_ALAC") => Codec::Alac,
        _ if starts(b"A_MPEG/L3") => Codec::Mp3,
        _ if starts(b"A_PCM/") => Codec::Pcm,
        _ => Codec::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::element::tests::element;
    use super::*;

    fn head() -> Head {
        Head { scale: 1_000_000, duration: None, stream: None, has_video: false, clusters: 0 }
    }

    #[test]
    fn the_duration_has_the_scale_of_the_segment() {
        let (scale, ticks) = (
            element(0x2a_d7b1, Some(&[1, 0x86, 0xa0])),
            element(0x4489, Some(&250_f32.to_be_bytes())),
        );
        let mut head = head();
        head.add_info(&[ticks, scale].concat());
        assert_eq!(head.duration, Some(Duration::from_millis(25)));
    }

    #[test]
    fn the_first_stream_of_sound_counts() {
        let entry = |number: u8, kind: u8, codec: &[u8]| {
            element(
                0xae,
                Some(
                    &[
                        element(0xd7, Some(&[number])),
                        element(0x83, Some(&[kind])),
                        element(0x86, Some(codec)),
                    ]
                    .concat(),
                ),
            )
        };
        let mut head = head();
        head.add_streams(
            &[entry(1, 1, b"V_VP9"), entry(2, 2, b"A_AAC/MPEG4/LC"), entry(3, 2, b"A_OPUS")]
                .concat(),
        );
        assert!(head.has_video);
        assert_eq!(head.stream.map(|stream| (stream.number, stream.codec)), Some((2, Codec::Aac)));
    }
}
