//! Stands in front of every route: tells whose a token is, or that it is none.
//!
//! It says who is calling and nothing of what they may do. API Gateway caches its answer; rights are read from the table at every
//! request, so a right taken away is gone at once.

mod keys;
mod token;

use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use chrono::{DateTime, Utc};
use serde::Serialize;

use keys::Keys;
pub use keys::Unreachable;
pub use token::Claims;

/// Checks tokens of one issuer.
#[derive(Debug)]
pub struct Authorizer {
    claims: Claims,
    keys: Keys,
    now: fn() -> DateTime<Utc>,
}

/// The answer, in API Gateway's simple form.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    is_authorized: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Context>,
}

/// Whose the token is: what the functions behind are told.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Context {
    pub organisation: String,
    pub user: String,
}

impl Authorizer {
    /// An authorizer that takes the issuer's keys from `jwks_url`. Fails when no HTTP client can be made.
    pub fn new(claims: Claims, jwks_url: String, now: fn() -> DateTime<Utc>) -> Result<Self, Unreachable> {
        Ok(Self { claims, keys: Keys::new(jwks_url)?, now })
    }

    /// Answers whether the request carries a valid token, and whose.
    ///
    /// # Errors
    /// [`Unreachable`] when no keys could be had at all: the caller is told to try again, and not that their token is bad.
    pub async fn handle(&self, request: ApiGatewayV2CustomAuthorizerV2Request) -> Result<Answer, Unreachable> {
        let id = request.request_context.request_id.clone().unwrap_or_default();
        let header = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let answer = self.check(header).await?;
        Ok(match answer {
            Ok(context) => Answer { is_authorized: true, context: Some(context) },
            Err(refusal) => {
                tracing::info!(request = id, reason = refusal.to_string(), "refused");
                Answer { is_authorized: false, context: None }
            }
        })
    }

    async fn check(&self, header: &str) -> Result<Result<Context, token::Refusal>, Unreachable> {
        let now = (self.now)();
        let (token, kid) = match token::read(header) {
            Ok(read) => read,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(key) = self.keys.find(&kid, now).await? else { return Ok(Err(token::Refusal::UnknownKey)) };
        Ok(token::verify(token, &key, &self.claims, now))
    }
}
