//! CSV files in the dialect that a Swedish spreadsheet opens by double click: UTF-8 with a
//! byte-order mark, semicolons between columns, CRLF, and quotes as in RFC 4180.
//!
//! A spreadsheet would run some texts as formulas, so in every file an apostrophe precedes them
//! (OWASP, CSV injection). [`lines`] writes files for systems: it leaves all other values
//! unchanged, even `-123` and `- ringde tillbaka`. A [`Cell`] is of a file for people: an
//! apostrophe also precedes texts that a spreadsheet would rewrite as a number or a date.

/// Marks the file as UTF-8. It appears once, before the column names.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A cell of a file for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text from elsewhere: a note, an id, a telephone number.
    Text(String),
    /// A value that the service formatted and a spreadsheet may compute with.
    Value(String),
}

impl Cell {
    /// A text cell; empty for `None`.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        Self::Text(text.map(Into::into).unwrap_or_default())
    }

    /// The value without the apostrophe that a spreadsheet may need.
    pub fn as_str(&self) -> &str {
        let (Self::Text(cell) | Self::Value(cell)) = self;
        cell
    }

    /// The text as the file contains it.
    pub fn shown(&self) -> String {
        match self {
            Self::Value(value) => value.clone(),
            Self::Text(text) if is_rewritten(text) || text.starts_with(['+', '-']) => {
                format!("'{text}")
            }
            Self::Text(text) => disarmed(text),
        }
    }
}

/// The beginning of a file: the byte-order mark and the column names.
pub fn header<R: AsRef<[C]>, C: AsRef<str>>(names: [R; 1]) -> Result<Vec<u8>, csv::Error> {
    Ok([BYTE_ORDER_MARK.as_bytes(), &lines(names)?].concat())
}

/// The lines of the rows. Only formulas are changed.
pub fn lines<C: AsRef<str>, R: AsRef<[C]>>(
    rows: impl IntoIterator<Item = R>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.as_ref().iter().map(|cell| disarmed(cell.as_ref())))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// The text, with an apostrophe in front if a spreadsheet would run it as a formula.
pub fn disarmed(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// Whether a spreadsheet would run the text, even with full-width signs or leading blanks. A sign
/// before a number or blank is harmless: `+46701234567`, `-123`, `- ring`.
fn is_formula(text: &str) -> bool {
    let begins = text.trim_start();
    let harmless = |rest: &str| {
        rest.starts_with(' ')
            || !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || ".,".contains(c))
    };
    match begins.strip_prefix(['+', '-', '＋', '－']) {
        Some(rest) => !harmless(rest),
        None => text.starts_with(['\t', '\r', '\n']) || begins.starts_with(['=', '@', '＝', '＠']),
    }
}

/// Whether a spreadsheet would rewrite the text as a number, a date or a time: digits and
/// separators, as in `0012`, `1E5`, `12345678901234567`, `2026-11`, `10:30` and `5 %`.
fn is_rewritten(text: &str) -> bool {
    let text = text.trim();
    let between = |c: char| {
        matches!(c, ' ' | '\u{a0}' | '.' | ',' | ':' | '/' | '-' | '%' | '(' | ')' | 'e' | 'E')
    };
    text.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || between(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_and_rewritten_values_become_text() {
        for text in [
            "=1+1",
            "@x",
            "-2",
            "- ringde tillbaka",
            "+46701234567",
            "-12,50",
            "+1+1",
            " =1+1",
            "\t=1",
            "＝1",
            "0012",
            "1E5",
            "12345678901234567",
            "2026-11",
            "24/11",
            "10:30",
            "5 %",
            "(12)",
        ] {
            assert_eq!(Cell::Text(text.to_owned()).shown(), format!("'{text}"));
        }
    }

    #[test]
    fn formulas_are_text_in_every_file() -> Result<(), csv::Error> {
        for formula in [
            "=1+1",
            " =1+1",
            "＝1",
            "@SUM(1)",
            "-2+3",
            "+1+1",
            "-cmd|'/c calc'!A1",
            "\t=1",
            "-",
            "+SUM(1)",
        ] {
            let written = String::from_utf8(lines([[formula]])?).unwrap_or_default();
            assert!(written.trim_start_matches('"').starts_with('\''), "{written}");
        }
        Ok(())
    }

    #[test]
    fn other_texts_and_formatted_values_are_unchanged() {
        for text in ["", "a=1", "ring;=1+1;", "a;@SUM(1)", "ärende 4411", "anna", "call-0012", "E"]
        {
            assert_eq!(Cell::Text(text.to_owned()).shown(), text);
        }
        assert_eq!(Cell::Value("-12".to_owned()).shown(), "-12");
    }

    #[test]
    fn files_for_systems_are_unchanged_and_a_semicolon_splits_no_cell() -> Result<(), csv::Error> {
        let row = [
            "-123",
            "- ringde tillbaka",
            "ring;=1+1;",
            "a;@SUM(1)",
            "two\nlines",
            "\"",
            "0012",
            "+46701234567",
        ];
        let table = [header([["a", "b", "c", "d", "e", "f", "g", "h"]])?, lines([row])?].concat();
        let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(table.as_slice());
        assert_eq!(reader.headers()?.get(0), Some("a"), "the csv crate reads past the mark");
        assert_eq!(reader.records().next().transpose()?, Some(row.as_slice().into()));
        Ok(())
    }
}
