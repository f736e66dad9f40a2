//! MP4: the movie header in the index (`moov`) tells the duration; the index stands before or after the sound.
//!
//! Boxes after ISO 14496-12. From box to box it takes one read to pass the sound, so an index at the end costs as much as one at the
//! beginning: the tables in the index, which grow with the call, are never read. The movie's duration honours edit lists, so the silence
//! that an AAC encoder puts first isn't counted.

use std::time::Duration;

use super::{Container, Known, NotAudio, Stop, be, time};

pub(super) fn measure(known: Known<'_>) -> Result<Duration, Stop> {
    let file = Area { start: 0, end: known.length };
    let (mut at, mut index, mut sound, mut segments) = (0, None, false, None);
    while at < known.length && !(index.is_some() && sound && is_enough(known, at)) {
        let part = Part::at(known, at, file)?;
        match &part.name {
            b"moov" => index = Some(Index::of(known, part.body)?),
            b"sidx" => segments = segments.or(Some(part.body)),
            b"moof" => return fragments(known, index, segments),
            b"mdat" => sound = true,
            _ => {}
        }
        at = part.body.end;
    }
    match index {
        Some(index) if sound => index.duration(),
        Some(_) => Err(NotAudio::Truncated(Container::Mp4).into()),
        None => Err(NotAudio::NoIndex.into()),
    }
}

/// Whether what is after index and sound may stay unseen. It is looked at while there are reads left: fragments may follow.
fn is_enough(known: Known<'_>, at: u64) -> bool {
    !known.reads_left() && known.from(at).len() < 16
}

/// A part of the object, in bytes from its beginning.
#[derive(Clone, Copy)]
struct Area {
    start: u64,
    end: u64,
}

/// A box, as ISO 14496-12 calls it (section 4.2).
struct Part {
    name: [u8; 4],
    body: Area,
}

impl Part {
    /// The box at `at`, which ends within `parent`.
    fn at(known: Known<'_>, at: u64, parent: Area) -> Result<Self, Stop> {
        let header = field(known, at, 8)?;
        let (size, name) = header.split_at(4);
        let (start, size) = match be(size) {
            0 => (at.saturating_add(8), parent.end.saturating_sub(at)), // to the end of the file
            1 => (at.saturating_add(16), be(field(known, at.saturating_add(8), 8)?)),
            size => (at.saturating_add(8), size),
        };
        let end = at.saturating_add(size);
        if end < start {
            return Err(NotAudio::Damaged(Container::Mp4, "a box is smaller than its header").into());
        }
        if end > parent.end {
            let is_cut = parent.end == known.length;
            let damaged = NotAudio::Damaged(Container::Mp4, "a box is larger than the one around it");
            return Err(if is_cut { NotAudio::Truncated(Container::Mp4) } else { damaged }.into());
        }
        Ok(Self { name: [name[0], name[1], name[2], name[3]], body: Area { start, end } })
    }

    /// The first box of `name` directly in `parent`.
    fn find(known: Known<'_>, parent: Area, name: &[u8; 4]) -> Result<Option<Self>, Stop> {
        let mut at = parent.start;
        while at < parent.end {
            let part = Self::at(known, at, parent)?;
            if part.name == *name {
                return Ok(Some(part));
            }
            at = part.body.end;
        }
        Ok(None)
    }
}

/// `count` bytes that have to be there.
fn field<'a>(known: Known<'a>, at: u64, count: u64) -> Result<&'a [u8], Stop> {
    known.bytes(at, count)?.ok_or(NotAudio::Truncated(Container::Mp4).into())
}

/// What the beginning of the index tells.
struct Index {
    area: Area,
    /// Ticks a second.
    rate: u64,
    /// Ticks; zero in a file written in fragments.
    duration: u64,
}

impl Index {
    /// Reads the movie header and goes from track to track until one has sound.
    fn of(known: Known<'_>, area: Area) -> Result<Self, Stop> {
        let Some(header) = Part::find(known, area, b"mvhd")? else {
            return Err(NotAudio::Damaged(Container::Mp4, "the index has no movie header").into());
        };
        let mut rest = area;
        while let Some(track) = Part::find(known, rest, b"trak")? {
            if is_sound(known, track.body)? {
                return Self::from_header(known, area, header.body);
            }
            rest.start = track.body.end;
        }
        Err(NotAudio::NoSound(Container::Mp4).into())
    }

    /// The movie header box (section 8.2.2): times of creation and change, ticks a second, duration.
    fn from_header(known: Known<'_>, area: Area, header: Area) -> Result<Self, Stop> {
        let (rate_at, size) = if field(known, header.start, 1)? == [1] { (20, 8) } else { (12, 4) };
        let rate_at = header.start.saturating_add(rate_at);
        let rate = be(field(known, rate_at, 4)?);
        let duration = be(field(known, rate_at.saturating_add(4), size)?);
        Ok(Self { area, rate, duration })
    }

    fn duration(&self) -> Result<Duration, Stop> {
        time(self.duration, self.rate).ok_or(NotAudio::Damaged(Container::Mp4, "its clock stands still").into())
    }
}

/// Whether the track's handler is that of sound (sections 8.4.1 and 8.4.3).
fn is_sound(known: Known<'_>, track: Area) -> Result<bool, Stop> {
    let Some(media) = Part::find(known, track, b"mdia")? else { return Ok(false) };
    let Some(handler) = Part::find(known, media.body, b"hdlr")? else { return Ok(false) };
    Ok(field(known, handler.body.start.saturating_add(8), 4)? == b"soun")
}

/// The duration of a file written in fragments: from the extends header (section 8.8.2), or from a segment index that spans the file.
fn fragments(known: Known<'_>, index: Option<Index>, segments: Option<Area>) -> Result<Duration, Stop> {
    let index = index.ok_or(NotAudio::NoIndex)?;
    let Some(extends) = Part::find(known, index.area, b"mvex")? else {
        return Err(NotAudio::Damaged(Container::Mp4, "fragments follow an index that announces none").into());
    };
    let Some(header) = Part::find(known, extends.body, b"mehd")? else {
        let segments = segments.ok_or(NotAudio::Fragmented)?;
        return segment_time(known, segments)?.ok_or(NotAudio::Fragmented.into());
    };
    let size = if field(known, header.body.start, 1)? == [1] { 8 } else { 4 };
    let duration = be(field(known, header.body.start.saturating_add(4), size)?);
    Index { duration, ..index }.duration()
}

/// The time that a segment index (section 8.16.3) adds up to, if its segments last to the end of the object or to the closing `mfra`.
fn segment_time(known: Known<'_>, body: Area) -> Result<Option<Duration>, Stop> {
    let long = field(known, body.start, 1)? == [1];
    let (offset_at, offset_size) = if long { (20, 8) } else { (16, 4) };
    let rate = be(field(known, body.start.saturating_add(8), 4)?);
    let offset_at = body.start.saturating_add(offset_at);
    let offset = be(field(known, offset_at, offset_size)?);
    let count_at = offset_at.saturating_add(offset_size).saturating_add(2);
    let (count, entries_at) = (be(field(known, count_at, 2)?), count_at.saturating_add(2));
    let (mut end, mut ticks) = (body.end.saturating_add(offset), 0_u64);
    for entry in field(known, entries_at, count.saturating_mul(12))?.chunks_exact(12) {
        end = end.saturating_add(be(&entry[..4]) & 0x7fff_ffff);
        ticks = ticks.saturating_add(be(&entry[4..8]));
    }
    let is_whole = end == known.length || known.bytes(end, 8)?.is_some_and(|header| header.ends_with(b"mfra"));
    Ok(time(ticks, rate).filter(|_| is_whole))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{milliseconds, reason, run};
    use super::*;

    fn part(name: &[u8; 4], bodies: &[Vec<u8>]) -> Vec<u8> {
        let body = bodies.concat();
        [&(8 + body.len() as u32).to_be_bytes()[..], name, &body].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn start() -> Vec<u8> {
        part(b"ftyp", &[b"M4A \0\0\0\0".to_vec()])
    }

    fn track(handler: &[u8; 4], table: usize) -> Vec<u8> {
        let handler = part(b"hdlr", &[words(&[0, 0]), handler.to_vec(), words(&[0, 0, 0])]);
        part(
            b"trak",
            &[part(b"tkhd", &[vec![0; 84]]), part(b"mdia", &[part(b"mdhd", &[vec![0; 24]]), handler, part(b"stsz", &[vec![9; table]])])],
        )
    }

    fn movie(milliseconds: u32, more: &[Vec<u8>]) -> Vec<u8> {
        part(b"moov", &[part(b"mvhd", &[words(&[0, 0, 0, 1000, milliseconds]), vec![0; 80]]), more.concat()])
    }

    fn sound(size: usize) -> Vec<u8> {
        part(b"mdat", &[vec![7; size]])
    }

    pub(in super::super) fn index_first(size: usize) -> Vec<u8> {
        [start(), movie(1500, &[track(b"soun", size / 4)]), sound(size)].concat()
    }

    pub(in super::super) fn index_last(size: usize) -> Vec<u8> {
        [start(), sound(size), movie(1500, &[track(b"soun", size / 4)])].concat()
    }

    fn extends(duration: Option<u32>) -> Vec<u8> {
        let header = duration.map(|duration| part(b"mehd", &[words(&[0, duration])]));
        part(b"mvex", &[header.unwrap_or_default(), part(b"trex", &[vec![0; 24]])])
    }

    fn fragment() -> Vec<u8> {
        [part(b"moof", &[part(b"mfhd", &[words(&[0, 1])])]), sound(92)].concat() // 16 + 8 and 100 bytes
    }

    fn segment_index(sizes: &[u32]) -> Vec<u8> {
        let entries: Vec<u32> = sizes.iter().flat_map(|size| [*size, 8000, 0]).collect();
        part(b"sidx", &[words(&[0, 1, 16_000, 0, 0, sizes.len() as u32]), words(&entries)])
    }

    fn fragmented(milliseconds: u32, extends: Vec<u8>, rest: &[Vec<u8>]) -> Vec<u8> {
        [start(), movie(milliseconds, &[track(b"soun", 0), extends]), rest.concat()].concat()
    }

    pub(in super::super) fn fragments() -> Vec<u8> {
        let size = fragment().len() as u32;
        fragmented(0, extends(None), &[segment_index(&[size, size]), fragment(), fragment()])
    }

    #[test]
    fn the_index_may_stand_first_or_last() {
        for size in [2000, 2_000_000] {
            assert_eq!(milliseconds(&index_first(size)), 1500);
            assert_eq!(milliseconds(&index_last(size)), 1500);
        }
        assert!(matches!(run(&index_last(2_000_000)), (_, 2)));
        assert!(matches!(run(&index_first(2_000_000)), (_, 2)));
    }

    #[test]
    fn sixty_four_bit_sizes_and_times_are_read() {
        let long = [words(&[1]), b"mdat".to_vec(), 100_016u64.to_be_bytes().to_vec(), vec![0; 100_000]].concat();
        let header = [words(&[1 << 24, 0, 0, 0, 0, 8000, 0, 12_000]), vec![0; 80]].concat();
        let index = part(b"moov", &[part(b"mvhd", &[header]), track(b"soun", 0)]);
        assert_eq!(milliseconds(&[start(), long, index].concat()), 1500);
    }

    #[test]
    fn sound_may_be_the_second_track() {
        let index = movie(1500, &[track(b"vide", 60_000), track(b"soun", 60_000)]);
        assert_eq!(milliseconds(&[start(), sound(100_000), index].concat()), 1500);
    }

    #[test]
    fn fragments_are_measured_by_a_total_or_a_segment_index_that_spans_them() {
        assert_eq!(milliseconds(&fragmented(0, extends(Some(2500)), &[fragment()])), 2500);
        assert_eq!(milliseconds(&fragments()), 1000);
        assert_eq!(milliseconds(&[fragments(), part(b"mfra", &[])].concat()), 1000);
        assert_eq!(reason(&[fragments(), fragment()].concat()), NotAudio::Fragmented);
    }

    #[test]
    fn an_index_of_the_first_fragment_is_not_taken_for_the_whole() {
        let rest = [sound(100_000), fragment(), fragment()];
        assert_eq!(reason(&fragmented(1500, extends(None), &rest)), NotAudio::Fragmented);
    }

    #[test]
    fn what_cannot_be_measured_has_a_reason() {
        let mp4 = Container::Mp4;
        for object in [index_first(100_000), index_last(100_000)] {
            assert_eq!(reason(&object[..object.len() - 1]), NotAudio::Truncated(mp4));
        }
        assert_eq!(reason(&[start(), movie(1500, &[track(b"soun", 0)])].concat()), NotAudio::Truncated(mp4));
        assert_eq!(reason(&[start(), sound(100_000)].concat()), NotAudio::NoIndex);
        assert_eq!(reason(&[start(), movie(1500, &[track(b"vide", 0)]), sound(9)].concat()), NotAudio::NoSound(mp4));
        assert_eq!(reason(&[start(), movie(0, &[track(b"soun", 0)]), sound(9)].concat()), NotAudio::NoSound(mp4));
        assert!(matches!(reason(&[start(), words(&[4]), b"free".to_vec()].concat()), NotAudio::Damaged(..)));
    }
}
