//! Requests that cannot be read: maps axum's rejections to problems in plain words, with a JSON
//! pointer (RFC 6901) to the member of the body that is wrong.

use std::error::Error;

use axum::{
    extract::{
        path::ErrorKind,
        rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use serde_path_to_error::{Path, Segment};

use super::problem::{Cause, Problem};

/// The words of serde and serde_json, and those of JSON for the same.
const WORDS: [(&str, &str); 24] = [
    ("invalid type: ", "wrong type: "),
    ("unknown variant `", "unknown value `"),
    ("unit value", "null"),
    ("expected unit", "expected null"),
    ("expected a sequence", "expected an array"),
    ("expected sequence", "expected an array"),
    ("wrong type: sequence", "wrong type: array"),
    ("expected a map", "expected an object"),
    ("wrong type: map", "wrong type: object"),
    ("floating point", "number"),
    ("expected u8", WHOLE),
    ("expected u16", WHOLE),
    ("expected u32", WHOLE),
    ("expected u64", WHOLE),
    ("expected usize", WHOLE),
    ("expected i32", WHOLE),
    ("expected i64", WHOLE),
    ("expected f64", "expected a number"),
    ("string \"", "text \""),
    ("expected a string", "expected text"),
    ("EOF while parsing", "the text ends within"),
    ("trailing characters", "there is more after the JSON value"),
    ("invalid digit found in string", "not a whole number"),
    ("cannot parse integer from empty string", "not a whole number"),
];
const WHOLE: &str = "expected a whole number";

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::because(Cause::TooLarge, "the body is larger than the operation accepts")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::because(
                Cause::UnknownType,
                "send the body as application/json, with that Content-Type",
            ),
            StatusCode::UNPROCESSABLE_ENTITY => invalid(&rejection),
            _ => Self::because(
                Cause::Malformed,
                format!("the body is not valid JSON: {}", reason(&rejection, "member").0),
            ),
        }
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::because(Cause::TooLarge, "the body is larger than the operation accepts")
            }
            _ => Self::because(
                Cause::Malformed,
                "the body could not be read to its end; send it again",
            ),
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        let (reason, path) = reason(&rejection, "parameter");
        Self::because(Cause::Invalid, named(path.as_ref(), reason))
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        let PathRejection::FailedToDeserializePathParams(error) = rejection else {
            return Self::internal(rejection);
        };
        match error.into_kind() {
            ErrorKind::DeserializeError { key, message, .. } => {
                Self::because(Cause::NotFound, format!("{key}: {message}"))
            }
            _ => Self::new(Cause::NotFound),
        }
    }
}

fn invalid(rejection: &(dyn Error + 'static)) -> Problem {
    let (reason, path) = reason(rejection, "member");
    let pointer = path.as_ref().map(|path| {
        path.iter().map(|segment| format!("/{}", escaped(segment))).collect::<String>()
    });
    Problem::because(Cause::Invalid, named(path.as_ref(), reason))
        .at(pointer.filter(|pointer| !pointer.is_empty()))
}

/// The reason after the path of the value that it concerns, where there is one.
fn named(path: Option<&Path>, reason: String) -> String {
    match path.filter(|path| path.iter().next().is_some()) {
        Some(path) => format!("{path}: {reason}"),
        None => reason,
    }
}

/// The innermost error in plain words, and the path to the value that it concerns.
fn reason(rejection: &(dyn Error + 'static), what: &str) -> (String, Option<Path>) {
    let mut error = rejection;
    loop {
        if let Some(located) = error.downcast_ref::<serde_path_to_error::Error<serde_json::Error>>()
        {
            return (
                plain(&located.inner().to_string(), is_invalid(located.inner()), what),
                Some(located.path().clone()),
            );
        }
        if let Some(located) =
            error.downcast_ref::<serde_path_to_error::Error<serde::de::value::Error>>()
        {
            return (
                plain(&located.inner().to_string(), false, what),
                Some(located.path().clone()),
            );
        }
        match error.source() {
            Some(source) => error = source,
            None => return (plain(&error.to_string(), false, what), None),
        }
    }
}

/// Whether the text is JSON, so that the path locates the error better than line and column.
fn is_invalid(error: &serde_json::Error) -> bool {
    error.classify() == serde_json::error::Category::Data
}

/// The error of a single JSON text, such as an imported line, in plain words.
pub fn explain(error: &serde_json::Error) -> String {
    plain(&error.to_string(), false, "member")
}

/// The message in the words of JSON. `what` names a member: `parameter` in a query.
fn plain(message: &str, is_located: bool, what: &str) -> String {
    let message = message
        .rsplit_once(" at line ")
        .filter(|_| is_located)
        .map_or(message, |(message, _)| message);
    let words =
        WORDS.into_iter().fold(message.to_owned(), |message, (from, to)| message.replace(from, to));
    let words = ["unknown", "missing", "duplicate"].into_iter().fold(words, |words, kind| {
        words.replace(&format!("{kind} field `"), &format!("{kind} {what} `"))
    });
    match words.split_once("expected struct ").or_else(|| words.split_once("expected enum ")) {
        Some((before, name)) => {
            let rest = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
            format!("{before}expected an object{rest}")
        }
        None => words,
    }
}

/// A segment of a path as a JSON pointer spells it (RFC 6901, 3).
fn escaped(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
        Segment::Enum { variant } => variant.clone(),
        Segment::Unknown => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use axum::Json;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[serde(rename = "count")]
        _count: u64,
        #[serde(rename = "parts", default)]
        _parts: Vec<Part>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Query {
        #[serde(rename = "limit")]
        _limit: Option<u64>,
    }

    #[derive(Debug, Deserialize)]
    struct Part {
        #[serde(rename = "a/b")]
        _name: String,
    }

    #[test]
    fn details_use_the_words_of_json_and_point_to_the_member() {
        let cases = [
            (
                r#"{"count":"x"}"#,
                "count: wrong type: text \"x\", expected a whole number",
                Some("/count"),
            ),
            (
                r#"{"count":1,"parts":{}}"#,
                "parts: wrong type: object, expected an array",
                Some("/parts"),
            ),
            (
                r#"{"count":1,"parts":[{"a/b":"x"},{"a/b":7}]}"#,
                "parts[1].a/b: wrong type: integer `7`, expected text",
                Some("/parts/1/a~1b"),
            ),
            (
                r#"{"count":1,"parts":["x"]}"#,
                "parts[0]: wrong type: text \"x\", expected an object",
                Some("/parts/0"),
            ),
            (
                r#"{"count":1,"other":2}"#,
                "other: unknown member `other`, expected `count` or `parts`",
                Some("/other"),
            ),
            ("{}", "missing member `count`", None),
            (
                r#"{"count":"#,
                "the body is not valid JSON: the text ends within a value at line 1 column 9",
                None,
            ),
        ];
        for (body, detail, pointer) in cases {
            let problem = Problem::from(
                Json::<Body>::from_bytes(body.as_bytes()).expect_err("it is invalid"),
            );
            assert_eq!((problem.detail(), problem.pointer()), (detail, pointer), "{body}");
        }
    }

    #[test]
    fn details_name_the_parameter_of_a_query() {
        for (query, detail) in [
            ("other=1", "other: unknown parameter `other`, expected `limit`"),
            ("limit=x", "limit: not a whole number"),
            ("limit=1&limit=2", "duplicate parameter `limit`"),
        ] {
            let uri = format!("http://localhost/?{query}").parse().expect("it is a URI");
            let problem = Problem::from(
                axum::extract::Query::<Query>::try_from_uri(&uri).expect_err("it is invalid"),
            );
            assert_eq!(problem.detail(), detail, "{query}");
        }
    }
}
