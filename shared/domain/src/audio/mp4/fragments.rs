//! Measures MP4 that is written in fragments (`moof`, ISO 14496-12, section 8.8), by the last one.
//!
//! A recorder writes fragments without a total, so that a crash loses one fragment only. Each has
//! the time at which it begins. The last whole one is found at the end of the object, or by the
//! closing list of fragments (`mfra`).

use std::time::Duration;

use super::{
    super::{
        BYTES_AT_MOST, Damage, Found, Length,
        object::{Object, SECOND, Stop, THIRD, if_readable},
        share_of_time, time,
    },
    Layout,
    boxes::{Area, Fields, Part},
    fragment::{Defaults, Fragment},
    index::Index,
    segments,
};

/// The most places at the end to try as the last fragment. Forged ones might be costly.
const CANDIDATES: usize = 64;

pub(super) fn measure(
    object: Object<'_>,
    index: &Index,
    extends: Area,
    layout: &Layout,
) -> Result<Found, Stop> {
    let found = |length| Found { length, ..Found::unknown(index.codec, object.length) };
    let total = |ticks: u64| found(time(ticks, index.rate).map_or(Length::Unknown, Length::Exact));
    let whole = layout.segments.map(|area| segments::total(object, area)).transpose();
    if let Some((ticks, rate)) = if_readable(whole)?.flatten().flatten() {
        return Ok(found(time(ticks, rate).map_or(Length::Unknown, Length::Exact)));
    }
    let samples = Defaults::of(object, extends, index.id)?;
    let first = layout.fragment.and_then(|at| Fragment::at(object.as_read(), at, &samples));
    let is_in_index = layout.sound > 0; // the first sound belongs to the index itself
    let begin = first.as_ref().filter(|_| !is_in_index).map_or(0, |first| first.begin);
    if let Some((last, is_whole)) = last(object, &samples)? {
        let found = total(last.end.saturating_sub(begin));
        return Ok(if is_whole { found } else { found.damaged(Damage::CutOff) });
    }
    if let Some(total) = if_readable(header(object, extends, index.movie_rate))?.flatten() {
        return Ok(found(Length::Estimated(total)));
    }
    let rest = object.length.saturating_sub(layout.fragment.unwrap_or(object.length));
    let by_first = first.and_then(|first| {
        Some(share_of_time(time(first.end.saturating_sub(begin), index.rate)?, rest, first.size))
    });
    Ok(match by_first.filter(|time| !time.is_zero()) {
        Some(time) => found(Length::Estimated(time)),
        None if layout.fragment.is_none() && !is_in_index => found(Length::Exact(Duration::ZERO)),
        None if object.length <= BYTES_AT_MOST => found(Length::Unknown).damaged(Damage::CutOff),
        None => found(Length::Unknown),
    })
}

/// The total that the index may state (`mehd`, section 8.8.2).
fn header(object: Object<'_>, extends: Area, rate: u64) -> Result<Option<Duration>, Stop> {
    let Some(part) = Part::find(object, extends, b"mehd")? else { return Ok(None) };
    let ticks = Fields::of(object.up_to(part.body.start, part.body.size().min(12))?)
        .and_then(|mut fields| fields.long());
    Ok(ticks.and_then(|ticks| time(ticks, rate)))
}

/// The last fragment with sound, and whether the object ends with it or with a whole box.
fn last(object: Object<'_>, samples: &Defaults) -> Result<Option<(Fragment, bool)>, Stop> {
    let Some((tail_at, tail)) = if_readable(object.tail(SECOND))? else { return Ok(None) };
    if let Some(fragment) = last_in(object, tail_at, tail, samples) {
        let is_whole = ends_whole(object, fragment.next);
        return Ok(Some((fragment, is_whole)));
    }
    if let Some(at) = segments::last_fragment(tail, samples.id) {
        if_readable(object.up_to(at, 16 * 1024))?;
        return Ok(Fragment::at(object.as_read(), at, samples).map(|fragment| (fragment, true)));
    }
    // The list of a long recording is longer than the tail. The last fragment is before it.
    let list_at = segments::closing_size(tail).and_then(|size| object.length.checked_sub(size));
    let Some(list_at) = list_at else { return Ok(None) };
    let at = list_at.saturating_sub(THIRD);
    let bytes = if_readable(object.bytes(at, list_at.saturating_sub(at)))?;
    let fragment = bytes.and_then(|bytes| last_in(object, at, bytes, samples));
    Ok(fragment.filter(|fragment| fragment.next == list_at).map(|fragment| (fragment, true)))
}

/// The last fragment with sound that begins in `bytes`, which begin at the offset `start`.
fn last_in(object: Object<'_>, start: u64, bytes: &[u8], samples: &Defaults) -> Option<Fragment> {
    let names = bytes.windows(4).enumerate().rev().filter(|(_, name)| *name == b"moof");
    let offsets = names.filter_map(|(at, _)| start.checked_add(at as u64)?.checked_sub(4));
    offsets.take(CANDIDATES).find_map(|at| Fragment::at(object.as_read(), at, samples))
}

/// Whether only whole boxes without sound follow from `at` on.
fn ends_whole(object: Object<'_>, mut at: u64) -> bool {
    while at < object.length {
        match Part::at(object.as_read(), at, object.length) {
            Ok(part) if part.name != *b"moof" => at = part.body.end,
            _ => return false,
        }
    }
    at == object.length
}

#[cfg(test)]
pub(in super::super) mod tests {
    use super::super::super::Measured;
    use super::super::super::testing::{audio, exact, flags, milliseconds};
    use super::super::boxes::tests::{part, words};
    use super::super::fragment::tests::fragment;
    use super::super::tests::{movie, sound, start, trak};
    use super::*;

    fn extends(total: Option<u32>) -> Vec<u8> {
        let total = total.map(|total| part(b"mehd", &[words(&[0, total])]));
        part(b"mvex", &[total.unwrap_or_default(), part(b"trex", &[words(&[0, 1, 1, 160, 4, 0])])])
    }

    fn head(total: Option<u32>) -> Vec<u8> {
        [start(), movie(0, &[trak(b"soun", 0), extends(total)])].concat()
    }

    pub(in super::super::super) fn fragmented(seconds: u32) -> Vec<u8> {
        [head(None), (0..seconds).flat_map(|at| fragment(at, 0)).collect()].concat()
    }

    /// Fragments so large that the end of the object has none.
    fn large(total: Option<u32>) -> Vec<u8> {
        [head(total), fragment(0, 200_000), fragment(1, 200_000)].concat()
    }

    #[test]
    fn the_last_fragment_has_the_time_of_the_whole() {
        for seconds in [1, 10, 3000] {
            assert_eq!(exact(&fragmented(seconds)), u128::from(seconds) * 1000);
        }
        assert_eq!(exact(&[fragmented(5), part(b"mfra", &[vec![0; 40]])].concat()), 5000);
        assert_eq!(exact(&[head(None), fragment(100, 0), fragment(101, 0)].concat()), 2000);
    }

    #[test]
    fn a_recording_that_was_cut_off_lasts_to_its_last_whole_sample() {
        for (cut, expected) in
            [(1, 19_980), (100, 19_500), (208, 19_000), (209, 19_000), (600, 19_000)]
        {
            for seconds in [20, 3020] {
                let object = fragmented(seconds);
                let cut = &object[..object.len() - cut];
                assert_eq!(flags(cut), (Measured::Exact, Some(Damage::CutOff)));
                assert_eq!(milliseconds(cut), u128::from(seconds - 20) * 1000 + expected);
            }
        }
    }

    #[test]
    fn the_closing_list_names_the_last_of_large_fragments() {
        let last = large(None).len() - fragment(1, 200_000).len();
        let list = part(b"tfra", &[words(&[0, 1, 0, 1, 8000, last as u32]), vec![1, 1, 1]]);
        let size = 8 + list.len() + 16;
        let closing = part(b"mfra", &[list, part(b"mfro", &[words(&[0, size as u32])])]);
        assert_eq!(exact(&[large(None), closing].concat()), 2000);
    }

    #[test]
    fn the_last_fragment_is_before_a_long_list() {
        let size = 300_024;
        let closing = part(
            b"mfra",
            &[part(b"tfra", &[vec![0; 300_000 - 8]]), part(b"mfro", &[words(&[0, size])])],
        );
        assert_eq!(closing.len() as u32, size);
        assert_eq!(exact(&[fragmented(500), closing].concat()), 500_000);
    }

    #[test]
    fn large_fragments_without_a_list_are_estimated() {
        assert_eq!(
            (flags(&large(Some(1900))), milliseconds(&large(Some(1900)))),
            ((Measured::Estimated, None), 1900)
        );
        assert_eq!(flags(&large(None)), (Measured::Estimated, None));
        assert!(milliseconds(&large(None)).abs_diff(2000) < 20);
    }

    #[test]
    fn an_index_of_the_first_fragment_is_not_taken_for_the_whole() {
        let head =
            [start(), movie(1500, &[trak(b"soun", 0), extends(None)]), sound(100_000)].concat();
        assert_eq!(
            audio(&[head, fragment(2, 0), fragment(3, 0)].concat()).length,
            Length::Exact(Duration::from_secs(4))
        );
    }

    #[test]
    fn no_fragment_is_no_sound() {
        assert_eq!(flags(&head(None)), (Measured::Exact, Some(Damage::NoSound)));
    }
}
