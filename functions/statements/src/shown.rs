//! A statement as the API shows it: what was exported, and of each line the days and numbers that its file has in a text alone.

use chrono::NaiveDate;
use domain::billing::{Facts, InvalidFacts};
use platform::http::statement::{Line, Statement};
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
    lines: Vec<ShownLine>,
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

impl TryFrom<Statement> for Shown {
    type Error = InvalidFacts;
    fn try_from(Statement { month, preview, rules, total, lines }: Statement) -> Result<Self, InvalidFacts> {
        let lines = lines.into_iter().map(ShownLine::try_from).collect::<Result<_, _>>()?;
        Ok(Self { month, preview, rules, total, lines })
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
