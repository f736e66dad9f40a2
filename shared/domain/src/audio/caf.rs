//! Measures CAF by its table of packets, or by packets of one size.
//!
//! Chunks follow Apple's "Core Audio Format Specification". The table may follow the sound. Only
//! its header is read: it counts the frames, which are samples of all channels.

use std::time::Duration;

use super::{
    Codec, Damage, Found, TOLERANCE, be,
    object::{Object, Stop},
    time,
};

pub(super) fn measure(object: Object<'_>) -> Result<Found, Stop> {
    let (mut at, mut format, mut sound, mut packets) = (8, Format::default(), None, None);
    while at < object.length && (sound.is_none() || packets.is_none() && !format.is_constant()) {
        let header = match object.bytes(at, 12) {
            Err(Stop::Damaged(_) | Stop::OutOfReach) => break,
            header => header?,
        };
        let (name, size, start) = (&header[..4], be(&header[4..]), at.saturating_add(12));
        let left = object.length.saturating_sub(start);
        let size = if size >> 63 == 1 { left } else { size }; // -1: to the end
        match name {
            b"desc" => format = Format::of(object.up_to(start, 32)?),
            b"pakt" => packets = Some(Table::of(object.up_to(start, 16)?)),
            b"data" => {
                sound = Some(Sound {
                    stated: size.saturating_sub(4),
                    existing: size.min(left).saturating_sub(4),
                })
            }
            _ => {}
        }
        at = start.saturating_add(size);
    }
    Ok(match sound {
        Some(sound) => duration(&format, &sound, packets),
        None => Found::unknown(format.codec, 0).damaged(Damage::CutOff),
    })
}

/// The bytes of sound, without the count of edits before them.
struct Sound {
    stated: u64,
    existing: u64,
}

/// The table of packets (`pakt`): its count of packets, and of frames that are to be played.
#[derive(Clone, Copy)]
struct Table {
    packets: u64,
    frames: u64,
}

impl Table {
    fn of(bytes: &[u8]) -> Self {
        let (packets, frames) = bytes.split_at(bytes.len().min(8));
        Self { packets: be(packets), frames: be(frames) }
    }

    /// Whether the frames of long packets are all counted, though the last one may have fewer.
    fn is_rounded(self, format: &Format) -> bool {
        let is_long = time(format.frames, format.rate).is_some_and(|time| time > TOLERANCE);
        is_long && self.packets.saturating_mul(format.frames) == self.frames
    }
}

/// The duration by the packets that exist, or by the table if none is missing.
fn duration(format: &Format, sound: &Sound, table: Option<Table>) -> Found {
    let unknown = Found::unknown(format.codec, sound.existing);
    let is_cut = |stated: Duration, existing: Duration| stated.saturating_sub(existing) > TOLERANCE;
    let counted =
        table.filter(|table| table.frames > 0).and_then(|table| time(table.frames, format.rate));
    let is_rounded = table.is_some_and(|table| table.is_rounded(format));
    match (format.time(sound.stated), counted) {
        (Some(stated), counted) => {
            let (existing, stated) =
                (format.time(sound.existing).unwrap_or_default(), counted.unwrap_or(stated));
            let found = Found::exact(format.codec, existing.min(stated), sound.existing);
            if is_cut(stated, existing) { found.promised(stated, Damage::CutOff) } else { found }
        }
        (None, Some(counted)) if sound.existing < sound.stated => {
            let rest = super::share_of_time(counted, sound.existing, sound.stated);
            Found::estimated(format.codec, rest, sound.existing).promised(counted, Damage::CutOff)
        }
        (None, Some(counted)) if is_rounded => {
            Found::estimated(format.codec, counted, sound.existing)
        }
        (None, Some(counted)) => Found::exact(format.codec, counted, sound.existing),
        (None, None) if sound.existing < sound.stated => unknown.damaged(Damage::CutOff),
        (None, None) => unknown.damaged(Damage::NoIndex),
    }
}

/// The description of the sound (`desc`).
#[derive(Clone, Copy)]
struct Format {
    codec: Codec,
    /// Frames a second.
    rate: u64,
    /// Bytes of a packet, and its frames; zero if they vary.
    packet: u64,
    frames: u64,
}

impl Default for Format {
    fn default() -> Self {
        Self { codec: Codec::Other, rate: 0, packet: 0, frames: 0 }
    }
}

impl Format {
    fn of(bytes: &[u8]) -> Self {
        let field = |at: usize| bytes.get(at..at.saturating_add(4)).map_or(0, be);
        let rate = bytes.first_chunk().map_or(0.0, |bytes| f64::from_be_bytes(*bytes));
        let codec = match bytes.get(8..12).unwrap_or_default() {
            b"lpcm" => Codec::Pcm,
            b"ulaw" => Codec::MuLaw,
            b"alaw" => Codec::ALaw,
            b"ima4" => Codec::Adpcm,
            b"agsm" => Codec::Gsm,
            b"aac " | b"aach" | b"aacl" | b"aacp" | b"aace" => Codec::Aac,
            b"alac" => Codec::Alac,
            b".mp3" => Codec::Mp3,
            b"opus" => Codec::Opus,
            b"flac" => Codec::Flac,
            b"samr" => Codec::AmrNb,
            _ => Codec::Other,
        };
        // Rates are whole numbers in practice; the cast saturates and makes zero of what is none.
        Self { codec, rate: rate.round() as u64, packet: field(16), frames: field(20) }
    }

    fn is_constant(&self) -> bool {
        self.packet > 0 && self.frames > 0
    }

    /// The time of that many bytes; `None` if packets vary.
    fn time(&self, bytes: u64) -> Option<Duration> {
        let packets = bytes.checked_div(self.packet)?;
        time(packets.saturating_mul(self.frames), self.rate).filter(|_| self.is_constant())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{audio, exact, flags, milliseconds};
    use super::super::{Container, Measured};
    use super::*;

    fn chunk(name: &[u8; 4], size: i64, body: &[u8]) -> Vec<u8> {
        [&name[..], &size.to_be_bytes(), body].concat()
    }

    fn head(name: &[u8; 4], rate: f64, packet: u32, frames: u32) -> Vec<u8> {
        let numbers = [0, packet, frames, 1, 0].map(u32::to_be_bytes).concat();
        let body = [&rate.to_be_bytes()[..], name, &numbers].concat();
        [b"caff\0\x01\0\0".to_vec(), chunk(b"desc", 32, &body)].concat()
    }

    fn sound(bytes: usize) -> Vec<u8> {
        chunk(b"data", bytes as i64 + 4, &vec![0; bytes + 4])
    }

    fn table(frames: i64) -> Vec<u8> {
        chunk(
            b"pakt",
            24 + 1000,
            &[&500_i64.to_be_bytes()[..], &frames.to_be_bytes(), &[0; 1008]].concat(),
        )
    }

    pub(in super::super) fn opus(seconds: i64) -> Vec<u8> {
        [head(b"opus", 48_000.0, 0, 960), sound(seconds as usize * 3000), table(seconds * 48_000)]
            .concat()
    }

    #[test]
    fn a_table_before_or_after_the_sound_counts_the_frames() {
        assert_eq!((exact(&opus(3)), exact(&opus(3000))), (3000, 3_000_000));
        let first = [
            head(b"aac ", 16_000.0, 0, 1024),
            table(32_000),
            chunk(b"free", 9, &[0; 9]),
            sound(9000),
        ]
        .concat();
        assert_eq!(
            (exact(&first), audio(&first).codec, audio(&first).container),
            (2000, Codec::Aac, Container::Caf)
        );
    }

    #[test]
    fn a_table_that_rounds_up_to_long_packets_is_an_estimate() {
        for (frames, measured) in
            [(4096 * 500, Measured::Estimated), (4096 * 500 - 9, Measured::Exact)]
        {
            let object = [head(b"alac", 8000.0, 0, 4096), table(frames), sound(90_000)].concat();
            assert_eq!(flags(&object), (measured, None));
        }
    }

    #[test]
    fn packets_of_one_size_are_exact() {
        assert_eq!(exact(&[head(b"lpcm", 8000.0, 2, 1), sound(16_000)].concat()), 1000);
        assert_eq!(exact(&[head(b"ima4", 8000.0, 34, 64), sound(3400)].concat()), 800);
        let open = [head(b"ulaw", 8000.0, 1, 1), chunk(b"data", -1, &[0; 12_004])].concat();
        assert_eq!(exact(&open), 1500);
    }

    #[test]
    fn a_recording_that_was_cut_off_is_damaged() {
        let samples = [head(b"lpcm", 8000.0, 2, 1), sound(16_000)].concat();
        let cut = audio(&samples[..samples.len() - 8000]);
        assert_eq!(
            (cut.damage, cut.promised),
            (Some(Damage::CutOff), Some(Duration::from_secs(1)))
        );
        assert_eq!(milliseconds(&samples[..samples.len() - 8000]), 500);
        let first = [head(b"aac ", 16_000.0, 0, 1024), table(32_000), sound(9000)].concat();
        assert_eq!(
            flags(&first[..first.len() - 4500]),
            (Measured::Estimated, Some(Damage::CutOff))
        );
        assert_eq!(milliseconds(&first[..first.len() - 4500]), 1000);
        assert_eq!(flags(&opus(3)[..4000]), (Measured::Claimed, Some(Damage::CutOff)));
        assert_eq!(flags(&opus(3)[..50]), (Measured::Exact, Some(Damage::CutOff)));
    }

    #[test]
    fn a_table_that_is_missing_leaves_the_claim() {
        let object = [head(b"opus", 48_000.0, 0, 960), chunk(b"data", -1, &[0; 9000])].concat();
        assert_eq!(flags(&object), (Measured::Claimed, Some(Damage::NoIndex)));
        for rate in [f64::NAN, -1.0, 0.0, f64::INFINITY] {
            let object = [head(b"lpcm", rate, 2, 1), sound(16_000)].concat();
            assert!(audio(&object).longest > Duration::ZERO);
        }
    }
}
