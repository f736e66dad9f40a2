//! The operator's switch reports calls, and the administrator reads what is missing.

use serde_json::{Value, json};

use super::{ADMINISTRATOR, Caller, Life, Request};
use crate::plan::{COUNTERPARTS, ORGANISATIONS, USERS};

impl Life {
    /// The operator's switch reports calls that phones have made.
    pub(super) async fn report(&self, of: usize, calls: &[usize]) -> anyhow::Result<()> {
        let lines: String = {
            let truth = self.truth.borrow();
            let made = calls.iter().filter_map(|call| truth.call(*call));
            let made = made.filter(|call| call.organisation == of);
            made.map(|call| {
                let line = json!({
                    "callId": call.name(),
                    "user": USERS[call.user],
                    "direction": "in",
                    "counterpart": COUNTERPARTS[call.what.counterpart],
                    "startedAt": call.started_at,
                    "durationMs": call.what.seconds * 1_000,
                });
                format!("{line}\n")
            })
            .collect()
        };
        if lines.is_empty() {
            return Ok(());
        }
        let path = format!("/v1/organisations/{}/calls", ORGANISATIONS[of]);
        let post = Request::new("completeness", "POST", path)
            .header("content-type", "application/x-ndjson");
        let post = Request { body: Some(Value::String(lines)), ..post };
        let answer = self.ask(of, Caller::Operator, post).await?;
        anyhow::ensure!(
            answer.status.is_success() || answer.status.is_client_error(),
            "{answer:?}"
        );
        Ok(())
    }

    /// The findings of the last reconciliation.
    pub async fn findings(&self, of: usize) -> anyhow::Result<Vec<Value>> {
        let get = Request::new("completeness", "GET", "/v1/missing?limit=1000");
        let shown = self.ask(of, Caller::User(ADMINISTRATOR), get).await?.done()?.body;
        Ok(shown["findings"].as_array().cloned().unwrap_or_default())
    }
}
