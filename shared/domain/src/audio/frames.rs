//! Measures a stream of frames that has no header: MP3, AAC in ADTS, AMR.
//!
//! The frames of a short object are counted. In a long one, frames at the beginning, the end and
//! between them are read. If all have one bit rate, the others are assumed to have it and the
//! duration is exact to the frame. Otherwise the time of unread bytes is extrapolated, half from
//! either side, which is an estimate. Data after the last frame, such as a tag, is not counted.

mod run;

use std::time::Duration;

use super::{
    Damage, Length,
    object::{HEAD, Object, SECOND, Stop, THIRD, if_readable},
    share, time,
};
pub(super) use run::{Format, Frame};
use run::{Reader, Run, Runs, is_followed};

/// How far after its beginning a stream may have its first frame, in bytes.
pub(super) const SEARCHED: usize = 16 * 1024;

/// The measured time of a stream, without the frames that are known to be no sound.
#[derive(Debug)]
pub(super) struct Stream {
    pub length: Length,
    /// Set if the last frame is incomplete, or if other data follows the frames of a long stream.
    pub damage: Option<Damage>,
}

/// The offset and the header of the first frame. After other data, more frames must follow it. If
/// the bytes are the `last` of the object, fewer suffice that end with it.
pub(super) fn first(bytes: &[u8], format: Format, is_last: bool) -> Option<(usize, Frame)> {
    let candidates =
        (0..bytes.len().min(SEARCHED)).filter_map(|at| Some((at, (format.frame)(&bytes[at..])?)));
    candidates.into_iter().find(|(at, frame)| {
        let neighbours =
            if *at == 0 { format.neighbours } else { format.neighbours.saturating_mul(3) };
        is_followed(&bytes[*at..], frame, Format { neighbours, ..format }, is_last)
    })
}

/// Measures the frames from `start` on, of which the first is like `like`.
pub(super) fn measure(
    object: Object<'_>,
    start: u64,
    like: &Frame,
    format: Format,
) -> Result<Stream, Stop> {
    let reader = Reader { like, format };
    if object.whole()?.is_some() {
        let all = reader.runs(object.from(start), (start, true), u64::MAX);
        let samples = all.runs.iter().fold(0_u64, |sum, run| sum.saturating_add(run.samples));
        let damage = all.is_cut.then_some(Damage::CutOff);
        return Ok(Stream {
            length: Length::Exact(time(samples, like.rate).unwrap_or_default()),
            damage,
        });
    }
    let head_end = start.saturating_add(HEAD / 2).max(HEAD).min(object.length);
    let head =
        reader.runs(object.up_to(start, head_end.saturating_sub(start))?, (start, true), u64::MAX);
    let (tail_at, tail) = if_readable(object.tail(SECOND))?.unwrap_or((object.length, &[]));
    let tail_at = tail_at.max(object.length.saturating_sub(SECOND)).max(head_end);
    let tail = reader.runs(
        if tail.is_empty() { tail } else { object.from(tail_at) },
        (tail_at, false),
        u64::MAX,
    );
    let middle = middle(object, (start, head_end, tail_at), &head, &tail)?;
    let middle =
        middle.map(|(at, bytes)| reader.runs(bytes, (at, false), THIRD / 2)).unwrap_or_default();
    let damage = if tail.runs.is_empty() {
        Some(Damage::Contradictory)
    } else {
        tail.is_cut.then_some(Damage::CutOff)
    };
    let runs = [head.runs, middle.runs, tail.runs].concat();
    Ok(Stream { length: extrapolated(&runs, start, tail_at, like), damage })
}

/// A part between the head and the tail: the middle in time, if all before it is like the head and
/// all after it like the tail. So a silent half, which has few bytes, is noticed.
fn middle<'a>(
    object: Object<'a>,
    parts: (u64, u64, u64),
    head: &Runs,
    tail: &Runs,
) -> Result<Option<(u64, &'a [u8])>, Stop> {
    let (start, head_end, tail_at) = parts;
    let sizes = |runs: &[Run]| {
        runs.iter().fold((0, 0), |(bytes, samples), run: &Run| {
            (run.bytes.saturating_add(bytes), run.samples.saturating_add(samples))
        })
    };
    let ((bytes, samples), (tail_bytes, tail_samples)) = (sizes(&head.runs), sizes(&tail.runs));
    let (early, late) = (share(bytes, tail_samples, 1), share(tail_bytes, samples, 1)); // both bit rates, in one unit
    let rest = object.length.saturating_sub(start);
    let half = if late == 0 {
        rest / 2
    } else {
        share(rest, early / 2, (early / 2).saturating_add(late / 2))
    };
    let size = THIRD.min(tail_at.saturating_sub(head_end));
    let at = start
        .saturating_add(half)
        .saturating_sub(size / 2)
        .clamp(head_end, tail_at.saturating_sub(size).max(head_end));
    Ok(object.sample(at, size, 0)?.map(|bytes| (at, bytes)))
}

/// The time of the stream by `runs` in order. Without frames at the end, it lasts to `tail_at`.
fn extrapolated(runs: &[Run], start: u64, tail_at: u64, like: &Frame) -> Length {
    let Some(last) = runs.last() else { return Length::Unknown };
    let has_end = last.end > tail_at;
    let end = if has_end { last.end } else { tail_at };
    if let Some(duration) = constant(runs, end.saturating_sub(start), like) {
        return if has_end { Length::Exact(duration) } else { Length::Estimated(duration) };
    }
    let read = runs.iter().fold(0_u64, |sum, run| sum.saturating_add(run.samples));
    let between = runs.windows(2).fold(0_u64, |sum, pair| {
        let [early, late] = pair else { return sum };
        sum.saturating_add(samples_between(early, late))
    });
    let samples =
        read.saturating_add(between).saturating_add(last.samples_in(end.saturating_sub(last.end)));
    time(samples, like.rate).map_or(Length::Unknown, Length::Estimated)
}

/// The samples in the bytes between two runs, if half the time is like each: `2 n ÷ (b₁/s₁ + b₂/s₂)`
/// for `n` bytes, and runs of `b` bytes and `s` samples.
fn samples_between(early: &Run, late: &Run) -> u64 {
    let bytes = late.start.saturating_sub(early.end).saturating_mul(2);
    let weights = early
        .bytes
        .saturating_mul(late.samples)
        .saturating_add(late.bytes.saturating_mul(early.samples));
    share(bytes, early.samples.saturating_mul(late.samples), weights)
}

/// The time of `bytes` bytes, if all frames that were read have one bit rate or one size.
fn constant(runs: &[Run], bytes: u64, like: &Frame) -> Option<Duration> {
    let bit_rate = like.bit_rate?;
    if runs.iter().any(|run| run.is_varied || run.bit_rate != Some(bit_rate)) {
        return None;
    }
    if runs.iter().any(|run| run.is_padded) {
        return time(bytes.saturating_mul(8), bit_rate);
    }
    let (samples, size) = (like.samples, like.size as u64);
    let halves_up = share(1, bytes.saturating_add(size / 2), size); // whole frames
    time(halves_up.saturating_mul(samples), like.rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of a marker and their size, 100 samples of 1,000 a second.
    const FORMAT: Format = Format {
        frame: |bytes| match bytes {
            [0xaa, size, ..] if *size >= 2 => {
                let bit_rate = Some(u64::from(*size) * 80);
                Some(Frame {
                    size: (*size).into(),
                    samples: 100,
                    rate: 1000,
                    bit_rate,
                    padded: false,
                })
            }
            _ => None,
        },
        neighbours: 3,
    };

    fn frames(sizes: impl IntoIterator<Item = u8>) -> Vec<u8> {
        sizes
            .into_iter()
            .flat_map(|size| [vec![0xaa, size], vec![0; usize::from(size) - 2]].concat())
            .collect()
    }

    /// The measured stream, with every read that it requests.
    fn stream(object: &[u8]) -> Stream {
        let mut windows = Vec::new();
        loop {
            let length = object.len() as u64;
            let pieces = super::super::object::joined(length, &windows);
            let view = Object::new(length, windows.len(), &pieces);
            let (at, like) = first(object, FORMAT, true).expect("a frame");
            match measure(view, at as u64, &like, FORMAT) {
                Err(Stop::Read(range)) => {
                    windows.push(super::super::Window {
                        offset: range.start,
                        bytes: object[range.start as usize..range.end as usize].to_vec(),
                    });
                }
                stream => return stream.expect("a stream"),
            }
        }
    }

    #[test]
    fn the_frames_of_a_short_object_are_counted() {
        let object = [frames([10, 20, 30, 40]), vec![7; 30], frames([10; 4])].concat();
        assert_eq!(stream(&object).length, Length::Exact(Duration::from_millis(800)));
        let cut = stream(&object[..object.len() - 1]);
        assert_eq!(
            (cut.length, cut.damage),
            (Length::Exact(Duration::from_millis(700)), Some(Damage::CutOff))
        );
    }

    #[test]
    fn frames_of_one_size_are_exact_in_a_long_object() {
        let stream = stream(&[frames(vec![50; 20_000]), vec![7; 128]].concat());
        assert_eq!(
            (stream.length, stream.damage),
            (Length::Exact(Duration::from_secs(2000)), None)
        );
    }

    #[test]
    fn other_frames_in_a_long_object_are_estimated_from_both_sides() {
        let object = frames((0..40_000).map(|at| if at < 20_000 { 20 } else { 80 }));
        let Length::Estimated(duration) = stream(&object).length else { panic!("it is exact") };
        assert!(duration.as_secs().abs_diff(4000) < 400, "{duration:?}");
    }

    #[test]
    fn other_data_after_the_frames_of_a_long_object_is_a_contradiction() {
        let stream = stream(&[frames(vec![50; 20_000]), vec![7; 200_000]].concat());
        assert_eq!(stream.damage, Some(Damage::Contradictory));
        assert!(matches!(stream.length, Length::Estimated(_)));
    }

    #[test]
    fn one_frame_suffices_if_it_ends_with_the_object() {
        assert!(first(&frames([10]), FORMAT, true).is_some());
        assert!(first(&frames([10]), FORMAT, false).is_none());
        assert!(first(&frames([10])[..9], FORMAT, true).is_none());
        assert!(first(&[7, 7, 0xaa, 9], FORMAT, true).is_none());
    }

    #[test]
    fn more_frames_must_follow_other_data() {
        for (frames, is_found) in [(8, false), (9, true)] {
            let bytes = [vec![7; 5], self::frames(vec![10; frames]), vec![7; 5]].concat();
            assert_eq!(first(&bytes, FORMAT, true).map(|(at, _)| at), is_found.then_some(5));
        }
    }
}
