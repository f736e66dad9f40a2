//! Marks of recordings, and the legend that an organisation's administrators change.

use aws_sdk_dynamodb::types::AttributeValue::S;
use domain::note::Mark;
use platform::table::key;
use serde_json::json;
use tests::{call::with, people::organisation, request::As, service::OPERATOR};

use super::annotation::{ANNA, CRM, KARIN, World, annotations, recording_id};

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
    let red = |retired| {
        json!({
            "label": "Reklamation", "colour": "red", "shape": "diamond", "retired": retired,
        })
    };
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
    let mark = |mark: &str, label: &str, colour: &str, shape: &str| {
        json!({
            "mark": mark, "label": label, "colour": colour, "shape": shape, "retired": false,
        })
    };
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
async fn a_registration_leaves_out_marks_that_an_annotation_refuses() -> anyhow::Result<()> {
    let world = World::new().await?;
    let yellow =
        json!({ "label": "Gul", "colour": "yellow", "shape": "triangle", "retired": true });
    KARIN.put(&world.annotate, "/v1/marks/yellow", &yellow).await?.done()?;
    for mark in ["vip", "yellow"] {
        for (call, note) in [("fresh", json!(null)), ("annotated", json!("före"))] {
            let call = &format!("{call}-{mark}");
            if !note.is_null() {
                world.annotate_call(ANNA, call, json!({ "note": note })).await?.done()?;
            }
            let registered = world.registers(ANNA, call, json!({ "mark": mark })).await?.done()?;
            assert_eq!(registered.status.as_u16(), 201, "{call}");
            assert_eq!(registered.body["warnings"][0]["code"], "unknown-mark", "{call}");
            let standing = world.annotation_of(recording_id(call)).await?;
            assert_eq!((&standing[0], &standing[1]), (&note, &json!(null)), "{call}");
            let annotated = world.annotate_call(ANNA, call, json!({ "mark": mark })).await?;
            assert_eq!(annotated.refusal(), (422, "unknown-mark".to_owned()), "{call}");
        }
    }
    let red = world.registers(ANNA, "red", json!({ "mark": "red" })).await?.done()?;
    assert_eq!(red.body["recording"]["mark"], "red");
    assert_eq!(red.body["warnings"], json!([]));
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
    let registered = world.registers(ANNA, "call-2", json!({ "mark": "none" })).await?.done()?;
    assert_eq!(registered.body["recording"]["mark"], json!(null));
    assert_eq!(registered.body["warnings"][0]["code"], "left-out");
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
