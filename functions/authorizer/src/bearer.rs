//! Where in a request the token is.

use http::{HeaderMap, header::AUTHORIZATION};

use crate::refusal::Refusal;

/// The token of the `Authorization` header: `Bearer` in any case, one space or more, the token (RFC 9110, 11.4; RFC 6750, 2.1).
///
/// More than one such header is refused, and so is a list in one, as API Gateway joins them: which of them counts would be a guess.
pub fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (values.next(), values.next()) else { return Err(Refusal::NoToken) };
    let (scheme, token) = only.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Refusal::NoToken)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim_start_matches(' ')) } else { Err(Refusal::NoToken) }
}
