//! The claims of the three kinds of accepted token.

use serde_json::{Value, json};

use crate::{
    clock::START,
    key::{encoded, joined},
};

pub const ISSUER: &str = "https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_Pool";
pub const PORTAL: &str = "57cbishk4j24pabc1234567890";
pub const CRM: &str = "1example23456789abcdefghij";

/// A kind of token, by its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Person,
    Application,
    Operator,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Person, Self::Application, Self::Operator];

    /// The claims of a token of this kind, issued now, for an hour.
    pub fn claims(self) -> Value {
        match self {
            Self::Person => person(),
            Self::Application => application("inspelning/demo:read inspelning/demo:annotate"),
            Self::Operator => application("inspelning/operator"),
        }
    }

    /// The context that the other functions receive.
    pub fn context(self) -> Value {
        match self {
            Self::Person => json!({ "organisation": "demo", "user": "anna" }),
            Self::Application => {
                json!({ "organisation": "demo", "client": CRM, "scopes": "annotate read" })
            }
            Self::Operator => json!({ "client": CRM, "scopes": "operator" }),
        }
    }
}

/// The header of a token signed by the key with this id.
pub fn header(kid: &str) -> Value {
    json!({ "kid": kid, "alg": "RS256" })
}

/// A valid token except for its key, which does not exist.
pub fn made_up(number: u32) -> String {
    let signed = joined(&header(&format!("made-up-{number}")), &Kind::Person.claims());
    format!("{signed}.{}", encoded([0; 256]))
}

fn person() -> Value {
    json!({
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "cognito:username": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "email": "anna@demo.example", "email_verified": true, "iss": ISSUER, "aud": PORTAL, "token_use": "id",
        "custom:organisation": "demo", "custom:user": "anna", "auth_time": START, "iat": START, "exp": START + 3600,
        "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-example", "jti": "aaaaaaaa-bbbb-cccc-dddd-example"
    })
}

fn application(scope: &str) -> Value {
    json!({
        "sub": CRM, "client_id": CRM, "iss": ISSUER, "token_use": "access", "scope": scope, "version": 2,
        "auth_time": START, "iat": START, "exp": START + 3600, "jti": "aaaaaaaa-bbbb-cccc-dddd-example"
    })
}
