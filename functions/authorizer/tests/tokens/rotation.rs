//! The issuer rotates its key.

use crate::{
    clock,
    door::{Door, Outcome},
    issuer::{Kind, header, made_up},
    key::Key,
    key_set::Answer,
};

#[tokio::test]
async fn accepts_a_new_key_at_once_and_the_old_one_until_it_is_withdrawn() -> anyhow::Result<()> {
    let door = Door::open().await?;
    let (old, new_key) = (door.token(Kind::Person)?, Key::new("second")?);
    let new = new_key.token(&header("second"), &Kind::Person.claims())?;
    assert_eq!(door.show(&old).await?, Kind::Person.accepted());
    clock::pass(61);
    door.set.now_answers(Answer::keys([&door.key.jwk, &new_key.jwk]));
    assert_eq!(door.show(&new).await?, Kind::Person.accepted());
    assert_eq!(door.show(&old).await?, Kind::Person.accepted());
    assert_eq!(door.set.fetches(), 2);

    door.set.now_answers(Answer::keys([&new_key.jwk]));
    clock::pass(3599);
    assert_eq!(door.show(&lasting(&new_key)?).await?, Kind::Person.accepted());
    assert_eq!(
        door.show(&lasting(&door.key)?).await?,
        Kind::Person.accepted(),
        "the set is fresh for an hour"
    );
    clock::pass(1);
    assert_eq!(door.show(&lasting(&new_key)?).await?, Kind::Person.accepted());
    assert_ne!(door.show(&lasting(&door.key)?).await?, Kind::Person.accepted(), "withdrawn");
    assert_eq!(door.set.fetches(), 3);
    clock::pass(60);
    assert_eq!(
        door.show(&lasting(&door.key)?).await?,
        Outcome::Refused,
        "asked for, and not there"
    );
    Ok(())
}

/// Without a fetch left in the minute, the tokens of a new key wait and are never refused.
#[tokio::test]
async fn a_flood_during_a_rotation_refuses_no_valid_token() -> anyhow::Result<()> {
    let door = Door::open().await?;
    let (old, new_key) = (door.token(Kind::Person)?, Key::new("second")?);
    let new = new_key.token(&header("second"), &Kind::Person.claims())?;
    assert_eq!(door.show(&old).await?, Kind::Person.accepted());
    for minute in 0..3 {
        clock::pass(60);
        assert_eq!(
            door.show(&made_up(minute)).await?,
            Outcome::Refused,
            "the first of a minute is looked up"
        );
        if minute == 1 {
            door.set.now_answers(Answer::keys([&door.key.jwk, &new_key.jwk]));
        }
        for number in 1..50 {
            assert_eq!(door.show(&made_up(minute * 100 + number)).await?, Outcome::TryAgain);
            let expected = if minute < 2 { Outcome::TryAgain } else { Kind::Person.accepted() };
            assert_eq!(door.show(&new).await?, expected, "minute {minute}");
            assert_eq!(door.show(&old).await?, Kind::Person.accepted());
        }
    }
    assert_eq!(door.set.fetches(), 4);
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_published_before_its_first_use_is_known() -> anyhow::Result<()> {
    let door = Door::open().await?;
    let new_key = Key::new("second")?;
    door.set.now_answers(Answer::keys([&door.key.jwk, &new_key.jwk]));
    assert_eq!(door.show(&door.token(Kind::Person)?).await?, Kind::Person.accepted());
    assert_eq!(
        door.show(&new_key.token(&header("second"), &Kind::Person.claims())?).await?,
        Kind::Person.accepted()
    );
    assert_eq!(door.set.fetches(), 1);
    Ok(())
}

#[tokio::test]
async fn known_keys_are_accepted_while_the_issuer_is_unavailable() -> anyhow::Result<()> {
    let door = Door::open().await?;
    assert_eq!(door.show(&door.token(Kind::Person)?).await?, Kind::Person.accepted());
    door.set.now_answers(Answer::Nothing);
    let unknown = Key::new("second")?;
    for _ in 0..48 {
        clock::pass(1800);
        assert_eq!(door.show(&lasting(&door.key)?).await?, Kind::Person.accepted());
        assert_eq!(
            door.show(&lasting(&unknown)?).await?,
            Outcome::TryAgain,
            "its key could not be looked for"
        );
    }
    Ok(())
}

/// A token issued this minute.
fn lasting(key: &Key) -> anyhow::Result<String> {
    let mut claims = Kind::Person.claims();
    claims["iat"] = clock::now().timestamp().into();
    claims["exp"] = (clock::now().timestamp() + 3600).into();
    key.token(&header(&key.kid), &claims)
}
