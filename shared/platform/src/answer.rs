//! Limits the size of responses: Lambda returns at most 6 MB, with the body as a JSON string.
//!
//! Source: AWS Lambda Developer Guide, "Lambda quotas". A list ends its page before that limit.

use std::io::{self, Write};

use serde::Serialize;

use crate::csv::Cell;

/// Bytes of rows after which a page ends. A file ends after the page that exceeds it.
pub const BYTES: usize = 2_500_000;
/// Bytes of a cell besides its text: escaped quotes, half a line end, an apostrophe.
const CELL: usize = 7;

/// Bytes of a text in a response: JSON escapes some characters, and Lambda escapes again.
pub fn escaped(text: &str) -> usize {
    let byte = |byte| match byte {
        b'"' | b'\\' => 4,
        b'\n' | b'\r' | b'\t' => 3,
        ..0x20 => 7,
        _ => 1,
    };
    text.bytes().map(byte).sum()
}

/// Bytes of a row in a response.
pub fn bytes(row: &impl Serialize) -> usize {
    let mut sent = Sent(0);
    // A row that cannot be serialised fails later, when the response is written.
    serde_json::to_writer(&mut sent, row).map_or(0, |()| sent.0 + 1)
}

/// The most bytes that a row of a CSV file takes in a response.
pub fn cells(row: &[Cell]) -> usize {
    row.iter().map(|cell| escaped(cell.as_str()) + CELL).sum()
}

/// The number of rows that fit on one page within [`BYTES`], and at least one.
pub fn fitting<T>(rows: &[T], bytes: impl Fn(&T) -> usize) -> usize {
    let mut sum = 0;
    let fits = |row: &&T| {
        sum += bytes(row);
        sum <= BYTES
    };
    rows.iter().take_while(fits).count().max(rows.len().min(1))
}

/// Counts the bytes of JSON after it is escaped in a string.
struct Sent(usize);

impl Write for Sent {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        self.0 += json.len() + json.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The size is that of what Lambda sends: the response as a JSON string.
        #[test]
        fn the_size_is_that_of_the_response_in_a_json_string(text in "(?s).{0,50}") {
            let row = serde_json::json!({ "note": text });
            let sent = serde_json::to_string(&row.to_string()).unwrap_or_default();
            prop_assert_eq!(bytes(&row), sent.len() - 2 + 1, "without the quotes, with a comma");
            let alone = serde_json::to_string(&serde_json::to_string(&text).unwrap_or_default()).unwrap_or_default();
            prop_assert!(escaped(&text) + 6 >= alone.len());
        }
    }

    #[test]
    fn a_page_stays_within_the_limit_and_has_at_least_one_row() {
        assert_eq!(fitting(&[BYTES - 1, 1, 1], |bytes| *bytes), 2);
        assert_eq!(fitting(&[BYTES + 1, 1], |bytes| *bytes), 1);
        assert_eq!(fitting(&[] as &[usize], |bytes| *bytes), 0);
    }
}
