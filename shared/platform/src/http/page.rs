//! Pages of a list: how many rows, and after which place.

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::{
    cursor,
    problem::{Cause, Problem},
};
use crate::answer;

/// Rows on a page: unless asked for, and at most.
pub const ROWS: usize = 50;
pub const ROWS_AT_MOST: usize = 1000;

/// Which page of a list to show.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Rows on a page, 1 to 1,000; 50 unless given. A page ends sooner where its rows are long.
    limit: Option<usize>,
    /// From the page before.
    cursor: Option<String>,
}

impl Asked {
    pub fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }

    /// The place after which the page begins.
    pub fn after(&self) -> Result<Option<String>, Problem> {
        after(self.cursor.as_deref())
    }
}

/// The page that begins a list's rest: at most `limit` rows, and no more bytes than an answer may have. With the cursor of the next, if there is
/// more: the place of the last row.
pub fn cut<T: Serialize>(rest: impl IntoIterator<Item = T>, limit: usize, place: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let mut rest = rest.into_iter();
    let mut rows: Vec<T> = rest.by_ref().take(limit).collect();
    let fits = answer::fitting(&rows, answer::bytes);
    let more = fits < rows.len() || rest.next().is_some();
    rows.truncate(fits);
    let cursor = rows.last().filter(|_| more).map(|last| cursor::write_text(&place(last)));
    (rows, cursor)
}

/// A page of a list that only ever grows at its end, or not at all: its places are numbers.
pub fn numbered<T: Serialize>(rows: Vec<T>, limit: usize, after: Option<&str>) -> Result<(Vec<T>, Option<String>), Problem> {
    let after = after.map_or(Ok(0), |place| place.parse::<usize>().map_err(|_| not_ours()))?;
    let rest: Vec<T> = rows.into_iter().skip(after).collect();
    let (rows, more) = cut(rest, limit, |_| "-".to_owned());
    let cursor = more.map(|_| cursor::write_text(&after.saturating_add(rows.len()).to_string()));
    Ok((rows, cursor))
}

/// The page as it was read, with the place of the next; ended before its bytes are more than an answer may have.
pub fn shortened<T: Serialize>(mut rows: Vec<T>, next: Option<String>, place: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let fits = answer::fitting(&rows, answer::bytes);
    let next = if fits < rows.len() { rows.get(fits.saturating_sub(1)).map(place) } else { next };
    rows.truncate(fits);
    (rows, next.map(|place| cursor::write_text(&place)))
}

/// The answer to a cursor of another list.
pub fn not_ours() -> Problem {
    Problem::because(Cause::Invalid, cursor::InvalidCursor)
}

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
    fn a_list_comes_page_by_page_with_every_row_once() {
        let rows: Vec<String> = (0..10).map(|row| row.to_string()).collect();
        let pages = paged(&rows, 3);
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3, 1]);
        assert_eq!(pages.concat(), rows);
        assert_eq!(paged(&rows, 10).len(), 1);
        assert_eq!(paged(&[], 10), [Vec::<String>::new()]);
    }

    #[test]
    fn a_page_of_long_rows_ends_before_the_answer_is_too_large() {
        let rows: Vec<String> = (0..50).map(|row| format!("{row}").repeat(100_000)).collect();
        let pages = paged(&rows, 1000);
        assert!(pages.len() > 1 && pages.iter().all(|page| page.iter().map(answer::bytes).sum::<usize>() <= answer::BYTES));
        assert_eq!(pages.concat(), rows);
        let (short, cursor) = shortened(rows.clone(), Some("end".to_owned()), |row| row[..1].to_owned());
        assert!(short.len() < rows.len() && cursor != Some(cursor::write_text("end")));
        assert_eq!(shortened(vec!["a".to_owned()], Some("end".to_owned()), Clone::clone).1, Some(cursor::write_text("end")));
    }
}
