//! A supervisor reaches only their groups' current members during the supervision (P12).

use aws_sdk_dynamodb::types::{AttributeValue::S, PutRequest, WriteRequest};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::RecordingId, recording::Recording};
use platform::table::key;
use serde_json::{Value, json};
use tests::{
    call::now,
    people::{Person, found, organisation, user},
    recording::{recording, register, store},
    request::{Answer, As},
    service::{OPERATOR, Service},
    whole,
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const MAJA: As<'_> = As { organisation: "demo", user: "maja" };

const LISTEN: &[&str] = &["listen"];

/// Maja supervises sales (Anna, Omar) and support (Omar, Erik). Her supervision of night (Nils) has
/// ended; that of summer (Siv) has not begun. Ola is in no group. Each of them made six calls.
async fn demo(rights: &'static [&'static str]) -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    found(&service.table, "demo").await?;
    Person::administrator("karin").joins(&service.table, "demo").await?;
    Person { rights, ..Person::recorded("maja") }.joins(&service.table, "demo").await?;
    for name in ["anna", "omar", "erik", "nils", "siv", "ola"] {
        Person::recorded(name).joins(&service.table, "demo").await?;
    }
    let groups: [(&str, &[&str], Value); 4] = [
        ("sales", &["anna", "omar"], json!({})),
        ("support", &["omar", "erik"], json!({})),
        ("night", &["nils"], json!({ "to": now() })),
        ("summer", &["siv"], json!({ "from": now() + TimeDelta::seconds(1) })),
    ];
    for (id, members, supervision) in groups {
        let path = format!("/v1/groups/{id}");
        KARIN.put(&service.admin, &path, &json!({ "name": id })).await?.done()?;
        KARIN
            .post(&service.admin, &format!("{path}/members"), &json!({ "add": members }))
            .await?
            .done()?;
        KARIN
            .put(
                &service.admin,
                &format!("{path}/supervisors/maja"),
                &whole::supervision(supervision),
            )
            .await?
            .done()?;
    }
    for round in 0..6 {
        for (place, name) in
            ["anna", "omar", "erik", "nils", "siv", "ola", "maja"].into_iter().enumerate()
        {
            let started_at =
                now() - TimeDelta::hours(round) - TimeDelta::minutes(i64::try_from(place)?);
            register(
                &service.table,
                &recording("demo", name, &format!("{name}-{round}"), started_at),
            )
            .await?;
        }
    }
    Ok(service)
}

async fn joins(service: &Service, group: &str, change: &str, name: &str) -> anyhow::Result<()> {
    let path = format!("/v1/groups/{group}/members");
    KARIN.post(&service.admin, &path, &json!({ change: [name] })).await?.done().map(drop)
}

fn rows(answer: &Answer) -> Vec<Value> {
    answer.body["recordings"].as_array().cloned().unwrap_or_default()
}

/// The users whose calls a listing contains, without repetition.
async fn whose(service: &Service, query: &str) -> anyhow::Result<Vec<String>> {
    let answer =
        MAJA.get(&service.search, &format!("/v1/recordings?limit=1000{query}")).await?.done()?;
    let mut users: Vec<String> =
        rows(&answer).iter().filter_map(|row| row["user"].as_str()).map(str::to_owned).collect();
    assert_eq!(answer.body["cursor"], Value::Null);
    users.sort();
    let count = users.len();
    users.dedup();
    assert_eq!(count, users.len() * 6, "all calls of each");
    Ok(users)
}

async fn stored(service: &Service, name: &str) -> anyhow::Result<Recording> {
    let recording = recording("demo", name, &format!("{name}-stored"), now() - TimeDelta::days(1));
    store(&service.table, &recording).await?;
    Ok(recording)
}

/// The statuses of Maja's list by this user, view, playback and download.
async fn reach(service: &Service, recording: &Recording) -> anyhow::Result<[u16; 4]> {
    let one = format!("/v1/recordings/{}", recording.id);
    let answers = [
        MAJA.get(&service.search, &format!("/v1/recordings?user={}", recording.user)).await?,
        MAJA.get(&service.search, &one).await?,
        MAJA.post(&service.playback, &format!("{one}/playback"), &Value::Null).await?,
        MAJA.post(&service.playback, &format!("{one}/download"), &Value::Null).await?,
    ];
    for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
        assert_eq!(answer.refusal(), (403, "not-allowed".to_owned()));
    }
    Ok(answers.map(|answer| answer.status.as_u16()))
}

const ALL: [u16; 4] = [200; 4];
const NONE: [u16; 4] = [403; 4];

#[tokio::test]
async fn a_supervisor_lists_their_members_and_with_the_right_their_own() -> anyhow::Result<()> {
    let service = demo(&[]).await?;
    assert_eq!(whose(&service, "").await?, ["anna", "erik", "omar"]);
    KARIN
        .patch(&service.admin, "/v1/users/maja", &json!({ "rights": { "listen": true } }))
        .await?
        .done()?;
    assert_eq!(whose(&service, "").await?, ["anna", "erik", "maja", "omar"]);
    Ok(())
}

#[tokio::test]
async fn the_user_filter_stays_within_what_a_supervisor_reaches() -> anyhow::Result<()> {
    let service = demo(LISTEN).await?;
    for name in ["anna", "omar", "erik", "maja"] {
        assert_eq!(whose(&service, &format!("&user={name}")).await?, [name]);
    }
    for name in ["nils", "siv", "ola", "karin", "nobody"] {
        let answer = MAJA.get(&service.search, &format!("/v1/recordings?user={name}")).await?;
        assert_eq!(answer.refusal(), (403, "not-allowed".to_owned()), "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn pages_of_any_size_contain_every_row_once() -> anyhow::Result<()> {
    let service = demo(LISTEN).await?;
    for order in ["newest", "oldest"] {
        let whole = rows(
            &MAJA.get(&service.search, &format!("/v1/recordings?limit=1000&order={order}")).await?,
        );
        assert_eq!(whole.len(), 24);
        for limit in [1, 2, 3, 5, 8, 23, 24, 25] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = MAJA
                    .get(
                        &service.search,
                        &format!("/v1/recordings?limit={limit}&order={order}{cursor}"),
                    )
                    .await?
                    .done()?;
                assert!(rows(&page).len() <= limit);
                seen.extend(rows(&page));
                match page.body["cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(seen, whole, "{order} {limit}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn recordings_of_others_in_between_are_not_read() -> anyhow::Result<()> {
    let service = demo(&[]).await?;
    let began = now() - TimeDelta::days(30);
    register(&service.table, &recording("demo", "ola", "pattern", began)).await?;
    let pattern = RecordingId::of(&organisation("demo"), &"pattern".to_owned().try_into()?);
    let get = service.table.client.get_item().table_name(&service.table.name);
    let pattern = get
        .set_key(Some(key::recording(&organisation("demo"), pattern)))
        .send()
        .await?
        .item
        .unwrap_or_default();
    let copies: Vec<_> = (0..4000)
        .map(|number| {
            let id = RecordingId::of(&organisation("demo"), &format!("copy-{number}").try_into()?);
            let mut item = pattern.clone();
            item.extend(key::recording(&organisation("demo"), id));
            item.insert("at".to_owned(), S(key::at(began + TimeDelta::seconds(number), id)));
            item.insert("u".to_owned(), S(key::recordings_of(&organisation("demo"), &user("ola"))));
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            Ok(WriteRequest::builder().put_request(put).build())
        })
        .collect::<anyhow::Result<_>>()?;
    for some in copies.chunks(25) {
        service
            .table
            .client
            .batch_write_item()
            .request_items(&service.table.name, some.to_vec())
            .send()
            .await?;
    }
    register(&service.table, &recording("demo", "anna", "beyond", began - TimeDelta::days(1)))
        .await?;
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        service.requests.take();
        let page =
            MAJA.get(&service.search, &format!("/v1/recordings?limit=20{cursor}")).await?.done()?;
        let queries = service.requests.take()["DynamoDB.Query"];
        assert!(queries <= 4, "{queries} queries");
        seen.extend(rows(&page));
        pages += 1;
        match page.body["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(
        (seen.len(), seen.last().map(|row| row["callId"].clone())),
        (19, Some(json!("beyond")))
    );
    assert_eq!(pages, 1, "the members' own calls are read, and not those that lie between");
    Ok(())
}

#[tokio::test]
async fn an_ended_membership_is_refused_on_the_next_request() -> anyhow::Result<()> {
    let service = demo(&[]).await?;
    let (annas, omars) = (stored(&service, "anna").await?, stored(&service, "omar").await?);
    assert_eq!((reach(&service, &annas).await?, reach(&service, &omars).await?), (ALL, ALL));
    joins(&service, "sales", "remove", "anna").await?;
    assert_eq!(reach(&service, &annas).await?, NONE);
    joins(&service, "sales", "remove", "omar").await?;
    assert_eq!(reach(&service, &omars).await?, ALL, "through the other group");
    joins(&service, "support", "remove", "omar").await?;
    assert_eq!(reach(&service, &omars).await?, NONE);
    joins(&service, "sales", "add", "anna").await?;
    assert_eq!(
        reach(&service, &annas).await?,
        ALL,
        "recordings of before too: it is the current members'"
    );
    Ok(())
}

#[tokio::test]
async fn any_end_of_a_supervision_ends_the_access_on_the_next_request() -> anyhow::Result<()> {
    let ends = [
        ("DELETE", "/v1/groups/sales/supervisors/maja", Value::Null),
        ("DELETE", "/v1/groups/sales", Value::Null),
        ("PUT", "/v1/groups/sales/supervisors/maja", whole::supervision(json!({ "to": now() }))),
        (
            "PUT",
            "/v1/groups/sales/supervisors/maja",
            whole::supervision(json!({ "from": now() + TimeDelta::milliseconds(1) })),
        ),
    ];
    for (method, path, body) in ends {
        let service = demo(&[]).await?;
        let annas = stored(&service, "anna").await?;
        assert_eq!(reach(&service, &annas).await?, ALL);
        KARIN
            .send(&service.admin, method, path, (!body.is_null()).then(|| body.to_string()))
            .await?
            .done()?;
        assert_eq!(reach(&service, &annas).await?, NONE, "{method} {path} {body}");
        assert_eq!(whose(&service, "").await?, ["erik", "omar"], "the other group is as it was");
    }
    Ok(())
}

#[tokio::test]
async fn a_supervision_begins_and_ends_with_the_clock() -> anyhow::Result<()> {
    let service = demo(&[]).await?;
    let annas = stored(&service, "anna").await?;
    let supervision =
        json!({ "from": now() + TimeDelta::hours(1), "to": now() + TimeDelta::hours(2) });
    KARIN
        .put(&service.admin, "/v1/groups/sales/supervisors/maja", &whole::supervision(supervision))
        .await?
        .done()?;
    type Clock = fn() -> DateTime<Utc>;
    let times: [(Clock, [u16; 4]); 5] = [
        (now, NONE),
        (|| now() + TimeDelta::hours(1) - TimeDelta::milliseconds(1), NONE),
        (|| now() + TimeDelta::hours(1), ALL),
        (|| now() + TimeDelta::hours(2) - TimeDelta::milliseconds(1), ALL),
        (|| now() + TimeDelta::hours(2), NONE),
    ];
    for (clock, expected) in times {
        assert_eq!(reach(&service.later(clock), &annas).await?, expected, "{}", clock());
    }
    Ok(())
}

#[tokio::test]
async fn two_supervisions_add_their_rights() -> anyhow::Result<()> {
    let service = demo(&[]).await?;
    let (annas, omars, eriks) = (
        stored(&service, "anna").await?,
        stored(&service, "omar").await?,
        stored(&service, "erik").await?,
    );
    let supervision = async |group: &str, rights: Value| {
        let path = format!("/v1/groups/{group}/supervisors/maja");
        KARIN
            .put(&service.admin, &path, &whole::supervision(json!({ "rights": rights })))
            .await?
            .done()
    };
    supervision("sales", json!({ "listen": true })).await?;
    supervision("support", json!({ "download": true })).await?;
    assert_eq!(reach(&service, &annas).await?, [200, 200, 200, 403]);
    assert_eq!(reach(&service, &eriks).await?, [200, 200, 403, 200]);
    assert_eq!(reach(&service, &omars).await?, ALL, "who is in both");
    supervision("sales", json!({ "annotate": true })).await?;
    assert_eq!(reach(&service, &annas).await?, [200, 200, 403, 403]);
    Ok(())
}

#[tokio::test]
async fn a_supervisor_in_their_own_group_has_its_rights_to_their_own_recordings()
-> anyhow::Result<()> {
    let service = demo(&[]).await?;
    let majas = stored(&service, "maja").await?;
    assert_eq!(reach(&service, &majas).await?, NONE);
    joins(&service, "sales", "add", "maja").await?;
    assert_eq!(reach(&service, &majas).await?, ALL);
    joins(&service, "sales", "remove", "maja").await?;
    assert_eq!(reach(&service, &majas).await?, NONE);
    Ok(())
}

#[tokio::test]
async fn recordings_of_a_removed_member_are_for_administrators_only() -> anyhow::Result<()> {
    let service = demo(&[]).await?;
    let annas = stored(&service, "anna").await?;
    OPERATOR.delete(&service.provision, "/v1/organisations/demo/users/anna").await?.done()?;
    assert_eq!(reach(&service, &annas).await?, NONE);
    let path = format!("/v1/recordings/{}/playback", annas.id);
    KARIN.post(&service.playback, &path, &Value::Null).await?.done()?;
    Ok(())
}

#[tokio::test]
async fn a_supervisor_of_another_organisation_reaches_nothing_here() -> anyhow::Result<()> {
    let service = demo(&[]).await?;
    let annas = stored(&service, "anna").await?;
    found(&service.table, "other").await?;
    for person in
        [Person::administrator("karin"), Person::recorded("maja"), Person::recorded("anna")]
    {
        person.joins(&service.table, "other").await?;
    }
    let karin = As { organisation: "other", user: "karin" };
    karin.put(&service.admin, "/v1/groups/sales", &json!({ "name": "Same name" })).await?.done()?;
    karin
        .post(&service.admin, "/v1/groups/sales/members", &json!({ "add": ["anna"] }))
        .await?
        .done()?;
    karin
        .put(&service.admin, "/v1/groups/sales/supervisors/maja", &whole::supervision(json!({})))
        .await?
        .done()?;
    let maja = As { organisation: "other", user: "maja" };
    assert_eq!(rows(&maja.get(&service.search, "/v1/recordings").await?), Vec::<Value>::new());
    assert_eq!(
        maja.get(&service.search, &format!("/v1/recordings/{}", annas.id)).await?.cause(),
        "not-found"
    );
    Ok(())
}
