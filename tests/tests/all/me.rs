//! The caller: `/v1/me` and their activations.

use serde_json::{Value, json};
use tests::{
    people::{Person, found},
    request::{App, As},
    service::{OPERATOR, Service},
    whole,
};

pub(crate) const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
pub(crate) const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

pub(crate) async fn demo() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    found(&service.table, "demo").await?;
    Person::administrator("karin").joins(&service.table, "demo").await?;
    Person::recorded("anna").joins(&service.table, "demo").await?;
    Ok(service)
}

pub(crate) fn word() -> Value {
    json!({ "version": "2026-11", "client": "iCentrex 8.2 (Android 16)" })
}

#[tokio::test]
async fn a_user_reads_their_identity_and_what_to_acknowledge() -> anyhow::Result<()> {
    let service = demo().await?;
    Person { rights: &["listen"], acknowledged: false, ..Person::recorded("anna") }
        .joins(&service.table, "demo")
        .await?;
    let me = ANNA.get(&service.me, "/v1/me").await?.body;
    assert_eq!(
        me["organisation"],
        json!({ "id": "demo", "name": "demo", "country": "SE", "retentionDays": 180, "asksReason": false })
    );
    assert_eq!(me["user"]["id"], "anna");
    assert_eq!(
        me["user"]["rights"],
        json!({ "listen": true, "download": false, "annotate": false })
    );
    assert_eq!(
        (&me["user"]["acknowledgedAt"], &me["acknowledgement"]["version"]),
        (&Value::Null, &json!("2026-11"))
    );
    for (language, words) in [("sv", "spelas in"), ("en", "are recorded")] {
        assert!(
            me["acknowledgement"][language].as_str().unwrap_or_default().contains(words),
            "{me}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn me_costs_two_requests_whatever_the_groups() -> anyhow::Result<()> {
    let service = demo().await?;
    for number in 0..50 {
        let group = format!("/v1/groups/group-{number}");
        KARIN.put(&service.admin, &group, &json!({ "name": "Grupp" })).await?.done()?;
        for user in ["anna", "karin"] {
            KARIN
                .post(&service.admin, &format!("{group}/members"), &json!({ "add": [user] }))
                .await?
                .done()?;
            KARIN
                .put(
                    &service.admin,
                    &format!("{group}/supervisors/{user}"),
                    &whole::supervision(json!({})),
                )
                .await?
                .done()?;
        }
    }
    for caller in [ANNA, KARIN] {
        service.requests.take();
        let me = caller.get(&service.me, "/v1/me").await?.done()?.body;
        assert_eq!(service.requests.take().values().sum::<u64>(), 2);
        assert_eq!(me["user"]["groups"].as_array().map(Vec::len), Some(50));
        assert_eq!(me["user"]["supervises"].as_array().map(Vec::len), Some(50));
    }
    Ok(())
}

#[tokio::test]
async fn a_sign_in_is_audited() -> anyhow::Result<()> {
    let service = demo().await?;
    ANNA.get(&service.me, "/v1/me").await?.done()?;
    KARIN.get(&service.me, "/v1/me").await?.done()?;
    assert_eq!(
        service.actions("demo").await?,
        [["user:anna", "sign-in", "", ""], ["user:karin", "sign-in", "", ""]]
    );
    Ok(())
}

#[tokio::test]
async fn an_application_is_refused_on_the_routes_of_a_user() -> anyhow::Result<()> {
    let service = demo().await?;
    let client = json!({ "name": "CRM", "scopes": ["read", "annotate", "export"] });
    OPERATOR
        .put(&service.provision, "/v1/organisations/demo/clients/Crm1", &client)
        .await?
        .done()?;
    let crm = App { organisation: "demo", client: "Crm1", scopes: "read annotate export" };
    let refused = [
        crm.get(&service.me, "/v1/me").await?,
        crm.post(&service.me, "/v1/me/acknowledgement", &word()).await?,
        crm.get(&service.me, "/v1/me/activations").await?,
        crm.get(&service.me, "/v1/me/listeners").await?,
    ];
    for answer in refused {
        assert_eq!(answer.refusal(), (403, "not-allowed".to_owned()));
    }
    let retained: Vec<_> = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|event| event[0] == "client:Crm1")
        .collect();
    assert_eq!(retained.len(), 4);
    assert!(retained.iter().all(|event| event[3] == "not-allowed"), "{retained:?}");
    Ok(())
}

#[tokio::test]
async fn an_activation_names_the_administrator_who_made_it() -> anyhow::Result<()> {
    let service = demo().await?;
    let user = json!({ "name": "Bo Ny", "phone": "+46701740611", "language": "sv", "plan": "pro", "administrator": false });
    OPERATOR.put(&service.provision, "/v1/organisations/demo/users/bo", &user).await?.done()?;
    KARIN
        .post(&service.admin, "/v1/activations", &json!({ "users": ["bo"], "active": true }))
        .await?
        .done()?;
    let karin = name_of(&service, "karin").await?;
    let bo = As { organisation: "demo", user: "bo" };
    for answer in [
        bo.get(&service.me, "/v1/me/activations").await?.done()?,
        KARIN.get(&service.admin, "/v1/users/bo/activations").await?.done()?,
    ] {
        let activation = &answer.body["activations"][0];
        assert_eq!(
            (&activation["by"], &activation["byName"]),
            (&json!("user:karin"), &karin),
            "{}",
            answer.body
        );
    }
    Ok(())
}

pub(crate) async fn name_of(service: &Service, user: &str) -> anyhow::Result<Value> {
    Ok(KARIN.get(&service.admin, &format!("/v1/users/{user}")).await?.done()?.body["name"].clone())
}
