//! Wrong signatures, and changed contents under valid ones.

use anyhow::Context;
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

use super::{Bench, changed};
use crate::{
    clock::START,
    issuer::{CRM, Kind, PORTAL, header},
    key::{encoded, joined},
};

impl Bench<'_> {
    pub fn signature(&mut self) -> anyhow::Result<()> {
        let good = self.good()?;
        let (signed, signature) = good.rsplit_once('.').context("a token has parts")?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes())?;
        for place in 0..64 {
            let mut flipped = signature.clone();
            flipped[place * signature.len() / 64] ^= 1 << (place % 8);
            self.add(
                "bit flip",
                format!("in byte {}", place * signature.len() / 64),
                format!("{signed}.{}", encoded(flipped)),
            );
        }
        for (what, signature) in misshapen(&signature) {
            self.add("signature", what, format!("{signed}.{}", encoded(signature)));
        }
        self.claims_changed(signed, &encoded(&signature))?;
        self.signature_moved()
    }

    /// Claims changed under a valid signature. All but the first would be accepted if signed.
    fn claims_changed(&mut self, signed: &str, signature: &str) -> anyhow::Result<()> {
        let good = self.kind.claims();
        let mut changes = vec![
            ("x", json!(1)),
            ("exp", json!(START + 31_536_000)),
            ("exp", json!(START + 3601)),
            ("iat", json!(START - 1)),
            ("jti", json!("another")),
        ];
        changes.extend(match self.kind {
            Kind::Person => vec![
                ("custom:organisation", json!("annan")),
                ("custom:user", json!("karin")),
                ("aud", json!([PORTAL])),
            ],
            _ => vec![
                ("scope", json!("inspelning/annan:read")),
                ("scope", json!("inspelning/demo:export")),
                ("version", json!(3)),
            ],
        });
        let good_header = encoded(self.good_header().to_string());
        for (claim, value) in changes {
            let claims = changed(good.clone(), claim, Some(value)).to_string();
            self.add(
                "changed under a signature",
                claim,
                format!("{good_header}.{}.{signature}", encoded(claims)),
            );
        }
        for text in [format!(" {good}"), format!("{good}\n"), serde_json::to_string_pretty(&good)?]
        {
            self.add(
                "changed under a signature",
                "spaces",
                format!("{good_header}.{}.{signature}", encoded(text)),
            );
        }
        let claims = signed.split('.').next_back().unwrap_or_default();
        for other in
            [json!({ "alg": "RS256", "kid": self.key.kid, "typ": "JWT" }), header(&self.other.kid)]
        {
            self.add(
                "changed under a signature",
                "header",
                format!("{}.{claims}.{signature}", encoded(other.to_string())),
            );
        }
        Ok(())
    }

    /// The valid signature of another token, or of a part of this one.
    fn signature_moved(&mut self) -> anyhow::Result<()> {
        let signed = joined(&self.good_header(), &self.kind.claims());
        let (header, claims) = signed.split_once('.').context("a token has parts")?;
        let older = joined(
            &self.good_header(),
            &changed(self.kind.claims(), "iat", Some(json!(START - 7))),
        );
        for message in [
            header,
            claims,
            &older,
            &signed.replace('.', ""),
            &format!("{signed}."),
            &format!("{claims}.{header}"),
            "",
        ] {
            let token = self.key.sign(message)?;
            let signature = token.rsplit('.').next().unwrap_or_default();
            self.add("signature", "of another text", format!("{signed}.{signature}"));
        }
        Ok(())
    }
}

fn misshapen(signature: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let backwards = signature.iter().rev().copied().collect();
    vec![
        ("nothing", Vec::new()),
        ("a zero", vec![0]),
        ("a one", vec![1]),
        ("zeros", vec![0; signature.len()]),
        ("ones", vec![0xff; signature.len()]),
        ("one, as a number", [vec![0; signature.len() - 1], vec![1]].concat()),
        ("without its first byte", signature[1..].to_vec()),
        ("without its last byte", signature[..signature.len() - 1].to_vec()),
        ("a zero before", [&[0], signature].concat()),
        ("a zero after", [signature, &[0]].concat()),
        ("twice", [signature, signature].concat()),
        ("backwards", backwards),
        ("a half", signature[..signature.len() / 2].to_vec()),
        ("a client's name", CRM.into()),
    ]
}
