//! Access tokens of no application or with wrong scopes. All signatures are valid.

use serde_json::json;

use super::{Bench, changed, claims::not_names};
use crate::issuer::{CRM, Kind, PORTAL};

impl Bench<'_> {
    pub fn of_an_application(&mut self) -> anyhow::Result<()> {
        for audience in [
            json!(PORTAL),
            json!(CRM),
            json!("inspelning"),
            json!([]),
            json!([PORTAL]),
            json!(null),
            json!(""),
        ] {
            self.add_claim("audience", "aud", Some(audience))?;
        }
        for name in ["anna", "", CRM] {
            self.add_claim("client", "username", Some(json!(name)))?;
        }
        for subject in [
            None,
            Some(json!("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")),
            Some(json!(PORTAL)),
            Some(json!(null)),
            Some(json!(CRM.to_uppercase())),
        ] {
            self.add_claim("client", "sub", subject)?;
        }
        self.add_claim("client", "client_id", None)?;
        self.add_claim("client", "client_id", Some(json!("another")))?;
        for name in
            not_names(128).into_iter().chain([PORTAL, "demo.x", "demo-x"].map(|name| json!(name)))
        {
            self.add_claim("client", "client_id", Some(name.clone()))?;
            let both = changed(
                changed(self.kind.claims(), "sub", Some(name.clone())),
                "client_id",
                Some(name.clone()),
            );
            self.add_signed(
                "client",
                format!("client and subject {name:.80}"),
                &self.good_header(),
                &both,
            )?;
        }
        // The claims of the two differ in their scopes only.
        if self.kind == Kind::Application { self.scopes() } else { Ok(()) }
    }

    fn scopes(&mut self) -> anyhow::Result<()> {
        let scopes = [
            "",
            " ",
            "read",
            "demo:read",
            "operator",
            "openid",
            "aws.cognito.signin.user.admin",
            "inspelning",
            "inspelning/",
            "inspelning/:",
            "inspelning/demo",
            "inspelning/demo:",
            "inspelning/:read",
            "inspelning/read",
            "inspelning/demo:write",
            "inspelning/demo:delete",
            "inspelning/demo:*",
            "inspelning/*:read",
            "inspelning/demo:operator",
            "inspelning/operator:operator",
            "inspelning/Operator",
            "inspelning/operators",
            "inspelning/admin",
            "inspelning/demo:READ",
            "inspelning/demo:Read",
            "inspelning/DEMO:read",
            "inspelning/demo:read:x",
            "inspelning/demo::read",
            "inspelning/demo/read",
            "inspelning/demo#x:read",
            "inspelning/demo/x:read",
            "inspelning/../demo:read",
            "inspelning//demo:read",
            "inspelning/demo :read",
            "inspelning/d\u{e9}mo:read",
            "Inspelning/demo:read",
            "INSPELNING/demo:read",
            "xinspelning/demo:read",
            "https://inspelning/demo:read",
            "other/demo:read",
            "inspelning-1/demo:read",
            " inspelning/demo:read",
            "inspelning/demo:read ",
            "inspelning/demo:read  inspelning/demo:export",
            "inspelning/demo:read\tinspelning/demo:export",
            "inspelning/demo:read\ninspelning/demo:export",
            "inspelning/demo:read,inspelning/demo:export",
            "inspelning/demo:read\0",
            "inspelning/demo:read,export",
            "inspelning/demo:read inspelning/annan:read",
            "inspelning/demo:read inspelning/annan:export",
            "inspelning/demo:read inspelning/demo.x:read",
            "inspelning/demo:read inspelning/operator",
            "inspelning/operator inspelning/demo:read",
            "inspelning/operator openid",
            "openid inspelning/operator",
            "inspelning/demo:read openid",
            "openid inspelning/demo:read",
            "inspelning/demo:read other/demo:read",
            "inspelning/demo:read inspelning/demo:write",
            "inspelning/demo:read inspelning/demo",
            "inspelning/demo:read inspelning/",
            "inspelning/demo:read demo:export",
            "inspelning/operator inspelning/operator:x",
        ];
        for scope in scopes {
            self.add_claim("scopes", "scope", Some(json!(scope)))?;
        }
        let long = format!("inspelning/{}:read", "a".repeat(65));
        let others = [
            json!(long),
            json!(null),
            json!(1),
            json!(true),
            json!(["inspelning/demo:read"]),
            json!({ "inspelning/demo": "read" }),
            json!([]),
        ];
        for scope in [None].into_iter().chain(others.map(Some)) {
            self.add_claim("scopes", "scope", scope)?;
        }
        Ok(())
    }
}
