//! Key sets that must not be used.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::{
    clock,
    door::{Door, Outcome},
    issuer::{Kind, header},
    key::{Elliptic, Key},
    key_set::{Answer, KeySet},
};

/// A key of 1024 bits, the same padded to 2048, and a person's token signed by it.
const WEAK: &str = include_str!("weak.json");

#[tokio::test]
async fn a_bad_set_gives_no_keys() -> anyhow::Result<()> {
    let key = Rc::new(Key::new("first")?);
    for (what, answer) in bad(&key)? {
        let door = Door::to(key.clone(), KeySet::serve(answer).await?)?;
        assert_eq!(door.show(&door.token(Kind::Person)?).await?, Outcome::TryAgain, "{what}");
        assert_eq!(door.set.fetches(), 1, "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn a_bad_set_removes_no_keys() -> anyhow::Result<()> {
    let door = Door::open().await?;
    let token = door.token(Kind::Person)?;
    assert_eq!(door.show(&token).await?, Kind::Person.accepted());
    let mut unknown = Kind::Person.claims();
    unknown["exp"] = json!(clock::START + 36_000);
    let unknown = Key::new("unknown")?.token(&header("unknown"), &unknown)?;
    for (what, answer) in bad(&door.key)? {
        door.set.now_answers(answer);
        clock::pass(61);
        let before = door.set.fetches();
        assert_eq!(door.show(&unknown).await?, Outcome::TryAgain, "{what}");
        assert_eq!(door.set.fetches(), before + 1, "{what}");
        assert_eq!(door.show(&token).await?, Kind::Person.accepted(), "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn an_unusable_key_beside_a_good_one_is_ignored() -> anyhow::Result<()> {
    let good = Rc::new(Key::new("good")?);
    for (what, jwk) in unusable(&Key::new("first")?)? {
        let door = Door::to(good.clone(), KeySet::serve(Answer::keys([&jwk, &good.jwk])).await?)?;
        assert_eq!(door.show(&door.token(Kind::Person)?).await?, Kind::Person.accepted(), "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn a_key_of_1024_bits_is_refused() -> anyhow::Result<()> {
    let weak: Value = serde_json::from_str(WEAK)?;
    let token = weak["token"].as_str().unwrap_or_default();
    for jwk in [&weak["jwk"], &weak["padded"]] {
        let good = Key::new("first")?;
        let set = KeySet::serve(Answer::keys([jwk, &good.jwk])).await?;
        let door = Door::to(good, set)?;
        assert_eq!(door.show(&door.token(Kind::Person)?).await?, Kind::Person.accepted());
        clock::pass(61);
        assert_eq!(door.show(token).await?, Outcome::Refused, "{jwk}");
        assert_eq!(door.set.fetches(), 2, "it was fetched and not used: {jwk}");
    }
    Ok(())
}

/// Responses that contain `key` and must not be used.
fn bad(key: &Key) -> anyhow::Result<Vec<(String, Answer)>> {
    let good = json!({ "keys": [key.jwk] }).to_string();
    let reply = |status: &str| Answer::Reply(status.to_owned(), good.clone());
    let mut answers = vec![
        ("no answer".to_owned(), Answer::Nothing),
        ("an empty body".to_owned(), Answer::ok(String::new())),
        ("not JSON".to_owned(), Answer::ok("<html>keys</html>".to_owned())),
        ("cut off".to_owned(), Answer::ok(good[..good.len() - 3].to_owned())),
        ("more than one document".to_owned(), Answer::ok(format!("{good}{good}"))),
        ("a list".to_owned(), Answer::ok(json!([key.jwk]).to_string())),
        ("a key alone".to_owned(), Answer::ok(key.jwk.to_string())),
        ("no keys".to_owned(), Answer::keys([])),
        ("over 64 KiB".to_owned(), Answer::ok(format!("{good}{}", " ".repeat(64 * 1024)))),
        ("an error with keys".to_owned(), reply("500 Internal Server Error")),
        ("not found with keys".to_owned(), reply("404 Not Found")),
        ("a redirection with keys".to_owned(), reply("302 Found\r\nlocation: /elsewhere")),
        (
            "a permanent redirection".to_owned(),
            reply("308 Permanent Redirect\r\nlocation: /pool/.well-known/jwks.json"),
        ),
        ("choices with keys".to_owned(), reply("300 Multiple Choices")),
        ("a part with keys".to_owned(), reply("206 Partial Content")),
    ];
    let alone = unusable(key)?
        .into_iter()
        .map(|(what, jwk)| (format!("alone, {what}"), Answer::keys([&jwk])));
    answers.extend(alone);
    Ok(answers)
}

/// Forms of `key` that must not be used.
fn unusable(key: &Key) -> anyhow::Result<Vec<(&'static str, Value)>> {
    let weak: Value = serde_json::from_str(WEAK)?;
    let with = |name: &str, value: Value| {
        let mut jwk = key.jwk.clone();
        jwk[name] = value;
        jwk
    };
    let mut nameless = key.jwk.clone();
    nameless.as_object_mut().and_then(|fields| fields.remove("kid"));
    Ok(vec![
        ("a key to encrypt with", with("use", json!("enc"))),
        ("a key of unknown use", with("use", json!("other"))),
        (
            "a key to encrypt with, by its operations",
            with("key_ops", json!(["encrypt", "wrapKey"])),
        ),
        ("a key for RS512", with("alg", json!("RS512"))),
        ("a key for PS256", with("alg", json!("PS256"))),
        ("a key for RSA-OAEP", with("alg", json!("RSA-OAEP"))),
        ("a key for HS256", with("alg", json!("HS256"))),
        ("a key without id", nameless),
        ("a modulus that is not base64url", with("n", json!("n+n/n="))),
        ("an elliptic key", Elliptic::new("first")?.jwk),
        ("a secret", json!({ "kty": "oct", "kid": "first", "k": key.jwk["n"] })),
        ("a key of an unknown type", json!({ "kty": "AKP", "kid": "first", "pub": key.jwk["n"] })),
        ("a weak key", weak["jwk"].clone()),
        ("a weak key made to look long", weak["padded"].clone()),
    ])
}
