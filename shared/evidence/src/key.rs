//! The public keys that heads are signed with (ECDSA, P-256, SHA-256).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use der::{Decode, Encode, EncodePem, pem::LineEnding};
use thiserror::Error;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::Hash;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    info: SubjectPublicKeyInfoOwned,
    /// The SHA-256 of its SubjectPublicKeyInfo in DER: its fingerprint, `kid`.
    pub id: Hash,
}

/// Why a file is no key.
#[derive(Debug, Error)]
#[error("it is not a public key in PEM")]
pub struct NoKey(#[from] der::Error);

impl Key {
    /// Reads a key in PEM, as openssl writes it.
    pub fn read(pem: &[u8]) -> Result<Self, NoKey> {
        let (label, der) = der::pem::decode_vec(pem).map_err(der::Error::from)?;
        if label != "PUBLIC KEY" {
            return Err(NoKey(der::ErrorKind::Failed.into()));
        }
        Self::of(&der)
    }

    /// Reads a key in DER, as KMS answers.
    pub fn of(der: &[u8]) -> Result<Self, NoKey> {
        let info = SubjectPublicKeyInfoOwned::from_der(der)?;
        Ok(Self { id: Hash::of(&info.to_der()?), info })
    }

    /// The key in PEM, as openssl reads it.
    pub fn pem(&self) -> Result<String, NoKey> {
        Ok(self.info.to_pem(LineEnding::LF)?)
    }

    /// Whether a signature in DER was made of these bytes with this key.
    pub fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let point = self.info.subject_public_key.raw_bytes();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(bytes, signature).is_ok()
    }
}
