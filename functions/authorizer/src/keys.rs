//! The issuer's keys: fetched once, and again for a key that is not among them, at most once a minute.
//!
//! **A flood** of made-up key ids costs one request a minute. (Each running copy of the function keeps its own set and its own minute.)
//!
//! **A rotation** refuses nobody. A token of a new key, if the minute is over, has the set fetched and is let in; within the minute, whether
//! a stranger used it up or the set was only just read, nobody can know whether its key exists, and the answer is [`Undecided`]: try again.
//! It is not a refusal, which a client would take for the end of its sign-in and API Gateway would keep for five minutes. So someone who
//! floods us through a rotation can delay the first tokens of the new key by up to a minute, and only if the issuer signs with a key within
//! a minute of publishing it; Cognito does not say how long it waits. The price: as long as the flood lasts, it is
//! answered with errors, not refusals.
//!
//! **An issuer that is away** shuts out nobody whose key is known: the last good set is kept, for as long as it takes. A key that the
//! issuer withdraws is taken until the next fetch, at most an hour if the issuer answers.

use std::{collections::HashMap, fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    DecodingKey, DecodingKeyKind,
    jwk::{AlgorithmParameters, CommonParameters, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse},
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
    /// When the last attempt to fetch was made, and the last that succeeded.
    tried_at: Option<DateTime<Utc>>,
    fetched_at: Option<DateTime<Utc>>,
}

/// Whether the issuer has such a key could not be found out now. A later request may.
#[derive(Debug, Error)]
pub enum Undecided {
    #[error("could not fetch the issuer's keys")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("could not ask for the token's key, as the issuer's keys were asked for a moment ago")]
    TooSoon,
}

/// Between two attempts to fetch.
const BETWEEN: TimeDelta = TimeDelta::seconds(60);
/// The same as long as there was no set yet: one answer lost must not shut everyone out for a minute.
const BETWEEN_FIRST: TimeDelta = TimeDelta::seconds(1);
/// After which the set is fetched again in passing, so that a withdrawn key does not live on.
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

    /// The key with this id; none if the issuer, asked for it, has no such key. Those that ask at the same time wait for one fetch.
    ///
    /// # Errors
    /// [`Undecided`] when the key is not known and the issuer did not answer, or cannot be asked again yet.
    pub async fn find(&self, kid: &str, now: DateTime<Utc>) -> Result<Option<DecodingKey>, Undecided> {
        let mut known = self.known.lock().await;
        let wanted = known.is_stale(now) || !known.keys.contains_key(kid);
        if wanted && known.may_try(now) {
            known.tried_at = Some(now);
            match self.fetch().await {
                Ok(keys) => {
                    (known.keys, known.fetched_at) = (keys, Some(now));
                    return Ok(known.keys.get(kid).cloned());
                }
                Err(error) if known.keys.contains_key(kid) => tracing::warn!(error = ?error, "the issuer's keys stay as they were"),
                Err(error) => return Err(error),
            }
        }
        known.keys.get(kid).cloned().map(Some).ok_or(Undecided::TooSoon)
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, Undecided> {
        // Made anew each hour: to make one is to read the machine's trust store, which is no business of the function's start.
        let client = Client::builder().timeout(PATIENCE).redirect(redirect::Policy::none()).build().map_err(no_set)?;
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

/// The key, if it is an RSA key to verify RS256 signatures with, large enough, with an id.
fn usable(jwk: &Jwk) -> Option<(String, DecodingKey)> {
    let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else { return None };
    let key = DecodingKey::from_rsa_components(&rsa.n, &rsa.e).ok()?;
    let DecodingKeyKind::RsaModulusExponent { n, .. } = key.kind() else { return None };
    let large = n.iter().skip_while(|byte| **byte == 0).count() >= MODULUS_AT_LEAST;
    (large && verifies(&jwk.common)).then_some((jwk.common.key_id.clone()?, key))
}

/// Whether the key is meant for our signatures, by what it says of itself (RFC 7517, 4.2 to 4.4).
fn verifies(said: &CommonParameters) -> bool {
    said.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && said.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify))
        && said.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::RS256)
}

fn no_set(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Undecided {
    Undecided::Unreachable(source.into())
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("keys", &self.keys.keys()).field("fetched_at", &self.fetched_at).finish_non_exhaustive()
    }
}
