//! Changes of what the operator provisioned: by a repeated PUT, and by a PATCH of some members.

use anyhow::Context;
use serde_json::{Value, json};
use tests::{
    call::{call, now, silence, with},
    request::App,
    service::OPERATOR,
    whole,
};

use super::provision::{ANNA, ANNAS, DEMO, KARIN, anna, annas, demo, provisioned};

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
    let registers = async |id: &str| {
        let begun = with(call(id, "audio/wav", &silence(1)), json!({ "startedAt": now() }));
        ANNA.post(&service.upload, "/v1/recordings", &begun).await
    };
    registers("before").await?.done()?;
    let without =
        OPERATOR.put(&service.provision, ANNAS, &with(anna(), json!({ "plan": null }))).await?;
    assert_eq!(
        (&without.body["plan"], &without.body["recording"]),
        (&Value::Null, &json!("no-plan"))
    );
    assert_eq!(registers("after").await?.cause(), "recording-not-active");
    registers("before").await?.done()?;
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
        json!({ "extension": "4411" }),
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
    let found = KARIN.get(&service.admin, "/v1/users?q=4411").await?.body;
    assert_eq!(found["users"][0]["extension"], "4411", "found by the extension");
    exists = with(exists, json!({ "extension": null }));
    assert_eq!(patch(ANNAS, json!({ "extension": null })).await?.done()?.body, exists);
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
        json!({
            "id": "demo", "name": "Demo AB", "baseService": true, "storageAddOn": true,
            "retentionDays": 180, "country": "SE",
        })
    );
    assert_eq!(patch(DEMO, json!({ "baseService": null })).await?.cause(), "invalid");
    let elsewhere = patch(DEMO, json!({ "country": "FI" })).await?.done()?.body;
    assert_eq!((&elsewhere["country"], &elsewhere["storageAddOn"]), (&json!("FI"), &json!(true)));
    for country in [json!("fi"), json!("Finland"), json!("XX"), json!(null)] {
        let answer = patch(DEMO, json!({ "country": country })).await?;
        assert_eq!(answer.cause(), "invalid", "{country}");
    }
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
