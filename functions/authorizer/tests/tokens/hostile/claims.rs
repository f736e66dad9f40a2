//! Claims of another issuer, audience or time, or of nobody. All signatures are valid.

use serde_json::{Value, json};

use super::Bench;
use crate::{
    clock::START,
    issuer::{ISSUER, Kind},
    key::encoded,
};

impl Bench<'_> {
    pub fn claims(&mut self) -> anyhow::Result<()> {
        self.issuers()?;
        self.uses()?;
        self.times()?;
        self.twice()?;
        match self.kind {
            Kind::Person => self.of_a_person(),
            Kind::Application | Kind::Operator => self.of_an_application(),
        }
    }

    fn issuers(&mut self) -> anyhow::Result<()> {
        let issuers = [
            format!("{ISSUER}/"),
            format!(" {ISSUER}"),
            format!("{ISSUER} "),
            format!("{ISSUER}\0"),
            format!("{ISSUER}#"),
            format!("{ISSUER}?x"),
            format!("{ISSUER}/.well-known/jwks.json"),
            ISSUER.to_uppercase(),
            ISSUER.to_lowercase(),
            ISSUER.replace("https", "http"),
            ISSUER.replace("https://", ""),
            ISSUER.replace("https://", "//"),
            ISSUER.replace("north-1_Pool", "north-1_Poof"),
            ISSUER.replace("north-1_Pool", "north-1_Pool2"),
            ISSUER.replace("eu-north-1", "eu-west-1"),
            ISSUER.replace(".com/", ".com.evil.example/"),
            ISSUER.replace(".com/", ".com@evil.example/"),
            ISSUER.replace(".com/", ".com:8443/"),
            ISSUER.replace(".com/", ".com//"),
            ISSUER.replace(".com/", ".com/x/../"),
            ISSUER.replace('_', "%5F"),
            ISSUER.replace("cognito-idp", "c\u{43e}gnito-idp"),
            "https://evil.example".to_owned(),
            String::new(),
        ];
        for issuer in issuers {
            self.add_claim("another issuer", "iss", Some(json!(issuer)))?;
        }
        for issuer in [
            None,
            Some(json!(null)),
            Some(json!(1)),
            Some(json!([ISSUER])),
            Some(json!({ "iss": ISSUER })),
        ] {
            self.add_claim("another issuer", "iss", issuer)?;
        }
        Ok(())
    }

    fn uses(&mut self) -> anyhow::Result<()> {
        let swapped = if self.kind == Kind::Person { "access" } else { "id" };
        let uses =
            [swapped, "refresh", "ID", "Id", "Access", "ACCESS", "id ", " access", "", "id access"]
                .map(|value| Some(json!(value)));
        for value in uses.into_iter().chain([
            None,
            Some(json!(null)),
            Some(json!(["id", "access"])),
            Some(json!(true)),
            Some(json!({})),
        ]) {
            self.add_claim("another use", "token_use", value)?;
        }
        Ok(())
    }

    fn times(&mut self) -> anyhow::Result<()> {
        let ends = [
            json!(null),
            json!(""),
            json!((START + 3600).to_string()),
            json!("never"),
            json!(0),
            json!(-1),
            json!(-(START + 3600)),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(1e300),
            json!(START as f64 + 3600.5),
            json!(START as f64 + 3600.0),
            json!(true),
            json!([START + 3600]),
            json!({}),
            json!(START - 60),
            json!(START - 61),
            json!(START - 3600),
            json!(START - 31_536_000),
            json!((START + 3600) / 1000),
            json!("2027-01-15T09:00:00Z"),
        ];
        for end in [None].into_iter().chain(ends.map(Some)) {
            self.add_claim("times", "exp", end)?;
        }
        let beginnings = [
            json!(null),
            json!(""),
            json!(START.to_string()),
            json!(START + 61),
            json!(START + 3600),
            json!((START + 1) * 1000),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1e300),
            json!(START as f64),
            json!(true),
            json!([START]),
            json!({}),
        ];
        for beginning in beginnings {
            for claim in ["nbf", "iat"] {
                self.add_claim("times", claim, Some(beginning.clone()))?;
            }
        }
        Ok(())
    }

    /// A repeated claim, with the valid one first or last.
    fn twice(&mut self) -> anyhow::Result<()> {
        let good = self.kind.claims();
        let bad = [
            ("iss", json!("x")),
            ("exp", json!(0)),
            ("token_use", json!("x")),
            ("iat", json!(START + 3600)),
            ("sub", json!("x")),
            ("jti", json!("x")),
        ];
        let own = match self.kind {
            Kind::Person => [
                ("aud", json!("x")),
                ("custom:organisation", json!("annan")),
                ("custom:user", json!("karin")),
            ],
            _ => [
                ("client_id", json!("x")),
                ("scope", json!("inspelning/annan:read")),
                ("version", json!(1)),
            ],
        };
        for (claim, bad) in bad.into_iter().chain(own) {
            let rest = good.to_string();
            let rest = rest.trim_start_matches('{').trim_end_matches('}');
            for text in [
                format!("{{\"{claim}\":{bad},{rest}}}"),
                format!("{{{rest},\"{claim}\":{bad}}}"),
                format!("{{{rest},\"{claim}\":{}}}", good[claim]),
            ] {
                let token = self.key.sign(&format!(
                    "{}.{}",
                    encoded(self.good_header().to_string()),
                    encoded(text)
                ))?;
                self.add("twice", claim, token);
            }
        }
        Ok(())
    }
}

/// Values that are no name of an organisation, a user or a client.
pub fn not_names(at_most: usize) -> Vec<Value> {
    let mut names = vec![
        json!(null),
        json!(5),
        json!(true),
        json!(["demo"]),
        json!({ "demo": 1 }),
        json!("a".repeat(at_most + 1)),
    ];
    let texts = [
        "",
        " ",
        "#",
        "demo#recording",
        "demo/x",
        "../demo",
        "demo\\x",
        " demo",
        "demo ",
        "demo\0",
        "demo\n",
        "de mo",
        "demo:x",
        "demo*",
        "*",
        "demo%23",
        "d\u{e9}mo",
        "dem\u{43e}",
        "demo\u{200b}",
        "demo,annan",
        "demo|annan",
        "demo=",
        "<demo>",
        "'demo'",
        "$demo",
        "demo@annan",
    ];
    names.extend(texts.map(|text| json!(text)));
    names
}
