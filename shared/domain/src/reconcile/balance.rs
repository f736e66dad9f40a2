//! Compares the counts with what is stored.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Recordings and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub recordings: i64,
    pub bytes: i64,
}

/// Whether `there` is outside the range of the counts from before and after it was read.
pub fn unbalanced(before: Count, after: Count, there: Count) -> bool {
    let outside = |of: fn(&Count) -> i64| {
        let (low, high) = (of(&before).min(of(&after)), of(&before).max(of(&after)));
        !(low..=high).contains(&of(&there))
    };
    outside(|count| count.recordings) || outside(|count| count.bytes)
}

impl Count {
    pub fn of(bytes: u64) -> Self {
        Self { recordings: 1, bytes: i64::try_from(bytes).unwrap_or(i64::MAX) }
    }

    /// The lesser of both counts, and of both bytes.
    pub fn min(self, other: Self) -> Self {
        let recordings = self.recordings.min(other.recordings);
        Self { recordings, bytes: self.bytes.min(other.bytes) }
    }

    /// The greater of both counts, and of both bytes.
    pub fn max(self, other: Self) -> Self {
        let recordings = self.recordings.max(other.recordings);
        Self { recordings, bytes: self.bytes.max(other.bytes) }
    }
}

impl Add for Count {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            recordings: self.recordings.saturating_add(other.recordings),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

impl Sub for Count {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            recordings: self.recordings.saturating_sub(other.recordings),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

impl std::iter::Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Self::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(recordings: i64, bytes: i64) -> Count {
        Count { recordings, bytes }
    }

    #[test]
    fn a_wrong_count_is_a_discrepancy_unless_it_changed_meanwhile() {
        assert!(!unbalanced(count(2, 20), count(2, 20), count(2, 20)));
        assert!(unbalanced(count(2, 20), count(2, 20), count(2, 21)));
        assert!(unbalanced(count(3, 20), count(3, 20), count(2, 20)));
        assert!(!unbalanced(count(2, 20), count(3, 30), count(2, 20)));
        assert!(!unbalanced(count(3, 30), count(2, 20), count(2, 20)));
        assert!(unbalanced(count(2, 20), count(3, 30), count(4, 30)));
    }
}
