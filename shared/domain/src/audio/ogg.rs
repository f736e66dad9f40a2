//! Measures Ogg: the first page names the codec and its clock, the last page has the end time.
//!
//! Pages follow RFC 3533, Opus RFC 7845 (a clock of 48 kHz, minus the samples to skip at the
//! start), Vorbis the Vorbis I specification. If the app is killed, the last page is cut off or not
//! marked as the last. The pages before it are still a recording, so the last whole page counts,
//! marked or not. The registered length and checksum reveal an incomplete upload. The clock is
//! assumed to begin at zero, as recorders begin it.

use std::time::Duration;

use super::{Container, NotAudio, Object, Stop, le, time};

/// Two of the largest pages (27 + 255 + 255 × 255 bytes), so that the tail contains a whole page
/// even if a cut-off one follows.
const TAIL: u64 = 128 * 1024;

/// Bytes of a page before its segment table.
const HEADER: usize = 27;

/// The time of a page on which no packet ends.
const NO_TIME: u64 = u64::MAX;

/// The most checksums to compute. A chance "OggS" in a payload must also name the stream, so it
/// hardly ever needs one; forged pages might need many.
const CHECKSUMS_AT_MOST: usize = 16;

pub(super) fn measure(object: Object<'_>) -> Result<Duration, Stop> {
    let stream = first_sound(object)?;
    let (_, tail) = object.tail(TAIL)?;
    let samples = last_time(tail, stream.serial).ok_or(NotAudio::Damaged(Container::Ogg, "no whole page of its stream is at its end"))?;
    time(samples.saturating_sub(stream.skip), stream.rate).ok_or(NotAudio::Damaged(Container::Ogg, "its clock rate is zero").into())
}

/// A logical stream of sound.
struct Stream {
    serial: u64,
    /// Ticks of the stream's clock a second.
    rate: u64,
    /// Ticks before the sound begins.
    skip: u64,
}

/// The first stream of sound. All are announced before any continues (RFC 3533, section 4).
fn first_sound(object: Object<'_>) -> Result<Stream, Stop> {
    let mut at = 0;
    loop {
        let bytes = object.from(at);
        let page = Page::of(bytes).ok_or(NotAudio::Damaged(Container::Ogg, "it does not begin with whole pages"))?;
        if !page.begins_stream {
            return Err(NotAudio::Codec(Container::Ogg).into());
        }
        if let Some(stream) = sound(page.serial, page.body) {
            return Ok(stream);
        }
        at = page.bytes.len().saturating_add(at as usize) as u64;
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
    ours.take(CHECKSUMS_AT_MOST).find(Page::is_intact).map(|page| page.time)
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
        let body_at = segments.len().saturating_add(HEADER);
        let end = segments.iter().fold(body_at, |end, size| end.saturating_add(usize::from(*size)));
        Some(Self {
            begins_stream: header[5] & 2 != 0,
            time: le(&header[6..14]),
            serial: le(&header[14..18]),
            checksum: le(&header[22..26]),
            body: bytes.get(body_at..end)?,
            bytes: bytes.get(..end)?,
        })
    }

    fn is_intact(&self) -> bool {
        checksum(self.bytes) == self.checksum
    }
}

/// The CRC of a page with its own field as zero: polynomial 0x04c11db7, neither reflected nor
/// inverted (RFC 3533, section 6).
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
            bit = u8::saturating_add(bit, 1);
        }
        table[byte] = sum;
        byte = usize::saturating_add(byte, 1);
    }
    table
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{milliseconds, reason, run};
    use super::*;

    fn page(flags: u8, time: u64, serial: u32, body: &[u8]) -> Vec<u8> {
        let segments: Vec<u8> = body.chunks(255).map(|segment| segment.len() as u8).collect();
        let mut page =
            [b"OggS\0", &[flags][..], &time.to_le_bytes(), &serial.to_le_bytes(), &[0; 8], &[segments.len() as u8], &segments, body]
                .concat();
        let sum = checksum(&page) as u32;
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        page
    }

    fn opus_head(serial: u32) -> Vec<u8> {
        page(2, 0, serial, b"OpusHead\x01\x01\x38\x01\x80\x3e\0\0\0\0\0")
    }

    /// Pages of one second each.
    pub(in super::super) fn opus(seconds: u64) -> Vec<u8> {
        let pages = (1..=seconds).map(|second| page(0, second * 48_000 + 312, 7, &[second as u8; 3000]));
        [vec![opus_head(7), page(0, 0, 7, b"OpusTags")], pages.collect()].concat().concat()
    }

    #[test]
    fn opus_is_measured_by_the_last_page_minus_the_skipped_samples() {
        assert_eq!(milliseconds(&opus(3)), 3000);
        assert!(matches!(run(&opus(3000)), (_, 2)));
        assert_eq!(milliseconds(&opus(3000)), 3_000_000);
    }

    #[test]
    fn vorbis_has_a_clock_of_its_own() {
        let head = page(2, 0, 7, b"\x01vorbis\0\0\0\0\x01\x80\x3e\0\0 and the rest of it");
        assert_eq!(milliseconds(&[head, page(4, 24_000, 7, b"sound")].concat()), 1500);
    }

    #[test]
    fn a_page_cut_off_at_the_end_is_left_out() {
        let object = opus(3);
        assert_eq!(milliseconds(&object[..object.len() - 1]), 2000);
        assert_eq!(milliseconds(&[object, opus(1)[..20].to_vec()].concat()), 3000);
    }

    #[test]
    fn a_chance_page_in_a_payload_and_another_stream_are_ignored() {
        let mut fake = page(0, 1 << 40, 7, b"not a page");
        fake[22] ^= 1;
        assert_eq!(milliseconds(&[opus(3), fake].concat()), 3000);
        assert_eq!(milliseconds(&[opus(3), page(0, 1 << 40, 8, b"another stream")].concat()), 3000);
        assert_eq!(milliseconds(&[opus(3), page(0, NO_TIME, 7, b"no packet ends")].concat()), 3000);
    }

    #[test]
    fn sound_is_found_after_another_stream() {
        let skeleton = page(2, 0, 1, b"fishead");
        assert_eq!(milliseconds(&[skeleton, opus(3)].concat()), 3000);
    }

    #[test]
    fn rejects_a_file_that_cannot_be_measured() {
        let ogg = Container::Ogg;
        assert_eq!(reason(&[page(2, 0, 7, b"Speex   "), page(4, 8000, 7, b"sound")].concat()), NotAudio::Codec(ogg));
        assert_eq!(reason(&opus(0)), NotAudio::NoSound(ogg));
        assert!(matches!(reason(&opus(3)[..30]), NotAudio::Damaged(..)));
        assert!(matches!(reason(&[opus(9), vec![0; 200_000]].concat()), NotAudio::Damaged(..)));
    }

    #[test]
    fn a_tail_of_forged_pages_costs_few_checksums() {
        let forged = page(0, 5, 7, &[])[..HEADER - 1].iter().copied().chain([255]).collect::<Vec<u8>>();
        let object = [opus_head(7), forged.repeat(8000)].concat();
        assert!(matches!(reason(&object), NotAudio::Damaged(..)));
    }

    #[test]
    fn the_checksum_follows_the_rfc() {
        // Check value of this polynomial, neither reflected nor inverted, over the usual digits.
        assert_eq!(checksum(b"123456789"), 0x89a1_897f);
    }
}
