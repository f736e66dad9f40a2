//! Tokens that must not be let in, made by the hundred: each kind of good token, spoilt in one way at a time.
//!
//! Wherever the issuer's own key can sign a spoilt token, it does: then the signature is no reason to refuse, and the check that is meant
//! to catch it stands alone.

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

/// A good token to spoil, and the keys around it.
struct Bench<'a> {
    kind: Kind,
    /// The issuer's key, and its other one.
    key: &'a Key,
    other: &'a Key,
    /// Keys that the issuer does not know.
    stranger: &'a Key,
    elliptic: &'a Elliptic,
    /// By its text, so that each counts once.
    hostile: BTreeMap<String, Hostile>,
}

struct Hostile {
    class: &'static str,
    what: String,
}

#[tokio::test]
async fn no_hostile_token_is_let_in() -> anyhow::Result<()> {
    let (key, other) = (Key::new("first")?, Key::new("second")?);
    let (stranger, elliptic) = (Key::new("stranger")?, Elliptic::new("elliptic")?);
    let set = KeySet::serve(Answer::keys([&key.jwk, &other.jwk, &elliptic.jwk])).await?;
    let mut hostile = BTreeMap::new();
    for kind in Kind::ALL {
        let mut bench = Bench { kind, key: &key, other: &other, stranger: &stranger, elliptic: &elliptic, hostile };
        bench.header()?;
        bench.claims()?;
        bench.parts()?;
        bench.signature()?;
        hostile = bench.hostile;
    }
    let door = Door::to(key, set)?;
    assert_good_tokens_are_let_in(&door).await?;

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
    assert!(accepted.is_empty(), "{} let in:\n{}", accepted.len(), accepted.join("\n"));
    assert!(hostile.len() >= 500, "{}", hostile.len());
    assert_good_tokens_are_let_in(&door).await
}

async fn assert_good_tokens_are_let_in(door: &Door) -> anyhow::Result<()> {
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

    /// Adds a token of these parts that the issuer's key has signed.
    fn add_signed(&mut self, class: &'static str, what: impl ToString, header: &Value, claims: &Value) -> anyhow::Result<()> {
        let token = self.key.token(header, claims)?;
        self.add(class, what, token);
        Ok(())
    }

    /// Adds the good token with one claim changed, or taken away, and signed.
    fn add_claim(&mut self, class: &'static str, claim: &str, value: Option<Value>) -> anyhow::Result<()> {
        let what = value.as_ref().map_or_else(|| format!("no {claim}"), |value| format!("{claim} {value:.80}"));
        let claims = changed(self.kind.claims(), claim, value);
        self.add_signed(class, what, &self.good_header(), &claims)
    }

    /// Adds the good token with one field of its header changed, or taken away, and signed.
    fn add_field(&mut self, class: &'static str, field: &str, value: Option<Value>) -> anyhow::Result<()> {
        let what = value.as_ref().map_or_else(|| format!("no {field}"), |value| format!("{field} {value:.80}"));
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
