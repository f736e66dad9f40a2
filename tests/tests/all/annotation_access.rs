//! Who may annotate a recording and read its annotation, and the history and audit log of edits.

use chrono::TimeDelta;
use platform::table::key;
use serde_json::{Value, json};
use tests::{
    call::now,
    people::{Person, organisation},
    recording::{recording, register},
    request::{App, As},
    whole,
};

use super::annotation::{ANNA, CRM, KARIN, OMAR, World, annotations, recording_id};

/// The CRM with the read scope as well.
const READING_CRM: App<'_> = App { organisation: "demo", client: "crm", scopes: "annotate read" };

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
        { "version": 1, "at": now(), "who": "user:anna", "changes": [
            change("note", json!(null), json!("ring")),
            change("mark", json!(null), json!("red")),
        ] },
        { "version": 2, "at": now() - TimeDelta::seconds(5), "who": "client:crm", "changes": [
            change("field1", json!(null), json!("kund 7")),
            change("field3", json!(null), json!("x")),
        ] },
        { "version": 3, "at": now(), "who": "user:karin", "changes": [
            change("note", json!("ring"), json!(null)),
            change("mark", json!("red"), json!(null)),
            change("field3", json!("x"), json!(null)),
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
