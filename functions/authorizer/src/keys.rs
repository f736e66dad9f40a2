//! The issuer's keys, fetched once, and again for an unknown key id, at most once a minute.
//!
//! **A flood** of made-up key ids costs one request a minute, for each instance of the function.
//!
//! **A rotation** refuses no valid token. If the minute is over, a token with a new key id makes
//! the function fetch the set, and is accepted. Within the minute nobody can know whether the key
//! exists, so the result is [`Undecided`], and the client tries again. A client would take a
//! refusal for the end of its sign-in, and API Gateway would cache it for five minutes. So a flood
//! can delay the first tokens of a new key by up to a minute, if the issuer signs with it within a
//! minute of publishing it. Cognito does not document how long it waits. The price: a flood gets
//! errors, not refusals.
//!
//! **If the issuer is unavailable**, known keys are still accepted until a fetch succeeds. A
//! withdrawn key is accepted until the next fetch, at most an hour if the issuer responds.

use std::{collections::HashMap, fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    DecodingKey, DecodingKeyKind,
    jwk::{
        AlgorithmParameters, CommonParameters, Jwk, JwkSet, KeyAlgorithm, KeyOperations,
        PublicKeyUse,
    },
};
use reqwest::{Client, Response, StatusCode, redirect};
use thiserror::Error;
use tokio::sync::Mutex;

/// The keys of one issuer.
#[derive(Debug)]
pub struct Keys {
    url: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, DecodingKey>,
    /// When the last fetch was attempted, and when the last one succeeded.
    tried_at: Option<DateTime<Utc>>,
    fetched_at: Option<DateTime<Utc>>,
}

/// The issuer's keys are unknown at the moment. A later request may succeed.
#[derive(Debug, Error)]
pub enum Undecided {
    #[error("could not fetch the issuer's keys")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("could not look up the token's key, as the issuer's keys were requested a moment ago")]
    TooSoon,
}

/// The time between two fetches.
const BETWEEN: TimeDelta = TimeDelta::seconds(60);
/// The same before the first success: one lost response must not delay everyone for a minute.
const BETWEEN_FIRST: TimeDelta = TimeDelta::seconds(1);
/// The age after which the set is fetched again, so that a withdrawn key is forgotten.
const FRESH: TimeDelta = TimeDelta::hours(1);
const PATIENCE: Duration = Duration::from_secs(2);
/// The most bytes of a key set: a set of ten RSA keys of 4096 bits has 8 KiB.
const SET_AT_MOST: usize = 64 * 1024;
/// Bytes of the smallest modulus that is safe: 2048 bits (NIST SP 800-131A).
const MODULUS_AT_LEAST: usize = 256;

impl Keys {
    pub fn new(url: String) -> Self {
        Self { url, known: Mutex::default() }
    }

    /// The key with this id; `None` if the issuer has none. Concurrent callers share one fetch.
    ///
    /// # Errors
    /// [`Undecided`] if the key is unknown and the issuer did not respond or must not be asked yet.
    pub async fn find(
        &self,
        kid: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<DecodingKey>, Undecided> {
        let mut known = self.known.lock().await;
        let wanted = known.is_stale(now) || !known.keys.contains_key(kid);
        if wanted && known.may_try(now) {
            known.tried_at = Some(now);
            match self.fetch().await {
                Ok(keys) => {
                    (known.keys, known.fetched_at) = (keys, Some(now));
                    return Ok(known.keys.get(kid).cloned());
                }
                Err(error) if known.keys.contains_key(kid) => {
                    tracing::warn!(error = ?error, "could not refresh the issuer's keys")
                }
                Err(error) => return Err(error),
            }
        }
        known.keys.get(kid).cloned().map(Some).ok_or(Undecided::TooSoon)
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, Undecided> {
        // Built for each fetch: it reads the machine's trust store, which would slow the start.
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(no_set)?;
        let answer = client.get(&self.url).send().await.map_err(no_set)?;
        if answer.status() != StatusCode::OK {
            return Err(no_set(format!("the key set's address answered {}", answer.status())));
        }
        let set: JwkSet = serde_json::from_slice(&body(answer).await?).map_err(no_set)?;
        let keys: HashMap<_, _> = set.keys.iter().filter_map(usable).collect();
        if keys.is_empty() { Err(no_set("the key set holds no usable key")) } else { Ok(keys) }
    }
}

impl Known {
    fn is_stale(&self, now: DateTime<Utc>) -> bool {
        self.fetched_at.is_none_or(|at| now - at >= FRESH)
    }

    fn may_try(&self, now: DateTime<Utc>) -> bool {
        let between = if self.fetched_at.is_some() { BETWEEN } else { BETWEEN_FIRST };
        self.tried_at.is_none_or(|at| now - at >= between)
    }
}

async fn body(mut answer: Response) -> Result<Vec<u8>, Undecided> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(no_set)? {
        body.extend_from_slice(&chunk);
        if body.len() > SET_AT_MOST {
            return Err(no_set("the key set is too large"));
        }
    }
    Ok(body)
}

/// The key and its id, if it is an RSA key of sufficient size for RS256 signatures.
fn usable(jwk: &Jwk) -> Option<(String, DecodingKey)> {
    let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else { return None };
    let key = DecodingKey::from_rsa_components(&rsa.n, &rsa.e).ok()?;
    let DecodingKeyKind::RsaModulusExponent { n, .. } = key.kind() else { return None };
    let large = n.iter().skip_while(|byte| **byte == 0).count() >= MODULUS_AT_LEAST;
    (large && verifies(&jwk.common)).then_some((jwk.common.key_id.clone()?, key))
}

/// Whether the key's own metadata allows our signatures (RFC 7517, 4.2 to 4.4).
fn verifies(common: &CommonParameters) -> bool {
    common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify))
        && common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::RS256)
}

fn no_set(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Undecided {
    Undecided::Unreachable(source.into())
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known")
            .field("keys", &self.keys.keys())
            .field("fetched_at", &self.fetched_at)
            .finish_non_exhaustive()
    }
}
