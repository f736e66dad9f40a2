//! The export's lines as CSV (RFC 4180) and JSON, with the same columns. See `README.md`.

use domain::{
    billing::{Difference, Line, Month},
    ids::UserId,
};
use platform::{
    csv::{BYTE_ORDER_MARK, disarmed},
    statement,
    table::organisation_list::Listed,
};
use serde::Serialize;

use crate::Error;

/// The columns of the CSV file.
pub const COLUMNS: [&str; 13] = [
    "month",
    "organisation",
    "name",
    "rule",
    "corrects",
    "user",
    "quantity",
    "price",
    "price_from",
    "agreed",
    "amount",
    "currency",
    "facts",
];

/// The column separator. A semicolon goes with decimal commas, as in Sweden; a comma with points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    Semicolon,
    Comma,
}

/// The setting is neither separator.
#[derive(Debug, thiserror::Error)]
#[error("the separator of CSV files is ';' or ','")]
pub struct InvalidSeparator;

/// A line of the JSON file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    month: &'a str,
    organisation: &'a str,
    name: &'a str,
    currency: &'static str,
    #[serde(flatten)]
    line: statement::Line,
}

/// A line of `differences.jsonl`.
#[derive(Serialize)]
struct Differs<'a> {
    month: &'a str,
    organisation: &'a str,
    kind: &'a str,
    user: Option<&'a str>,
}

/// The beginning of the CSV file: the byte order mark and the names of the columns.
pub fn header(separator: Separator) -> Result<Vec<u8>, Error> {
    Ok([BYTE_ORDER_MARK.as_bytes(), &rows(separator, [COLUMNS.map(str::to_owned)])?].concat())
}

/// An organisation's lines as rows of CSV.
pub fn csv(
    separator: Separator,
    listed: &Listed,
    month: Month,
    lines: &[Line],
) -> Result<Vec<u8>, Error> {
    rows(separator, lines.iter().map(|line| cells(separator, listed, month, line)))
}

/// An organisation's lines as lines of JSON.
pub fn json(listed: &Listed, month: Month, lines: &[Line]) -> Result<Vec<u8>, Error> {
    let (month, organisation, name) =
        (month.to_string(), listed.id.as_str(), listed.name.to_string());
    let mut written = Vec::new();
    for line in lines {
        serde_json::to_writer(
            &mut written,
            &Row { month: &month, organisation, name: &name, currency: "SEK", line: line.into() },
        )?;
        written.push(b'\n');
    }
    Ok(written)
}

/// An organisation's differences as lines of JSON. Each is also logged.
pub fn differences(listed: &Listed, month: Month, found: &[Difference]) -> Result<Vec<u8>, Error> {
    let (month, organisation) = (month.to_string(), listed.id.as_str());
    let mut written = Vec::new();
    for Difference { kind, user } in found {
        let (kind, user) = (kind.into_str(), user.as_ref().map(UserId::as_str));
        tracing::warn!(month, organisation, kind, "the services bought and used differ");
        serde_json::to_writer(&mut written, &Differs { month: &month, organisation, kind, user })?;
        written.push(b'\n');
    }
    Ok(written)
}

fn cells(
    separator: Separator,
    listed: &Listed,
    month: Month,
    line: &Line,
) -> [String; COLUMNS.len()] {
    let text = |text: Option<String>| text.map(|text| disarmed(&text)).unwrap_or_default();
    let decimal = |number: String| {
        if separator == Separator::Semicolon { number.replace('.', ",") } else { number }
    };
    [
        month.to_string(),
        disarmed(listed.id.as_str()),
        disarmed(&listed.name.to_string()),
        line.rule.to_string(),
        line.corrects.map(|month| month.to_string()).unwrap_or_default(),
        text(line.user.as_ref().map(ToString::to_string)),
        line.quantity.to_string(),
        line.price.map(|price| decimal(price.to_string())).unwrap_or_default(),
        line.price_from.map(|day| day.to_string()).unwrap_or_default(),
        if line.agreed { "agreed" } else { "general" }.to_owned(),
        decimal(line.amount.to_string()),
        "SEK".to_owned(),
        disarmed(&line.facts.to_string()),
    ]
}

fn rows(
    separator: Separator,
    rows: impl IntoIterator<Item = [String; COLUMNS.len()]>,
) -> Result<Vec<u8>, Error> {
    let mut writer = csv::WriterBuilder::new();
    let mut writer = writer
        .delimiter(separator.byte())
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for cells in rows {
        writer.write_record(cells)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()).into())
}

impl Separator {
    fn byte(self) -> u8 {
        match self {
            Self::Semicolon => b';',
            Self::Comma => b',',
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Semicolon => ";",
            Self::Comma => ",",
        }
    }
}

impl TryFrom<String> for Separator {
    type Error = InvalidSeparator;
    fn try_from(text: String) -> Result<Self, InvalidSeparator> {
        [Self::Semicolon, Self::Comma]
            .into_iter()
            .find(|separator| separator.as_str() == text)
            .ok_or(InvalidSeparator)
    }
}
