//! Stands in front of every route: tells whose a token is, or that it is nobody's.
//!
//! It says who is calling and nothing of what they may do. API Gateway keeps its answer for five minutes; rights, and whether an
//! application is still welcome, are read from the table at every request, so what is taken away is gone at once.
//!
//! There are three answers. A caller; a refusal, which API Gateway keeps too and turns into 403; and an error, which it does not keep and
//! turns into 500: the caller is told to try again. A token is refused only for what it says itself, or for a signature or a key that was
//! looked at. As long as its key might exist ([`Undecided`]) the answer is the error, so a client never throws a good sign-in away.

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
    /// The operator's provisioning system: of no organisation.
    Operator {
        client: ClientId,
        scopes: Scopes,
    },
}

/// Why nobody is let in.
#[derive(Debug)]
enum Failure {
    Refused(Refusal),
    Undecided(Undecided),
}

impl Authorizer {
    /// An authorizer that takes the issuer's keys from `jwks_url`.
    pub fn new(expected: Expected, jwks_url: String, now: fn() -> DateTime<Utc>) -> Self {
        Self { expected, keys: Keys::new(jwks_url), now }
    }

    /// Answers whether the request carries a valid token, and whose.
    ///
    /// # Errors
    /// [`Undecided`] when the token's key is not known and could not be asked for.
    pub async fn handle(&self, request: ApiGatewayV2CustomAuthorizerV2Request) -> Result<Answer, Undecided> {
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

    /// What the token says is judged before its key is looked for: nobody has keys fetched with a token that would be refused anyway.
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
