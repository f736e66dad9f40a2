//! The AWS requests of each operation, compared with `requests.golden.json`.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{
    bucket,
    call::{call, now, silence, with},
    cloud::cloud,
    event::created,
    golden,
    people::{Person, found},
    recording::{recording, register, store},
    request::As,
    retention_jobs::{World, days_later},
    service::{OPERATOR, Service},
    speech, table, whole,
};

use crate::requests_of_calls;

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const MAJA: As<'_> = As { organisation: "demo", user: "maja" };

#[tokio::test]
async fn every_operation_makes_exactly_the_agreed_requests() -> anyhow::Result<()> {
    let (table, requests) = table::empty().await?;
    found(&table, "demo").await?;
    Person { administrator: true, ..Person::recorded("karin") }.joins(&table, "demo").await?;
    for number in 0..60 {
        register(
            &table,
            &recording("demo", "anna", &format!("call-{number}"), now() - TimeDelta::hours(number)),
        )
        .await?;
    }
    let stored = recording("demo", "anna", "stored", now() - TimeDelta::hours(1));
    store(&table, &stored).await?;

    let objects = bucket::unreached();
    let upload =
        upload::router(upload::App { table: table.clone(), objects: objects.clone(), now });
    let search =
        search::router(search::App { table: table.clone(), keys: Default::default(), now });
    let playback = playback::router(playback::App {
        table: table.clone(),
        quarantine: objects.clone(),
        objects,
        now,
    });
    let annotate = annotate::router(annotate::App { table: table.clone(), now });
    let new = call("new", "audio/wav", &silence(1));
    let one = format!("/v1/recordings/{}", stored.id);

    let mut made = BTreeMap::new();
    let mut count = async |name: &str, answer: tests::request::Answer, status: u16| {
        assert_eq!(answer.status.as_u16(), status, "{name}: {answer:?}");
        made.insert(name.to_owned(), requests.take());
    };
    requests.take();
    count("register", KARIN.post(&upload, "/v1/recordings", &new).await?, 201).await;
    count("register the same again", KARIN.post(&upload, "/v1/recordings", &new).await?, 200).await;
    count("page of 50", KARIN.get(&search, "/v1/recordings").await?, 200).await;
    count("one recording", KARIN.get(&search, &one).await?, 200).await;
    count(
        "link to listen",
        KARIN.post(&playback, &format!("{one}/playback"), &Value::Null).await?,
        200,
    )
    .await;
    count(
        "link to download",
        KARIN.post(&playback, &format!("{one}/download"), &Value::Null).await?,
        200,
    )
    .await;

    let edit = async |version: &str, patch: Value| {
        KARIN
            .send_with(
                &annotate,
                "PATCH",
                &one,
                Some(patch.to_string()),
                json!({ "if-match": version }),
            )
            .await
    };
    count("edit a note", edit("\"0\"", json!({ "note": "ring" })).await?, 200).await;
    count("edit a note over any version", edit("*", json!({ "note": "ring igen" })).await?, 200)
        .await;
    count(
        "edit a note that another edited meanwhile",
        edit("\"1\"", json!({ "note": "ring" })).await?,
        412,
    )
    .await;
    count("list edits", KARIN.get(&annotate, &format!("{one}/edits")).await?, 200).await;
    count("list marks", KARIN.get(&annotate, "/v1/marks").await?, 200).await;
    let say = async |call: &str| {
        KARIN
            .put(&annotate, &format!("/v1/calls/{call}/annotation"), &json!({ "note": "ring" }))
            .await
    };
    count("annotate a call by id", say("stored").await?, 200).await;
    count("annotate the same again", say("stored").await?, 200).await;
    count("annotate a call that is not registered", say("early").await?, 200).await;
    let early = call("early", "audio/wav", &silence(1));
    let other = with(call("other", "audio/wav", &silence(1)), json!({ "note": "efter" }));
    count("register an annotated call", KARIN.post(&upload, "/v1/recordings", &early).await?, 201)
        .await;
    say("other").await?;
    requests.take();
    count(
        "register an annotated call with a note",
        KARIN.post(&upload, "/v1/recordings", &other).await?,
        201,
    )
    .await;

    for (name, file) in ["2s.wav", "20min.wav", "20min.mp3", "20min.m4a", "20min.ogg"]
        .map(|file| (format!("ingest {file}"), file))
    {
        made.insert(name, ingested(file).await?);
    }
    made.extend(of_people().await?);
    made.extend(of_retention().await?);
    made.extend(requests_of_calls::of_completeness().await?);
    made.extend(requests_of_calls::of_parts().await?);
    golden::holds("requests.golden.json", &json!(made))
}

/// The requests of managing people: a hundred users, fifty of them in a group that Maja supervises.
async fn of_people() -> anyhow::Result<BTreeMap<String, BTreeMap<String, u64>>> {
    let service = Service::empty().await?;
    let user = |number: usize| json!({ "id": format!("user-{number:03}"), "name": "Användare", "plan": "pro" });
    let karin = json!({ "id": "karin", "name": "Karin", "administrator": true });
    let maja = json!({ "id": "maja", "name": "Maja" });
    service.provisions("demo", [karin, maja].into_iter().chain((0..100).map(user))).await?;
    let ids: Vec<String> = (0..100).map(|number| format!("user-{number:03}")).collect();
    for number in 0..50 {
        let group = format!("/v1/groups/group-{number}");
        KARIN.put(&service.admin, &group, &json!({ "name": "Grupp" })).await?.done()?;
        KARIN
            .post(&service.admin, &format!("{group}/members"), &json!({ "add": ids[..50] }))
            .await?
            .done()?;
        KARIN
            .put(
                &service.admin,
                &format!("{group}/supervisors/maja"),
                &whole::supervision(json!({})),
            )
            .await?
            .done()?;
    }
    let stored = recording("demo", "user-000", "stored", now());
    store(&service.table, &stored).await?;
    for number in 0..60 {
        let of = if number % 2 == 0 { "user-001" } else { "user-099" };
        register(
            &service.table,
            &recording("demo", of, &format!("call-{number}"), now() - TimeDelta::hours(number)),
        )
        .await?;
    }
    let link = format!("/v1/recordings/{}/playback", stored.id);
    let order = |users: &[String], preview: bool| json!({ "users": users, "active": true, "preview": preview });
    let users = "/v1/organisations/demo/users";
    let imported: String =
        (100..200).map(|number| format!("{}\n", whole::user(user(number)))).collect();

    let mut made = BTreeMap::new();
    let mut count = async |name: &str, answer: tests::request::Answer| {
        let _done = answer.done()?;
        made.insert(name.to_owned(), service.requests.take());
        anyhow::Ok(())
    };
    service.requests.take();
    let Service { me, admin, search, playback, provision, .. } = &service;
    count("me", As { organisation: "demo", user: "user-000" }.get(me, "/v1/me").await?).await?;
    count("me, supervising 50 groups", MAJA.get(me, "/v1/me").await?).await?;
    count("me, administering", KARIN.get(me, "/v1/me").await?).await?;
    count("page of 100 users", KARIN.get(admin, "/v1/users?limit=100").await?).await?;
    count("users found by name", KARIN.get(admin, "/v1/users?q=maja").await?).await?;
    count("page of groups", KARIN.get(admin, "/v1/groups").await?).await?;
    count("page of groups, supervising 50", MAJA.get(admin, "/v1/groups").await?).await?;
    count("page of members", KARIN.get(admin, "/v1/groups/group-0/members").await?).await?;
    count(
        "30 users leave a group",
        KARIN.post(admin, "/v1/groups/group-1/members", &json!({ "remove": ids[..30] })).await?,
    )
    .await?;
    count("link to listen, supervising 50 groups", MAJA.post(playback, &link, &Value::Null).await?)
        .await?;
    count("page of 50, supervising 50 groups", MAJA.get(search, "/v1/recordings").await?).await?;
    count(
        "preview of activating 100",
        KARIN.post(admin, "/v1/activations", &order(&ids, true)).await?,
    )
    .await?;
    count(
        "activation of 33",
        KARIN.post(admin, "/v1/activations", &order(&ids[..33], false)).await?,
    )
    .await?;
    count("page of the audit log", KARIN.get(admin, "/v1/audit").await?).await?;
    let prices = json!({ "prices": { "startFee": "99.00" } });
    count("usage", KARIN.get(&service.statements, "/v1/usage").await?).await?;
    count("list of statements", KARIN.get(&service.statements, "/v1/statements").await?).await?;
    count(
        "preview of a statement",
        KARIN.get(&service.statements, "/v1/statements/2026-11").await?,
    )
    .await?;
    count(
        "prices put",
        OPERATOR.put(provision, "/v1/organisations/demo/prices/2026-11-01", &prices).await?,
    )
    .await?;
    count(
        "user put unchanged",
        OPERATOR
            .put(provision, &format!("{users}/maja"), &whole::user(json!({ "name": "Maja" })))
            .await?,
    )
    .await?;
    count(
        "user put",
        OPERATOR
            .put(provision, &format!("{users}/maja"), &whole::user(json!({ "name": "Maja L" })))
            .await?,
    )
    .await?;
    count(
        "removal of a user in 50 groups",
        OPERATOR.delete(provision, &format!("{users}/user-049")).await?,
    )
    .await?;
    count(
        "import of 100 users taken",
        OPERATOR.send(provision, "POST", users, Some(imported)).await?,
    )
    .await?;
    service.work("demo").await?;
    made.insert("import of 100 users carried out".to_owned(), service.requests.take());
    Ok(made)
}

/// The requests of retention: 48 recordings, which are one page of a hold.
async fn of_retention() -> anyhow::Result<BTreeMap<String, BTreeMap<String, u64>>> {
    let world = World::new("figures-retention").await?;
    world.many("anna", 48).await?;
    let (of, ended) = (
        world.stored("omar", "call-1", now()).await?,
        world.stored("omar", "call-2", now()).await?,
    );
    let ended = world.expire(&ended, days_later(181)).await?.unwrap_or_default();
    let router = world.retention(now);
    let mut made = BTreeMap::new();
    let mut count = |name: &str| made.insert(name.to_owned(), world.requests.take());
    world.requests.take();
    anyhow::ensure!(world.removals(&ended, now).await?, "the removal failed");
    count("removal of a stored recording");
    let hold = KARIN
        .post(&router, "/v1/holds", &json!({ "reason": "x", "filter": { "user": "anna" } }))
        .await?
        .done()?
        .body;
    count("place a hold by search");
    let hold = hold["id"].as_str().unwrap_or_default();
    anyhow::ensure!(world.tell("hold", hold, now).await?, "the page failed");
    count("page of 48 of a hold");
    KARIN.get(&router, "/v1/holds").await?.done()?;
    count("page of holds");
    KARIN.get(&router, &format!("/v1/holds/{hold}")).await?.done()?;
    count("one hold and a page of its recordings");
    KARIN.delete(&router, &format!("/v1/holds/{hold}?reason=x")).await?.done()?;
    count("lift a hold");
    anyhow::ensure!(world.tell("hold", hold, now).await?, "the page failed");
    count("page of 48 of lifting a hold");
    KARIN
        .post(&router, "/v1/holds", &json!({ "reason": "x", "recordings": [of.id] }))
        .await?
        .done()?;
    count("place a hold on a recording");
    let change = KARIN
        .post(&router, "/v1/retention", &json!({ "days": 180, "reason": "x" }))
        .await?
        .done()?
        .body;
    count("preview of other days");
    let id = change["id"].as_str().unwrap_or_default();
    KARIN
        .post(
            &router,
            &format!("/v1/retention/{id}/confirm"),
            &json!({ "recordings": change["recordings"] }),
        )
        .await?
        .done()?;
    count("confirm other days");
    anyhow::ensure!(world.tell("retention", id, now).await?, "the page failed");
    count("page of 49 of other days");
    let erasure = KARIN
        .post(&router, "/v1/erasures", &json!({ "user": "omar", "reason": "x" }))
        .await?
        .done()?
        .body;
    count("preview of an erasure");
    let id = erasure["id"].as_str().unwrap_or_default();
    KARIN
        .post(&router, &format!("/v1/erasures/{id}/confirm"), &json!({ "recordings": 1 }))
        .await?
        .done()?;
    count("confirm an erasure");
    anyhow::ensure!(world.tell("erasure", id, now).await?, "the page failed");
    count("erasure of one stored recording");
    Ok(made)
}

/// The requests of ingesting one file of speech.
async fn ingested(file: &str) -> anyhow::Result<BTreeMap<String, u64>> {
    let speech = speech::all()?.into_iter().find(|speech| speech.name == file);
    let speech = speech.ok_or_else(|| anyhow::anyhow!("`make audio` makes no {file}"))?;
    let audio = speech.read()?;
    let (table, writes) = table::empty().await?;
    let (objects, quarantine, reads) =
        bucket::pair(&cloud()?, &format!("figures-{}", file.replace('.', "-"))).await?;
    let mut recording = recording("demo", "anna", "call", Utc::now());
    recording.audio.content_type =
        domain::recording::ContentType::parse(&speech.content_type).expect("a known type");
    recording.audio.length = speech.bytes;
    recording.audio.sha256 = speech.sha256.try_into()?;
    register(&table, &recording).await?;
    let link = objects.upload_link(&recording, Utc::now()).await?;
    let mut put = reqwest::Client::new().put(link.url).body(audio);
    for (name, value) in link.headers {
        put = put.header(name, value);
    }
    anyhow::ensure!(put.send().await?.status().is_success(), "could not put {file}");
    let _of_preparing = (reads.take(), writes.take());
    let key = platform::objects::key(&recording.organisation, recording.id);
    let event = json!({ "Records": [{ "messageId": "1", "body": created(&key) }] });
    let app = ingest::App { table, objects, quarantine, now: Utc::now };
    let answer = ingest::handle(&app, serde_json::from_value(event)?).await?;
    anyhow::ensure!(answer.batch_item_failures.is_empty(), "could not ingest {file}");
    Ok(reads.take().into_iter().chain(writes.take()).collect())
}
