//! Measures Ogg: the first page names the codec and its clock, the last page has the end time.
//!
//! All pages of a short object are read. Of a long one, the beginning and the end are read: the
//! last page has the time of the whole, unless another recording was appended. A page that is cut
//! off is left out. A recording without a page that is marked as the last was cut off.

mod chain;
mod page;
mod stream;

use super::{
    Codec, Container, Damage, Found, Length, NotAudio,
    object::{HEAD, Object, SECOND, Stop, THIRD},
};
use chain::Chain;
use page::Pages;

pub(super) fn measure(object: Object<'_>) -> Result<Found, Stop> {
    let is_read = object.whole()?.is_some();
    if !is_read {
        object.sample(HEAD, SECOND, 1)?; // an appended recording often begins here
        object.sample(object.length.saturating_sub(THIRD), THIRD, 0)?;
    }
    let (mut chain, mut end) = (Chain::default(), 0);
    for piece in object.pieces {
        let mut pages = Pages::of(piece);
        let mut unread = piece.offset.saturating_sub(end);
        for page in pages.by_ref() {
            chain.add(&page, unread);
            unread = 0;
        }
        end = pages.end.max(end);
    }
    let Some(stream) = chain.stream else { return without_sound(object, &chain) };
    if chain.pages == 0 {
        return Ok(Found::unknown(stream.codec, 0));
    }
    let is_read_to_end = is_read || object.length.saturating_sub(end) < THIRD; // less is padding, or a tag
    let found = Found {
        length: length(object, &chain, is_read_to_end),
        ..Found::unknown(stream.codec, object.length)
    };
    Ok(if chain.has_ended() && is_read_to_end { found } else { found.damaged(Damage::CutOff) })
}

/// The time of the links. It is unknown if no page has a time, as some recorders write them.
fn length(object: Object<'_>, chain: &Chain, is_read_to_end: bool) -> Length {
    match chain.time() {
        time if time.is_zero() => Length::Unknown,
        time if chain.is_broken || !is_read_to_end => {
            Length::Estimated(chain.time_in(object.length).unwrap_or(time))
        }
        time if chain.is_uneven() => Length::Estimated(time),
        time => Length::Exact(time),
    }
}

fn without_sound(object: Object<'_>, chain: &Chain) -> Result<Found, Stop> {
    if chain.has_video {
        return Err(Stop::NotAudio(NotAudio::Silent(Container::Ogg)));
    }
    let found = Found::unknown(Codec::Other, object.length);
    Ok(if chain.is_empty() { found.damaged(Damage::CutOff) } else { found })
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::super::testing::{audio, exact, flags, milliseconds, reason, run};
    use super::super::{Measured, NotAudio};
    use super::page::tests::page;
    use super::*;

    const OPUS: &[u8] = b"OpusHead\x01\x01\x38\x01\x80\x3e\0\0\0\0\0";

    /// Pages of one second each.
    fn link(serial: u32, seconds: u64) -> Vec<u8> {
        let pages = (1..=seconds).map(|second| {
            let flags = if second == seconds { 4 } else { 0 };
            page(
                flags,
                second * 48_000 + 312,
                serial,
                second as u32 + 1,
                &vec![second as u8; 3000 + second as usize % 7],
            )
        });
        [vec![page(2, 0, serial, 0, OPUS), page(0, 0, serial, 1, b"OpusTags")], pages.collect()]
            .concat()
            .concat()
    }

    pub(in super::super) fn opus(seconds: u64) -> Vec<u8> {
        link(7, seconds)
    }

    #[test]
    fn opus_is_measured_by_the_last_page_minus_the_skipped_samples() {
        assert_eq!((exact(&opus(3)), run(&opus(3)).1), (3000, 1));
        assert_eq!((exact(&opus(30)), run(&opus(30)).1), (30_000, 2));
        assert_eq!((exact(&opus(3000)), run(&opus(3000)).1), (3_000_000, 3));
        assert_eq!(audio(&opus(3)).codec, Codec::Opus);
    }

    #[test]
    fn a_recording_that_was_cut_off_lasts_to_its_last_whole_page() {
        for (seconds, cut) in [(30, 1), (30, 2000), (3000, 1), (3000, 2000)] {
            let object = opus(seconds);
            assert_eq!(
                flags(&object[..object.len() - cut]),
                (Measured::Exact, Some(Damage::CutOff))
            );
            assert_eq!(milliseconds(&object[..object.len() - cut]), u128::from(seconds - 1) * 1000);
        }
        let without_mark = [page(2, 0, 7, 0, OPUS), page(0, 48_312, 7, 2, b"sound")].concat();
        assert_eq!(flags(&without_mark), (Measured::Exact, Some(Damage::CutOff)));
    }

    #[test]
    fn recordings_in_a_row_are_added() {
        for (first, second) in [(20, 3), (3, 20), (20, 300), (300, 10), (40, 400)] {
            for serial in [7, 8] {
                let object = [opus(first), link(serial, second)].concat();
                assert_eq!(
                    exact(&object),
                    u128::from(first + second) * 1000,
                    "{first} and {second} s, {serial}"
                );
            }
        }
    }

    #[test]
    fn a_hidden_recording_makes_an_estimate() {
        for (first, second, serial) in [(600, 300, 8), (300, 600, 8), (800, 70, 7)] {
            let object = [opus(first), link(serial, second)].concat();
            assert_eq!(flags(&object), (Measured::Estimated, None));
            let expected = u128::from(first + second) * 1000;
            assert!(milliseconds(&object).abs_diff(expected) < 20_000, "{}", milliseconds(&object));
        }
        for (first, second) in [(600, 300), (300, 600)] {
            let object = [opus(first), opus(second)].concat(); // only the number of pages shows it
            assert_eq!(
                (flags(&object), milliseconds(&object)),
                ((Measured::Estimated, None), u128::from(second) * 1000)
            );
        }
    }

    #[test]
    fn other_streams_and_pages_without_a_time_are_ignored() {
        let skeleton = page(2, 0, 1, 0, b"fishead");
        let other = page(0, 1 << 40, 1, 1, b"another stream");
        assert_eq!(
            exact(&[skeleton, opus(2), other, page(4, u64::MAX, 7, 9, b"no packet ends")].concat()),
            2000
        );
    }

    #[test]
    fn times_of_zero_leave_the_claim() {
        let pages = (2..50).map(|at| page(if at == 49 { 4 } else { 0 }, 0, 7, at, &[1; 900]));
        let object = [vec![page(2, 0, 7, 0, OPUS), page(0, 0, 7, 1, b"OpusTags")], pages.collect()]
            .concat()
            .concat();
        assert_eq!(flags(&object), (Measured::Claimed, None));
    }

    #[test]
    fn padding_after_the_last_page_is_no_damage() {
        assert_eq!(exact(&[opus(9), vec![0; 5000]].concat()), 9000);
        assert_eq!(
            flags(&[opus(900), vec![0; 200_000]].concat()),
            (Measured::Estimated, Some(Damage::CutOff))
        );
    }

    #[test]
    fn an_object_without_sound_differs_from_one_without_audio() {
        assert_eq!(flags(&opus(0)), (Measured::Exact, Some(Damage::NoSound)));
        assert_eq!(
            reason(&page(2, 0, 7, 0, b"\x80theora\x03\x02\x01")),
            NotAudio::Silent(Container::Ogg)
        );
        assert_eq!(audio(&page(2, 0, 7, 0, b"unknown")).length, Length::Unknown);
        assert_eq!(audio(&opus(3)[..30]).duration(Duration::from_secs(2)), Duration::from_secs(2));
    }
}
