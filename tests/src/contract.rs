//! The API document as a contract: every response of every test must be documented for its
//! operation. `make contract` validates bodies against their schemas; a validator here would change
//! features of crates that the functions share.

use std::sync::LazyLock;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::request::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../openapi.json"))
        .expect("the document is JSON, which a test writes")
});

/// A 5xx response. A test of a failure expects this error; any other test fails with it.
#[derive(Debug, thiserror::Error)]
#[error("the service failed: {0:?}")]
pub struct Failed(pub Answer);

/// Checks that the document has the response's status and media type for the operation. Responses
/// on undocumented routes are not checked.
///
/// # Errors
/// [`Failed`] for a 5xx; otherwise a text that names what the document lacks.
pub fn hold(method: &str, path: &str, answer: Answer) -> anyhow::Result<Answer> {
    if answer.status.is_server_error() {
        return Err(Failed(answer).into());
    }
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        ensure!(
            answer.headers.get(name).is_some_and(|sent| sent == value),
            "{method} {path} has no {name}: {value}"
        );
    }
    let Some((template, operation)) = operation(method, path) else { return Ok(answer) };
    let status = answer.status.as_str();
    let name = format!("{method} {template} {status}");
    let response = operation["responses"]
        .get(status)
        .with_context(|| format!("{name} is not documented: {answer:?}"))?;
    let response = resolved(response);
    let tagged = answer.headers.contains_key("etag");
    ensure!(
        tagged != response["headers"]["ETag"].is_null(),
        "{name} has an ETag: {tagged}, and the document says otherwise"
    );
    let media = answer.content_type.split(';').next().unwrap_or_default();
    let Some(contents) = response.get("content") else {
        ensure!(answer.text.is_empty(), "{name} has a body and is documented without: {answer:?}");
        return Ok(answer);
    };
    ensure!(contents.get(media).is_some(), "{name} is not documented as {media:?}");
    let kind = answer.body["type"].as_str().unwrap_or_default();
    ensure!(
        answer.status.as_u16() < 400 || answer.body["code"].as_str() == kind.rsplit(':').next(),
        "{name} has no code: {answer:?}"
    );
    ensure!(
        answer.status.as_u16() < 400 || media == "application/problem+json",
        "{name} is a problem of {media:?}, which is the gateway's"
    );
    Ok(answer)
}

/// The documented operations: method, path and description of each.
pub fn operations() -> impl Iterator<Item = (String, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, operations)| {
        operations
            .as_object()
            .into_iter()
            .flatten()
            .map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
    })
}

/// The media types of an operation's successful responses.
pub fn media_types(operation: &'static Value) -> impl Iterator<Item = &'static str> {
    let responses = operation["responses"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(status, _)| status.starts_with('2'));
    responses.flat_map(|(_, response)| {
        resolved(response)["content"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(media, _)| media.as_str())
    })
}

/// The operation of a request. A path of fixed words precedes one with a parameter.
fn operation(method: &str, path: &str) -> Option<(&'static str, &'static Value)> {
    let path = path.split('?').next().unwrap_or_default();
    let mut found: Vec<_> =
        operations().filter(|(of, template, _)| of == method && matches(template, path)).collect();
    found.sort_by_key(|(_, template, _)| template.matches('{').count());
    found.into_iter().next().map(|(_, template, operation)| (template, operation))
}

fn matches(template: &str, path: &str) -> bool {
    let (mut names, mut parts) = (template.split('/'), path.split('/'));
    names
        .by_ref()
        .zip(parts.by_ref())
        .all(|(name, part)| name == part || name.starts_with('{') && !part.is_empty())
        && template.split('/').count() == path.split('/').count()
}

fn resolved(response: &'static Value) -> &'static Value {
    let named =
        response["$ref"].as_str().and_then(|name| DOCUMENT.pointer(name.strip_prefix('#')?));
    named.unwrap_or(response)
}
