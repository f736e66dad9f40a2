//! Page cursors: versioned, opaque and short (34 characters for recordings).
//!
//! A cursor contains a position but not the partition, which comes from the caller's claims. So a
//! forged cursor cannot cross organisations.

use chrono::DateTime;
use data_encoding::BASE64URL_NOPAD;
use domain::{ids::RecordingId, search::Position, time::Instant};
use thiserror::Error;

const VERSION: u8 = 1;
/// The version of a cursor with a text position: lists by name, and the audit log.
const TEXT: u8 = 2;
/// The most bytes of a text position: a folded name and an id.
const TEXT_AT_MOST: usize = 600;

/// The text is not a cursor of this service.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the cursor is not one that this service gave; leave it out to begin with the first page")]
pub struct InvalidCursor;

pub fn write(position: Position) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(position.started_at.timestamp_millis().to_be_bytes());
    bytes.extend(position.id.to_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

pub fn read(text: &str) -> Result<Position, InvalidCursor> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| InvalidCursor)?;
    let (version, rest) = bytes.split_first_chunk::<1>().ok_or(InvalidCursor)?;
    let (milliseconds, id) = rest.split_first_chunk::<8>().ok_or(InvalidCursor)?;
    let id: [u8; 16] = id.try_into().map_err(|_| InvalidCursor)?;
    let started_at =
        DateTime::from_timestamp_millis(i64::from_be_bytes(*milliseconds)).ok_or(InvalidCursor)?;
    let started_at = Instant::try_from(started_at).map_err(|_| InvalidCursor)?.utc();
    if version != &[VERSION] {
        return Err(InvalidCursor);
    }
    Ok(Position { started_at, id: RecordingId::from_bytes(id) })
}

/// A cursor with a text position.
pub fn write_text(place: &str) -> String {
    BASE64URL_NOPAD.encode(&[&[TEXT], place.as_bytes()].concat())
}

pub fn read_text(cursor: &str) -> Result<String, InvalidCursor> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| InvalidCursor)?;
    let (version, place) = bytes.split_first_chunk::<1>().ok_or(InvalidCursor)?;
    if version != &[TEXT] || place.is_empty() || place.len() > TEXT_AT_MOST {
        return Err(InvalidCursor);
    }
    String::from_utf8(place.to_vec()).map_err(|_| InvalidCursor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_position_outside_the_years_of_calls_is_refused() {
        for milliseconds in [
            i64::MIN,
            -8_334_601_228_800_000,
            -1,
            0,
            946_684_799_999,
            7_258_118_400_000,
            8_210_266_876_799_999,
            i64::MAX,
        ] {
            let bytes = [&[VERSION], &milliseconds.to_be_bytes()[..], &[0; 16]].concat();
            assert_eq!(read(&BASE64URL_NOPAD.encode(&bytes)), Err(InvalidCursor), "{milliseconds}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back_as_its_position(milliseconds in 946_684_800_000..7_258_118_400_000_i64, id: [u8; 16]) {
            let started_at = DateTime::from_timestamp_millis(milliseconds).unwrap_or_default();
            let position = Position { started_at, id: RecordingId::from_bytes(id) };
            prop_assert_eq!(read(&write(position)), Ok(position));
            prop_assert_eq!(write(position).len(), 34);
        }

        #[test]
        fn any_other_text_is_refused_or_reads_back(text in "[A-Za-z0-9_-]{0,50}") {
            if let Ok(position) = read(&text) {
                prop_assert_eq!(write(position), text);
            }
        }
    }
}
