//! The index of MP4 (`moov`): its stream of sound, and how long that lasts.
//!
//! The duration of a stream's header (`tkhd`) respects edit lists, which leave out the silence at
//! an AAC encoder's start. The tables in the index grow with the call; they are used as far as they
//! were read anyway.

use std::time::Duration;

use super::{
    super::{
        Codec, Container, NotAudio, be,
        object::{Object, Stop, if_readable},
        share, time,
    },
    boxes::{Area, Fields, Part},
    codec::codec,
};

/// Bytes of the largest header box.
const HEADER: u64 = 112;

/// Bytes of a sample description that state its codec.
const DESCRIPTION: u64 = 512;

pub(super) struct Index {
    pub codec: Codec,
    /// The number of the stream of sound.
    pub id: u64,
    /// Ticks a second of the stream of sound.
    pub rate: u64,
    /// As the headers state it; `None` in a file that is written in fragments.
    pub duration: Option<Duration>,
    /// The defaults for fragments (`mvex`), if fragments may follow.
    pub extends: Option<Area>,
    /// The duration of the movie header's clock: its ticks a second.
    pub movie_rate: u64,
    /// The tables of the stream (`stbl`).
    tables: Option<Area>,
}

impl Index {
    /// Reads the index; `None` if it has no stream of sound. An index with video only is no audio.
    pub fn of(object: Object<'_>, moov: Area) -> Result<Option<Self>, Stop> {
        let (movie, mut found, mut has_video) = (Header::movie(object, moov)?, None, false);
        let mut at = moov.start;
        while at.saturating_add(8) <= moov.end {
            // After the stream of sound, only what was read is of interest.
            let part = match &found {
                None => Some(Part::at(object, at, moov.end)?),
                Some(_) => if_readable(Part::at(object.as_read(), at, moov.end))?,
            };
            let Some(part) = part else { break };
            match (&part.name, &mut found) {
                (b"trak", None) => match handler(object, part.body)?.as_slice() {
                    b"soun" => found = Some(Self::of_stream(object, part.body, &movie)?),
                    b"vide" => has_video = true,
                    _ => {}
                },
                (b"mvex", Some(index)) => index.extends = Some(part.body),
                _ => {}
            }
            at = part.body.end;
        }
        match found {
            None if has_video => Err(Stop::NotAudio(NotAudio::Silent(Container::Mp4))),
            found => Ok(found),
        }
    }

    fn of_stream(object: Object<'_>, trak: Area, movie: &Header) -> Result<Self, Stop> {
        let (id, presented) = stream_header(object, trak, movie.rate)?;
        let media = Header::of(object, Part::descend(object, trak, &[b"mdia", b"mdhd"])?)?;
        let tables =
            Part::descend(object, trak, &[b"mdia", b"minf", b"stbl"])?.map(|part| part.body);
        let description = match tables {
            Some(tables) => Part::find(object, tables, b"stsd")?,
            None => None,
        };
        let codec = match description {
            Some(part) => codec(object.up_to(part.body.start, part.body.size().min(DESCRIPTION))?),
            None => Codec::Other,
        };
        let duration = presented.or(media.duration()).or(movie.duration());
        Ok(Self {
            codec,
            id,
            rate: media.rate,
            duration,
            extends: None,
            movie_rate: movie.rate,
            tables,
        })
    }

    /// The samples by their table, of which `existing` bytes exist. `None` if it was not read.
    /// Requests no read.
    pub fn samples(&self, object: Object<'_>, existing: u64) -> Option<Samples> {
        let object = object.as_read();
        let table = Part::find(object, self.tables?, b"stsz").ok()??;
        let mut fields = Fields::of(object.bytes(table.body.start, 12).ok()?)?;
        let (size, count) = (fields.number(4)?, fields.number(4)?);
        if size > 0 || count == 0 {
            let fitting = existing.checked_div(size).unwrap_or_default().min(count);
            return Some(Samples {
                bytes: size.saturating_mul(count),
                count,
                fitting,
                is_whole: true,
            });
        }
        let (mut bytes, mut read, mut fitting) = (0_u64, 0_u64, 0_u64);
        for entry in object
            .from(table.body.start.saturating_add(12))
            .chunks_exact(4)
            .take(usize::try_from(count).ok()?)
        {
            bytes = bytes.saturating_add(be(entry));
            read = read.saturating_add(1);
            fitting = if bytes <= existing { read } else { fitting };
        }
        (read > 0).then(|| Samples {
            bytes: share(bytes, count, read),
            count,
            fitting,
            is_whole: read == count,
        })
    }
}

/// The table of samples (`stsz`, section 8.7.3).
pub(super) struct Samples {
    /// Bytes of all samples. Those of entries that were not read are extrapolated.
    pub bytes: u64,
    pub count: u64,
    /// How many of the samples that were read exist.
    pub fitting: u64,
    pub is_whole: bool,
}

/// A header with a clock: of the movie (`mvhd`, section 8.2.2) or of a stream (`mdhd`, 8.4.2).
#[derive(Default)]
struct Header {
    rate: u64,
    /// `None` if it is zero or open.
    ticks: Option<u64>,
}

impl Header {
    fn movie(object: Object<'_>, moov: Area) -> Result<Self, Stop> {
        Self::of(object, Part::find(object, moov, b"mvhd")?)
    }

    fn of(object: Object<'_>, part: Option<Part>) -> Result<Self, Stop> {
        let Some(part) = part else { return Ok(Self::default()) };
        let bytes = object.up_to(part.body.start, part.body.size().min(HEADER))?;
        let fields = || {
            let mut fields = Fields::of(bytes)?;
            fields.skip_times()?;
            Some(Self { rate: fields.number(4)?, ticks: stated(&mut fields) })
        };
        Ok(fields().unwrap_or_default())
    }

    fn duration(&self) -> Option<Duration> {
        time(self.ticks?, self.rate)
    }
}

/// The next field, unless it is zero or all ones, which leave the duration open.
fn stated(fields: &mut Fields<'_>) -> Option<u64> {
    let ticks = fields.long()?;
    (ticks != 0 && ticks != u64::from(u32::MAX) && ticks != u64::MAX).then_some(ticks)
}

/// The number of a stream, and its duration by the movie's clock (`tkhd`, section 8.3.2).
fn stream_header(
    object: Object<'_>,
    trak: Area,
    rate: u64,
) -> Result<(u64, Option<Duration>), Stop> {
    let Some(part) = Part::find(object, trak, b"tkhd")? else { return Ok((0, None)) };
    let bytes = object.up_to(part.body.start, part.body.size().min(HEADER))?;
    let fields = || {
        let mut fields = Fields::of(bytes)?;
        fields.skip_times()?;
        let (id, _reserved) = (fields.number(4)?, fields.number(4)?);
        Some((id, stated(&mut fields).and_then(|ticks| time(ticks, rate))))
    };
    Ok(fields().unwrap_or_default())
}

/// The kind of a stream: `soun` or `vide` (`hdlr`, section 8.4.3).
fn handler(object: Object<'_>, trak: Area) -> Result<Vec<u8>, Stop> {
    match Part::descend(object, trak, &[b"mdia", b"hdlr"])? {
        Some(part) => Ok(object.bytes(part.body.start.saturating_add(8), 4)?.to_vec()),
        None => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Window;
    use super::super::boxes::tests::part;
    use super::super::tests::{movie, trak};
    use super::*;

    /// Calls `check` with the index of a movie, and with the object that has it.
    fn index(moov: Vec<u8>, check: impl Fn(Object<'_>, Option<Index>)) {
        let window = Window { offset: 0, bytes: moov };
        let object = Object::new(window.bytes.len() as u64, 1, std::slice::from_ref(&window));
        check(
            object,
            Index::of(object, Area { start: 8, end: object.length }).expect("it was read"),
        );
    }

    #[test]
    fn the_stream_of_sound_has_a_clock_and_a_duration() {
        index(
            movie(1500, &[trak(b"vide", 9), trak(b"soun", 9), part(b"mvex", &[])]),
            |_, index| {
                let index = index.expect("a stream of sound");
                assert_eq!(
                    (index.codec, index.id, index.rate, index.movie_rate),
                    (Codec::Aac, 1, 8000, 1000)
                );
                assert_eq!(
                    (index.duration, index.extends.is_some()),
                    (Some(Duration::from_millis(1500)), true)
                );
            },
        );
    }

    #[test]
    fn the_table_tells_how_many_samples_exist() {
        index(movie(1500, &[trak(b"soun", 9)]), |object, index| {
            let samples = index.and_then(|index| index.samples(object, 14)).expect("a table");
            assert_eq!(
                (samples.bytes, samples.count, samples.fitting, samples.is_whole),
                (36, 9, 3, true)
            );
        });
    }

    #[test]
    fn a_movie_without_streams_has_no_index_of_sound() {
        index(movie(1500, &[]), |_, index| assert!(index.is_none()));
        index(movie(1500, &[trak(b"text", 9)]), |_, index| assert!(index.is_none()));
    }
}
