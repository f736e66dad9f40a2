//! The administrator orders holds, erasures and changes of the retention.

use anyhow::Context;
use serde_json::{Value, json};
use tests::call::with;

use super::{ADMINISTRATOR, Caller, Life, Request};
use crate::{
    clock,
    plan::{COUNTERPARTS, Filter, Person, USERS},
    truth::{Change, Erasure, Hold},
};

impl Life {
    pub(super) async fn hold(
        &self,
        of: usize,
        number: usize,
        what: Value,
        filter: Option<Filter>,
        includes: Vec<usize>,
    ) -> anyhow::Result<()> {
        let body = with(json!({ "reason": format!("tvist {number}") }), what);
        let post = Request::new("retention-api", "POST", "/v1/holds").body(body);
        let post = post.header("idempotency-key", format!("hold-{number}"));
        let answer = self.ask(of, Caller::User(ADMINISTRATOR), post).await?;
        if answer.status.as_u16() != 202 {
            anyhow::ensure!(answer.status.as_u16() == 422, "{answer:?}"); // some have ended
            return Ok(());
        }
        let id = answer.body["id"].as_str().context("an id")?.to_owned();
        let confirmed_at = clock::now();
        let hold =
            Hold { number, organisation: of, id, includes, filter, confirmed_at, lifted_at: None };
        self.truth.borrow_mut().holds.push(hold);
        Ok(())
    }

    pub(super) async fn lift(&self, hold: usize) -> anyhow::Result<()> {
        let Some((of, id)) =
            self.truth.borrow_mut().holds.iter_mut().find(|known| known.number == hold).map(
                |known| {
                    known.lifted_at = known.lifted_at.or(Some(clock::now()));
                    (known.organisation, known.id.clone())
                },
            )
        else {
            return Ok(());
        };
        let delete =
            Request::new("retention-api", "DELETE", format!("/v1/holds/{id}?reason=klart"));
        let answer = self.ask(of, Caller::User(ADMINISTRATOR), delete).await?;
        anyhow::ensure!(answer.status.as_u16() == 202, "{answer:?}");
        Ok(())
    }

    pub(super) async fn erase(
        &self,
        of: usize,
        number: usize,
        person: Person,
    ) -> anyhow::Result<()> {
        let whose = match person {
            Person::User(user) => json!({ "user": USERS[user] }),
            Person::Counterpart(counterpart) => json!({ "counterpart": COUNTERPARTS[counterpart] }),
        };
        let body = with(json!({ "reason": "begäran" }), whose);
        let post = Request::new("retention-api", "POST", "/v1/erasures").body(body);
        let post = post.header("idempotency-key", format!("erasure-{number}"));
        let preview = self.ask(of, Caller::User(ADMINISTRATOR), post).await?.done()?;
        let id = preview.body["id"].as_str().context("an id")?.to_owned();
        let index = {
            let mut truth = self.truth.borrow_mut();
            let sent_at = clock::now();
            truth.erasures.push(Erasure {
                organisation: of,
                id: id.clone(),
                person,
                sent_at,
                confirmed_at: None,
                is_accepted: false,
            });
            truth.erasures.len() - 1
        };
        let confirm = Request::new("retention-api", "POST", format!("/v1/erasures/{id}/confirm"));
        let confirm = confirm.body(json!({ "recordings": preview.body["recordings"] }));
        let answer = self.ask(of, Caller::User(ADMINISTRATOR), confirm).await?;
        anyhow::ensure!(matches!(answer.status.as_u16(), 202 | 409), "{answer:?}");
        let erasure = &mut self.truth.borrow_mut().erasures[index];
        (erasure.confirmed_at, erasure.is_accepted) =
            (Some(clock::now()), answer.status.as_u16() == 202);
        Ok(())
    }

    pub(super) async fn retain(&self, of: usize, number: usize, days: u16) -> anyhow::Result<()> {
        let post = Request::new("retention-api", "POST", "/v1/retention");
        let post = post.body(json!({ "days": days, "reason": "beslut" }));
        let post = post.header("idempotency-key", format!("retention-{number}"));
        let preview = self.ask(of, Caller::User(ADMINISTRATOR), post).await?;
        if !preview.status.is_success() {
            anyhow::ensure!(preview.status.is_client_error(), "{preview:?}");
            return Ok(());
        }
        let id = preview.body["id"].as_str().context("an id")?;
        let index = {
            let mut truth = self.truth.borrow_mut();
            truth.changes.push(Change {
                organisation: of,
                days,
                sent_at: clock::now(),
                confirmed_at: None,
                is_accepted: false,
            });
            truth.changes.len() - 1
        };
        let confirm = Request::new("retention-api", "POST", format!("/v1/retention/{id}/confirm"));
        let confirm = confirm.body(json!({ "recordings": preview.body["recordings"] }));
        let answer = self.ask(of, Caller::User(ADMINISTRATOR), confirm).await?;
        anyhow::ensure!(matches!(answer.status.as_u16(), 202 | 409), "{answer:?}");
        let change = &mut self.truth.borrow_mut().changes[index];
        (change.confirmed_at, change.is_accepted) =
            (Some(clock::now()), answer.status.as_u16() == 202);
        Ok(())
    }

    /// The state of a job as the API shows it.
    pub async fn job(&self, of: usize, path: &str) -> anyhow::Result<Value> {
        let get = Request::new("retention-api", "GET", path);
        Ok(self.ask(of, Caller::User(ADMINISTRATOR), get).await?.done()?.body)
    }
}
