//! Measures WebM and Matroska by the duration in the header, or by the last block of sound.
//!
//! Elements follow RFC 9559. A browser records without a duration and leaves sizes open, as it
//! cannot return to the beginning. The last block then tells the time. If a stated size exceeds the
//! object, the recording was cut off.

mod cluster;
mod element;
mod head;

use super::{
    Codec, Container, Damage, Found, Length, NotAudio, TOLERANCE,
    object::{Object, SECOND, Stop, if_readable},
    share_of_time,
};
use cluster::Blocks;
use element::Element;
use head::Head;

const SEGMENT: u64 = 0x1853_8067;
pub(super) fn measure(object: Object<'_>) -> Result<Found, Stop> {
    let header = Element::at(object, 0)?;
    let segment = Element::at(object, header.end().ok_or(Stop::Damaged(Damage::Contradictory))?)?;
    if segment.id != SEGMENT {
        return Err(Stop::Damaged(Damage::Contradictory));
    }
    let head = Head::of(object, segment.start)?;
    let Some(stream) = head.stream else { return without_sound(object, &head) };
    let is_cut = segment.end().is_some_and(|end| end > object.length);
    let found = |length| Found { length, ..Found::unknown(stream.codec, object.length) };
    if let Some(duration) = head.duration
        && !is_cut
    {
        return Ok(found(Length::Exact(duration)));
    }
    let (length, ends_within) = by_blocks(object, &head, stream.number)?;
    let lacks = head.duration.filter(|stated| {
        length.duration().is_some_and(|found| stated.saturating_sub(found) > TOLERANCE)
    });
    Ok(match lacks {
        Some(stated) => found(length).promised(stated, Damage::CutOff),
        None if is_cut || ends_within => found(length).damaged(Damage::CutOff),
        None => found(length),
    })
}

/// The time of the last block at the end, or else as the blocks at the beginning suggest. Also
/// whether the object ends within a block.
fn by_blocks(object: Object<'_>, head: &Head, stream: u64) -> Result<(Length, bool), Stop> {
    let first = Blocks::of(object.from(head.clusters), stream);
    let begin = first.and_then(|blocks| blocks.first).unwrap_or_default();
    let tail = if_readable(object.tail(SECOND))?;
    let last =
        tail.and_then(|(_, tail)| Blocks::of(tail, stream)).filter(|blocks| blocks.first.is_some());
    if let Some(last) = last {
        return Ok((Length::Exact(head.time(last.end().saturating_sub(begin))), last.is_cut));
    }
    let estimated = first.filter(|first| first.bytes > 0).map(|first| {
        let read = head.time(first.end().saturating_sub(begin));
        share_of_time(read, object.length.saturating_sub(head.clusters), first.bytes)
    });
    Ok((estimated.map_or(Length::Unknown, Length::Estimated), false))
}

fn without_sound(object: Object<'_>, head: &Head) -> Result<Found, Stop> {
    if head.has_video {
        return Err(Stop::NotAudio(NotAudio::Silent(Container::WebM)));
    }
    Ok(Found::unknown(Codec::Other, object.length).damaged(Damage::NoIndex))
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::super::testing::{audio, exact, flags, milliseconds, reason, run};
    use super::super::{Container, Measured};
    use super::cluster::tests::cluster;
    use super::element::tests::element;
    use super::*;

    fn head(milliseconds: Option<f64>, kind: u8) -> Vec<u8> {
        let duration =
            milliseconds.map(|time| element(0x4489, Some(&time.to_be_bytes()))).unwrap_or_default();
        let info = [element(0x2a_d7b1, Some(&1_000_000_u32.to_be_bytes())), duration].concat();
        let entry = [
            element(0xd7, Some(&[2])),
            element(0x83, Some(&[kind])),
            element(0x86, Some(b"A_OPUS")),
        ]
        .concat();
        [
            element(0x1549_a966, Some(&info)),
            element(0x1654_ae6b, Some(&element(0xae, Some(&entry)))),
        ]
        .concat()
    }

    fn file(head: Vec<u8>, seconds: u32, is_open: bool) -> Vec<u8> {
        let content =
            [head, (0..seconds).flat_map(|second| cluster(second, is_open)).collect()].concat();
        let segment = if is_open {
            [element(0x1853_8067, None), content].concat()
        } else {
            element(0x1853_8067, Some(&content))
        };
        [element(0x1a45_dfa3, Some(&[])), segment].concat()
    }

    pub(in super::super) fn live(seconds: u32) -> Vec<u8> {
        file(head(None, 2), seconds, true)
    }

    #[test]
    fn the_header_may_state_the_duration() {
        let object = file(head(Some(900_000.0), 2), 900, false);
        assert_eq!((exact(&object), run(&object).1), (900_000, 1));
        assert_eq!(
            (audio(&object).container, audio(&object).codec),
            (Container::WebM, Codec::Opus)
        );
    }

    #[test]
    fn a_live_recording_lasts_to_its_last_block() {
        for seconds in [1, 30, 900] {
            assert_eq!(exact(&live(seconds)), u128::from(seconds) * 1000);
        }
        let cut = live(900);
        assert_eq!(flags(&cut[..cut.len() - 100]), (Measured::Exact, Some(Damage::CutOff)));
        assert_eq!(milliseconds(&cut[..cut.len() - 100]), 899_980);
    }

    #[test]
    fn a_recording_that_was_cut_off_is_measured_by_its_blocks() {
        for seconds in [10, 900_u32] {
            let object = file(head(Some(f64::from(seconds) * 1000.0), 2), seconds, false);
            let cut = audio(&object[..object.len() * 6 / 10]);
            assert_eq!((cut.measured(), cut.damage), (Measured::Exact, Some(Damage::CutOff)));
            assert_eq!(cut.promised, Some(Duration::from_secs(seconds.into())));
            assert!(
                milliseconds(&object[..object.len() * 6 / 10]).abs_diff(u128::from(seconds) * 600)
                    < 100
            );
        }
    }

    #[test]
    fn blocks_that_are_too_far_from_the_end_are_extrapolated() {
        let long: Vec<u8> =
            cluster(0, true).into_iter().chain(element(0xec, Some(&vec![0; 600_000]))).collect();
        let object =
            [element(0x1a45_dfa3, Some(&[])), element(0x1853_8067, None), head(None, 2), long]
                .concat();
        assert_eq!(flags(&object).0, Measured::Estimated);
    }

    #[test]
    fn video_without_sound_is_no_audio() {
        assert_eq!(reason(&file(head(Some(9.0), 1), 3, true)), NotAudio::Silent(Container::WebM));
        let nothing = [element(0x1a45_dfa3, Some(&[])), element(0x1853_8067, None)].concat();
        assert_eq!(flags(&nothing), (Measured::Claimed, Some(Damage::NoIndex)));
        assert_eq!(flags(&live(3)[..5]).0, Measured::Claimed);
    }

    #[test]
    fn durations_that_are_no_numbers_are_ignored() {
        for time in [f64::NAN, -5.0, 0.0] {
            assert_eq!(exact(&file(head(Some(time), 2), 3, true)), 3000);
        }
        assert_eq!(
            flags(&file(head(Some(f64::INFINITY), 2), 3, true)),
            (Measured::Estimated, Some(Damage::Contradictory))
        );
    }
}
