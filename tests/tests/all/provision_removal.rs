//! The removal of a user by the operator, also when it is interrupted, and the restoral.

use anyhow::Context;
use serde_json::{Value, json};
use tests::{
    call::{call, now, silence, with},
    contract::Failed,
    recording::{recording, store},
    service::{OPERATOR, Service},
    whole,
};

use super::provision::{ANNA, ANNAS, DEMO, KARIN, anna, annas};

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
    assert_eq!(registers.cause(), "recording-not-active", "a call from before the activation");
    let turned_away = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|event| event[1] == "enter" && event[3] == "unknown-user");
    assert_eq!(turned_away.count(), 5, "the refusals are audited");

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
        "administrator": false,
        "rights": { "listen": false, "download": false, "annotate": false },
        "groups": [], "supervises": [], "recording": "not-active",
        "activatedAt": null, "acknowledgedAt": null, "acknowledgedVersion": null,
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
