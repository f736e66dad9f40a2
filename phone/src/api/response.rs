//! The outcome that a response means.

use std::time::Duration;

use chrono::DateTime;
use reqwest::{
    Response,
    header::{DATE, HeaderMap, HeaderName, RETRY_AFTER},
};
use serde::de::DeserializeOwned;

use super::message::{Problem, Registered};
use crate::{
    call::CallId,
    outcome::{Failure, Outcome},
};

/// The outcome of a registration. Its warnings are logged without their details.
pub(super) async fn registered(call: &CallId, response: Response) -> Outcome {
    if !response.status().is_success() {
        return failed(response).await;
    }
    let Some(registered) = body::<Registered>(response).await else { return Outcome::Unreachable };
    for warning in &registered.warnings {
        tracing::warn!(%call, code = warning.code, pointer = warning.pointer, "warning");
    }
    Outcome::Shown(registered.recording, registered.upload)
}

/// The body of a response, or the outcome that it means.
pub(super) async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Outcome> {
    if !response.status().is_success() {
        return Err(failed(response).await);
    }
    body(response).await.ok_or(Outcome::Unreachable)
}

/// The outcome of reading a recording.
pub(super) async fn shown(response: Response) -> Outcome {
    if !response.status().is_success() {
        return failed(response).await;
    }
    body(response).await.map_or(Outcome::Unreachable, |recording| Outcome::Shown(recording, None))
}

/// The outcome of an upload. S3 explains errors in XML, which only people need.
pub(super) fn uploaded(response: &Response) -> Outcome {
    if response.status().is_success() {
        return Outcome::Put;
    }
    let (status, retry_after) = (response.status().as_u16(), retry_after(response.headers()));
    Outcome::Failed(Failure { status, code: None, detail: None, retry_after })
}

async fn failed(response: Response) -> Outcome {
    let (status, retry_after) = (response.status().as_u16(), retry_after(response.headers()));
    let Problem { code, detail } = body(response).await.unwrap_or_default();
    Outcome::Failed(Failure { status, code, detail, retry_after })
}

/// The body, or `None` if the connection ended or something other than the API answered.
async fn body<T: DeserializeOwned>(response: Response) -> Option<T> {
    response.json().await.ok()
}

/// The requested pause: seconds, or a time relative to the response's own date. So the device's
/// clock may be wrong.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let value = text(RETRY_AFTER)?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(value).ok()?;
    let date = DateTime::parse_from_rfc2822(text(DATE)?).ok()?;
    (until - date).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requested_pause_is_seconds_or_a_time() {
        let date = (DATE, "Tue, 24 Nov 2026 13:00:00 GMT");
        for (value, pause) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("Tue, 24 Nov 2026 13:01:30 GMT", Some(90)),
            ("Tue, 24 Nov 2026 12:00:00 GMT", None),
            ("soon", None),
        ] {
            let headers = [date.clone(), (RETRY_AFTER, value)]
                .map(|(name, value)| (name, value.parse().expect("a valid header")));
            let expected = pause.map(Duration::from_secs);
            assert_eq!(retry_after(&HeaderMap::from_iter(headers)), expected, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
