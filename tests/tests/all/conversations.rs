//! Legs of one conversation: each is a recording of its own, and a search finds them together. An
//! erasure reaches a person who took part besides the counterpart.

use axum::Router;
use chrono::TimeDelta;
use domain::{counterpart::Counterpart, recording::Sha256};
use platform::table::Table;
use serde_json::{Value, json};
use tests::{
    bucket,
    call::{call, now, with},
    indexed,
    people::{Person, found},
    recording::{recording, register},
    request::As,
    retention_jobs::World,
    table,
};

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
const OMAR: As<'_> = As { organisation: "demo", user: "omar" };
const KARIN: As<'_> = As { organisation: "demo", user: "karin" };

struct Demo {
    upload: Router,
    search: Router,
    watched: table::Watched,
}

impl Demo {
    async fn new() -> anyhow::Result<Self> {
        let watched = table::watched().await?;
        let table: Table = watched.table.clone();
        found(&table, "demo").await?;
        let people =
            [Person::recorded("anna"), Person::recorded("omar"), Person::administrator("karin")];
        for person in people {
            person.joins(&table, "demo").await?;
        }
        let objects = bucket::unreached();
        Ok(Self {
            upload: upload::router(upload::App { table: table.clone(), objects, now }),
            search: search::router(search::App { table, keys: Default::default(), now }),
            watched,
        })
    }

    async fn registers(&self, by: As<'_>, id: &str, members: Value) -> anyhow::Result<Value> {
        let sent = with(call(id, "audio/wav", id.as_bytes()), members);
        Ok(by.post(&self.upload, "/v1/recordings", &sent).await?.done()?.body)
    }

    /// The call ids that a search finds, oldest first.
    async fn finds(&self, by: As<'_>, filter: &str) -> anyhow::Result<Vec<String>> {
        let path = format!("/v1/recordings?order=oldest&{filter}");
        let page = by.get(&self.search, &path).await?.done()?.body;
        let rows = page["recordings"].as_array().cloned().unwrap_or_default();
        Ok(rows.iter().map(|row| row["callId"].as_str().unwrap_or_default().to_owned()).collect())
    }
}

/// Three legs after a transfer, and a conference of four.
#[tokio::test]
async fn the_legs_of_a_conversation_are_found_together_and_each_is_a_recording()
-> anyhow::Result<()> {
    let mut demo = Demo::new().await?;
    let minutes = |minutes: i64| now() - TimeDelta::minutes(60 - minutes);
    for (by, id, minute) in [(ANNA, "leg-1", 0), (ANNA, "leg-2", 0), (OMAR, "leg-3", 5)] {
        let registered = demo
            .registers(
                by,
                id,
                json!({ "conversationId": "conv/1#a", "startedAt": minutes(minute) }),
            )
            .await?;
        assert_eq!(registered["recording"]["conversationId"], "conv/1#a");
        assert_eq!(registered["warnings"], json!([]));
    }
    let conference = demo
        .registers(
            ANNA,
            "conference",
            json!({
                "participants": ["070-174 06 05", "sip:bo@example.org", "+46 70 174 06 05", "+46701234567", ""],
                "startedAt": minutes(10),
            }),
        )
        .await?;
    assert_eq!(
        conference["recording"]["participants"],
        json!(["+46701740605", "sip:bo@example.org"]),
        "each party once, and not the counterpart again"
    );
    demo.registers(ANNA, "alone", json!({ "startedAt": minutes(20) })).await?;
    indexed::take_in_all(&mut demo.watched).await?;

    let mut legs = demo.finds(KARIN, "conversation=conv%2F1%23a").await?;
    legs.sort_unstable();
    assert_eq!(legs, ["leg-1", "leg-2", "leg-3"], "two began in the same second");
    assert_eq!(demo.finds(OMAR, "conversation=conv%2F1%23a").await?, ["leg-3"], "his own only");
    assert_eq!(demo.finds(KARIN, "conversation=other").await?, Vec::<String>::new());
    for written in ["%2B46701740605", "070-174%2006%2005", "sip:bo@example.org"] {
        let found = demo.finds(KARIN, &format!("participant={written}")).await?;
        assert_eq!(found, ["conference"], "{written}");
    }
    assert_eq!(demo.finds(KARIN, "participant=%2B46701234567").await?, Vec::<String>::new());
    let file = json!({ "accept": "text/csv" });
    let path = "/v1/recordings?conversation=conv%2F1%23a";
    let file = KARIN.send_with(&demo.search, "GET", path, None, file).await?;
    assert_eq!(file.text.lines().count(), 4);
    assert!(file.text.lines().nth(1).unwrap_or_default().contains("conv/1#a"), "{}", file.text);
    Ok(())
}

/// A wrong member is left out with a warning, and the call is registered.
#[tokio::test]
async fn members_about_the_leg_never_cost_a_call() -> anyhow::Result<()> {
    let demo = Demo::new().await?;
    let many: Vec<String> = (0..25).map(|number| format!("+467017406{number:02}")).collect();
    let cases = [
        (json!({ "conversationId": "a b" }), "left-out /conversationId"),
        (json!({ "conversationId": 7 }), "left-out /conversationId"),
        (json!({ "participants": "anna" }), "left-out /participants"),
        (json!({ "participants": [null, "+46701740605"] }), "left-out /participants"),
        (json!({ "participants": many }), "cut /participants"),
        (json!({ "deviceId": "phone 1", "sequence": 1 }), "left-out /deviceId"),
        (json!({ "deviceId": "phone-1" }), "left-out /deviceId"),
        (json!({ "sequence": 1 }), "left-out /sequence"),
        (json!({ "deviceId": "phone-1", "sequence": 0 }), "left-out /sequence"),
        (json!({ "deviceId": "phone-1", "sequence": "x" }), "left-out /sequence"),
    ];
    for (number, (members, expected)) in cases.into_iter().enumerate() {
        let registered = demo.registers(ANNA, &format!("call-{number}"), members.clone()).await?;
        let warnings: Vec<String> = registered["warnings"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|warning| {
                let text = |name: &str| warning[name].as_str().unwrap_or_default();
                format!("{} {}", text("code"), text("pointer"))
            })
            .collect();
        assert!(warnings.contains(&expected.to_owned()), "{members}: {warnings:?}");
    }
    let numbered = demo
        .registers(ANNA, "numbered", json!({ "deviceId": "phone-1", "sequence": "17" }))
        .await?;
    let recording = &numbered["recording"];
    assert_eq!((&recording["deviceId"], &recording["sequence"]), (&"phone-1".into(), &17.into()));
    Ok(())
}

/// An erasure of a person reaches the calls in which they took part besides the counterpart.
#[tokio::test]
async fn an_erasure_reaches_a_participant() -> anyhow::Result<()> {
    let world = World::new("erase-participant").await?;
    let with = |name: &str, participants: &[&str]| {
        let mut call = recording("demo", "anna", name, now() - TimeDelta::hours(1));
        call.counterpart = Counterpart::from("+46701111111".to_owned());
        call.audio.sha256 = Sha256::of(name.as_bytes());
        call.leg.participants =
            participants.iter().map(|text| Counterpart::from((*text).to_owned())).collect();
        call
    };
    let (conference, other) =
        (with("conference", &["+46702222222", "+46703333333"]), with("other", &["+46703333333"]));
    for call in [&conference, &other] {
        register(world.table(), call).await?;
        world.index_words(call).await?;
    }
    let router = world.retention(now);
    let order = json!({ "counterpart": "070-222 22 22", "reason": "begäran" });
    let erasure = KARIN.post(&router, "/v1/erasures", &order).await?.done()?.body;
    assert_eq!(erasure["recordings"], 1);
    let path = format!("/v1/erasures/{}", erasure["id"].as_str().unwrap_or_default());
    let confirmed = json!({ "recordings": 1 });
    KARIN.post(&router, &format!("{path}/confirm"), &confirmed).await?.done()?;
    world.work(now).await?;
    let done = KARIN.get(&router, &path).await?.done()?.body;
    assert_eq!((&done["state"], &done["erased"]), (&"done".into(), &1.into()));
    assert!(world.is_buried(&conference).await? && !world.is_buried(&other).await?);
    Ok(())
}
