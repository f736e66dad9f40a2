//! Timestamps of an independent authority (RFC 3161).

use aws_lc_rs::{
    digest::{SHA256, SHA384, SHA512, digest},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1,
        ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
        RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use chrono::{DateTime, Utc};
use cms::{
    cert::CertificateChoices,
    content_info::ContentInfo,
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use der::{
    Decode, Encode,
    asn1::{ObjectIdentifier, OctetString, OctetStringRef},
};
use thiserror::Error;
use x509_cert::{Certificate, ext::pkix::ExtendedKeyUsage, spki::SubjectPublicKeyInfoOwned};
use x509_tsp::{TimeStampResp, TstInfo};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_SHA: [(ObjectIdentifier, Digest); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"), Digest::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"), Digest::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"), Digest::Sha512),
];
const ECDSA_SHA: [(ObjectIdentifier, Digest); 2] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"), Digest::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"), Digest::Sha384),
];
const SHA: [(ObjectIdentifier, Digest); 3] = [
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"), Digest::Sha256),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), Digest::Sha384),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), Digest::Sha512),
];
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// Certificates between the one that signs and one that is trusted.
const LONGEST_CHAIN: usize = 5;

/// When something existed, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    pub at: DateTime<Utc>,
    /// The subject of the certificate that signed.
    pub authority: String,
}

/// Why a timestamp proves nothing.
#[derive(Debug, Error)]
pub enum Error {
    #[error("it is not a timestamp of RFC 3161")]
    Format(#[from] der::Error),
    #[error("the authority refused it")]
    Refused,
    #[error("it is about other content")]
    OtherContent,
    #[error("it was altered: its signature does not fit")]
    Altered,
    #[error("its algorithm {0} is not supported")]
    Algorithm(ObjectIdentifier),
    #[error("its certificate does not come from the authority of this package")]
    Untrusted,
    #[error("its certificate was not valid at that time, or is not for timestamps")]
    Unfit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    fn of(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        };
        digest(algorithm, bytes).as_ref().to_vec()
    }

    fn named(name: ObjectIdentifier) -> Result<Self, Error> {
        let found = SHA.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, digest)| digest).ok_or(Error::Algorithm(name))
    }
}

/// Verifies a response about `content` by the trusted certificates in PEM.
pub fn verify(response: &[u8], content: &[u8], trusted: &[u8]) -> Result<Stamped, Error> {
    let trusted = Certificate::load_pem_chain(trusted)?;
    let response = TimeStampResp::from_der(response)?;
    let token = response.time_stamp_token.ok_or(Error::Refused)?;
    let signed = signed_data(&token)?;
    let info = signed.encap_content_info.econtent.as_ref().ok_or(Error::Altered)?;
    let info = info.decode_as::<OctetStringRef<'_>>()?.as_bytes();
    let stamp = TstInfo::from_der(info)?;
    let imprint = &stamp.message_imprint;
    if Digest::named(imprint.hash_algorithm.oid)?.of(content) != imprint.hashed_message.as_bytes() {
        return Err(Error::OtherContent);
    }
    let [signer] = signed.signer_infos.0.as_slice() else { return Err(Error::Altered) };
    let embedded = signed.certificates.iter().flat_map(|all| all.0.iter());
    let mut known: Vec<Certificate> = embedded
        .filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
            CertificateChoices::Other(_) => None,
        })
        .collect();
    known.extend(trusted.iter().cloned());
    let certificate =
        known.iter().find(|one| is_named(one, &signer.sid)).ok_or(Error::Untrusted)?;
    has_signed(certificate, signer, info)?;
    let at = DateTime::from_timestamp_millis(
        i64::try_from(stamp.gen_time.to_unix_duration().as_millis()).map_err(|_| Error::Altered)?,
    );
    let at = at.ok_or(Error::Altered)?;
    is_trusted(certificate, &known, &trusted, at)?;
    if !is_for_timestamps(certificate)? {
        return Err(Error::Unfit);
    }
    Ok(Stamped { at, authority: certificate.tbs_certificate.subject.to_string() })
}

fn signed_data(token: &ContentInfo) -> Result<SignedData, Error> {
    if token.content_type != SIGNED_DATA {
        return Err(Error::Altered);
    }
    let signed: SignedData = token.content.decode_as()?;
    match signed.encap_content_info.econtent_type == TST_INFO {
        true => Ok(signed),
        false => Err(Error::Altered),
    }
}

fn is_named(certificate: &Certificate, by: &SignerIdentifier) -> bool {
    let SignerIdentifier::IssuerAndSerialNumber(by) = by else { return false };
    certificate.tbs_certificate.issuer == by.issuer
        && certificate.tbs_certificate.serial_number == by.serial_number
}

/// Whether the certificate's key has signed the attributes, which contain the digest of the content.
fn has_signed(certificate: &Certificate, signer: &SignerInfo, info: &[u8]) -> Result<(), Error> {
    let attributes = signer.signed_attrs.as_ref().ok_or(Error::Altered)?;
    let value = |name| {
        let found = attributes.iter().find(|attribute| attribute.oid == name);
        found.and_then(|attribute| attribute.values.get(0)).ok_or(Error::Altered)
    };
    let digest = value(MESSAGE_DIGEST)?.decode_as::<OctetString>()?;
    let by = Digest::named(signer.digest_alg.oid)?;
    let kind = value(CONTENT_TYPE)?.decode_as::<ObjectIdentifier>()?;
    if kind != TST_INFO || by.of(info) != digest.as_bytes() {
        return Err(Error::Altered);
    }
    let key = &certificate.tbs_certificate.subject_public_key_info;
    let algorithm = signer.signature_algorithm.oid;
    let algorithm = if algorithm == RSA {
        rsa(by) // the digest is named apart
    } else {
        named(algorithm, key)?
    };
    is_signed(algorithm, key, &attributes.to_der()?, signer.signature.as_bytes())
}

fn is_signed(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &SubjectPublicKeyInfoOwned,
    bytes: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let key = UnparsedPublicKey::new(algorithm, key.subject_public_key.raw_bytes());
    key.verify(bytes, signature).map_err(|_| Error::Altered)
}

fn rsa(digest: Digest) -> &'static dyn VerificationAlgorithm {
    match digest {
        Digest::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        Digest::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        Digest::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
    }
}

/// The algorithm of a signature, by its name and the curve of the key.
fn named(
    name: ObjectIdentifier,
    key: &SubjectPublicKeyInfoOwned,
) -> Result<&'static dyn VerificationAlgorithm, Error> {
    if let Some((_, digest)) = RSA_SHA.into_iter().find(|(known, _)| *known == name) {
        return Ok(rsa(digest));
    }
    let digest = ECDSA_SHA.into_iter().find(|(known, _)| *known == name).map(|(_, digest)| digest);
    let curve =
        key.algorithm.parameters.as_ref().map(|curve| curve.decode_as::<ObjectIdentifier>());
    match (digest, curve.transpose()?) {
        (Some(Digest::Sha256), Some(P256)) => Ok(&ECDSA_P256_SHA256_ASN1),
        (Some(Digest::Sha384), Some(P256)) => Ok(&ECDSA_P256_SHA384_ASN1),
        (Some(Digest::Sha256), Some(P384)) => Ok(&ECDSA_P384_SHA256_ASN1),
        (Some(Digest::Sha384), Some(P384)) => Ok(&ECDSA_P384_SHA384_ASN1),
        _ => Err(Error::Algorithm(name)),
    }
}

/// Whether the certificate is a trusted one, or was issued by one through others.
fn is_trusted(
    certificate: &Certificate,
    known: &[Certificate],
    trusted: &[Certificate],
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let mut current = certificate;
    for _ in 0..LONGEST_CHAIN {
        if !was_valid(current, at) {
            return Err(Error::Unfit);
        }
        if trusted.contains(current) {
            return Ok(());
        }
        let signed = current.tbs_certificate.to_der()?;
        let has_issued = |issuer: &&Certificate| {
            let key = &issuer.tbs_certificate.subject_public_key_info;
            issuer.tbs_certificate.subject == current.tbs_certificate.issuer
                && named(current.signature_algorithm.oid, key).is_ok_and(|algorithm| {
                    is_signed(algorithm, key, &signed, current.signature.raw_bytes()).is_ok()
                })
        };
        current = known.iter().find(has_issued).ok_or(Error::Untrusted)?;
    }
    Err(Error::Untrusted)
}

fn was_valid(certificate: &Certificate, at: DateTime<Utc>) -> bool {
    let validity = &certificate.tbs_certificate.validity;
    let seconds = at.timestamp().unsigned_abs();
    (validity.not_before.to_unix_duration().as_secs()
        ..=validity.not_after.to_unix_duration().as_secs())
        .contains(&seconds)
}

fn is_for_timestamps(certificate: &Certificate) -> Result<bool, Error> {
    let mut extensions = certificate.tbs_certificate.extensions.iter().flatten();
    let Some(extension) = extensions.find(|extension| extension.extn_id == EXTENDED_KEY_USAGE)
    else {
        return Ok(false);
    };
    let usages = ExtendedKeyUsage::from_der(extension.extn_value.as_bytes())?;
    Ok(usages.0.contains(&TIME_STAMPING))
}
