//! Annotations from the portal, the app and customers' systems, and the legend of marks.

use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::RecordingId, note::Mark, recording::Recording};
use platform::table::{
    Table,
    annotation::CallSnapshot,
    key::{self, Item},
};
use serde_json::{Value, json};
use tests::{
    call::{call, now, silence, with},
    people::{Person, organisation},
    recording::{recording, register, store},
    request::{Answer, App, As},
    service::{OPERATOR, Service},
    whole,
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
const OMAR: As<'_> = As { organisation: "demo", user: "omar" };
const CRM: App<'_> = App { organisation: "demo", client: "crm", scopes: "annotate" };
/// The CRM with the read scope as well.
const READING_CRM: App<'_> = App { organisation: "demo", client: "crm", scopes: "annotate read" };

/// The service, and the annotate function under test.
struct World {
    service: Service,
    table: Table,
    annotate: Router,
}

impl World {
    /// "demo" with the administrator Karin, the recorded users Anna and Omar, and the CRM.
    async fn new() -> anyhow::Result<Self> {
        let service = Service::empty().await?;
        service.provisions("demo", []).await?;
        let body = json!({ "name": "CRM", "scopes": ["read", "annotate"] });
        OPERATOR
            .put(&service.provision, "/v1/organisations/demo/clients/crm", &body)
            .await?
            .done()?;
        for person in
            [Person::administrator("karin"), Person::recorded("anna"), Person::recorded("omar")]
        {
            person.joins(&service.table, "demo").await?;
        }
        Ok(Self::at(service, now))
    }

    fn at(service: Service, now: fn() -> DateTime<Utc>) -> Self {
        let table = service.table.clone();
        Self {
            annotate: annotate::router(annotate::App { table: table.clone(), now }),
            table,
            service,
        }
    }

    /// The same world at another time.
    fn later(&self, now: fn() -> DateTime<Utc>) -> Self {
        Self::at(self.service.later(now), now)
    }

    /// Stores a recording of Anna's call.
    async fn stored(&self, call: &str) -> anyhow::Result<Recording> {
        let recording = recording("demo", "anna", call, now() - TimeDelta::hours(1));
        store(&self.table, &recording).await?;
        Ok(recording)
    }

    /// Edits a recording of the given version.
    async fn edit(
        &self,
        by: As<'_>,
        id: RecordingId,
        version: &str,
        patch: Value,
    ) -> anyhow::Result<Answer> {
        let path = format!("/v1/recordings/{id}");
        by.send_with(
            &self.annotate,
            "PATCH",
            &path,
            Some(patch.to_string()),
            json!({ "if-match": version }),
        )
        .await
    }

    /// Annotates a call by its call id.
    async fn annotate_call(&self, by: As<'_>, call: &str, patch: Value) -> anyhow::Result<Answer> {
        by.put(&self.annotate, &format!("/v1/calls/{call}/annotation"), &patch).await
    }

    /// Annotates a call by its call id, as the CRM.
    async fn crm_annotates(&self, call: &str, patch: Value) -> anyhow::Result<Answer> {
        CRM.put(&self.annotate, &format!("/v1/calls/{call}/annotation"), &patch).await
    }

    /// Registers a call with additional members.
    async fn registers(&self, by: As<'_>, id: &str, more: Value) -> anyhow::Result<Answer> {
        by.post(
            &self.service.upload,
            "/v1/recordings",
            &with(call(id, "audio/wav", &silence(1)), more),
        )
        .await
    }

    /// The note, the mark, the fields and the version, as an administrator reads them.
    async fn annotation_of(&self, id: RecordingId) -> anyhow::Result<Value> {
        let row =
            KARIN.get(&self.service.search, &format!("/v1/recordings/{id}")).await?.done()?.body;
        Ok(json!([row["note"], row["mark"], row["fields"], row["version"]]))
    }

    /// The edits as an administrator reads them: the actor, and each change with both values.
    async fn edits(&self, id: RecordingId) -> anyhow::Result<Value> {
        let changes = |edit: &Value| {
            let changes = edit["changes"].as_array().into_iter().flatten();
            changes
                .map(|change| json!([change["what"], change["from"], change["to"]]))
                .collect::<Vec<_>>()
        };
        let (mut edits, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = KARIN
                .get(&self.annotate, &format!("/v1/recordings/{id}/edits?limit=1000{cursor}"))
                .await?
                .done()?
                .body;
            edits.extend(
                page["edits"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|edit| json!([edit["who"], changes(edit)])),
            );
            let Some(next) = page["cursor"].as_str() else { return Ok(edits.into()) };
            cursor = format!("&cursor={next}");
        }
    }

    /// The annotations, views and legend changes in the audit log: actor, action and denial.
    async fn actions(&self) -> anyhow::Result<Vec<String>> {
        let actions = self.service.actions("demo").await?.into_iter();
        let relevant = actions.filter(|[_, action, ..]| {
            matches!(action.as_str(), "annotate" | "see-edits" | "change-mark" | "see")
        });
        Ok(relevant
            .map(|[actor, action, _, denial]| {
                [actor, action, denial].join(" ").trim_end().to_owned()
            })
            .collect())
    }

    async fn standing(&self, id: RecordingId) -> anyhow::Result<CallSnapshot> {
        Ok(self.table.annotations().of_call(&organisation("demo"), id, now()).await?)
    }

    async fn items(&self, partition: String) -> anyhow::Result<Vec<Item>> {
        let query = self
            .table
            .client
            .query()
            .table_name(&self.table.name)
            .key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(
            ":pk",
            aws_sdk_dynamodb::types::AttributeValue::S(partition),
        );
        Ok(query.send().await?.items.unwrap_or_default())
    }
}

fn recording_id(call: &str) -> RecordingId {
    recording("demo", "anna", call, now()).id
}

fn annotations(world: &[String]) -> Vec<&String> {
    world.iter().filter(|action| action.contains("annotate")).collect()
}

#[tokio::test]
async fn one_of_two_concurrent_edits_is_refused_and_nothing_is_lost() -> anyhow::Result<()> {
    let world = World::new().await?;
    for round in 0..20 {
        let id = world.stored(&format!("call-{round}")).await?.id;
        let (anna, karin) = (json!({ "note": "Annas" }), json!({ "note": "Karins" }));
        let (one, other) = tokio::join!(
            world.edit(ANNA, id, "\"0\"", anna),
            world.edit(KARIN, id, "\"0\"", karin)
        );
        let (one, other) = (one?, other?);
        let (won, refused, (first, second)) = if one.status == 200 {
            (one, other, ("Annas", "Karins"))
        } else {
            (other, one, ("Karins", "Annas"))
        };
        assert_eq!(
            (won.status.as_u16(), won.headers["etag"].to_str()?, &won.body["version"]),
            (200, "\"1\"", &json!("\"1\""))
        );
        assert_eq!(refused.refusal(), (412, "edited-meanwhile".to_owned()));
        let current = &refused.body["current"];
        assert_eq!(
            (&current["note"], &current["version"], &current["id"]),
            (&json!(first), &json!("\"1\""), &json!(id.to_string()))
        );
        let again = world
            .edit(
                KARIN,
                id,
                current["version"].as_str().unwrap_or_default(),
                json!({ "note": second }),
            )
            .await?
            .done()?;
        assert_eq!(
            (again.headers["etag"].to_str()?, &again.body["note"]),
            ("\"2\"", &json!(second))
        );
        let edits = world.edits(id).await?;
        assert_eq!(
            (&edits[0][1], &edits[1][1]),
            (&json!([["note", null, first]]), &json!([["note", first, second]]))
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_edit_names_the_version_it_is_based_on() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    let path = format!("/v1/recordings/{id}");
    assert_eq!(
        ANNA.patch(&world.annotate, &path, &json!({ "note": "a" })).await?.refusal(),
        (428, "no-version".to_owned())
    );
    for version in ["\"1\"", "0", "W/\"0\"", "", "\"0\", \"1\""] {
        let refused = world.edit(ANNA, id, version, json!({ "note": "a" })).await?;
        assert_eq!(refused.refusal(), (412, "edited-meanwhile".to_owned()), "{version}");
        assert_eq!(refused.body["current"]["version"], "\"0\"", "{version}");
    }
    assert_eq!(
        world.edit(ANNA, id, "\"0\"", json!({ "note": "a" })).await?.headers["etag"],
        "\"1\""
    );
    assert_eq!(world.edit(ANNA, id, "*", json!({ "note": "b" })).await?.headers["etag"], "\"2\"");
    assert_eq!(world.annotation_of(id).await?, json!(["b", null, [null, null, null], "\"2\""]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_edits_of_any_version_all_appear_in_the_history() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    let writers = (0..6).map(|writer| {
        let annotate = world.annotate.clone();
        tokio::spawn(async move {
            let (path, patch) =
                (format!("/v1/recordings/{id}"), json!({ "note": format!("note {writer}") }));
            let any = json!({ "if-match": "*" });
            ANNA.send_with(&annotate, "PATCH", &path, Some(patch.to_string()), any).await
        })
    });
    for answer in writers.collect::<Vec<_>>() {
        answer.await??.done()?;
    }
    let edits = world.edits(id).await?;
    let edits: Vec<_> = edits.as_array().into_iter().flatten().map(|edit| &edit[1][0]).collect();
    assert_eq!(edits.len(), 6);
    assert!(
        edits[0][1].is_null() && edits.windows(2).all(|pair| pair[0][2] == pair[1][1]),
        "each begins where another ended: {edits:?}"
    );
    assert_eq!(
        world.annotation_of(id).await?,
        json!([edits[5][2], null, [null, null, null], "\"6\""])
    );
    Ok(())
}

#[tokio::test]
async fn an_unchanged_annotation_creates_no_version_edit_or_event() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    world
        .edit(ANNA, id, "\"0\"", json!({ "note": "åska", "mark": "red", "field1": "7" }))
        .await?
        .done()?;
    for same in [
        json!({ "note": "a\u{30a}ska", "mark": "red", "field1": "7" }),
        json!({}),
        json!({ "field2": null, "field3": "" }),
    ] {
        for version in ["\"1\"", "*"] {
            assert_eq!(
                world.edit(ANNA, id, version, same.clone()).await?.done()?.headers["etag"],
                "\"1\"",
                "{same}"
            );
        }
        assert_eq!(
            world.annotate_call(ANNA, "call-1", same.clone()).await?.done()?.body["version"],
            "\"1\""
        );
        world.crm_annotates("call-1", same).await?.done()?;
    }
    assert_eq!(world.edits(id).await?.as_array().map(Vec::len), Some(1));
    let actions = world.actions().await?;
    assert_eq!(
        annotations(&actions).len(),
        7,
        "the edit, and each of the 6 requests by call id: {actions:?}"
    );
    // The portal's response shows the recording, so a view is audited; that by call id does not.
    assert_eq!(actions.iter().filter(|action| *action == "user:anna see").count(), 6);
    assert!(!actions.iter().any(|action| action == "client:crm see"), "{actions:?}");
    Ok(())
}

#[tokio::test]
async fn the_history_lists_actor_time_and_both_values_in_order() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    world.edit(ANNA, id, "\"0\"", json!({ "note": "ring", "mark": "red" })).await?.done()?;
    // A clock that lags behind does not change the order.
    let behind = world.later(|| now() - TimeDelta::seconds(5));
    behind.crm_annotates("call-1", json!({ "field1": "kund 7", "field3": "x" })).await?.done()?;
    world
        .edit(KARIN, id, "\"2\"", json!({ "note": null, "mark": "", "field3": "" }))
        .await?
        .done()?;
    assert_eq!(
        world.annotation_of(id).await?,
        json!([null, null, ["kund 7", null, null], "\"3\""])
    );
    let shown =
        ANNA.get(&world.annotate, &format!("/v1/recordings/{id}/edits")).await?.done()?.body;
    let change =
        |what: &str, from: Value, to: Value| json!({ "what": what, "from": from, "to": to });
    let expected = json!({ "edits": [
        { "version": 1, "at": now(), "who": "user:anna", "changes": [change("note", json!(null), json!("ring")), change("mark", json!(null), json!("red"))] },
        { "version": 2, "at": now() - TimeDelta::seconds(5), "who": "client:crm",
          "changes": [change("field1", json!(null), json!("kund 7")), change("field3", json!(null), json!("x"))] },
        { "version": 3, "at": now(), "who": "user:karin", "changes": [
            change("note", json!("ring"), json!(null)), change("mark", json!("red"), json!(null)), change("field3", json!("x"), json!(null))
        ] },
    ], "cursor": null });
    assert_eq!(shown, expected);
    let all = [
        "user:anna annotate",
        "client:crm annotate",
        "user:karin annotate",
        "user:karin see",
        "user:anna see-edits",
    ];
    let mut actions = world.actions().await?;
    actions.sort_unstable();
    let mut all = all.map(str::to_owned);
    all.sort_unstable();
    assert_eq!(actions, all);
    Ok(())
}

#[tokio::test]
async fn a_long_history_is_read_completely() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    // 𝄞 takes four bytes, so 150 edits of 8 kB exceed one response of the table.
    for edit in 0..150 {
        let letter = if edit % 2 == 0 { "𝄞" } else { "𝄢" };
        world.edit(ANNA, id, "*", json!({ "note": letter.repeat(1000) })).await?.done()?;
    }
    assert_eq!(world.edits(id).await?.as_array().map(Vec::len), Some(150));
    Ok(())
}

#[tokio::test]
async fn a_text_too_long_or_with_control_characters_is_refused_with_its_count() -> anyhow::Result<()>
{
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    let refusals = [
        (
            json!({ "note": "å".repeat(1001) }),
            "a note holds at most 1000 characters, this one has 1001",
        ),
        (json!({ "note": "a\u{30a}".repeat(1200) }), "this one has 1200"),
        (json!({ "note": "😀".repeat(1001) }), "this one has 1001"),
        (
            json!({ "field1": "ö".repeat(129) }),
            "a field holds at most 128 characters, this one has 129",
        ),
        (json!({ "field2": "o\u{308}".repeat(130) }), "this one has 130"),
        (json!({ "field3": "x".repeat(5000) }), "this one has 5000"),
        (json!({ "note": "a\u{0}b" }), "no other control characters"),
        (json!({ "note": "a\u{1b}[31mb" }), "no other control characters"),
        (json!({ "note": "a\rb" }), "no other control characters"),
        (json!({ "field1": "a\tb" }), "text on one line, no control characters"),
        (json!({ "field2": "a\nb" }), "text on one line, no control characters"),
        (json!({ "mark": "Röd" }), "a mark is named by 1 to 32 of a-z, 0-9 and '-'"),
        (json!({ "mark": "x".repeat(33) }), "a mark is named by 1 to 32"),
        (json!({ "note": 7 }), "wrong type"),
        (json!({ "Note": "a" }), "unknown member `Note`"),
        (json!({ "note": "a", "field4": "b" }), "unknown member `field4`"),
        (json!({ "fields": ["a"] }), "unknown member `fields`"),
    ];
    for (patch, text) in refusals {
        for refused in [
            world.edit(ANNA, id, "\"0\"", patch.clone()).await?,
            world.annotate_call(ANNA, "call-1", patch.clone()).await?,
        ] {
            assert_eq!(refused.refusal(), (422, "invalid".to_owned()), "{patch}");
            let detail = refused.body["detail"].as_str().unwrap_or_default();
            assert!(detail.contains(text), "{patch}: {detail}");
        }
    }
    assert_eq!(world.annotation_of(id).await?, json!([null, null, [null, null, null], "\"0\""]));
    for taken in [
        json!({ "note": "a\u{30a}".repeat(1000), "field1": "o\u{308}".repeat(128) }),
        json!({ "note": "😀".repeat(1000), "field1": "𝄞".repeat(128) }),
        json!({ "note": "rad ett\nrad\ttvå" }),
    ] {
        world.edit(ANNA, id, "*", taken).await?.done()?;
    }
    let from_windows =
        world.edit(ANNA, id, "*", json!({ "note": "rad ett\r\nrad två" })).await?.done()?;
    assert_eq!(from_windows.body["note"], "rad ett\nrad två");
    Ok(())
}

#[tokio::test]
async fn an_unknown_or_retired_mark_is_refused_and_nothing_is_written() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    let blue = json!({ "label": "Blå", "colour": "blue", "shape": "square", "retired": true });
    KARIN.put(&world.annotate, "/v1/marks/blue", &blue).await?.done()?;
    for mark in ["pink", "blue"] {
        let patch = json!({ "note": "ring", "mark": mark });
        let refused = [
            world.edit(ANNA, id, "\"0\"", patch.clone()).await?,
            world.edit(ANNA, id, "*", patch.clone()).await?,
            world.annotate_call(ANNA, "call-1", patch.clone()).await?,
            world.crm_annotates("call-1", patch.clone()).await?,
            world.crm_annotates("call-2", patch).await?,
        ];
        for refused in refused {
            assert_eq!(refused.refusal(), (422, "unknown-mark".to_owned()), "{mark}");
        }
    }
    assert_eq!(world.annotation_of(id).await?, json!([null, null, [null, null, null], "\"0\""]));
    assert_eq!(world.edits(id).await?, json!([]));
    assert_eq!(world.standing(recording_id("call-2")).await?.version, 0);
    let actions = world.actions().await?;
    assert!(
        annotations(&actions).iter().all(|action| action.ends_with(" unknown-mark")),
        "{actions:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_retired_mark_remains_on_its_recordings_and_can_return() -> anyhow::Result<()> {
    let world = World::new().await?;
    let (id, other) = (world.stored("call-1").await?.id, world.stored("call-2").await?.id);
    world.edit(ANNA, id, "\"0\"", json!({ "mark": "red" })).await?.done()?;
    let red = |retired| json!({ "label": "Reklamation", "colour": "red", "shape": "diamond", "retired": retired });
    KARIN.put(&world.annotate, "/v1/marks/red", &red(true)).await?.done()?;
    assert_eq!(world.annotation_of(id).await?[1], "red");
    let legend = ANNA.get(&world.annotate, "/v1/marks").await?.body;
    let retained =
        legend["marks"].as_array().into_iter().flatten().find(|mark| mark["mark"] == "red");
    assert_eq!(retained, Some(&with(json!({ "mark": "red" }), red(true))));
    world.edit(ANNA, id, "\"1\"", json!({ "note": "ring", "mark": "red" })).await?.done()?;
    assert_eq!(
        world.edit(ANNA, other, "\"0\"", json!({ "mark": "red" })).await?.cause(),
        "unknown-mark"
    );
    OPERATOR
        .put(
            &world.service.provision,
            "/v1/organisations/demo",
            &json!({ "name": "Demo", "baseService": true, "storageAddOn": false }),
        )
        .await?
        .done()?;
    assert_eq!(
        world.edit(ANNA, other, "\"0\"", json!({ "mark": "red" })).await?.cause(),
        "unknown-mark",
        "provisioned again"
    );
    KARIN.put(&world.annotate, "/v1/marks/red", &red(false)).await?.done()?;
    world.edit(ANNA, other, "\"0\"", json!({ "mark": "red" })).await?.done()?;
    Ok(())
}

#[tokio::test]
async fn the_legend_starts_with_four_marks_that_administrators_can_change() -> anyhow::Result<()> {
    let world = World::new().await?;
    let marks = async |by: As<'_>| {
        anyhow::Ok(by.get(&world.annotate, "/v1/marks").await?.done()?.body["marks"].take())
    };
    let mark = |mark: &str, label: &str, colour: &str, shape: &str| json!({ "mark": mark, "label": label, "colour": colour, "shape": shape, "retired": false });
    let first = [
        mark("blue", "Blå", "blue", "square"),
        mark("green", "Grön", "green", "circle"),
        mark("red", "Röd", "red", "diamond"),
        mark("yellow", "Gul", "yellow", "triangle"),
    ];
    assert_eq!(marks(ANNA).await?, json!(first));
    let complaint =
        json!({ "label": "Reklamation", "colour": "red", "shape": "star", "retired": false });
    for _ in 0..3 {
        assert_eq!(KARIN.put(&world.annotate, "/v1/marks/red", &complaint).await?.status, 204);
    }
    OPERATOR
        .put(
            &world.service.provision,
            "/v1/organisations/demo",
            &json!({ "name": "Demo", "baseService": true, "storageAddOn": false }),
        )
        .await?
        .done()?;
    assert_eq!(
        marks(ANNA).await?[2],
        mark("red", "Reklamation", "red", "star"),
        "the organisation's own label remains"
    );
    assert_eq!(
        ANNA.put(&world.annotate, "/v1/marks/red", &complaint).await?.refusal(),
        (403, "not-allowed".to_owned())
    );
    assert_eq!(
        CRM.put(&world.annotate, "/v1/marks/red", &complaint).await?.refusal(),
        (403, "not-allowed".to_owned())
    );
    for bad in [
        json!({ "label": "", "colour": "red", "shape": "star", "retired": false }),
        json!({ "label": "x", "colour": "pink", "shape": "star", "retired": false }),
        json!({ "label": "x", "colour": "red", "shape": "heart", "retired": false }),
        json!({ "label": "x", "colour": "red", "retired": false }),
        json!({ "label": "x", "colour": "red", "shape": "star" }),
        json!({ "label": "x", "colour": "red", "shape": "star", "retired": false, "more": 1 }),
    ] {
        assert_eq!(
            KARIN.put(&world.annotate, "/v1/marks/red", &bad).await?.refusal(),
            (422, "invalid".to_owned()),
            "{bad}"
        );
    }
    let misnamed = KARIN.put(&world.annotate, "/v1/marks/R%C3%B6d", &complaint).await?;
    assert_eq!(misnamed.refusal(), (422, "invalid".to_owned()));
    assert!(
        misnamed.body["detail"].as_str().unwrap_or_default().contains("1 to 32 of a-z"),
        "{misnamed:?}"
    );
    let mut actions = world.actions().await?;
    actions.sort_unstable();
    let refused = ["client:crm change-mark not-allowed", "user:anna change-mark not-allowed"];
    assert_eq!(
        actions[..5],
        [&refused[..], &["user:karin change-mark"; 3]].concat(),
        "each request leaves an event"
    );
    assert!(
        actions[5..].iter().all(|action| action == "user:karin change-mark invalid"),
        "{actions:?}"
    );
    let events = world.service.audit("demo").await?;
    let changed = events
        .iter()
        .find(|event| event.action.into_str() == "change-mark" && event.denial.is_none());
    let detail = changed.and_then(|event| Some((event.resource.clone()?, event.detail.clone()?)));
    let decided = r#"{"label":"Reklamation","colour":"red","shape":"star","retired":false}"#;
    assert_eq!(detail, Some(("red".to_owned(), decided.to_owned())));
    Ok(())
}

#[tokio::test]
async fn a_legend_contains_at_most_a_hundred_marks() -> anyhow::Result<()> {
    let world = World::new().await?;
    let put = async |name: String, label: &str| {
        let body = json!({ "label": label, "colour": "grey", "shape": "cross", "retired": true });
        KARIN.put(&world.annotate, &format!("/v1/marks/{name}"), &body).await
    };
    for number in 0..96 {
        put(format!("m-{number}"), "Märke").await?.done()?;
    }
    assert_eq!(put("one-more".to_owned(), "Märke").await?.refusal(), (422, "invalid".to_owned()));
    put("m-95".to_owned(), "Annat").await?.done()?;
    let marks = ANNA.get(&world.annotate, "/v1/marks").await?.body;
    assert_eq!(marks["marks"].as_array().map(Vec::len), Some(100));
    Ok(())
}

#[tokio::test]
async fn the_app_annotates_before_at_and_after_registration() -> anyhow::Result<()> {
    let world = World::new().await?;
    let registered = world.registers(ANNA, "at", json!({ "note": "vid", "mark": "red" })).await?;
    assert_eq!(
        (registered.status.as_u16(), &registered.body["recording"]["note"]),
        (201, &json!("vid"))
    );
    let before = world
        .annotate_call(ANNA, "before", json!({ "note": "före", "mark": "green" }))
        .await?
        .done()?
        .body;
    assert_eq!(
        before,
        json!({ "recording": recording_id("before").to_string(), "registered": false, "version": "\"1\"" })
    );
    assert_eq!(
        KARIN
            .get(&world.service.search, &format!("/v1/recordings/{}", recording_id("before")))
            .await?
            .status,
        404
    );
    let listed = KARIN.get(&world.service.search, "/v1/recordings").await?.body;
    assert_eq!(
        listed["recordings"].as_array().map(Vec::len),
        Some(1),
        "a call that is not registered is not listed"
    );
    let registered = world.registers(ANNA, "before", json!({})).await?;
    let recording = &registered.body["recording"];
    assert_eq!(
        (&recording["note"], &recording["mark"], &recording["version"]),
        (&json!("före"), &json!("green"), &json!("\"1\""))
    );
    world.registers(ANNA, "after", json!({})).await?.done()?;
    let after = world
        .annotate_call(ANNA, "after", json!({ "note": "efter", "mark": "blue" }))
        .await?
        .done()?
        .body;
    assert_eq!(after["registered"], true);
    assert_eq!(
        world.annotation_of(recording_id("at")).await?,
        json!(["vid", "red", [null, null, null], "\"0\""])
    );
    assert_eq!(
        world.annotation_of(recording_id("before")).await?,
        json!(["före", "green", [null, null, null], "\"1\""])
    );
    assert_eq!(
        world.annotation_of(recording_id("after")).await?,
        json!(["efter", "blue", [null, null, null], "\"1\""])
    );
    Ok(())
}

#[tokio::test]
async fn a_registration_with_its_own_note_retains_the_earlier_note_as_an_edit() -> anyhow::Result<()>
{
    let world = World::new().await?;
    world
        .annotate_call(ANNA, "call-1", json!({ "note": "under samtalet", "mark": "green" }))
        .await?
        .done()?;
    world.crm_annotates("call-1", json!({ "field1": "kund 7" })).await?.done()?;
    for status in [201, 200, 200] {
        let registered =
            world.registers(ANNA, "call-1", json!({ "note": "efter samtalet" })).await?;
        assert_eq!(
            (registered.status.as_u16(), &registered.body["recording"]["note"]),
            (status, &json!("efter samtalet"))
        );
        assert_eq!(registered.body["recording"]["fields"][0], "kund 7");
        assert_eq!(registered.body["recording"]["version"], "\"3\"");
    }
    let id = recording_id("call-1");
    assert_eq!(
        world.annotation_of(id).await?,
        json!(["efter samtalet", "green", ["kund 7", null, null], "\"3\""])
    );
    let edits = world.edits(id).await?;
    assert_eq!(edits[2], json!(["user:anna", [["note", "under samtalet", "efter samtalet"]]]));
    // A repeated registration does not undo later edits, and an empty note counts as none.
    world.annotate_call(ANNA, "call-1", json!({ "note": "rättad" })).await?.done()?;
    world.registers(ANNA, "call-1", json!({ "note": "efter samtalet" })).await?.done()?;
    assert_eq!(world.annotation_of(id).await?[0], "rättad");
    world.annotate_call(ANNA, "call-2", json!({ "note": "kvar" })).await?.done()?;
    world.registers(ANNA, "call-2", json!({ "note": "" })).await?.done()?;
    assert_eq!(
        world.annotation_of(recording_id("call-2")).await?,
        json!(["kvar", null, [null, null, null], "\"1\""])
    );
    Ok(())
}

#[tokio::test]
async fn a_call_registered_again_after_rejection_retains_its_annotation() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.registers(ANNA, "call-1", json!({ "note": "från appen" })).await?.done()?;
    let id = recording_id("call-1");
    world.edit(ANNA, id, "\"0\"", json!({ "note": "rättad", "field1": "7" })).await?.done()?;
    let standing = world.standing(id).await?.recording.expect("it is registered");
    world.table.recordings().reject(&standing, "no audio").await?;
    let other = silence(2);
    let anew = with(call("call-1", "audio/wav", &other), json!({ "note": "från appen" }));
    let registered = ANNA.post(&world.service.upload, "/v1/recordings", &anew).await?.done()?;
    assert_eq!(
        (&registered.body["recording"]["note"], &registered.body["recording"]["version"]),
        (&json!("rättad"), &json!("\"1\""))
    );
    assert_eq!(world.annotation_of(id).await?, json!(["rättad", null, ["7", null, null], "\"1\""]));
    Ok(())
}

#[tokio::test]
async fn a_registration_accepts_only_marks_that_an_annotation_accepts() -> anyhow::Result<()> {
    let world = World::new().await?;
    let yellow =
        json!({ "label": "Gul", "colour": "yellow", "shape": "triangle", "retired": true });
    KARIN.put(&world.annotate, "/v1/marks/yellow", &yellow).await?.done()?;
    world.annotate_call(ANNA, "said", json!({ "note": "före" })).await?.done()?;
    for mark in ["vip", "yellow"] {
        for call in ["call-1", "said"] {
            let registered = world.registers(ANNA, call, json!({ "mark": mark })).await?;
            assert_eq!(registered.refusal(), (422, "unknown-mark".to_owned()), "{call} {mark}");
            assert_eq!(
                registered.body["detail"],
                world.annotate_call(ANNA, call, json!({ "mark": mark })).await?.body["detail"]
            );
            assert!(
                world.standing(recording_id(call)).await?.recording.is_none(),
                "{call} is not registered"
            );
        }
    }
    let actions = world.service.actions("demo").await?;
    assert_eq!(
        actions
            .iter()
            .filter(|[_, action, _, refused]| action == "register" && refused == "unknown-mark")
            .count(),
        4
    );
    for (call, note) in [("call-1", json!(null)), ("said", json!("före"))] {
        let registered = world.registers(ANNA, call, json!({ "mark": "red" })).await?.done()?;
        assert_eq!(
            (registered.status.as_u16(), &registered.body["recording"]["mark"]),
            (201, &json!("red")),
            "{call}"
        );
        assert_eq!(world.annotation_of(recording_id(call)).await?[0], note, "{call}");
    }
    Ok(())
}

#[tokio::test]
async fn retiring_a_mark_does_not_change_the_identity_of_a_registered_call() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.registers(ANNA, "call-1", json!({ "mark": "red" })).await?.done()?;
    let red = json!({ "label": "Röd", "colour": "red", "shape": "diamond", "retired": true });
    KARIN.put(&world.annotate, "/v1/marks/red", &red).await?.done()?;
    let again = world.registers(ANNA, "call-1", json!({ "mark": "red" })).await?.done()?;
    assert_eq!((again.status.as_u16(), &again.body["recording"]["mark"]), (200, &json!("red")));
    let anew = world.registers(ANNA, "call-1", json!({ "mark": "vip" })).await?.done()?;
    assert_eq!((anew.status.as_u16(), &anew.body["recording"]["mark"]), (200, &json!("red")));
    Ok(())
}

#[tokio::test]
async fn no_route_sets_or_creates_a_mark_named_none() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    let made = json!({ "label": "Ingen", "colour": "grey", "shape": "circle", "retired": false });
    let refused = [
        KARIN.put(&world.annotate, "/v1/marks/none", &made).await?,
        world.registers(ANNA, "call-2", json!({ "mark": "none" })).await?,
        world.edit(ANNA, id, "*", json!({ "mark": "none" })).await?,
        world.annotate_call(ANNA, "call-1", json!({ "mark": "none" })).await?,
        world.crm_annotates("call-3", json!({ "mark": "none" })).await?,
    ];
    for refused in refused {
        assert_eq!(refused.refusal(), (422, "invalid".to_owned()), "{refused:?}");
        assert!(
            refused.body["detail"].as_str().unwrap_or_default().contains("choose another name"),
            "{refused:?}"
        );
    }
    assert_eq!(
        ANNA.put(&world.annotate, "/v1/marks/none", &made).await?.refusal(),
        (403, "not-allowed".to_owned())
    );
    Ok(())
}

/// A mark stored as `none`, or one missing from the legend, remains readable. Both are refused now.
#[tokio::test]
async fn a_stored_mark_that_is_refused_now_remains_readable() -> anyhow::Result<()> {
    let world = World::new().await?;
    let stored = world.stored("call-1").await?;
    let set = world
        .table
        .client
        .update_item()
        .table_name(&world.table.name)
        .set_key(Some(key::recording(&stored.organisation, stored.id)));
    let set = set
        .update_expression("SET mark = :none")
        .expression_attribute_values(":none", S("none".into()));
    set.send().await?;
    let mut item = key::mark(&organisation("demo"), &Mark::stored("none".to_owned()));
    for (name, value) in [("label", "Ingen"), ("colour", "grey"), ("shape", "circle")] {
        item.insert(name.to_owned(), S(value.to_owned()));
    }
    world.table.client.put_item().table_name(&world.table.name).set_item(Some(item)).send().await?;
    assert_eq!(world.annotation_of(stored.id).await?[1], "none");
    let legend = ANNA.get(&world.annotate, "/v1/marks").await?.done()?.body;
    let none = legend["marks"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|mark| mark["mark"] == "none")
        .cloned()
        .unwrap_or_default();
    assert_eq!((&none["label"], &none["retired"]), (&json!("Ingen"), &json!(true)));
    world.edit(ANNA, stored.id, "*", json!({ "mark": "red" })).await?.done()?;
    Ok(())
}

#[tokio::test]
async fn a_customers_system_sets_fields_before_and_after_registration() -> anyhow::Result<()> {
    let world = World::new().await?;
    let fields = json!({ "field1": "kund 7", "field2": "ärende 12", "field3": "säljare Åsa" });
    let note = json!({ "note": "ring", "mark": "red" });
    for (number, order) in
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].into_iter().enumerate()
    {
        let call = format!("call-{number}");
        for step in order.into_iter().chain(order) {
            match step {
                0 => world.crm_annotates(&call, fields.clone()).await?.done()?,
                1 => world.annotate_call(ANNA, &call, note.clone()).await?.done()?,
                _ => world.registers(ANNA, &call, json!({})).await?.done()?,
            };
        }
        let expected = json!(["ring", "red", ["kund 7", "ärende 12", "säljare Åsa"], "\"2\""]);
        assert_eq!(world.annotation_of(recording_id(&call)).await?, expected, "{order:?}");
        assert_eq!(
            world.edits(recording_id(&call)).await?.as_array().map(Vec::len),
            Some(2),
            "{order:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn nobody_annotates_or_reads_the_call_of_another_user_by_its_id() -> anyhow::Result<()> {
    let world = World::new().await?;
    let not_allowed = (403, "not-allowed".to_owned());
    world
        .crm_annotates("call-1", json!({ "note": "hemlig", "field1": "hemligt" }))
        .await?
        .done()?;
    world.annotate_call(ANNA, "call-1", json!({ "note": "Annas" })).await?.done()?;
    for patch in [json!({}), json!({ "note": "Omars" }), json!({ "note": "Annas" })] {
        assert_eq!(
            world.annotate_call(OMAR, "call-1", patch.clone()).await?.refusal(),
            not_allowed,
            "before: {patch}"
        );
    }
    world.registers(ANNA, "call-1", json!({})).await?.done()?;
    for patch in [json!({}), json!({ "note": "Omars" })] {
        assert_eq!(
            world.annotate_call(OMAR, "call-1", patch.clone()).await?.refusal(),
            not_allowed,
            "after: {patch}"
        );
        assert_eq!(
            world.edit(OMAR, recording_id("call-1"), "*", patch).await?.refusal(),
            not_allowed,
            "after"
        );
    }
    let edits = format!("/v1/recordings/{}/edits", recording_id("call-1"));
    assert_eq!(OMAR.get(&world.annotate, &edits).await?.refusal(), not_allowed);
    // A response by call id does not reveal fields that a system set on an unclaimed call.
    world.crm_annotates("call-2", json!({ "field1": "hemligt" })).await?.done()?;
    for patch in [json!({}), json!({ "note": "Omars" })] {
        let answer = world.annotate_call(OMAR, "call-2", patch).await?.done()?;
        assert!(!answer.text.contains("hemligt"), "{}", answer.text);
    }
    assert_eq!(world.annotation_of(recording_id("call-1")).await?[0], "Annas");
    let refused = world
        .actions()
        .await?
        .into_iter()
        .filter(|action| action.starts_with("user:omar") && action.ends_with("not-allowed"));
    assert_eq!(refused.count(), 8, "each refusal is audited");
    Ok(())
}

#[tokio::test]
async fn registration_drops_early_notes_of_other_users_and_retains_those_of_systems()
-> anyhow::Result<()> {
    let world = World::new().await?;
    world
        .crm_annotates("call-1", json!({ "note": "CRM:s", "field1": "kund 7", "field2": "x" }))
        .await?
        .done()?;
    world
        .annotate_call(
            OMAR,
            "call-1",
            json!({ "note": "Omars", "mark": "red", "field2": "Omars", "field3": "Omars" }),
        )
        .await?
        .done()?;
    world.crm_annotates("call-1", json!({ "field3": "kund 7b" })).await?.done()?;
    let registered = world.registers(ANNA, "call-1", json!({})).await?;
    assert_eq!(
        (registered.status.as_u16(), &registered.body["recording"]["note"]),
        (201, &json!("CRM:s"))
    );
    let id = recording_id("call-1");
    assert_eq!(
        world.annotation_of(id).await?,
        json!(["CRM:s", null, ["kund 7", "x", "kund 7b"], "\"4\""])
    );
    let gone = json!([
        "user:anna",
        [["note", "Omars", "CRM:s"], ["mark", "red", null], ["field2", "Omars", "x"]]
    ]);
    assert_eq!(world.edits(id).await?[3], gone, "the history shows its removal");
    assert_eq!(world.standing(id).await?.early, None);
    world.annotate_call(ANNA, "call-1", json!({ "note": "Annas" })).await?.done()?;
    assert_eq!(world.annotate_call(OMAR, "call-1", json!({ "note": "Omars" })).await?.status, 403);
    // The same applies when the registration has its own note.
    world
        .annotate_call(OMAR, "call-2", json!({ "note": "Omars", "field1": "Omars" }))
        .await?
        .done()?;
    world.registers(ANNA, "call-2", json!({ "note": "Annas", "mark": "blue" })).await?.done()?;
    assert_eq!(
        world.annotation_of(recording_id("call-2")).await?,
        json!(["Annas", "blue", [null, null, null], "\"2\""])
    );
    Ok(())
}

#[tokio::test]
async fn an_annotation_of_a_call_that_is_never_registered_expires() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.annotate_call(ANNA, "call-1", json!({ "note": "ring" })).await?.done()?;
    world
        .later(|| now() + TimeDelta::days(1))
        .crm_annotates("call-1", json!({ "field1": "7" }))
        .await?
        .done()?;
    let day = N((now() + TimeDelta::days(180)).timestamp().to_string());
    let items = world.items(key::recordings(&organisation("demo"))).await?;
    assert!(
        !items.is_empty() && items.iter().all(|item| item.get("expires_at") == Some(&day)),
        "{items:?}"
    );
    // The table removes the item later; until then it exists for nobody.
    let afterwards = world.later(|| now() + TimeDelta::days(180));
    assert_eq!(
        afterwards.annotate_call(ANNA, "call-1", json!({ "note": "ring" })).await?.refusal(),
        (404, "not-found".to_owned())
    );
    let started = json!({ "startedAt": now() + TimeDelta::days(179) });
    let registered = afterwards.registers(ANNA, "call-1", started).await?;
    let recording = &registered.body["recording"];
    assert_eq!(
        (registered.status.as_u16(), &recording["note"], &recording["fields"][0]),
        (201, &json!(null), &json!(null))
    );
    assert_eq!(afterwards.edits(recording_id("call-1")).await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn an_expired_recording_is_hidden_and_a_held_one_is_visible() -> anyhow::Result<()> {
    let world = World::new().await?;
    let started = now() - TimeDelta::days(180);
    let (expired, held) =
        (recording("demo", "anna", "expired", started), recording("demo", "anna", "held", started));
    for recording in [&expired, &held] {
        register(&world.table, recording).await?;
    }
    tests::retention_jobs::hold(&world.table, &held, now() - TimeDelta::days(1)).await?;
    let patch = json!({ "note": "ring" });
    for by in [ANNA, KARIN, OMAR] {
        assert_eq!(
            world.edit(by, expired.id, "*", patch.clone()).await?.refusal(),
            (404, "not-found".to_owned())
        );
        assert_eq!(
            world.annotate_call(by, "expired", patch.clone()).await?.refusal(),
            (404, "not-found".to_owned())
        );
        let edits = format!("/v1/recordings/{}/edits", expired.id);
        assert_eq!(by.get(&world.annotate, &edits).await?.refusal(), (404, "not-found".to_owned()));
    }
    assert_eq!(
        world.crm_annotates("expired", patch.clone()).await?.refusal(),
        (404, "not-found".to_owned())
    );
    world.edit(ANNA, held.id, "\"0\"", patch).await?.done()?;
    world.crm_annotates("held", json!({ "field1": "7" })).await?.done()?;
    assert_eq!(
        world.annotation_of(held.id).await?,
        json!(["ring", null, ["7", null, null], "\"2\""])
    );
    assert_eq!(world.edits(held.id).await?.as_array().map(Vec::len), Some(2));
    let edits = world.items(key::edits(&organisation("demo"))).await?;
    assert!(
        edits.iter().all(|edit| !edit.contains_key("expires_at")),
        "the history is held with it"
    );
    Ok(())
}

#[tokio::test]
async fn a_supervisor_needs_the_annotate_right_to_annotate_but_not_to_read() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    for name in ["sara", "sven"] {
        Person { rights: &[], ..Person::recorded(name) }.joins(&world.table, "demo").await?;
    }
    let admin = &world.service.admin;
    KARIN.put(admin, "/v1/groups/sales", &json!({ "name": "Sälj" })).await?.done()?;
    KARIN.post(admin, "/v1/groups/sales/members", &json!({ "add": ["anna"] })).await?.done()?;
    for (name, annotates) in [("sara", true), ("sven", false)] {
        let supervision =
            whole::supervision(json!({ "rights": { "listen": true, "annotate": annotates } }));
        KARIN
            .put(admin, &format!("/v1/groups/sales/supervisors/{name}"), &supervision)
            .await?
            .done()?;
    }
    let (sara, sven) = (As { user: "sara", ..ANNA }, As { user: "sven", ..ANNA });
    world.edit(sara, id, "\"0\"", json!({ "note": "Saras" })).await?.done()?;
    world.annotate_call(sara, "call-1", json!({ "mark": "red" })).await?.done()?;
    assert_eq!(
        world.edit(sven, id, "\"2\"", json!({ "note": "Svens" })).await?.refusal(),
        (403, "not-allowed".to_owned())
    );
    assert_eq!(
        world.annotate_call(sven, "call-1", json!({ "note": "Svens" })).await?.refusal(),
        (403, "not-allowed".to_owned())
    );
    let edits =
        sven.get(&world.annotate, &format!("/v1/recordings/{id}/edits")).await?.done()?.body;
    assert_eq!(edits["edits"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        world.annotation_of(id).await?,
        json!(["Saras", "red", [null, null, null], "\"2\""])
    );
    let mut actions = world.actions().await?;
    actions.sort_unstable();
    let annotated = [
        "user:sara annotate",
        "user:sara annotate",
        "user:sven annotate not-allowed",
        "user:sven annotate not-allowed",
    ];
    assert_eq!(annotations(&actions), annotated);
    Ok(())
}

#[tokio::test]
async fn a_system_without_the_read_scope_is_shown_no_annotation() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    world.edit(ANNA, id, "\"0\"", json!({ "note": "hemlig" })).await?.done()?;
    let (path, patch) = (format!("/v1/recordings/{id}"), json!({ "field1": "7" }).to_string());
    let edit = async |by: App<'_>, version: &str| {
        by.send_with(
            &world.annotate,
            "PATCH",
            &path,
            Some(patch.clone()),
            json!({ "if-match": version }),
        )
        .await
    };
    let refused = edit(CRM, "\"0\"").await?;
    assert_eq!(
        (refused.refusal(), &refused.body["current"]),
        ((412, "edited-meanwhile".to_owned()), &json!(null))
    );
    let done = edit(CRM, "*").await?;
    assert_eq!(
        (done.status.as_u16(), done.text.as_str(), done.headers["etag"].to_str()?),
        (204, "", "\"2\"")
    );
    assert_eq!(edit(CRM, "\"2\"").await?.status, 204);
    assert_eq!(CRM.get(&world.annotate, &format!("{path}/edits")).await?.status, 403);
    assert_eq!(edit(READING_CRM, "*").await?.body["note"], "hemlig");
    let refused = edit(READING_CRM, "\"0\"").await?;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["current"]["note"]),
        (412, &json!("hemlig"))
    );
    Ok(())
}

#[tokio::test]
async fn a_version_conflict_and_every_other_refusal_is_audited() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    world.edit(ANNA, id, "\"7\"", json!({ "note": "ring" })).await?;
    world.edit(OMAR, id, "*", json!({ "note": "ring" })).await?;
    world
        .edit(ANNA, domain::ids::RecordingId::from_bytes([9; 16]), "*", json!({ "note": "ring" }))
        .await?;
    world.crm_annotates("call-9", json!({ "field1": "7" })).await?.done()?;
    let mut actions = world.actions().await?;
    actions.sort_unstable();
    let retained = [
        "client:crm annotate",
        "user:anna annotate edited-meanwhile",
        "user:anna annotate not-found",
        "user:omar annotate not-allowed",
    ];
    assert_eq!(actions, retained);
    Ok(())
}

#[tokio::test]
async fn an_application_without_the_annotate_scope_changes_nothing() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.stored("call-1").await?.id;
    let reader = App { scopes: "read", ..CRM };
    for call in ["call-1", "call-2"] {
        let answer = reader
            .put(
                &world.annotate,
                &format!("/v1/calls/{call}/annotation"),
                &json!({ "field1": "7" }),
            )
            .await?;
        assert_eq!(answer.refusal(), (403, "not-allowed".to_owned()), "{call}");
    }
    assert_eq!(world.annotation_of(id).await?[3], "\"0\"");
    assert_eq!(world.standing(recording_id("call-2")).await?.version, 0);
    Ok(())
}
