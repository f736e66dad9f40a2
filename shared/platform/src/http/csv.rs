//! Tables as CSV files (RFC 4180, UTF-8) that people open in a spreadsheet: no cell is taken for a formula.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

/// A CSV file of rows, the first of them the names of the columns if there are any, to be saved as `file_name` (plain ASCII).
pub fn file<R: AsRef<[String]>>(file_name: &str, columns: &[&str], rows: impl IntoIterator<Item = R>) -> Result<Response, csv::Error> {
    let mut body = if columns.is_empty() { Vec::new() } else { lines([columns])? };
    body.append(&mut lines(rows)?);
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{file_name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// The lines of rows.
pub fn lines<C: AsRef<str>, R: AsRef<[C]>>(rows: impl IntoIterator<Item = R>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.as_ref().iter().map(|cell| harmless(cell.as_ref())))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// The cell, with an apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection). A telephone number stays as it
/// is: `+` and digits compute to nothing.
pub fn harmless(cell: &str) -> String {
    let number = cell.strip_prefix('+').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if formula && !number { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_text_and_a_number_stays() {
        for (cell, expected) in
            [("=1+1", "'=1+1"), ("@x", "'@x"), ("-2", "'-2"), ("+46701234567", "+46701234567"), ("+1+1", "'+1+1"), ("a=1", "a=1")]
        {
            assert_eq!(harmless(cell), expected);
        }
    }
}
