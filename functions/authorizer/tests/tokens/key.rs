//! Keys and signatures.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding,
        RsaKeyPair,
    },
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// An RSA key pair of 2048 bits with an id.
pub struct Key {
    pub kid: String,
    /// The public half, as a key set shows it.
    pub jwk: Value,
    private: RsaKeyPair,
}

/// A P-256 key pair with an id.
pub struct Elliptic {
    pub kid: String,
    pub jwk: Value,
    private: EcdsaKeyPair,
}

impl Key {
    pub fn new(kid: &str) -> anyhow::Result<Self> {
        let private = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let public = private.public_key();
        let [n, e] = [public.modulus(), public.exponent()]
            .map(|number| encoded(number.big_endian_without_leading_zero()));
        let jwk = json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e });
        Ok(Self { kid: kid.to_owned(), jwk, private })
    }

    /// A token signed with RS256, whatever its header states.
    pub fn token(&self, header: &Value, claims: &Value) -> anyhow::Result<String> {
        self.sign(&joined(header, claims))
    }

    /// A two-part text signed with RS256.
    pub fn sign(&self, signed: &str) -> anyhow::Result<String> {
        self.sign_with(&RSA_PKCS1_SHA256, signed)
    }

    pub fn sign_with(
        &self,
        algorithm: &'static dyn RsaEncoding,
        signed: &str,
    ) -> anyhow::Result<String> {
        let mut signature = vec![0; self.private.public_modulus_len()];
        self.private.sign(algorithm, &SystemRandom::new(), signed.as_bytes(), &mut signature)?;
        Ok(format!("{signed}.{}", encoded(signature)))
    }

    pub fn modulus(&self) -> &str {
        self.jwk["n"].as_str().unwrap_or_default()
    }

    /// The public half in DER as files usually contain it: SubjectPublicKeyInfo.
    pub fn spki(&self) -> anyhow::Result<Vec<u8>> {
        Ok(AsDer::<PublicKeyX509Der<'_>>::as_der(self.private.public_key())?.as_ref().to_vec())
    }

    /// The public half in DER: PKCS #1.
    pub fn pkcs1(&self) -> Vec<u8> {
        self.private.public_key().as_ref().to_vec()
    }
}

impl Elliptic {
    pub fn new(kid: &str) -> anyhow::Result<Self> {
        let private = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let (x, y) = private.public_key().as_ref()[1..].split_at(32);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": encoded(x), "y": encoded(y) });
        Ok(Self { kid: kid.to_owned(), jwk, private })
    }

    pub fn sign(&self, signed: &str) -> anyhow::Result<String> {
        let signature = self.private.sign(&SystemRandom::new(), signed.as_bytes())?;
        Ok(format!("{signed}.{}", encoded(signature)))
    }
}

/// A two-part text signed with a secret.
pub fn sign_with_secret(algorithm: hmac::Algorithm, secret: &[u8], signed: &str) -> String {
    let signature = hmac::sign(&hmac::Key::new(algorithm, secret), signed.as_bytes());
    format!("{signed}.{}", encoded(signature))
}

/// The two parts that are signed.
pub fn joined(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()))
}

pub fn encoded(part: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(part.as_ref())
}
