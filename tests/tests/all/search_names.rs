//! Search by `name`: everyone of that name whom the caller may list, without limit (P11, P12).

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue::S;
use axum::Router;
use platform::table::{Table, key};
use serde_json::json;
use tests::{
    call::now,
    groups,
    people::{Person, organisation, user},
    recording::{recording, register},
    request::As,
    retention_jobs,
    service::{OPERATOR, Service},
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const SARA: As<'_> = As { organisation: "demo", user: "sara" };
/// More than a page of users that a search once read.
const ANNAS: usize = 150;

fn id(number: usize) -> String {
    format!("anna-{number:03}")
}

/// Karin administers; Sara supervises Omar and the 140th of 150 Annas. All have a call each.
async fn demo() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    let annas = (0..ANNAS).map(
        |number| json!({ "id": id(number), "name": format!("Anna {number:03}"), "plan": "pro" }),
    );
    service.provisions("demo", annas.collect::<Vec<_>>()).await?;
    for person in [
        Person::administrator("karin"),
        Person { rights: &[], ..Person::recorded("sara") },
        Person::recorded("omar"),
    ] {
        person.joins(&service.table, "demo").await?;
    }
    for who in (0..ANNAS).map(id).chain(["omar".to_owned()]) {
        register(&service.table, &recording("demo", &who, &format!("call-{who}"), now())).await?;
    }
    groups::group(&service.table, "demo", "g1", &[&id(139), "omar"]).await?;
    groups::supervise(&service.table, "demo", "g1", "sara", None).await?;
    Ok(service)
}

/// The users whose calls a search finds, on all of its pages.
async fn whose(by: As<'_>, search: &Router, query: &str) -> anyhow::Result<BTreeSet<String>> {
    let (mut whose, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = by.get(search, &format!("/v1/recordings?{query}{cursor}")).await?.done()?.body;
        let users = page["recordings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row["user"].as_str());
        whose.extend(users.map(str::to_owned));
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(whose),
        }
    }
}

#[tokio::test]
async fn an_administrator_finds_everyone_with_the_name() -> anyhow::Result<()> {
    let service = demo().await?;
    assert_eq!(
        whose(KARIN, &service.search, "name=ANNA&limit=40").await?,
        (0..ANNAS).map(id).collect()
    );
    assert_eq!(whose(KARIN, &service.search, "name=anna%20139").await?, [id(139)].into());
    assert_eq!(whose(KARIN, &service.search, "name=nobody").await?, BTreeSet::new());
    let count = KARIN.get(&service.search, "/v1/recordings/count?name=anna").await?.done()?.body;
    assert_eq!(count, json!({ "count": ANNAS, "cursor": null }));
    Ok(())
}

#[tokio::test]
async fn a_supervisor_finds_their_members_among_any_number_of_namesakes() -> anyhow::Result<()> {
    let service = demo().await?;
    assert_eq!(whose(SARA, &service.search, "name=anna").await?, [id(139)].into());
    assert_eq!(whose(SARA, &service.search, "name=om").await?, ["omar".to_owned()].into());
    assert_eq!(whose(SARA, &service.search, "name=a").await?, [id(139), "omar".to_owned()].into());
    assert_eq!(
        whose(SARA, &service.search, &format!("name=anna&user={}", id(139))).await?,
        [id(139)].into()
    );
    assert_eq!(whose(SARA, &service.search, "name=anna&user=omar").await?, BTreeSet::new());
    Ok(())
}

/// Sara supervises more users than are read one by one. The response is the same.
#[tokio::test]
async fn a_supervisor_of_very_many_finds_the_members_with_the_name() -> anyhow::Result<()> {
    let service = demo().await?;
    let many = (0..600).map(|number| json!({ "id": format!("z-{number:03}"), "name": format!("Zeta {number:03}"), "plan": "pro" }));
    service.provisions("demo", many.collect::<Vec<_>>()).await?;
    let members: BTreeSet<_> = (0..600).map(|number| user(&format!("z-{number:03}"))).collect();
    for (number, some) in Vec::from_iter(members).chunks(90).enumerate() {
        let event = groups::event("demo", &format!("many-{number}"));
        let group = tests::people::group("g1");
        service
            .table
            .groups()
            .change_members(
                &organisation("demo"),
                &group,
                &some.iter().cloned().collect(),
                true,
                &event,
            )
            .await??;
    }
    register(&service.table, &recording("demo", "z-599", "call-z", now())).await?;
    assert_eq!(whose(SARA, &service.search, "name=anna").await?, [id(139)].into());
    assert_eq!(whose(SARA, &service.search, "name=zeta").await?, ["z-599".to_owned()].into());
    Ok(())
}

#[tokio::test]
async fn a_removed_users_calls_are_found_by_their_name() -> anyhow::Result<()> {
    let service = demo().await?;
    OPERATOR
        .delete(&service.provision, &format!("/v1/organisations/demo/users/{}", id(7)))
        .await?
        .done()?;
    assert!(whose(KARIN, &service.search, "name=anna").await?.contains(&id(7)));
    Ok(())
}

/// A search that would read too many users is refused; it never returns a part.
#[tokio::test]
async fn a_search_that_cannot_read_every_user_is_refused() -> anyhow::Result<()> {
    let service = demo().await?;
    fill(&service.table, 80).await?;
    for (router, path) in [
        (&service.search, "/v1/recordings?name=anna"),
        (&service.search, "/v1/recordings/count?name=anna"),
    ] {
        let answer = KARIN.get(router, path).await?;
        assert_eq!(answer.refusal(), (422, "invalid".to_owned()), "{path}");
        assert!(
            answer.body["detail"].as_str().unwrap_or_default().contains("name them by `user`"),
            "{answer:?}"
        );
    }
    assert_eq!(
        whose(SARA, &service.search, "name=anna").await?,
        [id(139)].into(),
        "whom she supervises are few"
    );
    let retention = retention_api::router(retention_api::App {
        table: service.table.clone(),
        jobs: retention_jobs::unreached(),
        now,
    });
    let hold = KARIN
        .post(&retention, "/v1/holds", &json!({ "reason": "tvist", "filter": { "name": "anna" } }))
        .await?;
    assert_eq!(hold.refusal(), (422, "invalid".to_owned()));
    Ok(())
}

/// Users of nearly 400 KB each; a page of the table is 1 MB.
async fn fill(table: &Table, users: usize) -> anyhow::Result<()> {
    for number in 0..users {
        let mut item = key::user(&organisation("demo"), &user(&format!("big-{number:03}")));
        for (name, text) in [
            ("at", format!("big#big-{number:03}")),
            ("found_by", "big".to_owned()),
            ("filler", "x".repeat(390_000)),
        ] {
            item.insert(name.to_owned(), S(text));
        }
        table.client.put_item().table_name(&table.name).set_item(Some(item)).send().await?;
    }
    Ok(())
}
