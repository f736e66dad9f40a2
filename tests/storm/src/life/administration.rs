//! The administrator decides who supervises whom, and reads statements.

use serde_json::{Value, json};

use super::{ADMINISTRATOR, Caller, Life, Request, SUPERVISOR};

impl Life {
    /// Makes Sven a supervisor of his group, or ends that.
    pub(super) async fn supervise(&self, of: usize, active: bool) -> anyhow::Result<()> {
        self.truth.borrow_mut().supervisions[of].changing += 1;
        let alone = self.truth.borrow().supervisions[of].changing == 1;
        let path = format!("/v1/groups/sales/supervisors/{SUPERVISOR}");
        let rights = json!({ "listen": true, "download": true, "annotate": true });
        let request = match active {
            true => Request::new("admin", "PUT", path)
                .body(json!({ "from": null, "to": null, "rights": rights })),
            false => Request::new("admin", "DELETE", path),
        };
        let answer = self.ask(of, Caller::User(ADMINISTRATOR), request).await?;
        anyhow::ensure!(answer.status.is_success(), "{answer:?}");
        let supervision = &mut self.truth.borrow_mut().supervisions[of];
        supervision.changing -= 1;
        let was_alone = alone && supervision.changing == 0;
        supervision.is_active = was_alone.then_some(active);
        Ok(())
    }

    /// The billed months, each with whether its users began in it.
    pub async fn months(&self, of: usize) -> anyhow::Result<Vec<(String, bool)>> {
        let get = Request::new("billing-api", "GET", "/v1/statements");
        let shown = self.ask(of, Caller::User(ADMINISTRATOR), get).await?.done()?.body;
        let months = shown["months"].as_array().or(shown["statements"].as_array());
        let named = months.into_iter().flatten().filter(|month| month["preview"] != json!(true));
        let named = named.filter_map(|month| month["month"].as_str().map(str::to_owned));
        Ok(named.map(|month| (month.clone(), month == FOUNDED)).collect())
    }

    /// The lines of a month's statement.
    pub async fn statement(&self, of: usize, month: &str) -> anyhow::Result<Vec<Value>> {
        let get = Request::new("billing-api", "GET", format!("/v1/statements/{month}?limit=1000"));
        let shown = self.ask(of, Caller::User(ADMINISTRATOR), get).await?.done()?.body;
        Ok(shown["lines"].as_array().cloned().unwrap_or_default())
    }
}

/// The month in which the organisations are founded.
const FOUNDED: &str = "2026-10";
