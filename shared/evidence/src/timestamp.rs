//! Timestamps of an independent authority (RFC 3161).

use aws_lc_rs::{
    digest::{SHA256, SHA384, SHA512, digest},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1,
        ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};
use chrono::{DateTime, NaiveDateTime, Utc};
use cms::{
    cert::CertificateChoices,
    content_info::ContentInfo,
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use der::{
    Decode, Encode, Reader, Tag, Tagged,
    asn1::{AnyRef, ObjectIdentifier, OctetString, OctetStringRef},
};
use thiserror::Error;
use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage},
    spki::SubjectPublicKeyInfoOwned,
};
use x509_tsp::{MessageImprint, TimeStampResp};

use crate::Hash;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_SHA: [(ObjectIdentifier, Digest); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"), Digest::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"), Digest::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"), Digest::Sha512),
];
const ECDSA_SHA: [(ObjectIdentifier, Digest); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"), Digest::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"), Digest::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"), Digest::Sha512),
];
const SHA: [(ObjectIdentifier, Digest); 3] = [
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"), Digest::Sha256),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), Digest::Sha384),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), Digest::Sha512),
];
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// The statuses of a response up to this one come with a timestamp (RFC 3161, section 2.4.2).
const GRANTED_WITH_MODIFICATIONS: u32 = 1;
/// The most certificates of a chain, from the one that signs to one that is trusted.
const LONGEST_CHAIN: usize = 5;

/// When something existed, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    pub at: DateTime<Utc>,
    /// The subject of the certificate that signed.
    pub authority: String,
    /// The SHA-256 of the trusted certificate that it comes from, and its subject.
    pub anchor: (Hash, String),
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

impl Error {
    /// The reason in Swedish.
    pub fn swedish(&self) -> String {
        match self {
            Self::Format(_) => "den är ingen tidsstämpel enligt RFC 3161".to_owned(),
            Self::Refused => "utfärdaren avvisade den".to_owned(),
            Self::OtherContent => "den gäller annat innehåll".to_owned(),
            Self::Altered => "den har ändrats: signaturen stämmer inte".to_owned(),
            Self::Algorithm(name) => format!("dess algoritm {name} stöds inte"),
            Self::Untrusted => "certifikatet kommer inte från utfärdaren i paketet".to_owned(),
            Self::Unfit => "certifikatet gällde inte då, eller är inte för tidsstämplar".to_owned(),
        }
    }
}

/// Reads the certificates to trust, in PEM.
pub fn trusted(pem: &[u8]) -> Result<Vec<Certificate>, Error> {
    let is_pem = pem.starts_with(b"-----BEGIN CERTIFICATE-----");
    let certificates = if is_pem { Certificate::load_pem_chain(pem)? } else { Vec::new() };
    match certificates.is_empty() {
        true => Err(Error::Untrusted),
        false => Ok(certificates),
    }
}

/// Verifies a response about `content` by the trusted certificates.
pub fn verify(response: &[u8], content: &[u8], trusted: &[Certificate]) -> Result<Stamped, Error> {
    let response = TimeStampResp::from_der(response)?;
    if response.status.status as u32 > GRANTED_WITH_MODIFICATIONS {
        return Err(Error::Refused);
    }
    let token = response.time_stamp_token.ok_or(Error::Refused)?;
    let signed = signed_data(&token)?;
    let info = signed.encap_content_info.econtent.as_ref().ok_or(Error::Altered)?;
    let info = info.decode_as::<OctetStringRef<'_>>()?.as_bytes();
    let (imprint, at) = stamp(info)?;
    if Digest::named(imprint.hash_algorithm.oid)?.of(content) != imprint.hashed_message.as_bytes() {
        return Err(Error::OtherContent);
    }
    let [signer] = signed.signer_infos.0.as_slice() else { return Err(Error::Altered) };
    let embedded = signed.certificates.iter().flat_map(|all| all.0.iter());
    // Trusted ones first: an embedded one with the same name and key may come from elsewhere.
    let mut known = trusted.to_vec();
    known.extend(embedded.filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
        CertificateChoices::Other(_) => None,
    }));
    let certificate =
        known.iter().find(|one| is_named(one, &signer.sid)).ok_or(Error::Untrusted)?;
    has_signed(certificate, signer, info)?;
    let anchor = anchor_of(certificate, &known, trusted, at)?;
    if !is_for_timestamps(certificate) {
        return Err(Error::Unfit);
    }
    let anchor = (Hash::of(&anchor.to_der()?), anchor.tbs_certificate.subject.to_string());
    Ok(Stamped { at, authority: certificate.tbs_certificate.subject.to_string(), anchor })
}

/// The content and the time of a stamp. `x509-tsp` reads no fractions of a second.
fn stamp(info: &[u8]) -> Result<(MessageImprint, DateTime<Utc>), Error> {
    let (imprint, time) = AnyRef::from_der(info)?.sequence(|fields| {
        for _ in ["version", "policy"] {
            AnyRef::decode(fields)?;
        }
        let imprint = MessageImprint::decode(fields)?;
        AnyRef::decode(fields)?; // the serial number
        let time = AnyRef::decode(fields)?;
        while !fields.is_finished() {
            AnyRef::decode(fields)?;
        }
        Ok((imprint, time))
    })?;
    let text =
        std::str::from_utf8(time.value()).ok().filter(|_| time.tag() == Tag::GeneralizedTime);
    let at = text.and_then(|text| NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S%.fZ").ok());
    Ok((imprint, at.ok_or(Error::Altered)?.and_utc()))
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
        (Some(Digest::Sha512), Some(P256)) => Ok(&ECDSA_P256_SHA512_ASN1),
        (Some(Digest::Sha256), Some(P384)) => Ok(&ECDSA_P384_SHA256_ASN1),
        (Some(Digest::Sha384), Some(P384)) => Ok(&ECDSA_P384_SHA384_ASN1),
        (Some(Digest::Sha512), Some(P384)) => Ok(&ECDSA_P384_SHA512_ASN1),
        _ => Err(Error::Algorithm(name)),
    }
}

/// The trusted certificate that the certificate is, or comes from through others.
fn anchor_of<'a>(
    certificate: &'a Certificate,
    known: &'a [Certificate],
    trusted: &[Certificate],
    at: DateTime<Utc>,
) -> Result<&'a Certificate, Error> {
    let mut current = certificate;
    for _ in 0..LONGEST_CHAIN {
        if !was_valid(current, at) {
            return Err(Error::Unfit);
        }
        if trusted.contains(current) {
            return Ok(current);
        }
        let signed = current.tbs_certificate.to_der()?;
        let has_issued = |issuer: &&Certificate| {
            let key = &issuer.tbs_certificate.subject_public_key_info;
            issuer.tbs_certificate.subject == current.tbs_certificate.issuer
                && may_certify(issuer)
                && named(current.signature_algorithm.oid, key).is_ok_and(|algorithm| {
                    is_signed(algorithm, key, &signed, current.signature.raw_bytes()).is_ok()
                })
        };
        current = known.iter().find(has_issued).ok_or(Error::Untrusted)?;
    }
    Err(Error::Untrusted)
}

fn extension<'a, T: Decode<'a>>(
    certificate: &'a Certificate,
    name: ObjectIdentifier,
) -> Option<(bool, T)> {
    let mut extensions = certificate.tbs_certificate.extensions.iter().flatten();
    let extension = extensions.find(|extension| extension.extn_id == name)?;
    Some((extension.critical, T::from_der(extension.extn_value.as_bytes()).ok()?))
}

/// Whether a certificate is of an authority that issues others.
fn may_certify(certificate: &Certificate) -> bool {
    let constraints = extension::<BasicConstraints>(certificate, BASIC_CONSTRAINTS);
    let usage = extension::<KeyUsage>(certificate, KEY_USAGE);
    constraints.is_some_and(|(_, constraints)| constraints.ca)
        && usage.is_none_or(|(_, usage)| usage.key_cert_sign())
}

fn was_valid(certificate: &Certificate, at: DateTime<Utc>) -> bool {
    let validity = &certificate.tbs_certificate.validity;
    let seconds = at.timestamp().unsigned_abs();
    (validity.not_before.to_unix_duration().as_secs()
        ..=validity.not_after.to_unix_duration().as_secs())
        .contains(&seconds)
}

/// Whether a certificate is for timestamps and nothing else, as RFC 3161 demands.
fn is_for_timestamps(certificate: &Certificate) -> bool {
    let usages = extension::<ExtendedKeyUsage>(certificate, EXTENDED_KEY_USAGE);
    usages.is_some_and(|(critical, usages)| critical && usages.0 == [TIME_STAMPING])
}
