//! Checks the claims of a token: its issuer, audience and times, and whom it names.
//!
//! `token_use` alone decides which other claims are required. An ID token belongs to a person at
//! the portal: it is for the portal's client and names an organisation and a user. An access token
//! belongs to an application, by the client credentials grant (RFC 6749, 4.4): its subject is the
//! client itself, and its scopes name the organisation. A person's access token is refused.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::ClientId;
use serde_json::Value;

use crate::{Context, application::Granted, refusal::Refusal, token::Object};

/// The required values of a token's claims, and the claims of an ID token that name its user.
#[derive(Clone, Debug)]
pub struct Expected {
    pub issuer: String,
    /// The portal's client: the audience of people's tokens. It is never an application client.
    pub audience: String,
    /// The claim that names the organisation.
    pub organisation_claim: String,
    /// The claim that names the user.
    pub user_claim: String,
}

/// The largest accepted difference between clocks.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// The caller that the token names, if its claims are valid at `now`.
pub fn whose(claims: &Object, expected: &Expected, now: DateTime<Utc>) -> Result<Context, Refusal> {
    if claims.text("iss") != Some(&expected.issuer) {
        return Err(Refusal::Issuer);
    }
    in_time(claims, now)?;
    match claims.text("token_use") {
        Some("id") => person(claims, expected),
        Some("access") => application(claims, expected),
        _ => Err(Refusal::Use),
    }
}

/// Checks `exp`, which is required, and `nbf` and `iat` if present.
fn in_time(claims: &Object, now: DateTime<Utc>) -> Result<(), Refusal> {
    let expires = claims.get("exp").and_then(Value::as_i64).ok_or(Refusal::Expired)?;
    if (now - LEEWAY).timestamp() >= expires {
        return Err(Refusal::Expired);
    }
    for claim in ["nbf", "iat"] {
        let Some(from) = claims.get(claim) else { continue };
        if from.as_i64().is_none_or(|from| from > (now + LEEWAY).timestamp()) {
            return Err(Refusal::NotYet);
        }
    }
    Ok(())
}

fn person(claims: &Object, expected: &Expected) -> Result<Context, Refusal> {
    if !is_only(claims.get("aud"), &expected.audience) {
        return Err(Refusal::Audience);
    }
    let organisation = name(claims, &expected.organisation_claim).ok_or(Refusal::Nobody)?;
    let user = name(claims, &expected.user_claim).ok_or(Refusal::Nobody)?;
    Ok(Context::Person { organisation, user })
}

fn application(claims: &Object, expected: &Expected) -> Result<Context, Refusal> {
    if claims.get("aud").is_some() {
        return Err(Refusal::Audience);
    }
    let subject: ClientId = name(claims, "sub").ok_or(Refusal::Client)?;
    let client: ClientId = name(claims, "client_id").ok_or(Refusal::Client)?;
    if subject != client || client.as_str() == expected.audience || claims.get("username").is_some()
    {
        return Err(Refusal::Client);
    }
    match claims.text("scope").and_then(Granted::read).ok_or(Refusal::Scopes)? {
        Granted::Operator(scopes) => Ok(Context::Operator { client, scopes }),
        Granted::Of(organisation, scopes) => {
            Ok(Context::Application { organisation, client, scopes })
        }
    }
}

/// Whether the audience is ours and no one else's (OpenID Connect Core, 3.1.3.7).
fn is_only(audience: Option<&Value>, ours: &str) -> bool {
    match audience {
        Some(Value::Array(several)) => several.len() == 1 && several[0] == ours,
        Some(one) => one == ours,
        None => false,
    }
}

fn name<T: TryFrom<String>>(claims: &Object, claim: &str) -> Option<T> {
    claims.text(claim).and_then(|text| T::try_from(text.to_owned()).ok())
}
