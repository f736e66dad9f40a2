//! A statement as the API shows it: what was exported, and of each line the days and numbers that its file has in a text alone.

use chrono::NaiveDate;
use domain::billing::{Facts, InvalidFacts};
use platform::http::{
    Problem, page,
    statement::{Line, Statement},
};
use serde::Serialize;
use utoipa::ToSchema;

/// What an organisation owes for a month: SEK, without VAT.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct Shown {
    /// `yyyy-mm`.
    month: String,
    /// It is of the running month, as if that ended now; it binds nobody.
    preview: bool,
    /// The version of the rules.
    rules: String,
    /// The sum of the lines' amounts.
    total: String,
    /// All of the statement's lines, on whichever page.
    count: usize,
    lines: Vec<ShownLine>,
    /// Hand it in as `cursor` for the next page of the lines; null on the last.
    cursor: Option<String>,
}

/// One amount, and all that it came from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatementLine)]
pub struct ShownLine {
    #[serde(flatten)]
    line: Line,
    /// Users who bring what is included, for `storage`.
    users: Option<u64>,
    /// The first day on which the user was active, for `user-month`; on which the organisation had it, for `storage-add-on` and `sftp`.
    first_day: Option<NaiveDate>,
    /// The last day on which the user was active, for `user-month`.
    last_day: Option<NaiveDate>,
}

impl Shown {
    /// The statement with the page of its lines that is asked for.
    pub fn page(statement: Statement, asked: &page::Asked) -> Result<Self, Problem> {
        let Statement { month, preview, rules, total, lines } = statement;
        let count = lines.len();
        let lines = lines.into_iter().map(ShownLine::try_from).collect::<Result<_, _>>().map_err(Problem::internal)?;
        let (lines, cursor) = page::numbered(lines, asked.limit()?, asked.after()?.as_deref())?;
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
