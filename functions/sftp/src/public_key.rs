//! Which public keys are taken: Ed25519, ECDSA over NIST's curves, and RSA of 3,072 bits and more, as OpenSSH writes them.

use ssh_key::{Algorithm, HashAlg, PublicKey, public::KeyData};
use thiserror::Error;

/// A public key that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// `SHA256:` and 43 characters of base64, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// Without the comment.
    pub body: String,
    pub comment: String,
}

/// The fingerprint of a key as a path names it: with or without `SHA256:`, and with `-` and `_` for `+` and `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

/// Why a text is not a key that is taken, and what to do.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refused {
    #[error(
        "this is a private key: keep it to yourself, make a new pair if it has left your machine, and send the line of the file that ends in .pub"
    )]
    Private,
    #[error("send one line as in a file that ends in .pub: the kind of key, the key, and a comment")]
    Lines,
    #[error("this is a certificate; send the key itself, the file that ends in .pub but not in -cert.pub")]
    Certificate,
    #[error("a key is taken without options before it; send the line from the kind of key on")]
    Options,
    #[error("DSA is not safe any more; make an Ed25519 key: ssh-keygen -t ed25519")]
    Dsa,
    #[error("an RSA key of {0} bits is not long enough: 3072 and more are taken; or make an Ed25519 key: ssh-keygen -t ed25519")]
    Short(usize),
    #[error("keys on security tokens are not taken by the server; make an Ed25519 key: ssh-keygen -t ed25519")]
    Token,
    #[error(
        "Ed25519, ECDSA (nistp256, nistp384, nistp521) and RSA keys are taken, and this is none of them; make one: ssh-keygen -t ed25519"
    )]
    Kind,
    #[error("the key cannot be read; was a part of the line left out?")]
    Unreadable,
    #[error("the key is too long for the server, which takes 2048 characters")]
    Long,
    #[error("a comment holds at most 100 characters, and no control characters")]
    Comment,
}

/// The fewest bits of an RSA key: as strong as 128 bits (NIST SP 800-57 part 1, table 2).
const RSA_BITS: usize = 3072;
/// Characters that AWS Transfer Family takes of a key.
const LENGTH: usize = 2048;
const COMMENT: usize = 100;

impl TryFrom<&str> for Taken {
    type Error = Refused;

    fn try_from(text: &str) -> Result<Self, Refused> {
        let line = text.trim();
        if line.contains("PRIVATE KEY") || line.starts_with("PuTTY-User-Key-File") {
            return Err(Refused::Private);
        }
        if line.lines().count() != 1 {
            return Err(Refused::Lines);
        }
        kind(line.split_whitespace().next().unwrap_or_default())?;
        let key = PublicKey::from_openssh(line).map_err(|_| Refused::Unreadable)?;
        accept(&key)?;
        let comment = key.comment().trim().to_owned();
        if comment.chars().count() > COMMENT || comment.chars().any(char::is_control) {
            return Err(Refused::Comment);
        }
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let body = PublicKey::new(key.key_data().clone(), "").to_openssh().map_err(|_| Refused::Unreadable)?;
        let body = body.trim().to_owned();
        if body.len() > LENGTH { Err(Refused::Long) } else { Ok(Self { fingerprint, body, comment }) }
    }
}

/// Refuses by the first word what is not even to be read.
fn kind(word: &str) -> Result<(), Refused> {
    match word {
        "ssh-ed25519" | "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" | "ssh-rsa" => Ok(()),
        "ssh-dss" => Err(Refused::Dsa),
        word if word.contains("-cert-v0") => Err(Refused::Certificate),
        word if word.starts_with("sk-") => Err(Refused::Token),
        word if word.contains(['=', ',', '"']) || OPTIONS.contains(&word) => Err(Refused::Options),
        _ => Err(Refused::Kind),
    }
}

/// Options of sshd(8) that stand alone.
const OPTIONS: [&str; 7] =
    ["restrict", "cert-authority", "no-pty", "no-port-forwarding", "no-agent-forwarding", "no-X11-forwarding", "no-user-rc"];

fn accept(key: &PublicKey) -> Result<(), Refused> {
    match (key.algorithm(), key.key_data()) {
        (Algorithm::Ed25519 | Algorithm::Ecdsa { .. }, _) => Ok(()),
        (Algorithm::Rsa { .. }, KeyData::Rsa(rsa)) => {
            let modulus = rsa.n.as_positive_bytes().ok_or(Refused::Unreadable)?;
            let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
            if bits < RSA_BITS { Err(Refused::Short(bits)) } else { Ok(()) }
        }
        (Algorithm::Dsa, _) => Err(Refused::Dsa),
        _ => Err(Refused::Kind),
    }
}

impl Fingerprint {
    /// As the table has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a path names it.
    pub fn id(fingerprint: &str) -> String {
        fingerprint.trim_start_matches(PREFIX).replace('+', "-").replace('/', "_")
    }
}

const PREFIX: &str = "SHA256:";

impl<'de> serde::Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bare = text.trim_start_matches(PREFIX).trim_end_matches('=').replace('-', "+").replace('_', "/");
        let fits = bare.len() == 43 && bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
        if fits { Ok(Self(format!("{PREFIX}{bare}"))) } else { Err(serde::de::Error::custom("this is no fingerprint")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `ssh-keygen -t KIND -b BITS -C 'a comment'`, and shown by `ssh-keygen -l`.
    const KEYS: &str = include_str!("../keys.txt");

    /// The keys of the file by what is said of each: a fingerprint, or why it is refused.
    fn keys() -> impl Iterator<Item = (&'static str, &'static str)> {
        KEYS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" | "))
    }

    #[test]
    fn each_kind_of_key_is_taken_with_openssh_s_fingerprint_or_refused_with_the_reason() {
        let mut kinds = std::collections::BTreeSet::new();
        for (expected, key) in keys() {
            let found = match Taken::try_from(key) {
                Ok(taken) => {
                    assert!(key.starts_with(&taken.body) && taken.comment == "a comment", "{key}");
                    taken.fingerprint
                }
                Err(refused) => format!("{refused:?}"),
            };
            assert_eq!(found, expected, "{key}");
            kinds.insert(key.split(' ').next());
        }
        assert!(kinds.len() >= 8, "{kinds:?}");
    }

    #[test]
    fn what_is_no_single_public_key_is_refused_with_the_reason() {
        let good = keys().find(|(said, _)| said.starts_with(PREFIX)).map(|(_, key)| key).expect("there is a good key");
        let half = &good[..50];
        for (text, refused) in [
            ("", Refused::Lines),
            (&format!("{good}\n{good}"), Refused::Lines),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----", Refused::Private),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", Refused::Private),
            ("PuTTY-User-Key-File-3: ssh-ed25519", Refused::Private),
            (&format!("command=\"ls\" {good}"), Refused::Options),
            (&format!("restrict {good}"), Refused::Options),
            (&format!("from=\"10.0.0.1\",no-pty {good}"), Refused::Options),
            (half, Refused::Unreadable),
            (&good.replacen("ssh-ed25519", "ssh-rsa", 1), Refused::Unreadable),
            ("ssh-ed448 AAAA", Refused::Kind),
            (&format!("{good} {}", "x".repeat(101)), Refused::Comment),
            (&format!("{good}\u{7}"), Refused::Comment),
        ] {
            assert_eq!(Taken::try_from(text).err(), Some(refused), "{text}");
        }
        assert_eq!(Taken::try_from(format!("  {good}\r\n").as_str()), Taken::try_from(good));
    }

    #[test]
    fn a_fingerprint_reads_back_from_its_path() {
        let fingerprint = format!("{PREFIX}{}", "ab+/".repeat(10) + "abc");
        let id = Fingerprint::id(&fingerprint);
        assert!(!id.contains(['+', '/', ':']));
        for text in [&id, &fingerprint, &format!("{PREFIX}{id}")] {
            let read: Result<Fingerprint, _> = serde_json::from_value(serde_json::json!(text));
            assert_eq!(read.ok().map(|read| read.0).as_ref(), Some(&fingerprint), "{text}");
        }
        assert!(serde_json::from_value::<Fingerprint>(serde_json::json!("abc")).is_err());
    }
}
