//! A phone registers its calls and uploads their audio.

use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tests::call::{call, silence, with};

use super::{Caller, Life, PATIENCE, Request};
use crate::{
    clock,
    plan::{self, COUNTERPARTS, NOTES, USERS},
    truth::Call,
};

impl Life {
    pub(super) async fn call(
        &self,
        of: usize,
        number: usize,
        what: plan::Call,
    ) -> anyhow::Result<()> {
        let started_at = clock::now() - what.ago;
        let bytes = match what.audio {
            true => sound(number, what.seconds),
            false => format!("Möte {number} med kunden på tisdag").into_bytes(),
        };
        let user = USERS[what.user];
        let mut body = with(
            call(&format!("call-{number}"), "audio/wav", &bytes),
            json!({
                "counterpart": COUNTERPARTS[what.counterpart],
                "startedAt": started_at,
                "durationMs": what.seconds * 1_000,
            }),
        );
        if let Some(note) = what.note {
            body["note"] = json!(NOTES[note]);
        }
        let upload_after = what.upload_after;
        self.truth.borrow_mut().calls.push(Call {
            number,
            organisation: of,
            user: what.user,
            what,
            started_at,
            bytes: bytes.clone(),
            sent_at: clock::now(),
            registered_at: None,
            id: None,
            uploaded_at: None,
            refused: None,
            edits: Vec::new(),
            edited_otherwise: false,
        });
        for attempt in 0..PATIENCE {
            let post = Request::new("upload", "POST", "/v1/recordings").body(body.clone());
            let answer = self.ask(of, Caller::User(user), post).await?;
            if !answer.status.is_success() {
                let mut truth = self.truth.borrow_mut();
                let call = truth.call_mut(number).context("the call is known")?;
                call.refused = Some(answer.cause());
                return Ok(());
            }
            {
                let mut truth = self.truth.borrow_mut();
                let call = truth.call_mut(number).context("the call is known")?;
                call.registered_at = call.registered_at.or(Some(clock::now()));
                call.id = answer.body["recording"]["id"].as_str().map(str::to_owned);
            }
            let link = &answer.body["upload"];
            let Some(after) = upload_after else { return Ok(()) };
            if link.is_null() {
                return self.uploaded(number);
            }
            if attempt == 0 {
                tokio::time::sleep(after.to_std()?).await;
            }
            if let Some(200..300 | 412) = self.put(link, &bytes).await? {
                return self.uploaded(number);
            }
            tokio::time::sleep(self.service.aws().span(Duration::from_secs(60 << attempt.min(5))))
                .await;
        }
        bail!("call {number} could not be uploaded")
    }

    pub(super) fn uploaded(&self, number: usize) -> anyhow::Result<()> {
        let mut truth = self.truth.borrow_mut();
        truth.call_mut(number).context("the call is known")?.uploaded_at = Some(clock::now());
        Ok(())
    }

    /// Sends audio to a link, which S3 refuses once it has expired.
    pub(super) async fn put(&self, link: &Value, bytes: &[u8]) -> anyhow::Result<Option<u16>> {
        let expires_at: DateTime<Utc> = link["expiresAt"].as_str().context("an expiry")?.parse()?;
        if clock::now() >= expires_at {
            return Ok(Some(403));
        }
        let url = link["url"].as_str().context("an address")?;
        let path = url.split('?').next().unwrap_or_default();
        let mut put = http::Request::put(path);
        for (name, value) in link["headers"].as_object().context("headers")? {
            put = put.header(name, value.as_str().unwrap_or_default());
        }
        // Headers that the SDK moves into the query, as S3 reads them there too.
        for (name, value) in url
            .split_once('?')
            .map(|(_, query)| query)
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
        {
            let name = name.to_ascii_lowercase();
            if name.starts_with("x-amz-checksum")
                || name.starts_with("x-amz-meta")
                || name == "x-amz-sdk-checksum-algorithm"
            {
                let value = percent_encoding::percent_decode_str(value).decode_utf8()?.into_owned();
                put = put.header(name, value);
            }
        }
        Ok(self.service.aws().put(put.body(bytes.to_vec())?).await)
    }
}

/// A WAV file like no other call's.
fn sound(number: usize, seconds: u32) -> Vec<u8> {
    let mut wav = silence(seconds);
    let tone = (number as u32).wrapping_mul(2_654_435_761).to_le_bytes();
    let head = wav.len() - 16_000 * seconds as usize;
    for (index, byte) in wav[head..head + 64].iter_mut().enumerate() {
        *byte = tone[index % 4];
    }
    wav
}
