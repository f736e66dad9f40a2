//! The authorizer's public interface: a request with a header, and API Gateway's response.

use std::rc::Rc;

use authorizer::{Authorizer, Expected, Undecided};
use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request as Request;
use serde_json::{Value, json};

use crate::{
    clock,
    issuer::{ISSUER, Kind, PORTAL, header},
    key::Key,
    key_set::{Answer, KeySet},
};

/// An authorizer, its key set and the issuer's key.
pub struct Door {
    pub key: Rc<Key>,
    pub set: KeySet,
    authorizer: Authorizer,
}

/// The outcome of a request.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Accepted(Value),
    Refused,
    TryAgain,
}

impl Door {
    /// An authorizer whose issuer has one key.
    pub async fn open() -> anyhow::Result<Self> {
        let key = Key::new("first")?;
        let set = KeySet::serve(Answer::keys([&key.jwk])).await?;
        Self::to(key, set)
    }

    /// An authorizer with another key set.
    pub fn to(key: impl Into<Rc<Key>>, set: KeySet) -> anyhow::Result<Self> {
        clock::set(clock::START);
        let expected = Expected {
            issuer: ISSUER.to_owned(),
            audience: PORTAL.to_owned(),
            organisation_claim: "custom:organisation".to_owned(),
            user_claim: "custom:user".to_owned(),
        };
        let authorizer = Authorizer::new(expected, set.url.clone(), clock::now);
        Ok(Self { key: key.into(), set, authorizer })
    }

    pub async fn show(&self, token: &str) -> anyhow::Result<Outcome> {
        self.receive(json!(format!("Bearer {token}"))).await
    }

    /// Sends a request whose `authorization` header has this value, or these values.
    pub async fn receive(&self, authorization: Value) -> anyhow::Result<Outcome> {
        let event = json!({
            "version": "2.0", "type": "REQUEST", "routeKey": "GET /v1/recordings",
            "headers": { "authorization": authorization }, "requestContext": { "requestId": "request-1", "http": { "method": "GET" } }
        });
        outcome(self.authorizer.handle(serde_json::from_value::<Request>(event)?).await)
    }

    /// A valid token, signed by the issuer's key.
    pub fn token(&self, kind: Kind) -> anyhow::Result<String> {
        self.key.token(&header(&self.key.kid), &kind.claims())
    }
}

impl Kind {
    /// The outcome of a valid token of this kind.
    pub fn accepted(self) -> Outcome {
        Outcome::Accepted(self.context())
    }
}

fn outcome(answer: Result<authorizer::Answer, Undecided>) -> anyhow::Result<Outcome> {
    let Ok(answer) = answer else { return Ok(Outcome::TryAgain) };
    let answer = serde_json::to_value(answer)?;
    if answer == json!({ "isAuthorized": false }) {
        return Ok(Outcome::Refused);
    }
    anyhow::ensure!(answer["isAuthorized"] == true, "not an answer: {answer}");
    Ok(Outcome::Accepted(answer["context"].clone()))
}
