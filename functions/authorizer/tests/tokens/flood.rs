//! Made-up key ids, and many first requests at once.

use std::{rc::Rc, sync::Arc};

use crate::{
    clock,
    door::{Door, Outcome},
    issuer::{Kind, header, made_up},
    key::{Key, encoded, joined},
    key_set::{Answer, KeySet},
};

#[tokio::test]
async fn ten_thousand_unknown_keys_cost_one_fetch_a_minute() -> anyhow::Result<()> {
    let door = Door::open().await?;
    assert_eq!(door.show(&door.token(Kind::Person)?).await?, Kind::Person.accepted());
    clock::pass(60);
    let before = door.set.fetches();
    for number in 0..10_000 {
        assert_not_accepted(&door, number).await?;
    }
    assert_eq!(door.set.fetches(), before + 1, "one in the first minute");
    clock::pass(59);
    assert_not_accepted(&door, 10_000).await?;
    assert_eq!(door.set.fetches(), before + 1, "none before it is over");
    clock::pass(2);
    assert_not_accepted(&door, 10_001).await?;
    assert_eq!(door.set.fetches(), before + 2, "one in the next");
    Ok(())
}

#[tokio::test]
async fn a_token_that_would_be_refused_anyway_causes_no_fetch() -> anyhow::Result<()> {
    let door = Door::open().await?;
    let mut strange = Kind::Person.claims();
    strange["iss"] = "https://elsewhere.example".into();
    for number in 0..100 {
        let token = format!(
            "{}.{}",
            joined(&header(&format!("made-up-{number}")), &strange),
            encoded([0; 256])
        );
        assert_eq!(door.show(&token).await?, Outcome::Refused);
        clock::pass(61);
    }
    assert_eq!(door.set.fetches(), 0);
    Ok(())
}

#[tokio::test]
async fn an_issuer_that_never_answered_is_asked_once_a_second() -> anyhow::Result<()> {
    let door = Door::to(Key::new("first")?, KeySet::serve(Answer::Nothing).await?)?;
    let token = door.token(Kind::Person)?;
    for _ in 0..1000 {
        assert_eq!(door.show(&token).await?, Outcome::TryAgain);
    }
    assert_eq!(door.set.fetches(), 1);
    door.set.now_answers(Answer::keys([&door.key.jwk]));
    assert_eq!(door.show(&token).await?, Outcome::TryAgain);
    clock::pass(1);
    assert_eq!(
        door.show(&token).await?,
        Kind::Person.accepted(),
        "a lost response delays nobody for a minute"
    );
    assert_eq!(door.set.fetches(), 2);
    Ok(())
}

#[tokio::test]
async fn a_hundred_first_requests_at_once_cost_one_fetch() -> anyhow::Result<()> {
    let door = Rc::new(Door::open().await?);
    let token: Arc<str> = door.token(Kind::Person)?.into();
    let here = tokio::task::LocalSet::new();
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let (door, token) = (door.clone(), token.clone());
            here.spawn_local(async move { door.show(&token).await })
        })
        .collect();
    here.await;
    for request in requests {
        assert_eq!(request.await??, Kind::Person.accepted());
    }
    assert_eq!(door.set.fetches(), 1);
    Ok(())
}

async fn assert_not_accepted(door: &Door, number: u32) -> anyhow::Result<()> {
    let outcome = door.show(&made_up(number)).await?;
    assert!(matches!(outcome, Outcome::Refused | Outcome::TryAgain), "{outcome:?}");
    Ok(())
}
