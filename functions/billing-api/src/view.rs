//! A statement as the API shows it: the exported lines, with the values parsed from their facts.

use chrono::NaiveDate;
use domain::billing::{Facts, InvalidFacts};
use platform::{
    http::{
        Problem,
        page::{self, PageQuery},
    },
    statement::{Line, Statement},
};
use serde::Serialize;
use utoipa::ToSchema;

/// The amount that an organisation owes for a month: SEK, without VAT.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct Shown {
    /// `yyyy-mm`.
    month: String,
    /// The statement is of the running month, as if it ended now. It is not binding.
    preview: bool,
    /// The version of the rules.
    rules: String,
    /// The sum of the lines' amounts.
    total: String,
    /// The number of the statement's lines, on all pages.
    count: usize,
    lines: Vec<ShownLine>,
    /// Pass it as `cursor` to get the next page of lines. Null on the last page.
    cursor: Option<String>,
}

/// One amount and its origin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatementLine)]
pub struct ShownLine {
    #[serde(flatten)]
    line: Line,
    /// For `storage`, the users whose allowances are pooled.
    users: Option<u64>,
    /// First day of the user's activity (`user-month`) or the service (`storage-add-on`, `sftp`).
    first_day: Option<NaiveDate>,
    /// The last day of the user's activity, for `user-month`.
    last_day: Option<NaiveDate>,
}

impl Shown {
    /// The statement with the requested page of its lines.
    pub fn page(statement: Statement, query: &PageQuery) -> Result<Self, Problem> {
        let Statement { month, preview, rules, total, lines } = statement;
        let count = lines.len();
        let lines = lines
            .into_iter()
            .map(ShownLine::try_from)
            .collect::<Result<_, _>>()
            .map_err(Problem::internal)?;
        let (lines, cursor) = page::numbered(lines, query.limit()?, query.after()?.as_deref())?;
        Ok(Self { month, preview, rules, total, count, lines, cursor })
    }
}

impl TryFrom<Line> for ShownLine {
    type Error = InvalidFacts;
    fn try_from(line: Line) -> Result<Self, InvalidFacts> {
        let (users, first_day, last_day) = match line.facts.parse()? {
            Facts::Activated { .. } => (None, None, None),
            Facts::Active { first, last, .. } => (None, Some(first), Some(last)),
            Facts::Stored { users, .. } => (Some(users), None, None),
            Facts::Had { first } => (None, Some(first), None),
        };
        Ok(Self { line, users, first_day, last_day })
    }
}
