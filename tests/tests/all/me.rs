//! The caller and their recording: `/v1/me`, acknowledgement, activations and listeners.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    call::{call, now, silence},
    people::{Person, found},
    recording::{recording, store},
    request::{Answer, App, As},
    service::{OPERATOR, Service},
    whole,
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

async fn demo() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    found(&service.table, "demo").await?;
    Person::administrator("karin").joins(&service.table, "demo").await?;
    Person::recorded("anna").joins(&service.table, "demo").await?;
    Ok(service)
}

fn word() -> Value {
    json!({ "version": "2026-11", "client": "iCentrex 8.2 (Android 16)" })
}

#[tokio::test]
async fn recording_starts_only_after_plan_activation_and_acknowledgement() -> anyhow::Result<()> {
    let service = demo().await?;
    let cases = [
        (false, false, false, "no-plan", "recording-not-active"),
        (false, false, true, "no-plan", "recording-not-active"),
        (false, true, false, "no-plan", "recording-not-active"),
        (false, true, true, "no-plan", "recording-not-active"),
        (true, false, false, "not-active", "recording-not-active"),
        (true, false, true, "not-active", "recording-not-active"),
        (true, true, false, "not-acknowledged", "not-acknowledged"),
        (true, true, true, "recorded", ""),
    ];
    for (plan, activated, acknowledged, stated, cause) in cases {
        let plan = plan.then_some("pro");
        let person = Person { plan, activated, acknowledged, ..Person::recorded("anna") };
        person.joins(&service.table, "demo").await?;
        let me = ANNA.get(&service.me, "/v1/me").await?;
        assert_eq!(me.body["user"]["recording"], stated, "{person:?}");
        let registered = ANNA
            .post(&service.upload, "/v1/recordings", &call("c", "audio/wav", &silence(1)))
            .await?;
        match cause {
            "" => assert_eq!(registered.status.as_u16(), 201),
            cause => assert_eq!(registered.refusal(), (403, cause.to_owned()), "{person:?}"),
        }
    }
    Ok(())
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
        json!({ "id": "demo", "name": "demo", "retentionDays": 180, "asksReason": false })
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
async fn an_acknowledgement_is_stored_with_time_version_and_client() -> anyhow::Result<()> {
    let service = demo().await?;
    Person { acknowledged: false, ..Person::recorded("anna") }
        .joins(&service.table, "demo")
        .await?;
    let me = ANNA.post(&service.me, "/v1/me/acknowledgement", &word()).await?.done()?.body;
    assert_eq!(me["user"]["recording"], "recorded");
    assert_eq!(
        (&me["user"]["acknowledgedAt"], &me["user"]["acknowledgedVersion"]),
        (&json!(now()), &json!("2026-11"))
    );

    let later = service.later(|| now() + TimeDelta::minutes(1));
    let again = ANNA.post(&later.me, "/v1/me/acknowledgement", &word()).await?.done()?.body;
    assert_eq!(again["user"]["acknowledgedAt"], json!(now()), "the first word stands");
    let expected = json!({
        "at": now(), "kind": "acknowledged", "by": "user:anna", "byName": "anna", "version": "2026-11", "client": "iCentrex 8.2 (Android 16)"
    });
    assert_eq!(
        ANNA.get(&service.me, "/v1/me/activations").await?.body,
        json!({ "activations": [expected], "cursor": null })
    );
    let retained =
        service.actions("demo").await?.into_iter().filter(|event| event[1] == "acknowledge");
    assert_eq!(retained.count(), 2, "each request leaves an event");
    Ok(())
}

#[tokio::test]
async fn only_an_existing_activation_can_be_acknowledged() -> anyhow::Result<()> {
    let service = demo().await?;
    let acknowledge =
        async |service: &Service| ANNA.post(&service.me, "/v1/me/acknowledgement", &word()).await;
    let nothing = (409, "nothing-to-acknowledge".to_owned());
    let recording = async |service: &Service| {
        anyhow::Ok(
            ANNA.get(&service.me, "/v1/me").await?.body["user"]["recording"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let switch = async |service: &Service, active: bool| {
        KARIN
            .post(
                &service.admin,
                "/v1/activations",
                &json!({ "users": ["anna"], "active": active }),
            )
            .await?
            .done()
    };
    for (plan, stated) in [(Some("pro"), "not-active"), (None, "no-plan")] {
        Person { plan, activated: false, acknowledged: false, ..Person::recorded("anna") }
            .joins(&service.table, "demo")
            .await?;
        assert_eq!(acknowledge(&service).await?.refusal(), nothing, "{stated}");
        assert_eq!(recording(&service).await?, stated);
    }
    assert_eq!(service.activations("demo", "anna").await?, []);
    let refused = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|event| event[1] == "acknowledge" && event[3] == nothing.1);
    assert_eq!(refused.count(), 2, "the attempts are audited");

    Person { activated: false, acknowledged: false, ..Person::recorded("anna") }
        .joins(&service.table, "demo")
        .await?;
    switch(&service, true).await?;
    assert_eq!(recording(&service).await?, "not-acknowledged");
    acknowledge(&service).await?.done()?;
    assert_eq!(recording(&service).await?, "recorded");
    OPERATOR
        .patch(&service.provision, "/v1/organisations/demo", &json!({ "baseService": false }))
        .await?
        .done()?;
    assert_eq!(acknowledge(&service).await?.refusal(), nothing);
    Ok(())
}

#[tokio::test]
async fn whatever_ends_an_activation_ends_its_acknowledgement() -> anyhow::Result<()> {
    const ANNAS: &str = "/v1/organisations/demo/users/anna";
    for end in ["administrator", "plan", "import", "removal"] {
        let service = demo().await?;
        let later = service.later(|| now() + TimeDelta::minutes(1));
        let switch = async |service: &Service, active: bool| {
            KARIN
                .post(
                    &service.admin,
                    "/v1/activations",
                    &json!({ "users": ["anna"], "active": active }),
                )
                .await?
                .done()
        };
        match end {
            "administrator" => drop(switch(&service, false).await?),
            "plan" => {
                for plan in [Value::Null, json!("pro")] {
                    OPERATOR
                        .patch(&service.provision, ANNAS, &json!({ "plan": plan }))
                        .await?
                        .done()?;
                }
            }
            "import" => {
                for plan in [Value::Null, json!("pro")] {
                    service
                        .provisions("demo", [json!({ "id": "anna", "name": "anna", "plan": plan })])
                        .await?;
                }
            }
            _ => {
                OPERATOR.delete(&service.provision, ANNAS).await?.done()?;
                OPERATOR
                    .post(&service.provision, &format!("{ANNAS}/restore"), &Value::Null)
                    .await?
                    .done()?;
            }
        }
        switch(&later, true).await?;
        let me = ANNA.get(&later.me, "/v1/me").await?.body;
        assert_eq!(
            (&me["user"]["recording"], &me["user"]["acknowledgedAt"]),
            (&json!("not-acknowledged"), &Value::Null),
            "{end}"
        );
        let registered = ANNA
            .post(&later.upload, "/v1/recordings", &call("c", "audio/wav", &silence(1)))
            .await?;
        assert_eq!(registered.refusal(), (403, "not-acknowledged".to_owned()), "{end}");
        ANNA.post(&later.me, "/v1/me/acknowledgement", &word()).await?.done()?;
        ANNA.post(&later.upload, "/v1/recordings", &call("c", "audio/wav", &silence(1)))
            .await?
            .done()?;
    }
    Ok(())
}

/// Such acknowledgements date from before each activation required a new one.
#[tokio::test]
async fn an_acknowledgement_older_than_the_activation_does_not_count() -> anyhow::Result<()> {
    let service = demo().await?;
    let mut item = platform::table::key::user(
        &tests::people::organisation("demo"),
        &tests::people::user("anna"),
    );
    let stored = service
        .table
        .client
        .get_item()
        .table_name(&service.table.name)
        .set_key(Some(item.clone()))
        .consistent_read(true);
    item = stored.send().await?.item.unwrap_or_default();
    item.insert(
        "activated_at".to_owned(),
        aws_sdk_dynamodb::types::AttributeValue::N("2".to_owned()),
    ); // acknowledged at 1
    service
        .table
        .client
        .put_item()
        .table_name(&service.table.name)
        .set_item(Some(item))
        .send()
        .await?;
    assert_eq!(
        ANNA.get(&service.me, "/v1/me").await?.body["user"]["recording"],
        "not-acknowledged"
    );
    let registered =
        ANNA.post(&service.upload, "/v1/recordings", &call("c", "audio/wav", &silence(1))).await?;
    assert_eq!(registered.refusal(), (403, "not-acknowledged".to_owned()));
    let me = ANNA.post(&service.me, "/v1/me/acknowledgement", &word()).await?.done()?.body;
    assert_eq!(
        (&me["user"]["recording"], &me["user"]["acknowledgedAt"]),
        (&json!("recorded"), &json!(now()))
    );
    Ok(())
}

#[tokio::test]
async fn an_invalid_acknowledgement_is_refused() -> anyhow::Result<()> {
    let service = demo().await?;
    Person { acknowledged: false, ..Person::recorded("anna") }
        .joins(&service.table, "demo")
        .await?;
    let cases = [
        (json!({ "version": "2025-01", "client": "app" }), 409, "changed"),
        (json!({ "version": "", "client": "app" }), 409, "changed"),
        (json!({ "version": "2026-11", "client": " " }), 422, "invalid"),
        (json!({ "version": "2026-11", "client": "x".repeat(101) }), 422, "invalid"),
        (json!({ "version": "2026-11", "client": "a\nb" }), 422, "invalid"),
        (json!({ "version": "2026-11" }), 422, "invalid"),
        (json!({ "version": "2026-11", "client": "app", "user": "omar" }), 422, "invalid"),
        (json!("yes"), 422, "invalid"),
    ];
    for (word, status, cause) in cases {
        let answer = ANNA.post(&service.me, "/v1/me/acknowledgement", &word).await?;
        assert_eq!(answer.refusal(), (status, cause.to_owned()), "{word}");
    }
    assert_eq!(
        ANNA.get(&service.me, "/v1/me").await?.body["user"]["recording"],
        "not-acknowledged"
    );
    assert_eq!(service.activations("demo", "anna").await?, []);
    let longest = json!({ "version": "2026-11", "client": "å".repeat(100) });
    ANNA.post(&service.me, "/v1/me/acknowledgement", &longest).await?.done()?;
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

async fn name_of(service: &Service, user: &str) -> anyhow::Result<Value> {
    Ok(KARIN.get(&service.admin, &format!("/v1/users/{user}")).await?.done()?.body["name"].clone())
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
