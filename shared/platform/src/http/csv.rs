//! CSV files as responses. See [`crate::csv`].

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::csv::{self, Cell};

/// A CSV response that is saved as `file_name` (plain ASCII). The column names come first. A file
/// that continues a table has none, so the files can be concatenated.
pub fn file<R: AsRef<[Cell]>>(
    file_name: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = R>,
) -> Result<Response, ::csv::Error> {
    let mut body = if columns.is_empty() { Vec::new() } else { csv::header([columns])? };
    body.append(&mut csv::lines(
        rows.into_iter().map(|row| row.as_ref().iter().map(Cell::shown).collect::<Vec<_>>()),
    )?);
    let mut response = body.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    // `lambda_http` decodes text and drops the byte-order mark, unless there is a content encoding.
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{file_name}\""))
    {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}
