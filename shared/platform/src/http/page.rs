//! Pages of a list: their length and the position after which they begin.

use std::borrow::Cow;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema,
        schema::{SchemaType, Type},
    },
};

use super::problem::{Cause, Problem};
use crate::{answer, cursor};

/// The default number of rows on a page, and the maximum.
pub const ROWS: usize = 50;
pub const ROWS_AT_MOST: usize = 1000;

/// The requested page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows on a page, 1 to 1,000; 50 by default. A page of long rows has fewer.
    limit: Option<usize>,
    /// The `cursor` of the previous page.
    cursor: Option<String>,
}

impl PageQuery {
    pub fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }

    /// The position after which the page begins.
    pub fn after(&self) -> Result<Option<String>, Problem> {
        after(self.cursor.as_deref())
    }
}

/// The rows of a list, and how the API names it.
pub trait Listed: Serialize + ToSchema {
    /// The member of a page that contains the rows.
    const MEMBER: &'static str;
    /// The name of a page's schema, and its description.
    const SCHEMA: (&'static str, &'static str);
}

/// A page of a list: its rows, and the cursor of the next page.
#[derive(Debug)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub cursor: Option<String>,
}

impl<T: Listed> Page<T> {
    /// The page as read, and the position of its last row if there are more.
    pub fn read<R: Into<T>>(rows: Vec<R>, next: Option<String>) -> Self {
        Self {
            rows: rows.into_iter().map(Into::into).collect(),
            cursor: next.map(|place| cursor::write_text(&place)),
        }
    }

    /// The first page of the remaining rows: see [`cut`].
    pub fn cut(
        rest: impl IntoIterator<Item = T>,
        limit: usize,
        place: impl Fn(&T) -> String,
    ) -> Self {
        cut(rest, limit, place).into()
    }

    /// Rows with their position in the list: see [`placed`].
    pub fn placed(rows: impl IntoIterator<Item = (String, T)>, next: Option<String>) -> Self {
        placed(rows, next).into()
    }

    /// A page of a list that is only appended to: see [`numbered`].
    pub fn numbered(rows: Vec<T>, query: &PageQuery) -> Result<Self, Problem> {
        Ok(numbered(rows, query.limit()?, query.after()?.as_deref())?.into())
    }
}

impl<T> From<(Vec<T>, Option<String>)> for Page<T> {
    fn from((rows, cursor): (Vec<T>, Option<String>)) -> Self {
        Self { rows, cursor }
    }
}

impl<T: Listed> Serialize for Page<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(T::MEMBER, &self.rows)?;
        map.serialize_entry("cursor", &self.cursor)?;
        map.end()
    }
}

// Implemented in this crate, which is optimised for speed (the workspace's `Cargo.toml`).
impl<T: Listed> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl<T: Listed> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let rows = ArrayBuilder::new().items(Ref::from_schema_name(T::name()));
        let types = SchemaType::from_iter([Type::String, Type::Null]);
        let cursor = ObjectBuilder::new()
            .schema_type(types)
            .description(Some("Pass it as `cursor` to get the next page. Null on the last page."));
        let page = ObjectBuilder::new()
            .description(Some(T::SCHEMA.1))
            .property(T::MEMBER, rows)
            .property("cursor", cursor);
        page.required(T::MEMBER).into()
    }
}

impl<T: Listed> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        T::SCHEMA.0.into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// The first page of the remaining rows: at most `limit` rows that fit in a response. The cursor
/// contains the position of the last row, if there are more.
pub fn cut<T: Serialize>(
    rest: impl IntoIterator<Item = T>,
    limit: usize,
    place: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let mut rest = rest.into_iter();
    let mut rows: Vec<T> = rest.by_ref().take(limit).collect();
    let fits = answer::fitting(&rows, answer::bytes);
    let more = fits < rows.len() || rest.next().is_some();
    rows.truncate(fits);
    let cursor = rows.last().filter(|_| more).map(|last| cursor::write_text(&place(last)));
    (rows, cursor)
}

/// A page of a list that is only appended to, or never changes. Its positions are row numbers.
pub fn numbered<T: Serialize>(
    rows: Vec<T>,
    limit: usize,
    after: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Problem> {
    let after = after.map_or(Ok(0), |place| place.parse::<usize>().map_err(|_| not_ours()))?;
    let rest: Vec<T> = rows.into_iter().skip(after).collect();
    let (rows, more) = cut(rest, limit, |_| "-".to_owned());
    let cursor = more.map(|_| cursor::write_text(&after.saturating_add(rows.len()).to_string()));
    Ok((rows, cursor))
}

/// Rows with their position in the list, shortened if they do not fit in a response.
pub fn placed<T: Serialize>(
    rows: impl IntoIterator<Item = (String, T)>,
    next: Option<String>,
) -> (Vec<T>, Option<String>) {
    let rows: Vec<(String, T)> = rows.into_iter().collect();
    let fits = answer::fitting(&rows, |(_, row)| answer::bytes(row));
    let next = if fits < rows.len() {
        rows.get(fits.saturating_sub(1)).map(|(place, _)| place.clone())
    } else {
        next
    };
    (
        rows.into_iter().take(fits).map(|(_, row)| row).collect(),
        next.map(|place| cursor::write_text(&place)),
    )
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
    asked
        .map(cursor::read_text)
        .transpose()
        .map_err(|error| Problem::because(Cause::Invalid, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All rows of a list, page by page.
    fn paged(rows: &[String], limit: usize) -> Vec<Vec<String>> {
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let after = after(cursor.as_deref()).ok().flatten();
            let Ok((page, next)) = numbered(rows.to_vec(), limit, after.as_deref()) else {
                return pages;
            };
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
        assert!(
            pages.len() > 1
                && pages
                    .iter()
                    .all(|page| page.iter().map(answer::bytes).sum::<usize>() <= answer::BYTES)
        );
        assert_eq!(pages.concat(), rows);
        let (short, cursor) =
            placed(rows.iter().map(|row| (row[..1].to_owned(), row)), Some("end".to_owned()));
        assert!(short.len() < rows.len() && cursor != Some(cursor::write_text("end")));
        assert_eq!(
            placed([("a".to_owned(), "a")], Some("end".to_owned())).1,
            Some(cursor::write_text("end"))
        );
    }
}
