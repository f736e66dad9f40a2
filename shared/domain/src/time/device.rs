//! A time by a device's clock, which may never have been set.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Instant, InvalidInstant};

/// A time by a device's clock: an [`Instant`], or one from 1970 on, where a clock that was never set
/// begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DeviceTime(DateTime<Utc>);

impl DeviceTime {
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }
}

impl TryFrom<String> for DeviceTime {
    type Error = InvalidInstant;
    fn try_from(text: String) -> Result<Self, InvalidInstant> {
        let unset = DateTime::UNIX_EPOCH..Instant::FIRST.0;
        match text.parse::<Instant>() {
            Ok(instant) => Ok(Self(instant.0)),
            Err(error) => text
                .parse()
                .ok()
                .filter(|at| unset.contains(at) && error == InvalidInstant::Range)
                .map(Self)
                .ok_or(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_whose_clock_was_never_set_has_a_time_too() {
        let read = |text: &str| DeviceTime::try_from(text.to_owned()).map(DeviceTime::utc);
        assert_eq!(read("1970-01-01T00:00:00Z"), Ok(DateTime::UNIX_EPOCH));
        for text in ["1999-12-31T23:59:59Z", "2026-11-24T23:59:60Z", "2026-11-24 10:00:00 +0100"] {
            assert!(read(text).is_ok(), "{text}");
        }
        for text in ["1969-12-31T23:59:59Z", "2569-11-24T10:00:00Z"] {
            assert_eq!(read(text), Err(InvalidInstant::Range), "{text}");
        }
        assert_eq!(read("2026-11-24"), Err(InvalidInstant::Form));
    }
}
