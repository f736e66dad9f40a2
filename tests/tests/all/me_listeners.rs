//! The listeners of the caller's own recordings.

use serde_json::{Value, json};
use tests::{
    call::now,
    people::Person,
    recording::{recording, store},
    request::{Answer, As},
    service::OPERATOR,
};

use crate::me::{ANNA, KARIN, demo, name_of};

#[tokio::test]
async fn a_user_sees_the_listeners_of_their_own_recordings_only() -> anyhow::Result<()> {
    let service = demo().await?;
    Person::recorded("omar").joins(&service.table, "demo").await?;
    let (annas, omars) =
        (recording("demo", "anna", "a", now()), recording("demo", "omar", "o", now()));
    store(&service.table, &annas).await?;
    store(&service.table, &omars).await?;
    let link = async |caller: As<'_>, id: String, verb: &str| {
        caller.post(&service.playback, &format!("/v1/recordings/{id}/{verb}"), &Value::Null).await
    };
    link(KARIN, annas.id.to_string(), "playback").await?.done()?;
    link(KARIN, omars.id.to_string(), "playback").await?.done()?;
    link(ANNA, annas.id.to_string(), "download").await?.done()?;
    let omar = As { organisation: "demo", user: "omar" };
    assert_eq!(link(omar, annas.id.to_string(), "playback").await?.cause(), "not-allowed");

    let heard = ANNA.get(&service.me, "/v1/me/listeners").await?.body;
    let heard: Vec<_> = heard["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| [&event["actor"], &event["action"]])
        .collect();
    assert_eq!(
        heard,
        [[&json!("user:anna"), &json!("download")], [&json!("user:karin"), &json!("play")]]
    );
    assert_eq!(
        KARIN.get(&service.me, "/v1/me/listeners").await?.body,
        json!({ "events": [], "cursor": null })
    );
    Ok(())
}

#[tokio::test]
async fn listeners_are_listed_by_name_with_the_call() -> anyhow::Result<()> {
    let service = demo().await?;
    let (first, second) =
        (recording("demo", "anna", "a", now()), recording("demo", "anna", "b", now()));
    store(&service.table, &first).await?;
    store(&service.table, &second).await?;
    Person::administrator("gone").joins(&service.table, "demo").await?;
    let gone = As { organisation: "demo", user: "gone" };
    for (caller, call) in [(KARIN, &first), (ANNA, &first), (gone, &second)] {
        caller
            .post(&service.playback, &format!("/v1/recordings/{}/playback", call.id), &Value::Null)
            .await?
            .done()?;
    }
    OPERATOR.delete(&service.provision, "/v1/organisations/demo/users/gone").await?.done()?;
    let listeners = async |query: &str| -> anyhow::Result<Vec<Value>> {
        let heard = ANNA.get(&service.me, &format!("/v1/me/listeners{query}")).await?.done()?.body;
        Ok(heard["events"].as_array().cloned().unwrap_or_default())
    };
    let names = |events: &[Value]| {
        events.iter().map(|event| json!([event["actor"], event["name"]])).collect::<Vec<_>>()
    };

    let all = listeners("").await?;
    assert_eq!(
        names(&all),
        [
            json!(["user:gone", null]),
            json!(["user:anna", name_of(&service, "anna").await?]),
            json!(["user:karin", name_of(&service, "karin").await?])
        ]
    );
    let call = json!({ "startedAt": first.started_at, "direction": "out", "counterpart": String::from(first.counterpart.clone()) });
    assert_eq!(all[2]["call"], call);
    assert_eq!(
        names(&listeners("?others=true").await?),
        [names(&all)[0].clone(), names(&all)[2].clone()]
    );
    assert_eq!(names(&listeners(&format!("?recording={}", first.id)).await?), names(&all)[1..]);
    assert_eq!(
        names(&listeners(&format!("?recording={}&others=true", first.id)).await?),
        names(&all)[2..]
    );

    // Users who may not see their own calls see who listened, but not to which calls.
    let none = json!({ "rights": { "listen": false, "download": false, "annotate": false } });
    KARIN.patch(&service.admin, "/v1/users/anna", &none).await?.done()?;
    let bare = listeners("").await?;
    assert_eq!(names(&bare), names(&all));
    assert!(bare.iter().all(|event| event["call"].is_null()), "{bare:?}");
    for query in ["?recording=x", "?others=yes"] {
        assert_eq!(
            ANNA.get(&service.me, &format!("/v1/me/listeners{query}")).await?.cause(),
            "invalid",
            "{query}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn pages_of_listeners_contain_each_once() -> anyhow::Result<()> {
    let service = demo().await?;
    let annas = recording("demo", "anna", "a", now());
    store(&service.table, &annas).await?;
    let path = format!("/v1/recordings/{}/playback", annas.id);
    for _ in 0..7 {
        KARIN.post(&service.playback, &path, &Value::Null).await?.done()?;
    }
    let ids = |answer: &Answer| -> Vec<String> {
        let events = answer.body["events"].as_array().into_iter().flatten();
        events.map(|event| event["requestId"].to_string()).collect()
    };
    let whole = ids(&ANNA.get(&service.me, "/v1/me/listeners").await?);
    assert_eq!(whole.len(), 7);
    for limit in [1, 2, 3, 7, 8] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = ANNA
                .get(&service.me, &format!("/v1/me/listeners?limit={limit}{cursor}"))
                .await?
                .done()?;
            seen.extend(ids(&page));
            match page.body["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, whole, "{limit}");
    }
    for query in ["limit=0", "limit=1001", "cursor=abc", "user=omar"] {
        assert_eq!(
            ANNA.get(&service.me, &format!("/v1/me/listeners?{query}")).await?.cause(),
            "invalid",
            "{query}"
        );
    }
    Ok(())
}
