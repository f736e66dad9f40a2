//! Recording groups: `/v1/groups` and their members.

use std::collections::BTreeSet;

use anyhow::Context;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::{
    contract::Failed,
    people::{group, organisation},
    request::{Answer, As},
    service::Service,
    whole,
};

pub(crate) const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
pub(crate) const MAJA: As<'_> = As { organisation: "demo", user: "maja" };

/// "demo" with the administrator Karin, Maja, and `count` more users named `user-000` and so on.
pub(crate) async fn demo(count: usize) -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    let known = [
        json!({ "id": "karin", "name": "Karin Åberg", "administrator": true }),
        json!({ "id": "maja", "name": "Maja Lindgren", "plan": "pro" }),
    ];
    let more = (0..count).map(
        |number| json!({ "id": format!("user-{number:03}"), "name": "Användare", "plan": "pro" }),
    );
    service.provisions("demo", known.into_iter().chain(more)).await?;
    Ok(service)
}

pub(crate) async fn create(service: &Service, id: &str, name: &str) -> anyhow::Result<()> {
    KARIN
        .put(&service.admin, &format!("/v1/groups/{id}"), &json!({ "name": name }))
        .await?
        .done()
        .map(drop)
}

pub(crate) async fn change(
    service: &Service,
    id: &str,
    change: &str,
    users: &[impl AsRef<str>],
) -> anyhow::Result<Answer> {
    let users: Vec<&str> = users.iter().map(AsRef::as_ref).collect();
    KARIN.post(&service.admin, &format!("/v1/groups/{id}/members"), &json!({ change: users })).await
}

pub(crate) async fn supervise(
    service: &Service,
    id: &str,
    user: &str,
    supervision: &Value,
) -> anyhow::Result<Answer> {
    KARIN
        .put(
            &service.admin,
            &format!("/v1/groups/{id}/supervisors/{user}"),
            &whole::supervision(supervision.clone()),
        )
        .await
}

/// The ids of all rows of a list, page by page.
pub(crate) async fn all(
    service: &Service,
    caller: As<'_>,
    path: &str,
    list: &str,
) -> anyhow::Result<Vec<String>> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = caller.get(&service.admin, &format!("{path}{cursor}")).await?.done()?;
        let rows = page.body[list].as_array().context("rows")?;
        seen.extend(rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned));
        match page.body["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(seen),
        }
    }
}

async fn members(service: &Service, id: &str) -> anyhow::Result<Vec<String>> {
    all(service, KARIN, &format!("/v1/groups/{id}/members?limit=1000"), "members").await
}

pub(crate) fn users(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("user-{number:03}")).collect()
}

#[tokio::test]
async fn a_thousand_groups_can_be_listed_found_and_paged() -> anyhow::Result<()> {
    let service = demo(0).await?;
    for number in 0..1000 {
        create(
            &service,
            &format!("group-{number:03}"),
            &format!("Grupp {:03} Västerås", (number * 7) % 1000),
        )
        .await?;
    }
    service.requests.take();
    let page = KARIN.get(&service.admin, "/v1/groups?limit=100").await?.body;
    assert_eq!(page["groups"].as_array().map(Vec::len), Some(100));
    assert_eq!(service.requests.take().get("DynamoDB.Query"), Some(&1));
    let names: Vec<_> = page["groups"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|group| group["name"].as_str())
        .collect();
    assert!(names.is_sorted() && names[0] == "Grupp 000 Västerås", "{names:?}");
    for limit in [1000, 300] {
        let seen = all(&service, KARIN, &format!("/v1/groups?limit={limit}"), "groups").await?;
        assert_eq!(
            (seen.len(), seen.iter().collect::<BTreeSet<_>>().len()),
            (1000, 1000),
            "{limit}"
        );
    }
    for (text, count) in [
        ("group-042", 1),
        ("GRUPP%20042", 1),
        ("grupp%2004", 10),
        ("V%C3%84STER", 1000),
        ("vaster", 0),
    ] {
        let seen =
            all(&service, KARIN, &format!("/v1/groups?limit=400&q={text}"), "groups").await?;
        assert_eq!(seen.len(), count, "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_group_is_created_renamed_shown_and_removed() -> anyhow::Result<()> {
    let service = demo(3).await?;
    assert_eq!(KARIN.get(&service.admin, "/v1/groups/sales").await?.cause(), "not-found");
    assert_eq!(KARIN.get(&service.admin, "/v1/groups/sales/members").await?.cause(), "not-found");
    create(&service, "sales", "Sälj").await?;
    change(&service, "sales", "add", &users(0..3)).await?.done()?;
    supervise(&service, "sales", "maja", &json!({})).await?.done()?;
    create(&service, "sales", "Försäljning").await?;
    create(&service, "sales", "Försäljning").await?;
    let rights = json!({ "listen": true, "download": true, "annotate": true });
    let maja = json!({ "user": "maja", "from": null, "to": null, "rights": rights, "holds": true });
    let expected = json!({ "id": "sales", "name": "Försäljning", "supervisors": [maja] });
    assert_eq!(KARIN.get(&service.admin, "/v1/groups/sales").await?.body, expected);
    assert_eq!(members(&service, "sales").await?, users(0..3), "a new name leaves its members");

    assert_eq!(KARIN.delete(&service.admin, "/v1/groups/sales").await?.status.as_u16(), 204);
    assert_eq!(KARIN.delete(&service.admin, "/v1/groups/sales").await?.cause(), "not-found");
    assert_eq!(all(&service, KARIN, "/v1/groups?limit=5", "groups").await?, Vec::<String>::new());
    for user in ["user-000", "maja"] {
        let shown = KARIN.get(&service.admin, &format!("/v1/users/{user}")).await?.body;
        assert_eq!((&shown["groups"], &shown["supervises"]), (&json!([]), &json!([])), "{user}");
    }
    create(&service, "sales", "Ny").await?;
    assert_eq!(
        members(&service, "sales").await?,
        Vec::<String>::new(),
        "a group of the same name is a new one"
    );
    for (id, body) in
        [("sales", json!({ "name": "" })), ("sales", json!({ "name": "A", "members": [] }))]
    {
        assert_eq!(
            KARIN.put(&service.admin, &format!("/v1/groups/{id}"), &body).await?.cause(),
            "invalid",
            "{body}"
        );
    }
    assert_eq!(
        KARIN.put(&service.admin, "/v1/groups/Sales", &json!({ "name": "A" })).await?.cause(),
        "not-found"
    );
    Ok(())
}

#[tokio::test]
async fn joining_and_leaving_twice_is_harmless() -> anyhow::Result<()> {
    let service = demo(10).await?;
    create(&service, "sales", "Sälj").await?;
    create(&service, "support", "Support").await?;
    for _ in 0..2 {
        change(&service, "sales", "add", &users(0..6)).await?.done()?;
        assert_eq!(members(&service, "sales").await?, users(0..6));
    }
    change(&service, "support", "add", &users(4..10)).await?.done()?;
    let both = KARIN.get(&service.admin, "/v1/users/user-005").await?.body;
    assert_eq!(both["groups"], json!(["sales", "support"]), "a user may be in several");
    for _ in 0..2 {
        change(&service, "sales", "remove", &users(0..5)).await?.done()?;
        assert_eq!(members(&service, "sales").await?, users(5..6));
    }
    change(&service, "sales", "remove", &users(0..10)).await?.done()?;
    assert_eq!(members(&service, "sales").await?, Vec::<String>::new());
    assert_eq!(
        KARIN.get(&service.admin, "/v1/users/user-005").await?.body["groups"],
        json!(["support"])
    );
    for limit in [1, 2, 6, 7] {
        let seen =
            all(&service, KARIN, &format!("/v1/groups/support/members?limit={limit}"), "members")
                .await?;
        assert_eq!(seen, users(4..10), "{limit}");
    }
    let retained: Vec<_> = service
        .audit("demo")
        .await?
        .into_iter()
        .filter(|event| event.action.into_str() == "change-members")
        .collect();
    assert_eq!(retained.last().and_then(|event| event.resource.as_deref()), Some("sales"));
    let left = json!({ "remove": users(0..5) }).to_string();
    assert!(
        retained.iter().any(|event| event.detail.as_ref() == Some(&left)),
        "who left is stored"
    );
    Ok(())
}

#[tokio::test]
async fn an_unknown_user_is_named_and_nothing_changes() -> anyhow::Result<()> {
    let service = demo(3).await?;
    create(&service, "sales", "Sälj").await?;
    change(&service, "sales", "add", &["user-001"]).await?.done()?;
    for verb in ["add", "remove"] {
        let answer =
            change(&service, "sales", verb, &["user-000", "nobody", "user-001", "zebra"]).await?;
        assert_eq!(answer.refusal(), (422, "invalid".to_owned()));
        assert_eq!(answer.body["detail"], "there are no such users: nobody, zebra");
        assert_eq!(members(&service, "sales").await?, ["user-001"]);
        assert_eq!(
            KARIN.get(&service.admin, "/v1/users/user-000").await?.body["groups"],
            json!([])
        );
    }
    assert_eq!(
        change(&service, "nothing", "add", &["user-000"]).await?.refusal(),
        (404, "not-found".to_owned())
    );
    assert_eq!(
        change(&service, "nothing", "remove", &["user-000"]).await?.refusal(),
        (404, "not-found".to_owned())
    );
    for body in [
        json!({}),
        json!({ "add": [] }),
        json!({ "add": ["a"], "remove": ["b"] }),
        json!({ "set": ["a"] }),
        json!({ "add": ["A"] }),
    ] {
        let answer = KARIN.post(&service.admin, "/v1/groups/sales/members", &body).await?;
        assert!(matches!(answer.cause().as_str(), "invalid" | "malformed"), "{body}: {answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_change_names_ninety_users_at_most() -> anyhow::Result<()> {
    let service = demo(91).await?;
    create(&service, "sales", "Sälj").await?;
    assert_eq!(
        change(&service, "sales", "add", &users(0..91)).await?.refusal(),
        (422, "invalid".to_owned())
    );
    service.requests.take();
    change(&service, "sales", "add", &users(0..90)).await?.done()?;
    assert_eq!(service.requests.take()["DynamoDB.TransactWriteItems"], 1);
    assert_eq!(members(&service, "sales").await?.len(), 90);
    Ok(())
}

#[tokio::test]
async fn a_group_has_five_thousand_members_at_most() -> anyhow::Result<()> {
    let service = demo(2).await?;
    create(&service, "all", "Alla").await?;
    // The ids have the maximum length, and the item still fits.
    let full = (0..4999).map(|number| format!("{number:064}")).collect();
    let item = platform::table::key::members(&organisation("demo"), &group("all"));
    let put = service.table.client.put_item().table_name(&service.table.name).set_item(Some(item));
    put.item("members", AttributeValue::Ss(full)).send().await?;
    change(&service, "all", "add", &["user-000"]).await?.done()?;
    assert_eq!(
        change(&service, "all", "add", &["user-001"]).await?.refusal(),
        (422, "invalid".to_owned())
    );
    change(&service, "all", "add", &["user-000"])
        .await?
        .done()
        .context("who is a member already")?;
    change(&service, "all", "remove", &["user-000"]).await?.done()?;
    change(&service, "all", "add", &["user-001"]).await?.done()?;
    Ok(())
}

#[tokio::test]
async fn an_interrupted_removal_has_ended_all_access_and_continues_when_repeated()
-> anyhow::Result<()> {
    // Five commits: the group and its supervisors, ninety members, ninety, twenty, and the rest.
    for commits in 1..5 {
        let service = demo(200).await?;
        create(&service, "sales", "Sälj").await?;
        for some in users(0..200).chunks(50) {
            change(&service, "sales", "add", some).await?.done()?;
        }
        supervise(&service, "sales", "maja", &json!({})).await?.done()?;
        service.requests.cut_short_after(Some(commits));
        let failed =
            KARIN.delete(&service.admin, "/v1/groups/sales").await.expect_err("it was interrupted");
        assert!(failed.is::<Failed>(), "{failed:?}");
        service.requests.cut_short_after(None);

        assert_eq!(MAJA.get(&service.search, "/v1/recordings").await?.cause(), "not-allowed");
        assert_eq!(
            MAJA.get(&service.admin, "/v1/groups/sales/members").await?.cause(),
            "not-allowed"
        );
        assert_eq!(KARIN.get(&service.admin, "/v1/groups/sales").await?.cause(), "not-found");
        assert_eq!(
            all(&service, KARIN, "/v1/groups?limit=9", "groups").await?,
            Vec::<String>::new()
        );
        let again = KARIN.put(&service.admin, "/v1/groups/sales", &json!({ "name": "Ny" })).await?;
        assert_eq!(
            again.refusal(),
            (409, "changed".to_owned()),
            "it is not built on while it is taken down"
        );
        assert_eq!(change(&service, "sales", "add", &["maja"]).await?.cause(), "not-found");
        assert_eq!(supervise(&service, "sales", "maja", &json!({})).await?.cause(), "not-found");

        KARIN.delete(&service.admin, "/v1/groups/sales").await?.done()?;
        create(&service, "sales", "Ny").await?;
        assert_eq!(members(&service, "sales").await?, Vec::<String>::new());
        let users = KARIN.get(&service.admin, "/v1/users?limit=1000").await?.body;
        let users = users["users"].as_array().context("users")?;
        assert_eq!(users.len(), 202);
        assert!(users.iter().all(|user| user["groups"] == json!([])), "cut short after {commits}");
    }
    Ok(())
}
