//! Pages of a list: how many rows, and after which place.

use super::{
    cursor,
    problem::{Cause, Problem},
};

/// Rows on a page: unless asked for, and at most.
pub const ROWS: usize = 50;
pub const ROWS_AT_MOST: usize = 1000;

/// The rows asked for, or [`ROWS`].
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(ROWS);
    if (1..=ROWS_AT_MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::because(Cause::Invalid, "a page has 1 to 1000 rows; ask for the rest by cursor"))
}

/// The place that a cursor of a list by text names.
pub fn after(asked: Option<&str>) -> Result<Option<String>, Problem> {
    asked.map(cursor::read_text).transpose().map_err(|error| Problem::because(Cause::Invalid, error))
}
