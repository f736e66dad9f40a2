//! Accepted tokens, and their contexts.

use serde_json::{Value, json};

use crate::{
    clock,
    door::{Door, Outcome},
    issuer::{CRM, Kind, PORTAL, header},
    key::Key,
};

#[tokio::test]
async fn accepts_every_kind_of_token_with_its_context() -> anyhow::Result<()> {
    let door = Door::open().await?;
    for kind in Kind::ALL {
        assert_eq!(door.show(&door.token(kind)?).await?, kind.accepted(), "{kind:?}");
    }
    assert_eq!(door.set.fetches(), 1);
    Ok(())
}

#[tokio::test]
async fn accepts_every_form_that_the_standard_allows() -> anyhow::Result<()> {
    let door = Door::open().await?;
    let headers = [
        json!({ "alg": "RS256", "kid": "first", "typ": "JWT" }),
        json!({ "typ": "jwt", "kid": "first", "alg": "RS256" }),
        json!({ "alg": "RS256", "kid": "first", "x5t": "ignored", "private": [1, 2] }),
    ];
    for written in headers {
        assert_eq!(
            door.show(&door.key.token(&written, &Kind::Person.claims())?).await?,
            Kind::Person.accepted(),
            "{written}"
        );
    }
    let mut alone = Kind::Person.claims();
    alone["aud"] = json!([PORTAL]);
    assert_eq!(
        door.show(&door.key.token(&header("first"), &alone)?).await?,
        Kind::Person.accepted()
    );
    Ok(())
}

#[tokio::test]
async fn scopes_are_passed_on_in_order_and_once() -> anyhow::Result<()> {
    let door = Door::open().await?;
    let granted = [
        ("inspelning/demo:read", "read"),
        (
            "inspelning/demo:export inspelning/demo:annotate inspelning/demo:read",
            "annotate export read",
        ),
        ("inspelning/demo:read inspelning/demo:read", "read"),
    ];
    for (scope, scopes) in granted {
        let mut claims = Kind::Application.claims();
        claims["scope"] = json!(scope);
        let expected = json!({ "organisation": "demo", "client": CRM, "scopes": scopes });
        assert_eq!(
            door.show(&door.key.token(&header("first"), &claims)?).await?,
            Outcome::Accepted(expected),
            "{scope}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn accepts_client_ids_of_the_user_pool() -> anyhow::Result<()> {
    let door = Door::open().await?;
    for client in ["oMhVD8J5B8lJuD3GMQCZUXTOZw", "a", "a_b+C", &"a".repeat(128)] {
        let mut claims = Kind::Operator.claims();
        (claims["sub"], claims["client_id"]) = (json!(client), json!(client));
        let expected = json!({ "client": client, "scopes": "operator" });
        assert_eq!(
            door.show(&door.key.token(&header("first"), &claims)?).await?,
            Outcome::Accepted(expected),
            "{client}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn clocks_may_differ_by_less_than_a_minute() -> anyhow::Result<()> {
    let door = Door::open().await?;
    for kind in Kind::ALL {
        clock::set(clock::START + 3600 + 59);
        assert_eq!(door.show(&door.token(kind)?).await?, kind.accepted());
        clock::set(clock::START + 3600 + 61);
        assert_eq!(door.show(&door.token(kind)?).await?, Outcome::Refused);
        for claim in ["iat", "nbf"] {
            clock::set(clock::START);
            assert_eq!(door.show(&starting(&door.key, kind, claim, 59)?).await?, kind.accepted());
            assert_eq!(door.show(&starting(&door.key, kind, claim, 61)?).await?, Outcome::Refused);
        }
    }
    Ok(())
}

/// A token that becomes valid in so many seconds.
fn starting(key: &Key, kind: Kind, claim: &str, seconds: i64) -> anyhow::Result<String> {
    let mut claims: Value = kind.claims();
    claims[claim] = json!(clock::START + seconds);
    key.token(&header(&key.kid), &claims)
}
