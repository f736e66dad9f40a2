//! The `Authorization` header.

use serde_json::json;

use crate::{
    door::{Door, Outcome},
    issuer::Kind,
};

#[tokio::test]
async fn the_scheme_may_be_in_any_case_and_be_followed_by_spaces() -> anyhow::Result<()> {
    let door = Door::open().await?;
    let token = door.token(Kind::Person)?;
    for scheme in ["Bearer ", "bearer ", "BEARER ", "bEaReR ", "Bearer  ", "Bearer     "] {
        assert_eq!(
            door.receive(json!(format!("{scheme}{token}"))).await?,
            Kind::Person.accepted(),
            "{scheme:?}"
        );
    }
    assert_eq!(
        door.receive(json!([format!("Bearer {token}")])).await?,
        Kind::Person.accepted(),
        "a list of one"
    );
    Ok(())
}

#[tokio::test]
async fn anything_but_one_bearer_token_is_refused() -> anyhow::Result<()> {
    let door = Door::open().await?;
    let token = door.token(Kind::Person)?;
    assert_eq!(door.show(&token).await?, Kind::Person.accepted());
    let good = format!("Bearer {token}");
    let headers = [
        json!([]),
        json!([good, good]),
        json!([good, "Bearer x"]),
        json!(["Bearer x", good]),
        json!(["Basic eDp5", good]),
        json!(format!("{good}, {good}")),
        json!(format!("Bearer x, {good}")),
        json!(format!("{good}, Bearer x")),
        json!(""),
        json!("Bearer"),
        json!("Bearer "),
        json!(token),
        json!(format!("Bearer{token}")),
        json!(format!("Bearer\t{token}")),
        json!(format!("Bearer:{token}")),
        json!(format!("Bearer \t{token}")),
        json!(format!(" {good}")),
        json!(format!("{good} ")),
        json!(format!("{good} x")),
        json!(format!("Bearer Bearer {token}")),
        json!(format!("Bearer \"{token}\"")),
        json!(format!("Bearer token={token}")),
        json!(format!("Basic {token}")),
        json!(format!("DPoP {token}")),
        json!(format!("Token {token}")),
        json!(format!("Bearer\u{a0}{token}")),
    ];
    for header in headers {
        assert_eq!(door.receive(header.clone()).await?, Outcome::Refused, "{header}");
    }
    Ok(())
}
