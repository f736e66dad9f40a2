//! The issuer's keys: fetched once, fetched again for a key that is not among them, at most once a minute.
//!
//! A flood of tokens with made-up key ids so costs one request a minute, and a rotation is followed at the first token of the new key. The
//! last good set is kept: an issuer that does not answer for a while refuses nobody whom it has let in before.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse, RSAKeyParameters},
};
use thiserror::Error;
use tokio::sync::Mutex;

/// The keys of one issuer.
#[derive(Debug)]
pub struct Keys {
    url: String,
    client: reqwest::Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, DecodingKey>,
    /// When the last attempt to fetch was made, and the last that succeeded.
    tried_at: Option<DateTime<Utc>>,
    fetched_at: Option<DateTime<Utc>>,
}

/// No keys could be had.
#[derive(Debug, Error)]
#[error("could not fetch the issuer's keys")]
pub struct Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Between two attempts to fetch.
const BETWEEN: TimeDelta = TimeDelta::seconds(60);
/// After which the set is fetched again in passing, so that a withdrawn key does not live on.
const FRESH: TimeDelta = TimeDelta::hours(1);
const PATIENCE: Duration = Duration::from_secs(2);
/// The most bytes of a key set: a set of ten RSA keys of 4096 bits has 8 KiB.
const SET_AT_MOST: usize = 64 * 1024;
/// Bytes of the smallest modulus that is safe: 2048 bits (NIST SP 800-131A).
const MODULUS_AT_LEAST: usize = 256;

impl Keys {
    pub fn new(url: String) -> Result<Self, Unreachable> {
        let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        Ok(Self { url, client: client.build().map_err(|error| Unreachable(error.into()))?, known: Mutex::default() })
    }

    /// The key with this id; none if the issuer has no such key. Those that ask at the same time wait for one fetch.
    ///
    /// # Errors
    /// [`Unreachable`] as long as no set was ever fetched.
    pub async fn find(&self, kid: &str, now: DateTime<Utc>) -> Result<Option<DecodingKey>, Unreachable> {
        let mut known = self.known.lock().await;
        let stale = known.fetched_at.is_none_or(|at| now - at >= FRESH);
        let may_try = known.fetched_at.is_none() || known.tried_at.is_none_or(|at| now - at >= BETWEEN);
        if (stale || !known.keys.contains_key(kid)) && may_try {
            known.tried_at = Some(now);
            match self.fetch().await {
                Ok(keys) => (known.keys, known.fetched_at) = (keys, Some(now)),
                Err(error) if known.fetched_at.is_none() => return Err(error),
                Err(error) => tracing::warn!(error = ?error, "the issuer's keys stay as they were"),
            }
        }
        Ok(known.keys.get(kid).cloned())
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, Unreachable> {
        let unreachable = |error: reqwest::Error| Unreachable(error.into());
        let mut answer = self.client.get(&self.url).send().await.and_then(reqwest::Response::error_for_status).map_err(unreachable)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > SET_AT_MOST {
                return Err(Unreachable("the key set is too large".into()));
            }
        }
        let set: JwkSet = serde_json::from_slice(&body).map_err(|error| Unreachable(error.into()))?;
        let keys: HashMap<_, _> = set.keys.iter().filter_map(usable).collect();
        if keys.is_empty() {
            return Err(Unreachable("the key set holds no usable key".into()));
        }
        Ok(keys)
    }
}

/// The key, if it is an RSA key to verify signatures with, large enough, with an id.
fn usable(jwk: &Jwk) -> Option<(String, DecodingKey)> {
    let AlgorithmParameters::RSA(RSAKeyParameters { n, e, .. }) = &jwk.algorithm else { return None };
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let large = n.len() * 3 / 4 >= MODULUS_AT_LEAST; // base64url without padding
    if !signs || !large {
        return None;
    }
    Some((jwk.common.key_id.clone()?, DecodingKey::from_rsa_components(n, e).ok()?))
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("keys", &self.keys.keys()).field("fetched_at", &self.fetched_at).finish_non_exhaustive()
    }
}
