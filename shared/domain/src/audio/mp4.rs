//! Measures MP4 by the movie header in the index (`moov`), which is before or after the sound.
//!
//! Boxes follow ISO 14496-12. Skipping the sound takes one read, so an index at the end costs as
//! much as one at the beginning. The tables in the index grow with the call and are never read. The
//! movie's duration respects edit lists, which leave out the silence at an AAC encoder's start.

use std::time::Duration;

use super::{Container, NotAudio, Object, Stop, be, time};

pub(super) fn measure(object: Object<'_>) -> Result<Duration, Stop> {
    let file = Area { start: 0, end: object.length };
    let (mut at, mut index, mut sound, mut segments) = (0, None, false, None);
    while at < object.length && !(index.is_some() && sound && is_enough(object, at)) {
        let part = Part::at(object, at, file)?;
        match &part.name {
            b"moov" => index = Some(Index::of(object, part.body)?),
            b"sidx" => segments = segments.or(Some(part.body)),
            b"moof" => return fragments(object, index, segments),
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

/// Whether the rest can stay unread. Fragments may follow index and sound, if reads are left.
fn is_enough(object: Object<'_>, at: u64) -> bool {
    !object.reads_left() && object.from(at).len() < 16
}

/// A range of the object, in bytes from its start.
#[derive(Clone, Copy)]
struct Area {
    start: u64,
    end: u64,
}

/// A box (ISO 14496-12, section 4.2).
struct Part {
    name: [u8; 4],
    body: Area,
}

impl Part {
    /// The box at `at`, which ends within `parent`.
    fn at(object: Object<'_>, at: u64, parent: Area) -> Result<Self, Stop> {
        let header = field(object, at, 8)?;
        let (size, name) = header.split_at(4);
        let (start, size) = match be(size) {
            0 => (at.saturating_add(8), parent.end.saturating_sub(at)), // to the end of the file
            1 => (at.saturating_add(16), be(field(object, at.saturating_add(8), 8)?)),
            size => (at.saturating_add(8), size),
        };
        let end = at.saturating_add(size);
        if end < start {
            return Err(NotAudio::Damaged(Container::Mp4, "a box is smaller than its header").into());
        }
        if end > parent.end {
            let is_cut = parent.end == object.length;
            let damaged = NotAudio::Damaged(Container::Mp4, "a box is larger than the one around it");
            return Err(if is_cut { NotAudio::Truncated(Container::Mp4) } else { damaged }.into());
        }
        Ok(Self { name: [name[0], name[1], name[2], name[3]], body: Area { start, end } })
    }

    /// The first box of `name` directly in `parent`.
    fn find(object: Object<'_>, parent: Area, name: &[u8; 4]) -> Result<Option<Self>, Stop> {
        let mut at = parent.start;
        while at < parent.end {
            let part = Self::at(object, at, parent)?;
            if part.name == *name {
                return Ok(Some(part));
            }
            at = part.body.end;
        }
        Ok(None)
    }
}

/// The `count` bytes at `at`. The file is truncated if they do not exist.
fn field<'a>(object: Object<'a>, at: u64, count: u64) -> Result<&'a [u8], Stop> {
    object.bytes(at, count)?.ok_or(NotAudio::Truncated(Container::Mp4).into())
}

/// The fields at the beginning of the index.
struct Index {
    area: Area,
    /// Ticks a second.
    rate: u64,
    /// Ticks; zero in a file written in fragments.
    duration: u64,
}

impl Index {
    /// Reads the movie header, and the tracks until one has sound.
    fn of(object: Object<'_>, area: Area) -> Result<Self, Stop> {
        let Some(header) = Part::find(object, area, b"mvhd")? else {
            return Err(NotAudio::Damaged(Container::Mp4, "the index has no movie header").into());
        };
        let mut rest = area;
        while let Some(trak) = Part::find(object, rest, b"trak")? {
            if is_sound(object, trak.body)? {
                return Self::from_header(object, area, header.body);
            }
            rest.start = trak.body.end;
        }
        Err(NotAudio::NoSound(Container::Mp4).into())
    }

    /// The movie header box (section 8.2.2): creation, modification, ticks a second, duration.
    fn from_header(object: Object<'_>, area: Area, header: Area) -> Result<Self, Stop> {
        let (rate_at, size) = if field(object, header.start, 1)? == [1] { (20, 8) } else { (12, 4) };
        let rate_at = header.start.saturating_add(rate_at);
        let rate = be(field(object, rate_at, 4)?);
        let duration = be(field(object, rate_at.saturating_add(4), size)?);
        Ok(Self { area, rate, duration })
    }

    fn duration(&self) -> Result<Duration, Stop> {
        time(self.duration, self.rate).ok_or(NotAudio::Damaged(Container::Mp4, "its clock rate is zero").into())
    }
}

/// Whether its handler is the one for sound (sections 8.4.1 and 8.4.3).
fn is_sound(object: Object<'_>, trak: Area) -> Result<bool, Stop> {
    let Some(media) = Part::find(object, trak, b"mdia")? else { return Ok(false) };
    let Some(handler) = Part::find(object, media.body, b"hdlr")? else { return Ok(false) };
    Ok(field(object, handler.body.start.saturating_add(8), 4)? == b"soun")
}

/// A fragmented file's duration, from the extends header (section 8.8.2) or a full segment index.
fn fragments(object: Object<'_>, index: Option<Index>, segments: Option<Area>) -> Result<Duration, Stop> {
    let index = index.ok_or(NotAudio::NoIndex)?;
    let Some(extends) = Part::find(object, index.area, b"mvex")? else {
        return Err(NotAudio::Damaged(Container::Mp4, "fragments follow an index that announces none").into());
    };
    let Some(header) = Part::find(object, extends.body, b"mehd")? else {
        let segments = segments.ok_or(NotAudio::Fragmented)?;
        return segment_time(object, segments)?.ok_or(NotAudio::Fragmented.into());
    };
    let size = if field(object, header.body.start, 1)? == [1] { 8 } else { 4 };
    let duration = be(field(object, header.body.start.saturating_add(4), size)?);
    Index { duration, ..index }.duration()
}

/// The total time of a segment index (section 8.16.3) that reaches the end or the closing `mfra`.
fn segment_time(object: Object<'_>, body: Area) -> Result<Option<Duration>, Stop> {
    let long = field(object, body.start, 1)? == [1];
    let (offset_at, offset_size) = if long { (20, 8) } else { (16, 4) };
    let rate = be(field(object, body.start.saturating_add(8), 4)?);
    let offset_at = body.start.saturating_add(offset_at);
    let offset = be(field(object, offset_at, offset_size)?);
    let count_at = offset_at.saturating_add(offset_size).saturating_add(2);
    let (count, entries_at) = (be(field(object, count_at, 2)?), count_at.saturating_add(2));
    let (mut end, mut ticks) = (body.end.saturating_add(offset), 0_u64);
    for entry in field(object, entries_at, count.saturating_mul(12))?.chunks_exact(12) {
        end = end.saturating_add(be(&entry[..4]) & 0x7fff_ffff);
        ticks = ticks.saturating_add(be(&entry[4..8]));
    }
    let is_whole = end == object.length || object.bytes(end, 8)?.is_some_and(|header| header.ends_with(b"mfra"));
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

    fn trak(handler: &[u8; 4], table: usize) -> Vec<u8> {
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
        [start(), movie(1500, &[trak(b"soun", size / 4)]), sound(size)].concat()
    }

    pub(in super::super) fn index_last(size: usize) -> Vec<u8> {
        [start(), sound(size), movie(1500, &[trak(b"soun", size / 4)])].concat()
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
        [start(), movie(milliseconds, &[trak(b"soun", 0), extends]), rest.concat()].concat()
    }

    pub(in super::super) fn fragments() -> Vec<u8> {
        let size = fragment().len() as u32;
        fragmented(0, extends(None), &[segment_index(&[size, size]), fragment(), fragment()])
    }

    #[test]
    fn the_index_may_come_first_or_last() {
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
        let index = part(b"moov", &[part(b"mvhd", &[header]), trak(b"soun", 0)]);
        assert_eq!(milliseconds(&[start(), long, index].concat()), 1500);
    }

    #[test]
    fn sound_may_be_in_the_second_trak() {
        let index = movie(1500, &[trak(b"vide", 60_000), trak(b"soun", 60_000)]);
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
    fn rejects_a_file_that_cannot_be_measured() {
        let mp4 = Container::Mp4;
        for object in [index_first(100_000), index_last(100_000)] {
            assert_eq!(reason(&object[..object.len() - 1]), NotAudio::Truncated(mp4));
        }
        assert_eq!(reason(&[start(), movie(1500, &[trak(b"soun", 0)])].concat()), NotAudio::Truncated(mp4));
        assert_eq!(reason(&[start(), sound(100_000)].concat()), NotAudio::NoIndex);
        assert_eq!(reason(&[start(), movie(1500, &[trak(b"vide", 0)]), sound(9)].concat()), NotAudio::NoSound(mp4));
        assert_eq!(reason(&[start(), movie(0, &[trak(b"soun", 0)]), sound(9)].concat()), NotAudio::NoSound(mp4));
        assert!(matches!(reason(&[start(), words(&[4]), b"free".to_vec()].concat()), NotAudio::Damaged(..)));
    }
}
