//! Measures MP4 by the index (`moov`), which is before or after the sound, or by its fragments.
//!
//! Boxes follow ISO 14496-12. Skipping the sound takes one read, so an index at the end costs as
//! much as one at the beginning. If there is less sound than the index counts, the recording lasts
//! as long as that share of it.

mod boxes;
mod codec;
mod fragment;
pub(super) mod fragments;
mod index;
mod segments;

use std::time::Duration;

use super::{
    Codec, Damage, Found, TOLERANCE,
    object::{Object, Stop},
    share_of_time,
};
use boxes::{Area, Part};
use index::{Index, Samples};

pub(super) fn measure(object: Object<'_>) -> Result<Found, Stop> {
    let layout = Layout::of(object)?;
    let Some(moov) = layout.moov else {
        return Ok(Found::unknown(Codec::Other, object.length).damaged(Damage::NoIndex));
    };
    let index = match Index::of(object, moov) {
        Err(Stop::Damaged(_)) => {
            return Ok(Found::unknown(Codec::Other, object.length).damaged(Damage::NoIndex));
        }
        index => index?,
    };
    let Some(index) = index else { return Ok(Found::exact(Codec::Other, Duration::ZERO, 0)) };
    match index.extends {
        Some(extends) => fragments::measure(object, &index, extends, &layout),
        None => Ok(by_index(object, &index, &layout)),
    }
}

/// The boxes of the file, as far as a measurement needs them.
#[derive(Default)]
struct Layout {
    moov: Option<Area>,
    /// Bytes of sound that exist, and that its boxes promise.
    sound: u64,
    promised: u64,
    /// The index of fragments (`sidx`), and where the first fragment begins.
    segments: Option<Area>,
    fragment: Option<u64>,
}

impl Layout {
    /// Reads boxes until a fragment begins, or index and sound are found.
    fn of(object: Object<'_>) -> Result<Self, Stop> {
        let (mut layout, mut at) = (Self::default(), 0);
        while at < object.length {
            let part = match Part::at(object, at, object.length) {
                Err(Stop::Damaged(_) | Stop::OutOfReach) => break,
                part => part?,
            };
            match &part.name {
                b"moov" if part.body.end <= object.length => layout.moov = Some(part.body),
                b"sidx" => layout.segments = layout.segments.or(Some(part.body)),
                b"moof" => {
                    layout.fragment = Some(at);
                    break;
                }
                b"mdat" => {
                    layout.promised = layout.promised.saturating_add(part.body.size());
                    let existing = Area { end: part.body.end.min(object.length), ..part.body };
                    layout.sound = layout.sound.saturating_add(existing.size());
                }
                _ => {}
            }
            at = part.body.end;
            let is_found = layout.moov.is_some() && layout.promised > 0;
            if is_found && object.from(at).len() < 16 {
                layout.add_unread(object.length.saturating_sub(at));
                break; // more sound may follow; reading on would tell no more of its length
            }
        }
        Ok(layout)
    }

    fn add_unread(&mut self, bytes: u64) {
        self.sound = self.sound.saturating_add(bytes);
        self.promised = self.promised.saturating_add(bytes);
    }
}

/// The duration of the index, or the share of it that exists.
fn by_index(object: Object<'_>, index: &Index, layout: &Layout) -> Found {
    let samples = index.samples(object, layout.sound);
    let Some(duration) = index.duration else { return without_duration(index, layout, samples) };
    // A table that was read in part is extrapolated, so only a great difference is one.
    let counted =
        samples.as_ref().filter(|samples| samples.is_whole || samples.bytes / 2 > layout.sound);
    let needed = layout.promised.max(counted.map_or(0, |samples| samples.bytes));
    let lacking = needed.saturating_sub(layout.sound);
    if share_of_time(duration, lacking, needed) <= TOLERANCE && layout.sound > 0 {
        return Found::exact(index.codec, duration, layout.sound);
    }
    let damage = if layout.promised > layout.sound || layout.sound == 0 {
        Damage::CutOff
    } else {
        Damage::Contradictory
    };
    let rest = match counted.filter(|samples| samples.is_whole) {
        Some(samples) => share_of_time(duration, samples.fitting, samples.count),
        None => share_of_time(duration, layout.sound, needed),
    };
    Found::estimated(index.codec, rest, layout.sound).promised(duration, damage)
}

/// An index without a duration: there is no sound, or only its amount is known.
fn without_duration(index: &Index, layout: &Layout, samples: Option<Samples>) -> Found {
    match samples {
        Some(samples) if samples.is_whole && samples.bytes == 0 => {
            Found::exact(index.codec, Duration::ZERO, layout.sound)
        }
        _ => Found::unknown(index.codec, layout.sound).damaged(Damage::Contradictory),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{audio, exact, flags, milliseconds, reason, run};
    use super::super::{Container, Length, Measured, NotAudio};
    use super::boxes::tests::{part, words};
    use super::codec::tests::description;
    use super::*;

    pub(super) fn start() -> Vec<u8> {
        part(b"ftyp", &[b"M4A \0\0\0\0".to_vec()])
    }

    /// A stream with number 1, a clock of 8 kHz and a table of samples of 4 bytes each.
    pub(super) fn trak(handler: &[u8; 4], samples: u32) -> Vec<u8> {
        let handler = part(b"hdlr", &[words(&[0, 0]), handler.to_vec(), words(&[0, 0, 0])]);
        let sizes = part(b"stsz", &[words(&[0, 0, samples]), words(&vec![4; samples as usize])]);
        let tables = part(b"stbl", &[part(b"stsd", &[description(b"mp4a", &[])]), sizes]);
        let media = part(
            b"mdia",
            &[part(b"mdhd", &[words(&[0, 0, 0, 8000, 0, 0])]), handler, part(b"minf", &[tables])],
        );
        part(b"trak", &[part(b"tkhd", &[words(&[0, 0, 0, 1, 0, 0]), vec![0; 60]]), media])
    }

    pub(super) fn movie(milliseconds: u32, more: &[Vec<u8>]) -> Vec<u8> {
        part(
            b"moov",
            &[part(b"mvhd", &[words(&[0, 0, 0, 1000, milliseconds]), vec![0; 80]]), more.concat()],
        )
    }

    pub(super) fn sound(size: usize) -> Vec<u8> {
        part(b"mdat", &[vec![7; size]])
    }

    pub(in super::super) fn index_first(size: usize) -> Vec<u8> {
        [start(), movie(1500, &[trak(b"soun", size as u32 / 4)]), sound(size)].concat()
    }

    pub(in super::super) fn index_last(size: usize) -> Vec<u8> {
        [start(), sound(size), movie(1500, &[trak(b"soun", size as u32 / 4)])].concat()
    }

    #[test]
    fn the_index_may_come_first_or_last() {
        for size in [2000, 2_000_000] {
            assert_eq!((exact(&index_first(size)), exact(&index_last(size))), (1500, 1500));
        }
        assert_eq!((run(&index_last(2_000_000)).1, run(&index_first(2_000_000)).1), (2, 2));
        assert_eq!(audio(&index_first(2000)).codec, Codec::Aac);
    }

    #[test]
    fn sixty_four_bit_sizes_and_times_are_read() {
        let long =
            [words(&[1]), b"mdat".to_vec(), 100_016u64.to_be_bytes().to_vec(), vec![0; 100_000]]
                .concat();
        let header = [words(&[1 << 24, 0, 0, 0, 0, 8000, 0, 12_000]), vec![0; 80]].concat();
        let index = part(b"moov", &[part(b"mvhd", &[header]), trak(b"soun", 0)]);
        assert_eq!(exact(&[start(), long, index].concat()), 1500);
    }

    #[test]
    fn sound_may_be_in_the_second_stream() {
        let index = movie(1500, &[trak(b"vide", 15_000), trak(b"soun", 15_000)]);
        assert_eq!(exact(&[start(), sound(100_000), index].concat()), 1500);
    }

    #[test]
    fn sound_that_is_cut_off_lasts_for_its_share() {
        for size in [100_000, 2_000_000] {
            let object = index_first(size);
            let cut = audio(&object[..object.len() - size * 4 / 10]);
            assert_eq!((cut.measured(), cut.damage), (Measured::Estimated, Some(Damage::CutOff)));
            assert_eq!(cut.promised, Some(Duration::from_millis(1500)));
            assert_eq!(milliseconds(&object[..object.len() - size * 4 / 10]), 900);
        }
        let nothing = [start(), movie(1500, &[trak(b"soun", 9)])].concat();
        assert_eq!(flags(&nothing), (Measured::Estimated, Some(Damage::CutOff)));
    }

    #[test]
    fn a_stub_never_lasts_as_long_as_its_index_promises() {
        for (samples, bytes, seconds) in [(25_000, 1000, 80), (500_000, 20_000, 360)] {
            let object =
                [start(), sound(bytes), movie(36_000_000, &[trak(b"soun", samples)])].concat();
            let stub = audio(&object);
            assert_eq!(
                (stub.measured(), stub.damage),
                (Measured::Estimated, Some(Damage::Contradictory))
            );
            assert_eq!(stub.length.duration(), Some(Duration::from_secs(seconds)));
        }
    }

    #[test]
    fn sound_without_an_index_leaves_the_claim() {
        let (short, long, garbled) = (
            index_last(1000),
            index_last(400_000),
            [start(), words(&[4]), b"free".to_vec()].concat(),
        );
        for object in [&short[..1020], &short[..short.len() - 900], &long[..300_000], &garbled] {
            let audio = audio(object);
            assert_eq!(
                (audio.container, audio.length, audio.damage),
                (Container::Mp4, Length::Unknown, Some(Damage::NoIndex))
            );
        }
    }

    #[test]
    fn an_index_without_sound_is_silent() {
        let silent = [start(), movie(1500, &[trak(b"vide", 0)]), sound(9)].concat();
        assert_eq!(reason(&silent), NotAudio::Silent(Container::Mp4));
        for moov in [movie(0, &[trak(b"soun", 0)]), movie(1500, &[])] {
            assert_eq!(
                flags(&[start(), moov, sound(9)].concat()),
                (Measured::Exact, Some(Damage::NoSound))
            );
        }
        let open = [start(), movie(0, &[trak(b"soun", 9)]), sound(36)].concat();
        assert_eq!(flags(&open), (Measured::Claimed, Some(Damage::Contradictory)));
    }
}
