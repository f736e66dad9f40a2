//! A signed JSON Web Token (RFC 7519) in compact form.
//!
//! The algorithm is always RS256. The key is found by id among the issuer's own keys. Keys in a
//! token (`jwk`, `jku`, `x5u`, `x5c`) are not even read, and `crit` is refused (RFC 7515, 4.1.11;
//! RFC 8725).

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// A well-formed token. Its claims are not proven until [`Token::is_signed_by`] is true.
#[derive(Debug)]
pub struct Token<'a> {
    kid: String,
    claims: Object,
    signed: &'a str,
    signature: &'a str,
}

/// A JSON object without repeated names, which readers could interpret differently (RFC 8725, 2.4).
#[derive(Debug)]
pub struct Object(Map<String, Value>);

/// The most bytes of a token: Cognito's are 1 to 2 KiB.
const TOKEN_AT_MOST: usize = 8 * 1024;

impl<'a> Token<'a> {
    /// Parses a compact token.
    ///
    /// # Errors
    /// The reason why no key of the issuer can have signed this token.
    pub fn read(text: &'a str) -> Result<Self, Refusal> {
        if text.len() > TOKEN_AT_MOST {
            return Err(Refusal::TooLarge);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        let header = Object::decode(header)?;
        if header.text("alg") != Some("RS256") {
            return Err(Refusal::Algorithm);
        }
        if header
            .get("typ")
            .is_some_and(|kind| !kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("jwt")))
        {
            return Err(Refusal::Type);
        }
        if header.get("crit").is_some() {
            return Err(Refusal::Critical);
        }
        let kid = header.text("kid").filter(|kid| !kid.is_empty()).ok_or(Refusal::NoKeyId)?;
        Ok(Self { kid: kid.to_owned(), claims: Object::decode(claims)?, signed, signature })
    }

    /// The id of the key with which the token claims to be signed.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub fn claims(&self) -> &Object {
        &self.claims
    }

    /// Whether `key` signed exactly this token.
    pub fn is_signed_by(&self, key: &DecodingKey) -> bool {
        crypto::verify(self.signature, self.signed.as_bytes(), key, Algorithm::RS256)
            .unwrap_or(false)
    }
}

impl Object {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The text with this name; `None` if it is absent or of another type.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    fn decode(part: &str) -> Result<Self, Refusal> {
        let json = BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Refusal::Malformed)?;
        serde_json::from_slice(&json).map_err(|_| Refusal::Malformed)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object without repeated names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Object, A::Error> {
                let mut object = Map::new();
                while let Some((name, value)) = entries.next_entry::<String, Value>()? {
                    if object.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name is repeated"));
                    }
                }
                Ok(Object(object))
            }
        }
        deserializer.deserialize_map(Once)
    }
}
