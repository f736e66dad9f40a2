//! The operator's provisioning of organisations, users, their plans, and application clients: what
//! it writes and lists, and that nobody else may.

use anyhow::Context;
use serde_json::{Value, json};
use tests::{
    call::{call, now, with},
    people::{Person, found},
    recording::{recording, store},
    request::{App, As},
    service::{OPERATOR, Service},
    whole,
};

pub(super) const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
pub(super) const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
pub(super) const DEMO: &str = "/v1/organisations/demo";
pub(super) const ANNAS: &str = "/v1/organisations/demo/users/anna";

pub(super) fn demo() -> Value {
    json!({ "name": "Demo AB", "baseService": true, "storageAddOn": false })
}

pub(super) fn anna() -> Value {
    whole::user(
        json!({ "name": "Anna Berg", "phone": "+46701740601", "language": "en", "plan": "pro" }),
    )
}

/// An organisation with the administrator Karin.
pub(super) async fn provisioned() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    OPERATOR.put(&service.provision, DEMO, &demo()).await?;
    let karin = whole::user(json!({ "name": "Karin Åberg", "administrator": true }));
    OPERATOR.put(&service.provision, &format!("{DEMO}/users/karin"), &karin).await?;
    Ok(service)
}

/// Anna, who is recorded, has rights, and belongs to a group that she also supervises.
pub(super) async fn annas() -> anyhow::Result<Service> {
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
    let expected = with(
        demo(),
        json!({ "id": "demo", "country": "SE", "retentionDays": 180, "storageAddOn": false }),
    );
    assert_eq!(shown.body, expected);
    let put = OPERATOR.put(&service.provision, ANNAS, &anna()).await?;
    assert_eq!(put.body, OPERATOR.get(&service.provision, ANNAS).await?.body);
    let expected = json!({
        "id": "anna", "name": "Anna Berg", "phone": "+46701740601", "extension": null, "language": "en",
        "plan": "pro", "administrator": false,
        "rights": { "listen": false, "download": false, "annotate": false },
        "recording": "not-active", "billedNotRecorded": null,
        "activatedAt": null, "acknowledgedAt": null, "acknowledgedVersion": null,
        "groups": [], "supervises": [],
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
        user(json!({ "extension": "4" })),
        user(json!({ "extension": "441144114" })),
        user(json!({ "extension": "44-11" })),
        user(json!({ "extension": 4411 })),
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
