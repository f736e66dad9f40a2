//! Annotations from the portal, the app and customers' systems: the versions that concurrent edits
//! leave, and the texts that are refused.

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::RecordingId, recording::Recording};
use platform::table::{Table, annotation::CallSnapshot, key::Item};
use serde_json::{Value, json};
use tests::{
    call::{call, now, silence, with},
    people::{Person, organisation},
    recording::{recording, store},
    request::{Answer, App, As},
    service::{OPERATOR, Service},
};

pub(super) const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
pub(super) const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
pub(super) const OMAR: As<'_> = As { organisation: "demo", user: "omar" };
pub(super) const CRM: App<'_> = App { organisation: "demo", client: "crm", scopes: "annotate" };

/// The service, and the annotate function under test.
pub(super) struct World {
    pub(super) service: Service,
    pub(super) table: Table,
    pub(super) annotate: Router,
}

impl World {
    /// "demo" with the administrator Karin, the recorded users Anna and Omar, and the CRM.
    pub(super) async fn new() -> anyhow::Result<Self> {
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
    pub(super) fn later(&self, now: fn() -> DateTime<Utc>) -> Self {
        Self::at(self.service.later(now), now)
    }

    /// Stores a recording of Anna's call.
    pub(super) async fn stored(&self, call: &str) -> anyhow::Result<Recording> {
        let recording = recording("demo", "anna", call, now() - TimeDelta::hours(1));
        store(&self.table, &recording).await?;
        Ok(recording)
    }

    /// Edits a recording of the given version.
    pub(super) async fn edit(
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
    pub(super) async fn annotate_call(
        &self,
        by: As<'_>,
        call: &str,
        patch: Value,
    ) -> anyhow::Result<Answer> {
        by.put(&self.annotate, &format!("/v1/calls/{call}/annotation"), &patch).await
    }

    /// Annotates a call by its call id, as the CRM.
    pub(super) async fn crm_annotates(&self, call: &str, patch: Value) -> anyhow::Result<Answer> {
        CRM.put(&self.annotate, &format!("/v1/calls/{call}/annotation"), &patch).await
    }

    /// Registers a call with additional members.
    pub(super) async fn registers(
        &self,
        by: As<'_>,
        id: &str,
        more: Value,
    ) -> anyhow::Result<Answer> {
        by.post(
            &self.service.upload,
            "/v1/recordings",
            &with(call(id, "audio/wav", &silence(1)), more),
        )
        .await
    }

    /// The note, the mark, the fields and the version, as an administrator reads them.
    pub(super) async fn annotation_of(&self, id: RecordingId) -> anyhow::Result<Value> {
        let row =
            KARIN.get(&self.service.search, &format!("/v1/recordings/{id}")).await?.done()?.body;
        Ok(json!([row["note"], row["mark"], row["fields"], row["version"]]))
    }

    /// The edits as an administrator reads them: the actor, and each change with both values.
    pub(super) async fn edits(&self, id: RecordingId) -> anyhow::Result<Value> {
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
    pub(super) async fn actions(&self) -> anyhow::Result<Vec<String>> {
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

    pub(super) async fn standing(&self, id: RecordingId) -> anyhow::Result<CallSnapshot> {
        Ok(self.table.annotations().of_call(&organisation("demo"), id, now()).await?)
    }

    pub(super) async fn items(&self, partition: String) -> anyhow::Result<Vec<Item>> {
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

pub(super) fn recording_id(call: &str) -> RecordingId {
    recording("demo", "anna", call, now()).id
}

pub(super) fn annotations(world: &[String]) -> Vec<&String> {
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
