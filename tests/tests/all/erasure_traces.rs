//! Mentions of a person in audit events, jobs, early notes and removed users.

use std::collections::BTreeSet;

use platform::table::{Table, key};
use serde_json::{Value, json};
use tests::{
    call::{now, with},
    people::{Person, found, organisation, user},
    recording::{recording, register},
    request::As,
    retention_jobs::{KARIN, World},
    table,
};

pub(crate) const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

/// Every item that contains the text in any attribute, including attribute names and bytes.
pub(crate) async fn naming(table: &Table, text: &str) -> anyhow::Result<Vec<String>> {
    let items = table
        .client
        .scan()
        .table_name(&table.name)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await?;
    let holds =
        |item: &key::Item| format!("{item:?}").to_lowercase().contains(&text.to_lowercase());
    Ok(items.iter().filter(|item| holds(item)).map(|item| format!("{item:?}")).collect())
}

/// The searches in the audit log, oldest first.
async fn asked(table: &Table, of: &str) -> anyhow::Result<Vec<Value>> {
    let audit = admin::router(admin::App {
        table: table.clone(),
        now: || now() + chrono::TimeDelta::minutes(1),
    });
    let page = As { organisation: of, user: "karin" }
        .get(&audit, "/v1/audit?action=search&limit=1000")
        .await?
        .done()?
        .body;
    let mut events: Vec<_> = page["events"].as_array().into_iter().flatten().cloned().collect();
    events.reverse();
    Ok(events
        .iter()
        .map(|event| serde_json::from_str(event["detail"].as_str().unwrap_or("null")))
        .collect::<Result<_, _>>()?)
}

async fn two_organisations() -> anyhow::Result<(Table, tests::requests::Requests)> {
    let (table, requests) = table::empty().await?;
    for of in ["demo", "other"] {
        found(&table, of).await?;
        Person::administrator("karin").joins(&table, of).await?;
    }
    Ok((table, requests))
}

#[tokio::test]
async fn a_search_is_audited_with_hashes_in_place_of_personal_data() -> anyhow::Result<()> {
    let (table, requests) = two_organisations().await?;
    let search =
        search::router(search::App { table: table.clone(), keys: Default::default(), now });
    for query in [
        "counterpart=%2B46701234567",
        "number=070-123%2045%2067",
        "number=%2B46701234567&user=anna&mark=red",
        "number=4567",
        "name=Kalle%20Svensson",
        "note=H%C3%A4mlig%20faktura&field1=kund&fields=h%C3%A4mlig%20%20FAKTURA",
        "counterpart=withheld&held=true&minSeconds=5",
    ] {
        KARIN.get(&search, &format!("/v1/recordings?{query}")).await?.done()?;
        KARIN.get(&search, &format!("/v1/recordings/count?{query}")).await?.done()?;
    }
    for word in ["1234567", "7654321", "4567", "svensson", "hämlig", "faktura", "kund"] {
        assert_eq!(naming(&table, word).await?, [""; 0], "{word}");
    }
    let searches = asked(&table, "demo").await?;
    assert_eq!(searches.len(), 14);
    let whole = &searches[0]["counterpart"].clone();
    assert_eq!(whole["ends"], "67");
    assert_eq!(whole["hash"].as_str().map(str::len), Some(26));
    assert!(
        [&searches[1], &searches[2], &searches[4]]
            .iter()
            .all(|search| ["counterpart", "number"].iter().any(|name| &search[*name] == whole)),
        "{searches:?}"
    );
    assert_eq!(
        (&searches[4]["user"], &searches[4]["mark"]),
        (&json!("anna"), &json!("red")),
        "what is no person's outside stays"
    );
    assert_eq!(
        (searches[6]["number"]["ends"].clone(), searches[6]["number"]["hash"] == whole["hash"]),
        (Value::Null, false)
    );
    assert_eq!(
        searches[10]["note"], searches[10]["fields"],
        "the same words, however they are typed"
    );
    assert_ne!(searches[10]["note"], searches[10]["field1"]);
    assert_eq!(searches[12], json!({ "counterpart": "withheld", "held": true, "minSeconds": 5 }));
    for form in ["counterpart=070-123%2045%2067", "counterpart=sip:anna@bolaget.se"] {
        KARIN.get(&search, &format!("/v1/recordings?{form}")).await?.done()?;
    }
    let searches = asked(&table, "demo").await?;
    let forms = searches.iter().filter(|search| search["counterpart"] == *whole).count();
    let addresses = searches.iter().filter(|search| {
        search["counterpart"]["hash"].is_string() && search["counterpart"]["ends"].is_null()
    });
    assert_eq!(
        (forms, addresses.count()),
        (3, 1),
        "one hash for every form, and nothing of an address: {searches:?}"
    );
    let other = As { organisation: "other", user: "karin" };
    other.get(&search, "/v1/recordings?counterpart=%2B46701234567").await?.done()?;
    assert_ne!(
        asked(&table, "other").await?[0]["counterpart"]["hash"],
        whole["hash"],
        "each organisation has a key of its own"
    );
    requests.take();
    KARIN.get(&search, "/v1/recordings?counterpart=%2B46701234567").await?.done()?;
    assert_eq!(requests.take().get("DynamoDB.GetItem"), None, "the key is read once");
    Ok(())
}

/// Two function instances generate the key at the same time. Both use the stored one.
#[tokio::test]
async fn the_hash_key_is_generated_once() -> anyhow::Result<()> {
    let (table, _) = two_organisations().await?;
    let router =
        || search::router(search::App { table: table.clone(), keys: Default::default(), now });
    let (one, other) = (router(), router());
    let path = "/v1/recordings?note=ring";
    let (first, second) = tokio::join!(KARIN.get(&one, path), KARIN.get(&other, path));
    first?.done()?;
    second?.done()?;
    let searches = asked(&table, "demo").await?;
    assert_eq!(searches[0], searches[1]);
    Ok(())
}

#[tokio::test]
async fn reasons_are_stored_without_telephone_numbers() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    for person in [Person::administrator("karin"), Person::recorded("anna")] {
        person.joins(&table, "demo").await?;
    }
    let of = recording("demo", "anna", "call", now());
    tests::recording::store(&table, &of).await?;
    let playback = playback::router(playback::App {
        table: table.clone(),
        objects: tests::bucket::unreached(),
        quarantine: tests::bucket::unreached(),
        now,
    });
    let reason = json!({ "reason": "kunden på 070-765 43 21 ringde" });
    KARIN.post(&playback, &format!("/v1/recordings/{}/playback", of.id), &reason).await?.done()?;
    assert_eq!(naming(&table, "765 43 21").await?, [""; 0]);
    assert_eq!(naming(&table, "kunden på …21 ringde").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_hold_contains_its_filter_only_while_it_is_placed() -> anyhow::Result<()> {
    let world = World::new("forget-hold").await?;
    world.stored("anna", "call", now()).await?;
    let place = async || {
        let body = json!({ "reason": "tvist med +46709876543", "filter": { "counterpart": "+46709876543", "note": "hemlig" } });
        let placed = KARIN.post(&world.retention(now), "/v1/holds", &body).await?.done()?.body;
        anyhow::Ok(placed["id"].as_str().unwrap_or_default().to_owned())
    };
    let lift = async |id: &str| {
        KARIN
            .delete(&world.retention(now), &format!("/v1/holds/{id}?reason=070-9876543%20nej"))
            .await?
            .done()
    };
    let placed = place().await?;
    assert_eq!(naming(world.table(), "9876543").await?.len(), 1, "it is being placed");
    world.work(now).await?;
    assert_eq!(naming(world.table(), "9876543").await?, [""; 0], "what it holds is listed now");
    assert_eq!(naming(world.table(), "hemlig").await?, [""; 0]);
    let shown =
        KARIN.get(&world.retention(now), &format!("/v1/holds/{placed}")).await?.done()?.body;
    assert_eq!(
        (&shown["hold"]["state"], &shown["hold"]["reason"]),
        (&json!("held"), &json!("tvist med …43"))
    );
    lift(&placed).await?;
    world.work(now).await?;
    let early = place().await?;
    lift(&early).await?;
    assert_eq!(naming(world.table(), "9876543").await?, [""; 0], "lifted before it was placed");
    world.work(now).await?;
    let shown = KARIN.get(&world.retention(now), &format!("/v1/holds/{early}")).await?.done()?.body;
    assert_eq!(
        (&shown["hold"]["state"], &shown["hold"]["lifted"]["reason"]),
        (&json!("lifted"), &json!("…43 nej"))
    );
    Ok(())
}

pub(crate) async fn erase(world: &World, whose: Value) -> anyhow::Result<String> {
    let body = with(json!({ "reason": "begäran" }), whose);
    let erasure = KARIN.post(&world.retention(now), "/v1/erasures", &body).await?.done()?.body;
    let id = erasure["id"].as_str().unwrap_or_default().to_owned();
    let confirmed = json!({ "recordings": erasure["recordings"] });
    KARIN
        .post(&world.retention(now), &format!("/v1/erasures/{id}/confirm"), &confirmed)
        .await?
        .done()?;
    world.work(now).await?;
    Ok(id)
}

#[tokio::test]
async fn an_erasure_of_a_number_removes_it_from_other_jobs() -> anyhow::Result<()> {
    let world = World::new("forget-orders").await?;
    world.stored("anna", "call", now()).await?;
    let preview = |number: &str| json!({ "reason": "x", "counterpart": number });
    for number in ["+46701234567", "+46701234567", "+46709999999"] {
        KARIN.post(&world.retention(now), "/v1/erasures", &preview(number)).await?.done()?;
    }
    erase(&world, json!({ "counterpart": "+46701234567" })).await?;
    assert_eq!(naming(world.table(), "1234567").await?, [""; 0]);
    let left = KARIN.get(&world.retention(now), "/v1/erasures").await?.done()?.body;
    let states: BTreeSet<_> = left["erasures"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|erasure| erasure["state"].as_str())
        .collect();
    assert_eq!(states, ["done", "previewed"].into(), "the other number's remains: {left}");
    Ok(())
}

#[tokio::test]
async fn an_erasure_of_a_user_removes_their_notes_on_unregistered_calls() -> anyhow::Result<()> {
    let world = World::new("forget-early").await?;
    let annotate = annotate::router(annotate::App { table: world.table().clone(), now });
    let omar = As { organisation: "demo", user: "omar" };
    for number in 0..25 {
        for note in ["hemlig", "hemlig igen"] {
            ANNA.put(
                &annotate,
                &format!("/v1/calls/never-{number}/annotation"),
                &json!({ "note": note }),
            )
            .await?
            .done()?;
        }
    }
    omar.put(&annotate, "/v1/calls/omars/annotation", &json!({ "note": "omars" })).await?.done()?;
    ANNA.put(&annotate, "/v1/calls/came/annotation", &json!({ "note": "hemlig" })).await?.done()?;
    register(world.table(), &recording("demo", "anna", "came", now())).await?;
    assert_eq!(world.count("early").await?, 27);
    erase(&world, json!({ "user": "anna" })).await?;
    assert_eq!(naming(world.table(), "hemlig").await?, [""; 0]);
    assert_eq!(
        (world.count("edit").await?, world.count("early").await?),
        (1, 1),
        "another's note stays"
    );
    assert_eq!(naming(world.table(), "omars").await?.len(), 2, "the note and its edit");
    // The call may still be registered: a note was erased, not a recording.
    register(world.table(), &recording("demo", "omar", "never-0", now())).await?;
    Ok(())
}

#[tokio::test]
async fn an_erasure_of_a_removed_user_removes_their_name_and_number_but_not_their_id()
-> anyhow::Result<()> {
    let world = World::new("forget-user").await?;
    let provision = provision::router(provision::App {
        table: world.table().clone(),
        imports: tests::queue::untold(),
        now,
    });
    let path = "/v1/organisations/demo/users/kalle";
    let kalle = json!({ "name": "Kalle Svensson", "phone": "+46707654321", "extension": "24680", "language": "sv", "plan": "pro", "administrator": false });
    tests::service::OPERATOR.put(&provision, path, &kalle).await?.done()?;
    let mut of = recording("demo", "kalle", "call", now());
    of.user = user("kalle");
    tests::recording::store(world.table(), &of).await?;
    erase(&world, json!({ "user": "kalle" })).await?;
    assert_eq!(
        naming(world.table(), "svensson").await?.len(),
        1,
        "current users retain their names"
    );
    tests::service::OPERATOR.delete(&provision, path).await?.done()?;
    erase(&world, json!({ "user": "kalle" })).await?;
    for text in ["svensson", "7654321", "24680"] {
        assert_eq!(naming(world.table(), text).await?, [""; 0], "{text}");
    }
    let get = world.table().client.get_item().table_name(&world.table().name);
    let item = get
        .set_key(Some(key::user(&organisation("demo"), &user("kalle"))))
        .send()
        .await?
        .item
        .unwrap_or_default();
    assert!(
        item.contains_key("removed_at") && item.contains_key("erased"),
        "the id stays taken: {item:?}"
    );
    Ok(())
}
