//! The operator's provisioning of organisations, users, their plans, and application clients.

use anyhow::Context;
use serde_json::{Value, json};
use tests::{
    call::{call, now, silence, with},
    contract::Failed,
    people::{Person, found},
    recording::{recording, store},
    request::{App, As},
    service::{OPERATOR, Service},
    whole,
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
const DEMO: &str = "/v1/organisations/demo";
const ANNAS: &str = "/v1/organisations/demo/users/anna";

fn demo() -> Value {
    json!({ "name": "Demo AB", "baseService": true, "storageAddOn": false })
}

fn anna() -> Value {
    whole::user(
        json!({ "name": "Anna Berg", "phone": "+46701740601", "language": "en", "plan": "pro" }),
    )
}

/// An organisation with the administrator Karin.
async fn provisioned() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    OPERATOR.put(&service.provision, DEMO, &demo()).await?;
    let karin = whole::user(json!({ "name": "Karin Åberg", "administrator": true }));
    OPERATOR.put(&service.provision, &format!("{DEMO}/users/karin"), &karin).await?;
    Ok(service)
}

/// Anna, who is recorded, has rights, and belongs to a group that she also supervises.
async fn annas() -> anyhow::Result<Service> {
    let service = provisioned().await?;
    let admin = &service.admin;
    OPERATOR.put(&service.provision, ANNAS, &anna()).await?.done()?;
    KARIN
        .patch(
            admin,
            "/v1/users/anna",
            &json!({ "rights": { "listen": true, "download": true, "annotate": true } }),
        )
        .await?
        .done()?;
    KARIN
        .post(admin, "/v1/activations", &json!({ "users": ["anna"], "active": true }))
        .await?
        .done()?;
    ANNA.post(
        &service.me,
        "/v1/me/acknowledgement",
        &json!({ "version": "2026-11", "client": "app" }),
    )
    .await?
    .done()?;
    KARIN.put(admin, "/v1/groups/sales", &json!({ "name": "Sälj" })).await?.done()?;
    KARIN.post(admin, "/v1/groups/sales/members", &json!({ "add": ["anna"] })).await?.done()?;
    KARIN
        .put(admin, "/v1/groups/sales/supervisors/anna", &whole::supervision(json!({})))
        .await?
        .done()?;
    Ok(service)
}

fn commits(service: &Service) -> u64 {
    service.requests.take().get("DynamoDB.TransactWriteItems").copied().unwrap_or_default()
}

#[tokio::test]
async fn a_repeated_put_is_written_once() -> anyhow::Result<()> {
    let service = provisioned().await?;
    let puts = [
        (DEMO.to_owned(), with(demo(), json!({ "name": "Demo & Co" }))),
        (ANNAS.to_owned(), anna()),
        (format!("{DEMO}/clients/Crm1"), json!({ "name": "CRM", "scopes": ["read", "export"] })),
    ];
    for (path, body) in puts {
        service.requests.take();
        let first = OPERATOR.put(&service.provision, &path, &body).await?.done()?;
        assert_eq!(commits(&service), 1, "{path}");
        let second = OPERATOR.put(&service.provision, &path, &body).await?.done()?;
        assert_eq!(commits(&service), 0, "{path} again");
        assert_eq!(first.body, second.body);
    }
    let actions = service.actions("demo").await?;
    let provisioned = |action: &str, subject: &str| {
        actions.iter().filter(|event| event[1] == action && event[2] == subject).count()
    };
    assert_eq!(provisioned("provision-organisation", ""), 3, "{actions:?}");
    assert_eq!(
        (provisioned("provision-user", "anna"), provisioned("provision-client", "Crm1")),
        (2, 2)
    );
    assert!(actions.iter().all(|event| event[0] == "operator:provisioning" && event[3].is_empty()));
    Ok(())
}

#[tokio::test]
async fn a_get_returns_what_was_put() -> anyhow::Result<()> {
    let service = provisioned().await?;
    let shown = OPERATOR.get(&service.provision, DEMO).await?;
    let expected =
        with(demo(), json!({ "id": "demo", "retentionDays": 180, "storageAddOn": false }));
    assert_eq!(shown.body, expected);
    let put = OPERATOR.put(&service.provision, ANNAS, &anna()).await?;
    assert_eq!(put.body, OPERATOR.get(&service.provision, ANNAS).await?.body);
    let expected = json!({
        "id": "anna", "name": "Anna Berg", "phone": "+46701740601", "language": "en", "plan": "pro", "administrator": false,
        "rights": { "listen": false, "download": false, "annotate": false }, "recording": "not-active",
        "billedNotRecorded": null,
        "activatedAt": null, "acknowledgedAt": null, "acknowledgedVersion": null, "groups": [], "supervises": [],
    });
    assert_eq!(put.body, expected);
    for nothing in [
        "/v1/organisations/nowhere",
        "/v1/organisations/demo/users/nobody",
        "/v1/organisations/nowhere/users/anna",
    ] {
        assert_eq!(
            OPERATOR.get(&service.provision, nothing).await?.cause(),
            "not-found",
            "{nothing}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_invalid_put_is_refused_and_changes_nothing() -> anyhow::Result<()> {
    let service = provisioned().await?;
    let user = |other: Value| (ANNAS.to_owned(), with(anna(), other), 422, "invalid");
    let organisation = |other: Value| (DEMO.to_owned(), with(demo(), other), 422, "invalid");
    let terms = |body: Value| (format!("{DEMO}/prices/2026-01-01"), body, 422, "invalid");
    let client = |other: Value| {
        (
            format!("{DEMO}/clients/Crm1"),
            with(json!({ "name": "CRM", "scopes": ["read"] }), other),
            422,
            "invalid",
        )
    };
    let cases = [
        user(json!({ "plan": "gold" })),
        user(json!({ "phone": "0701740601" })),
        user(json!({ "name": " " })),
        user(json!({ "name": "x".repeat(101) })),
        user(json!({ "name": "Anna\nBerg" })),
        user(json!({ "language": "de" })),
        user(json!({ "rights": { "listen": true } })),
        user(json!({ "administrator": "yes" })),
        organisation(json!({ "baseService": "yes" })),
        organisation(json!({ "retentionDays": 1 })),
        organisation(json!({ "prices": { "startFeeOre": 0, "userMonthOre": 0 } })),
        terms(json!({ "prices": { "startFee": "-1" } })),
        terms(json!({ "prices": { "startFee": 99 } })),
        terms(json!({ "prices": { "userMonth": "0.12345" } })),
        terms(json!({ "prices": {}, "services": { "storageAddOnMb": -1 } })),
        (format!("{DEMO}/prices/2026-02-30"), json!({ "prices": {} }), 404, "not-found"),
        ("/v1/prices/tomorrow".to_owned(), json!({ "prices": {} }), 404, "not-found"),
        (
            "/v1/prices/2026-01-01".to_owned(),
            json!({ "prices": {}, "services": { "sftp": true } }),
            422,
            "invalid",
        ),
        (
            "/v1/organisations/nowhere/prices/2026-01-01".to_owned(),
            json!({ "prices": {} }),
            404,
            "not-found",
        ),
        client(json!({ "scopes": ["administer"] })),
        (format!("{DEMO}/users/Anna"), anna(), 404, "not-found"),
        (format!("{DEMO}/users/a%23b"), anna(), 404, "not-found"),
        (format!("{DEMO}/clients/a-b"), json!({ "name": "CRM", "scopes": [] }), 404, "not-found"),
        ("/v1/organisations/nowhere/users/anna".to_owned(), anna(), 404, "not-found"),
        (
            "/v1/organisations/nowhere/clients/Crm1".to_owned(),
            json!({ "name": "CRM", "scopes": [] }),
            404,
            "not-found",
        ),
        ("/v1/organisations/DEMO".to_owned(), demo(), 404, "not-found"),
    ];
    service.requests.take();
    for (path, body, status, cause) in cases {
        let answer = OPERATOR.put(&service.provision, &path, &body).await?;
        assert_eq!(
            (answer.status.as_u16(), answer.cause().as_str()),
            (status, cause),
            "{path} {body}"
        );
    }
    assert_eq!(commits(&service), 0);
    Ok(())
}

#[tokio::test]
async fn a_repeated_put_preserves_decisions_of_administrators_and_users() -> anyhow::Result<()> {
    let service = annas().await?;
    KARIN
        .patch(&service.admin, "/v1/users/anna", &json!({ "administrator": true }))
        .await?
        .done()?;
    KARIN
        .patch(&service.admin, "/v1/organisation", &json!({ "asksReason": true }))
        .await?
        .done()?;
    let before = OPERATOR.get(&service.provision, ANNAS).await?.body;
    let renamed =
        json!({ "name": "Anna Berg-Ek", "plan": "business", "phone": null, "language": "sv" });
    let after = OPERATOR.put(&service.provision, ANNAS, &whole::user(renamed.clone())).await?.body;
    assert_eq!(after, with(before, renamed), "only the operator's members change");
    assert_eq!((&after["administrator"], &after["recording"]), (&json!(true), &json!("recorded")));
    OPERATOR
        .put(
            &service.provision,
            DEMO,
            &json!({ "name": "Ny", "baseService": true, "storageAddOn": false }),
        )
        .await?
        .done()?;
    let me = ANNA.get(&service.me, "/v1/me").await?.body;
    assert_eq!(
        (&me["organisation"]["name"], &me["organisation"]["asksReason"]),
        (&json!("Ny"), &json!(true))
    );
    Ok(())
}

#[tokio::test]
async fn removing_a_plan_ends_recording_and_leaves_an_event() -> anyhow::Result<()> {
    let service = annas().await?;
    let registers = async || {
        ANNA.post(&service.upload, "/v1/recordings", &call("c", "audio/wav", &silence(1))).await
    };
    registers().await?.done()?;
    let without =
        OPERATOR.put(&service.provision, ANNAS, &with(anna(), json!({ "plan": null }))).await?;
    assert_eq!(
        (&without.body["plan"], &without.body["recording"]),
        (&Value::Null, &json!("no-plan"))
    );
    assert_eq!(registers().await?.cause(), "recording-not-active");
    let activations = service.activations("demo", "anna").await?;
    assert!(
        activations.contains(&("deactivated", "operator:provisioning".to_owned())),
        "{activations:?}"
    );
    let again = OPERATOR.put(&service.provision, ANNAS, &anna()).await?;
    assert_eq!(
        again.body["recording"], "not-active",
        "a returning plan does not activate recording"
    );
    Ok(())
}

#[tokio::test]
async fn a_removed_user_loses_all_access_at_once_and_their_recordings_remain() -> anyhow::Result<()>
{
    let service = annas().await?;
    let annas = recording("demo", "anna", "call", now());
    store(&service.table, &annas).await?;
    let one = format!("/v1/recordings/{}", annas.id);
    let asks = async || {
        Ok::<_, anyhow::Error>([
            ANNA.get(&service.me, "/v1/me").await?,
            ANNA.get(&service.search, "/v1/recordings").await?,
            ANNA.get(&service.search, &one).await?,
            ANNA.post(&service.playback, &format!("{one}/playback"), &Value::Null).await?,
            ANNA.get(&service.admin, "/v1/groups").await?,
        ])
    };
    for answer in asks().await? {
        answer.done()?;
    }
    let removed = OPERATOR.delete(&service.provision, ANNAS).await?;
    assert_eq!(removed.status.as_u16(), 204);
    for answer in asks().await? {
        assert_eq!((answer.status.as_u16(), answer.cause().as_str()), (403, "unknown-user"));
    }
    let registers = ANNA
        .post(&service.upload, "/v1/recordings", &call("new", "audio/wav", &silence(1)))
        .await?;
    assert_eq!(registers.cause(), "unknown-user");
    let turned_away = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|event| event[1] == "enter" && event[3] == "unknown-user");
    assert_eq!(turned_away.count(), 6, "the refusals are audited");

    let groups = KARIN.get(&service.admin, "/v1/groups").await?.body;
    assert_eq!(groups["groups"][0]["supervisors"], json!([]));
    assert_eq!(KARIN.get(&service.admin, "/v1/groups/sales/members").await?.body["count"], 0);
    assert_eq!(
        KARIN.get(&service.admin, "/v1/users").await?.body["users"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(KARIN.get(&service.admin, "/v1/users/anna").await?.cause(), "not-found");
    assert_eq!(
        KARIN.get(&service.search, "/v1/recordings").await?.body["recordings"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    KARIN.post(&service.playback, &format!("{one}/playback"), &Value::Null).await?.done()?;
    let activations = service.activations("demo", "anna").await?;
    assert_eq!(activations.iter().filter(|event| event.0 == "deactivated").count(), 1);

    assert_eq!(
        OPERATOR.delete(&service.provision, ANNAS).await?.status.as_u16(),
        204,
        "again without harm"
    );
    assert_eq!(service.activations("demo", "anna").await?, activations);
    assert_eq!(
        OPERATOR.delete(&service.provision, &format!("{DEMO}/users/nobody")).await?.cause(),
        "not-found"
    );
    Ok(())
}

#[tokio::test]
async fn the_id_of_a_removed_user_is_never_reused() -> anyhow::Result<()> {
    let service = annas().await?;
    let annas = recording("demo", "anna", "call", now());
    store(&service.table, &annas).await?;
    OPERATOR.delete(&service.provision, ANNAS).await?.done()?;
    let bea = with(anna(), json!({ "name": "Bea Dahl", "plan": "pro" }));
    let line = with(bea.clone(), json!({ "id": "anna" }));
    let refused = [
        OPERATOR.put(&service.provision, ANNAS, &bea).await?,
        OPERATOR.patch(&service.provision, ANNAS, &json!({ "name": "Bea Dahl" })).await?,
    ];
    for answer in refused {
        assert_eq!(answer.refusal(), (409, "removed-user".to_owned()));
        assert!(
            answer.body["detail"].as_str().unwrap_or_default().contains("restore"),
            "{answer:?}"
        );
    }
    let imported = service.imports("demo", [line]).await?;
    assert_eq!(imported[0]["outcome"], "removed-user", "{imported:?}");
    assert_eq!(OPERATOR.get(&service.provision, ANNAS).await?.cause(), "not-found");
    assert_eq!(ANNA.get(&service.search, "/v1/recordings").await?.cause(), "unknown-user");
    let retained = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|event| event[1] == "provision-user" && event[3] == "removed-user");
    assert_eq!(retained.count(), 2, "the attempts are audited");
    Ok(())
}

#[tokio::test]
async fn a_restored_user_is_the_same_person_without_rights() -> anyhow::Result<()> {
    let service = annas().await?;
    KARIN
        .patch(&service.admin, "/v1/users/anna", &json!({ "administrator": true }))
        .await?
        .done()?;
    let before = OPERATOR.get(&service.provision, ANNAS).await?.body;
    OPERATOR.delete(&service.provision, ANNAS).await?.done()?;
    let restore = async |user: &str| {
        OPERATOR
            .post(&service.provision, &format!("{DEMO}/users/{user}/restore"), &Value::Null)
            .await
    };
    let back = restore("anna").await?.done()?.body;
    let without = json!({
        "administrator": false, "rights": { "listen": false, "download": false, "annotate": false }, "groups": [], "supervises": [],
        "recording": "not-active", "activatedAt": null, "acknowledgedAt": null, "acknowledgedVersion": null,
    });
    assert_eq!(back, with(before, without));
    assert_eq!(ANNA.get(&service.search, "/v1/recordings").await?.cause(), "not-allowed");
    assert_eq!(ANNA.get(&service.admin, "/v1/groups").await?.cause(), "not-allowed");
    assert_eq!(restore("anna").await?.done()?.body, back, "again without harm");
    assert_eq!(restore("nobody").await?.cause(), "not-found");
    let retained = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|event| event[1] == "restore-user" && event[2] == "anna");
    assert_eq!(retained.count(), 2, "each request leaves an event");
    OPERATOR.put(&service.provision, ANNAS, &anna()).await?.done()?;
    Ok(())
}

/// Anna in sixty groups, three of which she supervises. Her removal is cut short after `commits`.
async fn cut_short(commits: u64) -> anyhow::Result<Service> {
    let service = annas().await?;
    for number in 0..60 {
        let group = format!("/v1/groups/group-{number}");
        KARIN
            .put(&service.admin, &group, &json!({ "name": format!("Grupp {number}") }))
            .await?
            .done()?;
        KARIN
            .post(&service.admin, &format!("{group}/members"), &json!({ "add": ["anna"] }))
            .await?
            .done()?;
        if number < 3 {
            KARIN
                .put(
                    &service.admin,
                    &format!("{group}/supervisors/anna"),
                    &whole::supervision(json!({})),
                )
                .await?
                .done()?;
        }
    }
    service.requests.cut_short_after(Some(commits));
    let failed = OPERATOR.delete(&service.provision, ANNAS).await.expect_err("it was interrupted");
    assert!(failed.is::<Failed>(), "{failed:?}");
    service.requests.cut_short_after(None);
    Ok(service)
}

/// The number of Anna's memberships and supervisions that remain.
async fn left(service: &Service) -> anyhow::Result<usize> {
    let groups = KARIN.get(&service.admin, "/v1/groups?limit=100").await?.body;
    let mut left = 0;
    for group in groups["groups"].as_array().context("groups")? {
        let members = KARIN
            .get(
                &service.admin,
                &format!("/v1/groups/{}/members", group["id"].as_str().unwrap_or_default()),
            )
            .await?;
        left += usize::from(group["supervisors"] != json!([]))
            + usize::from(members.body["count"] != 0);
    }
    Ok(left)
}

#[tokio::test]
async fn an_interrupted_removal_continues_when_repeated() -> anyhow::Result<()> {
    // Seven commits: her item, forty groups, twenty-one, and four groups that she supervises.
    for commits in [1, 2, 3, 5] {
        let service = cut_short(commits).await?;
        assert_eq!(
            ANNA.get(&service.me, "/v1/me").await?.cause(),
            "unknown-user",
            "every access ends with the first commit"
        );
        assert!(left(&service).await? > 0);
        OPERATOR.delete(&service.provision, ANNAS).await?.done()?;
        assert_eq!(left(&service).await?, 0, "interrupted after {commits} commits");
    }
    let untouched = cut_short(0).await?;
    ANNA.get(&untouched.me, "/v1/me").await?.done()?;
    Ok(())
}

#[tokio::test]
async fn a_user_restored_during_an_interrupted_removal_has_no_group() -> anyhow::Result<()> {
    for commits in [1, 3, 5] {
        let service = cut_short(commits).await?;
        let back = OPERATOR
            .post(&service.provision, &format!("{ANNAS}/restore"), &Value::Null)
            .await?
            .done()?
            .body;
        assert_eq!((&back["groups"], &back["supervises"]), (&json!([]), &json!([])));
        assert_eq!(left(&service).await?, 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_put_needs_every_member_and_the_refusal_names_missing_ones() -> anyhow::Result<()> {
    let service = annas().await?;
    let before = OPERATOR.get(&service.provision, ANNAS).await?.body;
    let client = format!("{DEMO}/clients/Crm1");
    let cases = [
        (
            ANNAS,
            whole::user(json!({ "name": "Ny" })),
            vec!["name", "phone", "language", "plan", "administrator"],
        ),
        (DEMO, with(demo(), json!({})), vec!["name", "baseService", "storageAddOn"]),
        (&client, json!({ "name": "CRM", "scopes": ["read"] }), vec!["name", "scopes"]),
    ];
    for (path, whole, members) in cases {
        for missing in &members {
            let mut body = whole.clone();
            body.as_object_mut().context("an object")?.remove(*missing);
            let answer = OPERATOR.put(&service.provision, path, &body).await?;
            assert_eq!(answer.refusal(), (422, "invalid".to_owned()), "{path} without {missing}");
            assert!(
                answer.body["detail"]
                    .as_str()
                    .unwrap_or_default()
                    .starts_with(&format!("missing member: `{missing}`")),
                "{answer:?}"
            );
        }
        let answer = OPERATOR.put(&service.provision, path, &json!({})).await?;
        for missing in members {
            assert!(
                answer.body["detail"]
                    .as_str()
                    .unwrap_or_default()
                    .contains(&format!("`{missing}`")),
                "{answer:?}"
            );
        }
    }
    assert_eq!(
        OPERATOR.get(&service.provision, ANNAS).await?.body,
        before,
        "recording never ends by what is left out"
    );
    Ok(())
}

#[tokio::test]
async fn a_patch_changes_only_the_members_it_names() -> anyhow::Result<()> {
    let service = annas().await?;
    let patch = async |path: &str, body: Value| {
        let headers = json!({ "content-type": "application/merge-patch+json" });
        OPERATOR.send_with(&service.provision, "PATCH", path, Some(body.to_string()), headers).await
    };
    let mut exists = OPERATOR.get(&service.provision, ANNAS).await?.body;
    for change in [
        json!({ "name": "Anna Ek" }),
        json!({ "phone": null }),
        json!({ "phone": "+46701740699", "language": "sv" }),
        json!({ "plan": "business" }),
        json!({ "administrator": true }),
        json!({}),
    ] {
        exists = with(exists, change.clone());
        assert_eq!(patch(ANNAS, change.clone()).await?.done()?.body, exists, "{change}");
        assert_eq!(exists["recording"], "recorded");
    }
    let found = KARIN.get(&service.admin, "/v1/users?q=740699").await?.body;
    assert_eq!(
        found["users"][0]["name"], "Anna Ek",
        "found by the number that one patch gave and the name that another did"
    );
    let ended = patch(ANNAS, json!({ "plan": null })).await?.done()?.body;
    assert_eq!(ended["recording"], "no-plan", "null takes the plan away");
    for bad in [
        json!({ "name": null }),
        json!({ "language": null }),
        json!({ "administrator": null }),
        json!({ "id": "x" }),
        json!({ "plan": "gold" }),
    ] {
        assert_eq!(
            patch(ANNAS, bad.clone()).await?.refusal(),
            (422, "invalid".to_owned()),
            "{bad}"
        );
    }
    assert_eq!(
        patch(&format!("{DEMO}/users/nobody"), json!({ "name": "N" })).await?.cause(),
        "not-found"
    );
    assert_eq!(
        patch("/v1/organisations/nowhere/users/anna", json!({ "name": "N" })).await?.cause(),
        "not-found"
    );

    let organisation = patch(DEMO, json!({ "storageAddOn": true })).await?.done()?.body;
    assert_eq!(
        organisation,
        json!({ "id": "demo", "name": "Demo AB", "baseService": true, "storageAddOn": true, "retentionDays": 180 })
    );
    assert_eq!(patch(DEMO, json!({ "baseService": null })).await?.cause(), "invalid");
    assert_eq!(
        patch("/v1/organisations/nowhere", json!({ "name": "N" })).await?.cause(),
        "not-found"
    );

    let client = format!("{DEMO}/clients/Crm1");
    assert_eq!(patch(&client, json!({ "name": "N" })).await?.cause(), "not-found");
    OPERATOR
        .put(&service.provision, &client, &json!({ "name": "CRM", "scopes": ["read", "export"] }))
        .await?
        .done()?;
    for (change, shown) in [
        (
            json!({ "name": "Kund" }),
            json!({ "id": "Crm1", "name": "Kund", "scopes": ["read", "export"] }),
        ),
        (
            json!({ "scopes": ["annotate"] }),
            json!({ "id": "Crm1", "name": "Kund", "scopes": ["annotate"] }),
        ),
        (json!({ "scopes": [] }), json!({ "id": "Crm1", "name": "Kund", "scopes": [] })),
    ] {
        assert_eq!(patch(&client, change).await?.status, 204);
        assert_eq!(
            OPERATOR.get(&service.provision, &format!("{DEMO}/clients")).await?.body["clients"][0],
            shown
        );
    }
    Ok(())
}

#[tokio::test]
async fn concurrent_patches_of_different_members_both_apply() -> anyhow::Result<()> {
    let service = annas().await?;
    let patch = async |body: Value| OPERATOR.patch(&service.provision, ANNAS, &body).await?.done();
    for round in 0..10 {
        let (name, phone) = (format!("Anna {round}"), format!("+4670174{round:04}"));
        let (one, other) =
            tokio::join!(patch(json!({ "name": name })), patch(json!({ "phone": phone })));
        one?;
        other?;
        let exists = OPERATOR.get(&service.provision, ANNAS).await?.body;
        assert_eq!((&exists["name"], &exists["phone"]), (&json!(name), &json!(phone)));
        let found = KARIN.get(&service.admin, &format!("/v1/users?q={}", &phone[1..])).await?.body;
        assert_eq!(found["users"][0]["name"], json!(name), "the directory has both");
    }
    Ok(())
}

#[tokio::test]
async fn the_operator_lists_organisations_and_users_page_by_page() -> anyhow::Result<()> {
    let service = provisioned().await?;
    for number in 0..5 {
        let client = format!("{DEMO}/clients/Crm{number}");
        OPERATOR
            .put(&service.provision, &client, &json!({ "name": "CRM", "scopes": ["read"] }))
            .await?
            .done()?;
        let user = whole::user(json!({ "name": format!("Användare {number}") }));
        OPERATOR
            .put(&service.provision, &format!("{DEMO}/users/user-{number}"), &user)
            .await?
            .done()?;
        let organisation = json!({ "name": "Annan", "baseService": false, "storageAddOn": true });
        OPERATOR
            .put(&service.provision, &format!("/v1/organisations/other-{number}"), &organisation)
            .await?
            .done()?;
    }
    OPERATOR.delete(&service.provision, &format!("{DEMO}/users/user-2")).await?.done()?;
    let expected = [
        (
            "/v1/organisations",
            "organisations",
            vec!["demo", "other-0", "other-1", "other-2", "other-3", "other-4"],
        ),
        (
            "/v1/organisations/demo/users",
            "users",
            vec!["user-0", "user-1", "user-3", "user-4", "karin"],
        ),
        ("/v1/organisations/demo/clients", "clients", vec!["Crm0", "Crm1", "Crm2", "Crm3", "Crm4"]),
    ];
    for (path, list, ids) in expected {
        for limit in [1, 2, 5, 6, 1000] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = OPERATOR
                    .get(&service.provision, &format!("{path}?limit={limit}{cursor}"))
                    .await?
                    .done()?
                    .body;
                let rows = page[list].as_array().context("rows")?;
                assert!(rows.len() <= limit);
                seen.extend(rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned));
                match page["cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(seen, ids, "{path} by {limit}");
        }
        for bad in ["limit=0", "limit=1001", "cursor=abc", "x=1"] {
            assert_eq!(
                OPERATOR.get(&service.provision, &format!("{path}?{bad}")).await?.refusal(),
                (422, "invalid".to_owned()),
                "{path}?{bad}"
            );
        }
        assert_eq!(
            KARIN.get(&service.provision, path).await?.refusal(),
            (403, "not-allowed".to_owned())
        );
    }
    let shown =
        OPERATOR.get(&service.provision, "/v1/organisations?limit=1").await?.body["organisations"]
            [0]
        .clone();
    assert_eq!(shown, OPERATOR.get(&service.provision, DEMO).await?.body);
    for path in ["/v1/organisations/nowhere/users", "/v1/organisations/nowhere/clients"] {
        assert_eq!(OPERATOR.get(&service.provision, path).await?.cause(), "not-found");
    }
    let listed: Vec<_> = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|event| event[0] == "operator:provisioning")
        .collect();
    assert!(
        ["list-users", "list-clients"]
            .iter()
            .all(|action| listed.iter().any(|event| event[1] == *action)),
        "the customer can see it"
    );
    Ok(())
}

#[tokio::test]
async fn an_application_client_is_created_changed_and_removed() -> anyhow::Result<()> {
    let service = provisioned().await?;
    let crm = App { organisation: "demo", client: "Crm1", scopes: "read export" };
    let lists = async || crm.get(&service.search, "/v1/recordings").await;
    let path = format!("{DEMO}/clients/Crm1");
    assert_eq!(lists().await?.cause(), "unknown-user");
    OPERATOR
        .put(&service.provision, &path, &json!({ "name": "CRM", "scopes": ["read"] }))
        .await?
        .done()?;
    lists().await?.done()?;
    let shown = KARIN.get(&service.admin, "/v1/clients").await?.body;
    assert_eq!(
        shown,
        json!({ "clients": [{ "id": "Crm1", "name": "CRM", "scopes": ["read"] }], "cursor": null })
    );
    OPERATOR
        .put(&service.provision, &path, &json!({ "name": "CRM", "scopes": ["export"] }))
        .await?
        .done()?;
    assert_eq!(lists().await?.cause(), "not-allowed", "a removed scope");
    OPERATOR
        .put(&service.provision, &path, &json!({ "name": "CRM", "scopes": ["read"] }))
        .await?
        .done()?;
    KARIN.delete(&service.admin, "/v1/clients/Crm1").await?.done()?;
    assert_eq!(lists().await?.cause(), "unknown-user", "an administrator ends it");
    assert_eq!(KARIN.delete(&service.admin, "/v1/clients/Crm1").await?.cause(), "not-found");
    OPERATOR
        .put(&service.provision, &path, &json!({ "name": "CRM", "scopes": ["read"] }))
        .await?
        .done()?;
    OPERATOR.delete(&service.provision, &path).await?.done()?;
    assert_eq!(lists().await?.cause(), "unknown-user", "the operator ends it");
    assert_eq!(OPERATOR.delete(&service.provision, &path).await?.cause(), "not-found");
    Ok(())
}

#[tokio::test]
async fn a_user_id_may_be_any_reserved_word() -> anyhow::Result<()> {
    let service = provisioned().await?;
    for name in ["organisation", "user", "recording", "audit", "heard", "...", "-"] {
        OPERATOR
            .put(
                &service.provision,
                &format!("{DEMO}/users/{name}"),
                &with(anna(), json!({ "administrator": true })),
            )
            .await?
            .done()?;
        let me = As { organisation: "demo", user: name }.get(&service.me, "/v1/me").await?;
        assert_eq!(
            (&me.body["user"]["id"], &me.body["user"]["administrator"]),
            (&json!(name), &json!(true)),
            "{me:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn only_the_operator_provisions_and_may_do_nothing_else() -> anyhow::Result<()> {
    let service = provisioned().await?;
    found(&service.table, "other").await?;
    Person::recorded("anna").joins(&service.table, "demo").await?;
    OPERATOR
        .put(
            &service.provision,
            &format!("{DEMO}/clients/Crm1"),
            &json!({ "name": "CRM", "scopes": ["read"] }),
        )
        .await?;
    let crm = App { organisation: "demo", client: "Crm1", scopes: "read" };
    let refused = [
        KARIN.put(&service.provision, DEMO, &demo()).await?,
        ANNA.delete(&service.provision, ANNAS).await?,
        crm.get(&service.provision, ANNAS).await?,
        KARIN
            .send(&service.provision, "POST", "/v1/organisations/other/users", Some(String::new()))
            .await?,
    ];
    for answer in refused {
        assert_eq!(answer.refusal(), (403, "not-allowed".to_owned()));
    }
    let retained: Vec<_> = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|event| event[3] == "not-allowed")
        .collect();
    let who: Vec<&str> = retained.iter().map(|event| event[0].as_str()).collect();
    assert_eq!(who, ["user:karin", "user:anna", "client:Crm1", "user:karin"]);

    let annas = recording("demo", "anna", "call", now());
    store(&service.table, &annas).await?;
    let one = format!("/v1/recordings/{}", annas.id);
    let refused = [
        OPERATOR.get(&service.search, "/v1/recordings").await?,
        OPERATOR.get(&service.search, &one).await?,
        OPERATOR.post(&service.playback, &format!("{one}/playback"), &Value::Null).await?,
        OPERATOR.get(&service.me, "/v1/me").await?,
        OPERATOR.get(&service.admin, "/v1/audit").await?,
        OPERATOR.post(&service.upload, "/v1/recordings", &call("c", "audio/wav", b"x")).await?,
    ];
    for answer in refused {
        assert_eq!(answer.refusal(), (403, "not-allowed".to_owned()));
    }
    Ok(())
}
