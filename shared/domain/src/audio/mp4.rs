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
            0 => (at + 8, parent.end - at), // to the end of the file
            1 => (at + 16, be(field(known, at + 8, 8)?)),
            size => (at + 8, size),
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
        let rate = be(field(known, header.start + rate_at, 4)?);
        let duration = be(field(known, header.start + rate_at + 4, size)?);
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
    Ok(field(known, handler.body.start + 8, 4)? == b"soun")
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
    let duration = be(field(known, header.body.start + 4, size)?);
    Index { duration, ..index }.duration()
}

/// The time that a segment index (section 8.16.3) adds up to, if its segments last to the end of the object or to the closing `mfra`.
fn segment_time(known: Known<'_>, body: Area) -> Result<Option<Duration>, Stop> {
    let long = field(known, body.start, 1)? == [1];
    let (offset_at, offset_size) = if long { (20, 8) } else { (16, 4) };
    let rate = be(field(known, body.start + 8, 4)?);
    let offset = be(field(known, body.start + offset_at, offset_size)?);
    let entries_at = body.start + offset_at + offset_size + 4;
    let count = be(field(known, entries_at - 2, 2)?);
    let (mut end, mut ticks) = (body.end.saturating_add(offset), 0);
    for entry in field(known, entries_at, count * 12)?.chunks_exact(12) {
        end = end.saturating_add(be(&entry[..4]) & 0x7fff_ffff);
        ticks += be(&entry[4..8]);
    }
    Ok(time(ticks, rate).filter(|_| end == known.length || known.from(end).get(4..8) == Some(b"mfra")))
}
