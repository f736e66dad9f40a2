//! The accepted public keys: Ed25519, NIST ECDSA, and RSA from 3,072 bits, in OpenSSH's format.

use platform::http::{exchange::Exchange, extract::Named};
use ssh_key::{Algorithm, HashAlg, PublicKey, public::KeyData};
use thiserror::Error;

/// An accepted public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// `SHA256:` and 43 characters of base64, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// Without the comment.
    pub body: String,
    pub comment: String,
}

/// A key's fingerprint in a path: `SHA256:` is optional, and `-` and `_` replace `+` and `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

/// Why a key is refused, and how to correct it.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refused {
    #[error(
        "this is a private key: keep it to yourself, make a new pair if it has left your machine, and send the line of the file that ends in .pub"
    )]
    Private,
    #[error(
        "send one line as in a file that ends in .pub: the kind of key, the key, and a comment"
    )]
    Lines,
    #[error(
        "this is a certificate; send the key itself, the file that ends in .pub but not in -cert.pub"
    )]
    Certificate,
    #[error("send the key without options before it: the line from the kind of key on")]
    Options,
    #[error("DSA is not safe any more; make an Ed25519 key: ssh-keygen -t ed25519")]
    Dsa,
    #[error(
        "an RSA key of {0} bits is not long enough: at least 3072 are required; or make an Ed25519 key: ssh-keygen -t ed25519"
    )]
    Short(usize),
    #[error(
        "the server does not accept keys on security tokens; make an Ed25519 key: ssh-keygen -t ed25519"
    )]
    Token,
    #[error(
        "Ed25519, ECDSA (nistp256, nistp384, nistp521) and RSA keys are accepted, and this is none of them; make one: ssh-keygen -t ed25519"
    )]
    Kind,
    #[error("the key cannot be read; was a part of the line left out?")]
    Unreadable,
    #[error("the key is too long for the server, which accepts 2048 characters")]
    Long,
    #[error("a comment holds at most 100 characters, and no control characters")]
    Comment,
}

/// The fewest bits of an RSA key: as strong as 128 bits (NIST SP 800-57 part 1, table 2).
const RSA_BITS: usize = 3072;
/// The longest key that AWS Transfer Family accepts, in characters.
const LENGTH: usize = 2048;
const COMMENT: usize = 100;

impl Refused {
    /// The reason as the API names it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Lines => "lines",
            Self::Certificate => "certificate",
            Self::Options => "options",
            Self::Dsa => "dsa",
            Self::Short(_) => "short",
            Self::Token => "token",
            Self::Kind => "kind",
            Self::Unreadable => "unreadable",
            Self::Long => "long",
            Self::Comment => "comment",
        }
    }
}

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
        let body = PublicKey::new(key.key_data().clone(), "")
            .to_openssh()
            .map_err(|_| Refused::Unreadable)?;
        let body = body.trim().to_owned();
        if body.len() > LENGTH {
            Err(Refused::Long)
        } else {
            Ok(Self { fingerprint, body, comment })
        }
    }
}

/// Refuses by its first word a line that is not worth parsing.
fn kind(word: &str) -> Result<(), Refused> {
    match word {
        "ssh-ed25519"
        | "ecdsa-sha2-nistp256"
        | "ecdsa-sha2-nistp384"
        | "ecdsa-sha2-nistp521"
        | "ssh-rsa" => Ok(()),
        "ssh-dss" => Err(Refused::Dsa),
        word if word.contains("-cert-v0") => Err(Refused::Certificate),
        word if word.starts_with("sk-") => Err(Refused::Token),
        word if word.contains(['=', ',', '"']) || OPTIONS.contains(&word) => Err(Refused::Options),
        _ => Err(Refused::Kind),
    }
}

/// The options of sshd(8) that have no value.
const OPTIONS: [&str; 7] = [
    "restrict",
    "cert-authority",
    "no-pty",
    "no-port-forwarding",
    "no-agent-forwarding",
    "no-X11-forwarding",
    "no-user-rc",
];

fn accept(key: &PublicKey) -> Result<(), Refused> {
    match (key.algorithm(), key.key_data()) {
        (Algorithm::Ed25519 | Algorithm::Ecdsa { .. }, _) => Ok(()),
        (Algorithm::Rsa { .. }, KeyData::Rsa(rsa)) => {
            let modulus = rsa.n.as_positive_bytes().ok_or(Refused::Unreadable)?;
            let bits =
                modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
            if bits < RSA_BITS { Err(Refused::Short(bits)) } else { Ok(()) }
        }
        (Algorithm::Dsa, _) => Err(Refused::Dsa),
        _ => Err(Refused::Kind),
    }
}

impl Fingerprint {
    /// The form in the table.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in paths.
    pub fn id(fingerprint: &str) -> String {
        fingerprint.trim_start_matches(PREFIX).replace('+', "-").replace('/', "_")
    }
}

impl Named for Fingerprint {
    fn name(&self, exchange: &Exchange) {
        exchange.about(&self.0);
    }
}

const PREFIX: &str = "SHA256:";

impl<'de> serde::Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bare = text
            .trim_start_matches(PREFIX)
            .trim_end_matches('=')
            .replace('-', "+")
            .replace('_', "/");
        let fits = bare.len() == 43
            && bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
        if fits {
            Ok(Self(format!("{PREFIX}{bare}")))
        } else {
            Err(serde::de::Error::custom("this is not a fingerprint"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `ssh-keygen -t KIND -b BITS -C 'a comment'`, and shown by `ssh-keygen -l`.
    const KEYS: &str = include_str!("../keys.txt");

    /// The keys of the file, each with its fingerprint or the reason for its refusal.
    fn keys() -> impl Iterator<Item = (&'static str, &'static str)> {
        KEYS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" | "))
    }

    #[test]
    fn accepts_or_refuses_each_kind_of_key_as_openssh_shows_it() {
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
    fn refuses_a_text_that_is_not_a_single_public_key() {
        let good = keys()
            .find(|(expected, _)| expected.starts_with(PREFIX))
            .map(|(_, key)| key)
            .expect("the file has an accepted key");
        let half = &good[..50];
        for (text, refused) in [
            ("", Refused::Lines),
            (&format!("{good}\n{good}"), Refused::Lines),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----",
                Refused::Private,
            ),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
                Refused::Private,
            ),
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
