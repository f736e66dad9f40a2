//! Pages of a list: their length and the position after which they begin.

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::{
    cursor,
    problem::{Cause, Problem},
};
use crate::answer;

/// The default number of rows on a page, and the maximum.
pub const ROWS: usize = 50;
pub const ROWS_AT_MOST: usize = 1000;

/// The requested page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Rows on a page, 1 to 1,000; 50 by default. A page of long rows has fewer.
    limit: Option<usize>,
    /// The `cursor` of the previous page.
    cursor: Option<String>,
}

impl Asked {
    pub fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }

    /// The position after which the page begins.
    pub fn after(&self) -> Result<Option<String>, Problem> {
        after(self.cursor.as_deref())
    }
}

/// The first page of the remaining rows: at most `limit` rows that fit in a response. The cursor
/// contains the position of the last row, if there are more.
pub fn cut<T: Serialize>(rest: impl IntoIterator<Item = T>, limit: usize, place: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let mut rest = rest.into_iter();
    let mut rows: Vec<T> = rest.by_ref().take(limit).collect();
    let fits = answer::fitting(&rows, answer::bytes);
    let more = fits < rows.len() || rest.next().is_some();
    rows.truncate(fits);
    let cursor = rows.last().filter(|_| more).map(|last| cursor::write_text(&place(last)));
    (rows, cursor)
}

/// A page of a list that is only appended to, or never changes. Its positions are row numbers.
pub fn numbered<T: Serialize>(rows: Vec<T>, limit: usize, after: Option<&str>) -> Result<(Vec<T>, Option<String>), Problem> {
    let after = after.map_or(Ok(0), |place| place.parse::<usize>().map_err(|_| not_ours()))?;
    let rest: Vec<T> = rows.into_iter().skip(after).collect();
    let (rows, more) = cut(rest, limit, |_| "-".to_owned());
    let cursor = more.map(|_| cursor::write_text(&after.saturating_add(rows.len()).to_string()));
    Ok((rows, cursor))
}

/// The page as read and the next position, shortened if it does not fit in a response.
pub fn shortened<T: Serialize>(mut rows: Vec<T>, next: Option<String>, place: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let fits = answer::fitting(&rows, answer::bytes);
    let next = if fits < rows.len() { rows.get(fits.saturating_sub(1)).map(place) } else { next };
    rows.truncate(fits);
    (rows, next.map(|place| cursor::write_text(&place)))
}

/// The problem of a cursor that belongs to another list.
pub fn not_ours() -> Problem {
    Problem::because(Cause::Invalid, cursor::InvalidCursor)
}

/// The requested number of rows, or [`ROWS`].
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(ROWS);
    if (1..=ROWS_AT_MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::because(Cause::Invalid, "a page has 1 to 1000 rows; request the rest by cursor"))
}

/// The position in a cursor of a list by text.
pub fn after(asked: Option<&str>) -> Result<Option<String>, Problem> {
    asked.map(cursor::read_text).transpose().map_err(|error| Problem::because(Cause::Invalid, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All rows of a list, page by page.
    fn paged(rows: &[String], limit: usize) -> Vec<Vec<String>> {
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let after = after(cursor.as_deref()).ok().flatten();
            let Ok((page, next)) = numbered(rows.to_vec(), limit, after.as_deref()) else { return pages };
            pages.push(page);
            match next {
                Some(next) => cursor = Some(next),
                None => return pages,
            }
        }
    }

    #[test]
    fn the_pages_contain_every_row_once() {
        let rows: Vec<String> = (0..10).map(|row| row.to_string()).collect();
        let pages = paged(&rows, 3);
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3, 1]);
        assert_eq!(pages.concat(), rows);
        assert_eq!(paged(&rows, 10).len(), 1);
        assert_eq!(paged(&[], 10), [Vec::<String>::new()]);
    }

    #[test]
    fn a_page_of_long_rows_ends_before_the_response_is_too_large() {
        let rows: Vec<String> = (0..50).map(|row| format!("{row}").repeat(100_000)).collect();
        let pages = paged(&rows, 1000);
        assert!(pages.len() > 1 && pages.iter().all(|page| page.iter().map(answer::bytes).sum::<usize>() <= answer::BYTES));
        assert_eq!(pages.concat(), rows);
        let (short, cursor) = shortened(rows.clone(), Some("end".to_owned()), |row| row[..1].to_owned());
        assert!(short.len() < rows.len() && cursor != Some(cursor::write_text("end")));
        assert_eq!(shortened(vec!["a".to_owned()], Some("end".to_owned()), Clone::clone).1, Some(cursor::write_text("end")));
    }
}
