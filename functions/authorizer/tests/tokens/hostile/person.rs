//! ID tokens of another audience or nobody, and a person's access tokens, validly signed.

use serde_json::json;

use super::{Bench, claims::not_names};
use crate::{
    clock::START,
    issuer::{CRM, ISSUER, PORTAL},
};

impl Bench<'_> {
    pub fn of_a_person(&mut self) -> anyhow::Result<()> {
        let audiences = [
            json!(null),
            json!(""),
            json!(1),
            json!(true),
            json!({ "aud": PORTAL }),
            json!("x"),
            json!(CRM),
            json!(&PORTAL[1..]),
            json!(&PORTAL[..25]),
            json!(format!("{PORTAL}x")),
            json!(format!("{PORTAL} ")),
            json!(PORTAL.to_uppercase()),
            json!([]),
            json!(["x"]),
            json!(["x", "y"]),
            json!([PORTAL, "x"]),
            json!(["x", PORTAL]),
            json!([PORTAL, PORTAL]),
            json!([[PORTAL]]),
            json!([null]),
            json!(format!("{PORTAL},x")),
        ];
        for audience in [None].into_iter().chain(audiences.map(Some)) {
            self.add_claim("audience", "aud", audience)?;
        }
        for claim in ["custom:organisation", "custom:user"] {
            self.add_claim("nobody", claim, None)?;
            for name in
                not_names(64).into_iter().chain(["Demo", "DEMO", "demo+"].map(|name| json!(name)))
            {
                self.add_claim("nobody", claim, Some(name))?;
            }
        }
        self.of_a_persons_access()
    }

    /// A person's access token, which authorises them at the user pool only.
    fn of_a_persons_access(&mut self) -> anyhow::Result<()> {
        let scopes = [
            "aws.cognito.signin.user.admin",
            "openid email",
            "inspelning/demo:read",
            "inspelning/operator",
            "",
        ];
        for scope in scopes {
            let sub = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
            let mut claims = json!({
                "sub": sub, "iss": ISSUER, "version": 2, "client_id": PORTAL, "origin_jti": "o", "token_use": "access", "scope": scope,
                "auth_time": START, "exp": START + 3600, "iat": START, "jti": "j", "username": sub,
            });
            for (client, subject) in [(PORTAL, sub), (CRM, sub), (CRM, CRM), (PORTAL, PORTAL)] {
                claims["client_id"] = json!(client);
                claims["sub"] = json!(subject);
                self.add_signed(
                    "a person's access token",
                    format!("{scope} {client} {subject}"),
                    &self.good_header(),
                    &claims,
                )?;
            }
            claims["client_id"] = json!(CRM);
            claims["sub"] = json!(sub);
            claims["custom:organisation"] = json!("demo");
            claims["custom:user"] = json!("anna");
            claims.as_object_mut().and_then(|claims| claims.remove("username"));
            self.add_signed(
                "a person's access token",
                format!("{scope} without username"),
                &self.good_header(),
                &claims,
            )?;
        }
        Ok(())
    }
}
