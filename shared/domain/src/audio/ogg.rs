//! Ogg: the first page names the coding and its clock, the last page of the same stream tells the time at its end.
//!
//! Pages after RFC 3533, Opus in them after RFC 7845 (a clock of 48 kHz, less the samples to skip at the start), Vorbis after the Vorbis I
//! specification. An app that is killed leaves a file whose last page is cut off or isn't marked as the last; what is whole before it is
//! a recording all the same, so the last whole page counts and the mark isn't asked for. What the app meant to upload is the business of
//! the length and the checksum that it registered. The clock is taken to begin at nought, as recorders begin it.

use std::time::Duration;

use super::{Container, Known, NotAudio, Stop, le, time};

/// Two of the largest pages (27 + 255 + 255 × 255 bytes): the last whole page lies in the tail even if a cut-off one comes after it.
const TAIL: u64 = 128 * 1024;

/// Bytes of a page before its table of segments.
const HEADER: usize = 27;

/// A page on which no packet ends has no time.
const NO_TIME: u64 = u64::MAX;

/// A chance "OggS" in a payload also has to name the stream, so it all but never gets as far as the checksum; a forger's may, and is
/// not given more of our time than this many checksums.
const CHECKSUMS_AT_MOST: usize = 16;

pub(super) fn measure(known: Known<'_>) -> Result<Duration, Stop> {
    let stream = first_sound(known)?;
    let (_, tail) = known.tail(TAIL)?;
    let samples =
        last_time(tail, stream.serial).ok_or(NotAudio::Damaged(Container::Ogg, "no whole page of its stream stands at its end"))?;
    time(samples.saturating_sub(stream.skip), stream.rate).ok_or(NotAudio::Damaged(Container::Ogg, "its clock stands still").into())
}

/// A logical stream of sound.
struct Stream {
    serial: u64,
    /// Ticks of the stream's clock a second.
    rate: u64,
    /// Ticks before the sound begins.
    skip: u64,
}

/// The first sound among the streams; all of them are announced, one a page, before any goes on (RFC 3533, section 4).
fn first_sound(known: Known<'_>) -> Result<Stream, Stop> {
    let mut at = 0;
    loop {
        let bytes = known.from(at);
        let page = Page::of(bytes).ok_or(NotAudio::Damaged(Container::Ogg, "it does not begin with whole pages"))?;
        if !page.begins_stream {
            return Err(NotAudio::Codec(Container::Ogg).into());
        }
        if let Some(stream) = sound(page.serial, page.body) {
            return Ok(stream);
        }
        at += page.bytes.len() as u64;
    }
}

fn sound(serial: u64, packet: &[u8]) -> Option<Stream> {
    match packet {
        [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', version, _, skip_low, skip_high, ..] if *version < 16 => {
            Some(Stream { serial, rate: 48_000, skip: le(&[*skip_low, *skip_high]) })
        }
        [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => Some(Stream { serial, rate: le(packet.get(12..16)?), skip: 0 }),
        _ => None,
    }
}

/// The time of the last whole page of `serial` that has one.
fn last_time(tail: &[u8], serial: u64) -> Option<u64> {
    let pages = (0..tail.len()).rev().filter_map(|at| Page::of(&tail[at..]));
    let ours = pages.filter(|page| page.serial == serial && page.time != NO_TIME);
    ours.take(CHECKSUMS_AT_MOST).find(Page::is_sound).map(|page| page.time)
}

struct Page<'a> {
    begins_stream: bool,
    time: u64,
    serial: u64,
    checksum: u64,
    body: &'a [u8],
    /// Header and body.
    bytes: &'a [u8],
}

impl<'a> Page<'a> {
    /// The page at the beginning of `bytes`, if it is whole.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        if !header.starts_with(b"OggS\0") {
            return None;
        }
        let segments = rest.get(..usize::from(header[26]))?;
        let body_at = HEADER + segments.len();
        let end = body_at + segments.iter().map(|size| usize::from(*size)).sum::<usize>();
        Some(Self {
            begins_stream: header[5] & 2 != 0,
            time: le(&header[6..14]),
            serial: le(&header[14..18]),
            checksum: le(&header[22..26]),
            body: bytes.get(body_at..end)?,
            bytes: bytes.get(..end)?,
        })
    }

    fn is_sound(&self) -> bool {
        checksum(self.bytes) == self.checksum
    }
}

/// The CRC of a page, its own field read as nought: polynomial 0x04c11db7, neither reflected nor inverted (RFC 3533, section 6).
fn checksum(page: &[u8]) -> u64 {
    let zeroed = page.iter().enumerate().map(|(at, byte)| if (22..26).contains(&at) { 0 } else { *byte });
    zeroed.fold(0u32, |sum, byte| sum << 8 ^ REMAINDERS[usize::from((sum >> 24) as u8 ^ byte)]).into()
}

const REMAINDERS: [u32; 256] = remainders();

const fn remainders() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 0x8000_0000 == 0 { sum << 1 } else { sum << 1 ^ 0x04c1_1db7 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
}
