//! Why a token is refused. This is for the log; the caller learns only that it is refused.

use thiserror::Error;

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("not one bearer token")]
    NoToken,
    #[error("too large")]
    TooLarge,
    #[error("malformed")]
    Malformed,
    #[error("another algorithm than RS256")]
    Algorithm,
    #[error("another type than JWT")]
    Type,
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
    #[error("not an application")]
    Client,
    #[error("no scopes, or not of one organisation")]
    Scopes,
}
