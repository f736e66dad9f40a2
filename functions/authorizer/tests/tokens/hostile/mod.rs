//! Hundreds of tokens that must be refused: each kind of valid token, spoilt in one way at a time.
//!
//! The issuer's own key signs a spoilt token wherever possible. Then the signature is no reason to
//! refuse it, and only the intended check can.

mod application;
mod claims;
mod header;
mod parts;
mod person;
mod signature;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    door::{Door, Outcome},
    issuer::{Kind, header},
    key::{Elliptic, Key},
    key_set::{Answer, KeySet},
};

/// A valid token to spoil, and related keys.
struct Bench<'a> {
    kind: Kind,
    /// The issuer's two keys.
    key: &'a Key,
    other: &'a Key,
    /// Keys that the issuer does not know.
    stranger: &'a Key,
    elliptic: &'a Elliptic,
    /// The tokens by their text, so that each counts once.
    hostile: BTreeMap<String, Hostile>,
}

struct Hostile {
    class: &'static str,
    what: String,
}

#[tokio::test]
async fn no_hostile_token_is_accepted() -> anyhow::Result<()> {
    let (key, other) = (Key::new("first")?, Key::new("second")?);
    let (stranger, elliptic) = (Key::new("stranger")?, Elliptic::new("elliptic")?);
    let set = KeySet::serve(Answer::keys([&key.jwk, &other.jwk, &elliptic.jwk])).await?;
    let mut hostile = BTreeMap::new();
    for kind in Kind::ALL {
        let mut bench = Bench {
            kind,
            key: &key,
            other: &other,
            stranger: &stranger,
            elliptic: &elliptic,
            hostile,
        };
        bench.header()?;
        bench.claims()?;
        bench.parts()?;
        bench.signature()?;
        hostile = bench.hostile;
    }
    let door = Door::to(key, set)?;
    assert_valid_tokens_are_accepted(&door).await?;

    let mut classes = BTreeMap::<_, usize>::new();
    let mut accepted = Vec::new();
    for (token, Hostile { class, what }) in &hostile {
        *classes.entry(*class).or_default() += 1;
        match door.show(token).await? {
            Outcome::Refused => {}
            Outcome::TryAgain => assert_eq!(*class, "unknown key", "{what}"),
            Outcome::Accepted(context) => accepted.push(format!("{class}: {what} as {context}")),
        }
    }
    println!("hostile tokens: {}", hostile.len());
    for (class, count) in &classes {
        println!("{count:>5} {class}");
    }
    assert!(accepted.is_empty(), "{} accepted:\n{}", accepted.len(), accepted.join("\n"));
    assert!(hostile.len() >= 500, "{}", hostile.len());
    assert_valid_tokens_are_accepted(&door).await
}

async fn assert_valid_tokens_are_accepted(door: &Door) -> anyhow::Result<()> {
    for kind in Kind::ALL {
        assert_eq!(door.show(&door.token(kind)?).await?, kind.accepted());
    }
    Ok(())
}

impl Bench<'_> {
    fn add(&mut self, class: &'static str, what: impl ToString, token: String) {
        let what = format!("{:?}, {}", self.kind, what.to_string());
        self.hostile.entry(token).or_insert(Hostile { class, what });
    }

    /// Adds a token with these parts, signed by the issuer's key.
    fn add_signed(
        &mut self,
        class: &'static str,
        what: impl ToString,
        header: &Value,
        claims: &Value,
    ) -> anyhow::Result<()> {
        let token = self.key.token(header, claims)?;
        self.add(class, what, token);
        Ok(())
    }

    /// Adds the valid token with one claim changed or removed, signed again.
    fn add_claim(
        &mut self,
        class: &'static str,
        claim: &str,
        value: Option<Value>,
    ) -> anyhow::Result<()> {
        let what = value
            .as_ref()
            .map_or_else(|| format!("no {claim}"), |value| format!("{claim} {value:.80}"));
        let claims = changed(self.kind.claims(), claim, value);
        self.add_signed(class, what, &self.good_header(), &claims)
    }

    /// Adds the valid token with one header field changed or removed, signed again.
    fn add_field(
        &mut self,
        class: &'static str,
        field: &str,
        value: Option<Value>,
    ) -> anyhow::Result<()> {
        let what = value
            .as_ref()
            .map_or_else(|| format!("no {field}"), |value| format!("{field} {value:.80}"));
        let header = changed(self.good_header(), field, value);
        self.add_signed(class, what, &header, &self.kind.claims())
    }

    fn good_header(&self) -> Value {
        header(&self.key.kid)
    }

    fn good(&self) -> anyhow::Result<String> {
        self.key.token(&self.good_header(), &self.kind.claims())
    }
}

fn changed(mut object: Value, name: &str, value: Option<Value>) -> Value {
    if let Some(fields) = object.as_object_mut() {
        match value {
            Some(value) => fields.insert(name.to_owned(), value),
            None => fields.remove(name),
        };
    }
    object
}
