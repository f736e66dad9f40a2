//! Authenticates the caller of every route, before any other function runs.
//!
//! It determines the caller but not their permissions. API Gateway caches its response for five
//! minutes. Every request reads the rights from the table, so revoking them takes effect at once.
//!
//! There are three results. A caller and a refusal (403) are both cached by API Gateway. An error
//! (500) is not, and the caller tries again. A token is refused only for its own content, or for a
//! signature or key that was checked. While its key might still exist ([`Undecided`]), the result
//! is the error, so a client never discards a valid sign-in.

mod application;
mod bearer;
mod claims;
mod keys;
mod refusal;
mod token;

use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use chrono::{DateTime, Utc};
use domain::ids::{ClientId, OrganisationId, UserId};
use http::HeaderMap;
use serde::Serialize;

pub use application::Scopes;
pub use claims::Expected;
use keys::Keys;
pub use keys::Undecided;
use refusal::Refusal;
use token::Token;

/// Checks tokens of one issuer.
#[derive(Debug)]
pub struct Authorizer {
    expected: Expected,
    keys: Keys,
    now: fn() -> DateTime<Utc>,
}

/// The response in API Gateway's simple format.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    is_authorized: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Context>,
}

/// The caller, as passed on to the other functions.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Context {
    Person {
        organisation: OrganisationId,
        user: UserId,
    },
    Application {
        organisation: OrganisationId,
        client: ClientId,
        scopes: Scopes,
    },
    /// The operator's provisioning system. It belongs to no organisation.
    Operator {
        client: ClientId,
        scopes: Scopes,
    },
}

/// Why the request has no caller.
#[derive(Debug)]
enum Failure {
    Refused(Refusal),
    Undecided(Undecided),
}

impl Authorizer {
    /// An authorizer that fetches the issuer's keys from `jwks_url`.
    pub fn new(expected: Expected, jwks_url: String, now: fn() -> DateTime<Utc>) -> Self {
        Self { expected, keys: Keys::new(jwks_url), now }
    }

    /// Checks the request's token and returns its caller.
    ///
    /// # Errors
    /// [`Undecided`] if the token's key is unknown and cannot be looked up now.
    pub async fn handle(
        &self,
        request: ApiGatewayV2CustomAuthorizerV2Request,
    ) -> Result<Answer, Undecided> {
        let id = request.request_context.request_id.unwrap_or_default();
        match self.check(&request.headers).await {
            Ok(context) => Ok(Answer { is_authorized: true, context: Some(context) }),
            Err(Failure::Refused(refusal)) => {
                tracing::info!(request = id, reason = refusal.to_string(), "refused");
                Ok(Answer { is_authorized: false, context: None })
            }
            Err(Failure::Undecided(undecided)) => {
                tracing::warn!(request = id, error = ?undecided, "undecided");
                Err(undecided)
            }
        }
    }

    /// Checks the claims before the key, so a token that is refused anyway causes no fetch.
    async fn check(&self, headers: &HeaderMap) -> Result<Context, Failure> {
        let now = (self.now)();
        let token = Token::read(bearer::token(headers)?)?;
        let context = claims::whose(token.claims(), &self.expected, now)?;
        let key = self.keys.find(token.kid(), now).await?.ok_or(Refusal::UnknownKey)?;
        if token.is_signed_by(&key) { Ok(context) } else { Err(Refusal::Signature.into()) }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Undecided> for Failure {
    fn from(undecided: Undecided) -> Self {
        Self::Undecided(undecided)
    }
}
