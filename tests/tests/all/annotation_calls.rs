//! Annotations by call id, before, at and after the registration of the call.

use aws_sdk_dynamodb::types::AttributeValue::N;
use chrono::TimeDelta;
use platform::table::key;
use serde_json::json;
use tests::{
    call::{call, now, silence, with},
    people::organisation,
};

use super::annotation::{ANNA, KARIN, OMAR, World, recording_id};

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
        json!({
            "recording": recording_id("before").to_string(),
            "registered": false,
            "version": "\"1\"",
            "also": [],
        })
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
