//! Missing calls by the phones' sequence numbers.
//!
//! A phone numbers the calls that it registers: 1, 2, 3 since the app was installed. A number that
//! has not come although a higher one has is a call that the service never heard of. Numbers that
//! came once stay known, also after their recordings are erased.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    delivery::Day,
    ids::{DeviceId, OrganisationId, RecordingId, UserId},
};

/// The number that a phone gave a call, counted from 1 since the app was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    pub device: DeviceId,
    pub number: u64,
}

/// A registered call with its number.
#[derive(Clone, Debug)]
pub struct Numbered {
    pub sequence: Sequence,
    pub user: UserId,
    pub started_at: DateTime<Utc>,
}

/// The numbers of a device that have come, as ranges in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArrivedNumbers(Vec<(u64, u64)>);

/// Numbers of a device that have not come, although the next one has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub id: RecordingId,
    pub device: DeviceId,
    /// The user of the call after the gap, and its start.
    pub user: UserId,
    pub before: DateTime<Utc>,
    pub calls: u64,
}

/// The most ranges of a device. Beyond them, the oldest gap counts as come.
const RANGES: usize = 100;
/// The most calls of one gap. A phone that skips more has begun another count.
const CALLS_AT_MOST: u64 = 1000;

impl ArrivedNumbers {
    /// The ranges as stored. Malformed ones are left out.
    pub fn read(ranges: &str) -> Self {
        let mut seen = Self::default();
        for range in ranges.split(' ') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            if let (Ok(first), Ok(last)) = (first.parse(), last.parse()) {
                seen.add_range(first, last);
            }
        }
        seen
    }

    pub fn add(&mut self, number: u64) {
        self.add_range(number, number);
    }

    fn add_range(&mut self, first: u64, last: u64) {
        if first > last {
            return;
        }
        let touches = |range: &(u64, u64)| {
            range.0 <= last.saturating_add(1) && first <= range.1.saturating_add(1)
        };
        let (joined, mut rest): (Vec<_>, Vec<_>) = self.0.drain(..).partition(touches);
        let first = joined.iter().map(|range| range.0).fold(first, u64::min);
        let last = joined.iter().map(|range| range.1).fold(last, u64::max);
        rest.push((first, last));
        rest.sort_unstable();
        if rest.len() > RANGES {
            let (oldest, next) = (rest[0], rest[1]);
            rest.splice(..2, [(oldest.0, next.1)]);
        }
        self.0 = rest;
    }

    /// How many numbers directly before `number` have not come.
    fn missing_before(&self, number: u64) -> u64 {
        let last = self.0.iter().map(|range| range.1).filter(|last| *last < number).max();
        let within = self.0.iter().any(|range| range.0 < number && number <= range.1);
        if within { 0 } else { number.saturating_sub(last.unwrap_or_default()).saturating_sub(1) }
    }
}

impl std::fmt::Display for ArrivedNumbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (first, last)) in self.0.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            match first == last {
                true => write!(f, "{space}{first}")?,
                false => write!(f, "{space}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

/// Adds the numbers of these calls to those that came before, and finds the gaps by the day of the
/// call after each. `others` are numbers of calls that were refused, or registered late or again.
pub fn gaps(
    organisation: &OrganisationId,
    calls: &[Numbered],
    others: &[Sequence],
    seen: &mut BTreeMap<DeviceId, ArrivedNumbers>,
) -> BTreeMap<Day, Vec<Gap>> {
    for Sequence { device, number } in calls.iter().map(|call| &call.sequence).chain(others) {
        seen.entry(device.clone()).or_default().add(*number);
    }
    let mut found: BTreeMap<Day, Vec<Gap>> = BTreeMap::new();
    for Numbered { sequence: Sequence { device, number }, user, started_at } in calls {
        let missing = seen.get(device).map_or(0, |seen| seen.missing_before(*number));
        if !(1..=CALLS_AT_MOST).contains(&missing) {
            continue;
        }
        let gap = Gap {
            id: RecordingId::of_gap(organisation, device, *number),
            device: device.clone(),
            user: user.clone(),
            before: *started_at,
            calls: missing,
        };
        let of_day = found.entry(Day::of(*started_at)).or_default();
        if !of_day.iter().any(|other| other.id == gap.id) {
            of_day.push(gap);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn device(name: &str) -> DeviceId {
        DeviceId::try_from(name.to_owned()).expect("a device")
    }

    fn organisation() -> OrganisationId {
        OrganisationId::try_from("demo".to_owned()).expect("an organisation")
    }

    fn call(name: &str, number: u64, hour: i64) -> Numbered {
        Numbered {
            sequence: Sequence { device: device(name), number },
            user: UserId::try_from("anna".to_owned()).expect("a user"),
            started_at: DateTime::from_timestamp(hour * 3600, 0).expect("a time"),
        }
    }

    fn found(calls: &[Numbered], seen: &mut BTreeMap<DeviceId, ArrivedNumbers>) -> Vec<(i64, u64)> {
        gaps(&organisation(), calls, &[], seen)
            .into_values()
            .flatten()
            .map(|gap| (gap.before.timestamp() / 3600, gap.calls))
            .collect()
    }

    #[test]
    fn a_number_that_has_not_come_is_a_missing_call_of_the_day_of_the_next_one() {
        let mut seen = BTreeMap::new();
        let calls = [call("a", 1, 10), call("a", 2, 11), call("a", 5, 12), call("b", 2, 30)];
        assert_eq!(found(&calls, &mut seen), [(12, 2), (30, 1)]);
        // The next night the calls have come, in any order.
        let late = [call("a", 4, 11), call("b", 1, 9), call("a", 3, 11), call("a", 5, 12)];
        assert_eq!(found(&late, &mut seen), []);
        assert_eq!(seen[&device("a")].to_string(), "1-5");
    }

    #[test]
    fn a_refused_call_leaves_no_gap_and_a_new_count_is_none() {
        let mut seen = BTreeMap::new();
        let refused = [Sequence { device: device("a"), number: 2 }];
        let calls = [call("a", 1, 1), call("a", 3, 2), call("a", 5000, 3)];
        assert!(gaps(&organisation(), &calls, &refused, &mut seen).is_empty());
    }

    #[test]
    fn a_number_that_came_once_stays_known() {
        let mut seen = BTreeMap::from([(device("a"), ArrivedNumbers::read("1-7 9"))]);
        assert_eq!(found(&[call("a", 10, 5)], &mut seen), [], "8 is of an earlier day");
        assert_eq!(found(&[call("a", 12, 5)], &mut seen), [(5, 1)]);
    }

    proptest! {
        /// The ranges are those of a plain set.
        #[test]
        fn ranges_equal_a_set(numbers in prop::collection::vec(1_u64..60, 0..60)) {
            let mut seen = ArrivedNumbers::default();
            let mut set = BTreeSet::new();
            for number in numbers {
                seen.add(number);
                set.insert(number);
            }
            prop_assert_eq!(ArrivedNumbers::read(&seen.to_string()), seen.clone());
            for number in &set {
                let before = set.range(..*number).next_back().copied().unwrap_or_default();
                prop_assert_eq!(seen.missing_before(*number), number - before - 1);
            }
        }

        #[test]
        fn any_text_and_any_number_of_ranges_are_bounded(text in "[0-9 -]{0,300}", numbers in prop::collection::vec(any::<u64>(), 0..300)) {
            let mut seen = ArrivedNumbers::read(&text);
            numbers.into_iter().for_each(|number| seen.add(number));
            prop_assert!(seen.0.len() <= RANGES);
        }
    }
}
