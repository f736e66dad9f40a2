//! Whether a token is one of the issuer's, for us, and valid now.
//!
//! The algorithm is RS256 and nothing a token says changes that. A key is found by its id among the issuer's own; keys that a token
//! brings or points at (`jwk`, `jku`, `x5u`, `x5c`) are never looked at, and a token with `crit` is refused (RFC 7515, 4.1.11; RFC 8725).

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::Context;

/// What a token has to say, and under which names it says whose it is.
#[derive(Clone, Debug)]
pub struct Claims {
    pub issuer: String,
    pub audience: String,
    /// The value of `token_use`: Cognito's ID tokens carry an organisation, its access tokens do not.
    pub token_use: String,
    /// The claim that names the organisation.
    pub organisation: String,
    /// The claim that names the user.
    pub user: String,
}

/// Why a token is refused. For the log; the caller is told nothing but that it is.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("no bearer token")]
    NoToken,
    #[error("too large")]
    TooLarge,
    #[error("malformed")]
    Malformed,
    #[error("another algorithm than RS256")]
    Algorithm,
    #[error("a critical extension")]
    Critical,
    #[error("no key id")]
    NoKeyId,
    #[error("an unknown key")]
    UnknownKey,
    #[error("a bad signature")]
    Signature,
    #[error("another issuer")]
    Issuer,
    #[error("another audience")]
    Audience,
    #[error("another use")]
    Use,
    #[error("expired")]
    Expired,
    #[error("not valid yet")]
    NotYet,
    #[error("no organisation or user")]
    Nobody,
}

/// The most bytes of a token: Cognito's are 1 to 2 KiB.
const TOKEN_AT_MOST: usize = 8 * 1024;
/// How far clocks may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// The token of an `Authorization` header, and the id of the key that signed it.
pub fn read(header: &str) -> Result<(&str, String), Refusal> {
    let (scheme, token) = header.split_once(' ').ok_or(Refusal::NoToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::NoToken);
    }
    if token.len() > TOKEN_AT_MOST {
        return Err(Refusal::TooLarge);
    }
    let header = decode_header(token).map_err(|_| Refusal::Malformed)?;
    if header.alg != Algorithm::RS256 {
        return Err(Refusal::Algorithm);
    }
    if header.crit.is_some() {
        return Err(Refusal::Critical);
    }
    Ok((token, header.kid.filter(|kid| !kid.is_empty()).ok_or(Refusal::NoKeyId)?))
}

/// Whose the token is, if `key` signed it and its claims hold at `now`.
pub fn verify(token: &str, key: &DecodingKey, claims: &Claims, now: DateTime<Utc>) -> Result<Context, Refusal> {
    let mut signature_only = Validation::new(Algorithm::RS256);
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false; // by our own clock, below
    signature_only.validate_aud = false;
    let said = decode::<Map<String, Value>>(token, key, &signature_only).map_err(|_| Refusal::Signature)?.claims;
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    if text("iss") != Some(&claims.issuer) {
        return Err(Refusal::Issuer);
    }
    if !is_for(said.get("aud"), &claims.audience) {
        return Err(Refusal::Audience);
    }
    if text("token_use") != Some(&claims.token_use) {
        return Err(Refusal::Use);
    }
    in_time(&said, now)?;
    let name = |claim: &str| text(claim).filter(|name| is_name(name)).map(str::to_owned).ok_or(Refusal::Nobody);
    Ok(Context { organisation: name(&claims.organisation)?, user: name(&claims.user)? })
}

fn is_for(audience: Option<&Value>, ours: &str) -> bool {
    match audience {
        Some(Value::String(one)) => one == ours,
        Some(Value::Array(several)) => several.iter().any(|one| one == ours),
        _ => false,
    }
}

/// Holds `exp`, which has to be there, and `nbf` and `iat`, where they are, against the clock.
fn in_time(said: &Map<String, Value>, now: DateTime<Utc>) -> Result<(), Refusal> {
    let expires = said.get("exp").and_then(Value::as_i64).ok_or(Refusal::Expired)?;
    if (now - LEEWAY).timestamp() >= expires {
        return Err(Refusal::Expired);
    }
    for claim in ["nbf", "iat"] {
        let Some(from) = said.get(claim) else { continue };
        if from.as_i64().is_none_or(|from| from > (now + LEEWAY).timestamp()) {
            return Err(Refusal::NotYet);
        }
    }
    Ok(())
}

/// Whether a text can name an organisation or a user, as `domain::ids` has it.
fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}
