//! The token in a request.

use http::{HeaderMap, header::AUTHORIZATION};

use crate::refusal::Refusal;

/// The token after `Bearer`, in any case, and one space or more (RFC 9110, 11.4; RFC 6750, 2.1).
///
/// Several such headers, which API Gateway joins with commas, are refused: choosing one is a guess.
pub fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (values.next(), values.next()) else { return Err(Refusal::NoToken) };
    let (scheme, token) =
        only.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Refusal::NoToken)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim_start_matches(' '))
    } else {
        Err(Refusal::NoToken)
    }
}
