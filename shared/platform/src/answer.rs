//! How many bytes an answer has: Lambda gives a caller at most 6 MB, of the answer written as a JSON string.
//!
//! Source: AWS Lambda Developer Guide, "Lambda quotas", invocation payload. A list ends its page before that and gives a cursor.

use std::io::{self, Write};

use serde::Serialize;

use crate::http::csv::Cell;

/// Bytes of rows after which a page of a list ends, as they are sent. A file of several pages ends after the page that passes it.
pub const BYTES: usize = 2_500_000;
/// Bytes of a cell beside its text: two quotes, escaped, a separator or half a line's end, and an apostrophe.
const CELL: usize = 7;

/// Bytes that a text takes in an answer: a quote or a control character in JSON is escaped, and Lambda escapes the answer once more.
pub fn escaped(text: &str) -> usize {
    let byte = |byte| match byte {
        b'"' | b'\\' => 4,
        b'\n' | b'\r' | b'\t' => 3,
        ..0x20 => 7,
        _ => 1,
    };
    text.bytes().map(byte).sum()
}

/// Bytes that a row takes in an answer.
pub fn bytes(row: &impl Serialize) -> usize {
    let mut sent = Sent(0);
    // A row that cannot be written fails where the answer is, with the reason.
    serde_json::to_writer(&mut sent, row).map_or(0, |()| sent.0 + 1)
}

/// Bytes that a row of a CSV file takes in an answer, at most.
pub fn cells(row: &[Cell]) -> usize {
    row.iter().map(|cell| escaped(cell.as_str()) + CELL).sum()
}

/// How many of the rows fit on one page: those up to [`BYTES`], and the first always.
pub fn fitting<T>(rows: &[T], bytes: impl Fn(&T) -> usize) -> usize {
    let mut sum = 0;
    let fits = |row: &&T| {
        sum += bytes(row);
        sum <= BYTES
    };
    rows.iter().take_while(fits).count().max(rows.len().min(1))
}

/// Counts the bytes of JSON once it is escaped in a string.
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
        /// What is counted is what Lambda sends: the answer, as a JSON string.
        #[test]
        fn the_bytes_are_those_of_the_answer_in_a_json_string(text in "(?s).{0,50}") {
            let row = serde_json::json!({ "note": text });
            let sent = serde_json::to_string(&row.to_string()).unwrap_or_default();
            prop_assert_eq!(bytes(&row), sent.len() - 2 + 1, "without the quotes, with a comma");
            let alone = serde_json::to_string(&serde_json::to_string(&text).unwrap_or_default()).unwrap_or_default();
            prop_assert!(escaped(&text) + 6 >= alone.len());
        }
    }

    #[test]
    fn a_page_ends_before_its_bytes_do_and_has_a_row_at_least() {
        assert_eq!(fitting(&[BYTES - 1, 1, 1], |bytes| *bytes), 2);
        assert_eq!(fitting(&[BYTES + 1, 1], |bytes| *bytes), 1);
        assert_eq!(fitting(&[] as &[usize], |bytes| *bytes), 0);
    }
}
