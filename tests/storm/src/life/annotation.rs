//! People annotate calls.

use anyhow::{Context, bail};
use serde_json::json;

use super::{ADMINISTRATOR, Caller, Life, Request};
use crate::plan::USERS;

impl Life {
    pub(super) async fn annotate(
        &self,
        call: usize,
        by_administrator: bool,
        note: &str,
        mark: bool,
    ) -> anyhow::Result<()> {
        let Some((of, user, id)) = self.known(call) else { return Ok(()) };
        let who = Caller::User(if by_administrator { ADMINISTRATOR } else { user });
        let path = format!("/v1/recordings/{id}");
        for _ in 0..20 {
            let shown = self.ask(of, who, Request::new("search", "GET", path.as_str())).await?;
            if shown.status.as_u16() == 404 {
                return Ok(());
            }
            let shown = shown.done()?;
            let version = shown.body["version"].as_str().map(str::to_owned);
            let etag =
                shown.headers.get("etag").and_then(|etag| etag.to_str().ok().map(str::to_owned));
            let version = version.or(etag).context("a version")?;
            if shown.body["note"] == json!(note) {
                return self.edited(call, &version, note); // an earlier attempt had its effect
            }
            let mut change = json!({ "note": note });
            if mark {
                change["mark"] = json!("red");
            }
            let patch = Request::new("annotate", "PATCH", path.as_str()).body(change);
            let answer = self.ask(of, who, patch.header("if-match", version)).await?;
            match answer.status.as_u16() {
                200 | 204 => {
                    let etag = answer.headers.get("etag").and_then(|etag| etag.to_str().ok());
                    return self.edited(call, etag.unwrap_or_default(), note);
                }
                412 => {
                    // Perhaps by an earlier attempt, whose response was lost.
                    if let Some(call) = self.truth.borrow_mut().call_mut(call) {
                        call.edited_otherwise = true;
                    }
                }
                404 => return Ok(()),
                _ => bail!("{answer:?}"),
            }
        }
        Ok(())
    }

    /// Remembers a confirmed edit.
    pub(super) fn edited(&self, call: usize, etag: &str, note: &str) -> anyhow::Result<()> {
        let version: String = etag.chars().filter(char::is_ascii_digit).collect();
        if let Some(call) = self.truth.borrow_mut().call_mut(call) {
            call.edits.push((version.parse()?, note.to_owned()));
        }
        Ok(())
    }

    pub(super) async fn annotate_call(
        &self,
        of: usize,
        call: usize,
        note: &str,
    ) -> anyhow::Result<()> {
        let user = {
            let mut truth = self.truth.borrow_mut();
            truth.annotated.insert(call);
            USERS[truth.call(call).map_or(0, |call| call.user)]
        };
        let path = format!("/v1/calls/call-{call}/annotation");
        let put = Request::new("annotate", "PUT", path).body(json!({ "note": note }));
        let answer = self.ask(of, Caller::User(user), put).await?;
        anyhow::ensure!(
            answer.status.is_success() || answer.status.is_client_error(),
            "{answer:?}"
        );
        Ok(())
    }
}
