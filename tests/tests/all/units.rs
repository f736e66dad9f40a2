//! The write units that the table and each index report for each operation, and the bytes of a row,
//! compared with `units.golden.json`.
//!
//! A write costs a unit per KB of the item and of each index that contains it; in a transaction the
//! item costs twice that. The floor of an operation is the cost of what it must store.
//!
//! | operation | floor | why |
//! |-----------|-------|-----|
//! | register | 7 | 2 for the item, 3 indexes: by organisation, user and counterpart; 2 for the event that every request leaves |
//! | register, with a mark | 10 | 1 index more, and 2 for reading the legend in the same transaction |
//! | ingest | 8 | the item changes state: 2 in the transaction, 4 indexes (it enters that of length); the user's count: 2 |
//! | reject | 5 | the item, 4 indexes |
//! | annotate with 10 new words | 10 | 2 for the item, 4 indexes that project it, 2 for the edit, 2 for the event that every edit leaves |
//! | index 10 new words | 20 | a posting and an entry each; 10 if the organisation's dictionary has the words |
//! | edit one word | 10 | as annotate |
//! | index one other word | 3 | one posting added, one removed, and an entry if the word is new |
//! | index a registration | 0 to 2 | its number's two entries, once a month |
//! | expire | 5 | the receipt and the user's count, 2 each in one transaction; 1 for the note of the copies found |
//! | expire, with an edit | 6 | 1 for the removed edit |
//! | expire, with two edits | 9 | 2 for each removed edit, in one transaction (one request) that spares the edits of a call registered again |
//! | expire what was never stored | 1 | the receipt; the count does not change, so it needs no transaction, and there is no copy |
//! | close an organisation's day | 1 | an item that is written once; its users' counts are closed before |
//!
//! The table's own removal of the item, its index entries, its postings and the note costs nothing.
//! Of the 5, a receipt without the copies found before a crash would save 1. A receipt outside the
//! count's transaction would save 2, but a crash between the two would count a recording twice, or
//! never.
//!
//! A row is counted by DynamoDB's rules: names and values in UTF-8, and a number as a byte for two
//! digits and one more. An index entry has the same bytes, since all attributes are projected. The
//! 100 bytes that DynamoDB adds to each for billed storage are not included.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use domain::{billing::Fill, recording::Recording};
use platform::table::{
    Table,
    arrival::{Arrival, Outcome},
    daily::Closed,
    key,
};
use serde_json::{Value, json};
use tests::{
    call::{call, now, silence, with},
    golden,
    indexed::take_in_all,
    people::{Person, found, legend, organisation},
    recording::{recording, register},
    request::As,
    retention_jobs::{World, days_later},
    table::{self, Watched},
};

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
const TEN: &str = "vill ha offert på femtio telefoner innan nästa onsdag kväll";
/// The same text with one other word.
const OTHER: &str = "vill ha offert på sextio telefoner innan nästa onsdag kväll";

async fn ingest(table: &Table, of: &Recording) -> anyhow::Result<()> {
    let (organisation, user, audio) = (of.organisation.clone(), of.user.clone(), of.audio.clone());
    let arrival = Arrival { organisation, id: of.id, user, audio };
    let outcome = table
        .recordings()
        .store(&arrival, &of.duration.into(), now() + TimeDelta::milliseconds(456))
        .await?;
    anyhow::ensure!(matches!(outcome, Outcome::Written), "{outcome:?}");
    Ok(())
}

/// Indexes the new stream records and returns the requests that this makes.
async fn index(watched: &mut Watched) -> anyhow::Result<BTreeMap<String, u64>> {
    watched.requests.take();
    take_in_all(watched).await?;
    Ok(watched.requests.take())
}

#[tokio::test]
async fn every_operation_writes_exactly_the_agreed_units() -> anyhow::Result<()> {
    let mut watched = table::watched().await?;
    let table = watched.table.clone();
    found(&table, "demo").await?;
    legend(&table, "demo").await?;
    Person::recorded("anna").joins(&table, "demo").await?;
    let upload = upload::router(upload::App {
        table: table.clone(),
        objects: tests::bucket::unreached(),
        now,
    });
    let annotate = annotate::router(annotate::App { table: table.clone(), now });
    let new = |id: &str| call(id, "audio/wav", &silence(1));
    let say = async |note: &str| {
        ANNA.put(&annotate, "/v1/calls/call/annotation", &json!({ "note": note })).await?.done()
    };

    let mut written: BTreeMap<&str, BTreeMap<String, f64>> = BTreeMap::new();
    let mut made: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
    watched.units.take();
    ANNA.post(&upload, "/v1/recordings", &new("call")).await?.done()?;
    written.insert("register", watched.units.take());
    made.insert("index a registration with a new number", index(&mut watched).await?);
    written.insert("index a registration with a new number", watched.units.take());
    ANNA.post(&upload, "/v1/recordings", &with(new("marked"), json!({ "mark": "red" })))
        .await?
        .done()?;
    written.insert("register, with a mark", watched.units.take());
    made.insert("index a registration with a known number", index(&mut watched).await?);
    written.insert("index a registration with a known number", watched.units.take());
    let of = async |id: &str| {
        let id = recording("demo", "anna", id, now()).id;
        anyhow::Ok(
            table.index().recording(&organisation("demo"), id).await?.expect("it is registered"),
        )
    };
    ingest(&table, &of("call").await?).await?;
    written.insert("ingest", watched.units.take());
    ANNA.post(&upload, "/v1/recordings", &new("no-audio")).await?.done()?;
    index(&mut watched).await?;
    watched.units.take();
    table.recordings().reject(&of("no-audio").await?, "no audio").await?;
    written.insert("reject", watched.units.take());
    made.insert("index audio that came", index(&mut watched).await?);
    written.insert("index audio that came", watched.units.take());
    say(TEN).await?;
    written.insert("annotate with 10 new words", watched.units.take());
    made.insert("index 10 new words", index(&mut watched).await?);
    written.insert("index 10 new words", watched.units.take());
    say(OTHER).await?;
    written.insert("edit one word", watched.units.take());
    made.insert("index one other word, a new one", index(&mut watched).await?);
    written.insert("index one other word, a new one", watched.units.take());
    say(TEN).await?;
    watched.units.take();
    made.insert("index one other word, a known one", index(&mut watched).await?);
    written.insert("index one other word, a known one", watched.units.take());

    let (day, late) = table.days().close_users(&organisation("demo"), now().date_naive()).await?;
    watched.units.take();
    table.days().close(&organisation("demo"), &Closed { day, late, fill: Fill::Below }).await?;
    written.insert("close an organisation's day", watched.units.take());

    written.extend(expired().await?);

    let all = |operation: &str| written[operation]["all"];
    assert_eq!((all("register"), all("ingest")), (7.0, 8.0));
    assert_eq!(all("annotate with 10 new words") + all("index 10 new words"), 30.0);
    let row = row(&table).await?;
    println!("{row:#}");
    golden::holds(
        "units.golden.json",
        &json!({ "write units": written, "requests": made, "bytes of a call without a note": row }),
    )
}

/// The units that `expire` writes for recordings that the table has removed.
async fn expired() -> anyhow::Result<BTreeMap<&'static str, BTreeMap<String, f64>>> {
    let (world, units) = World::metered("units-expire").await?;
    let plain = world.stored("anna", "plain", now()).await?;
    let (once, twice) =
        (world.stored("anna", "once", now()).await?, world.stored("anna", "twice", now()).await?);
    let annotate = annotate::router(annotate::App { table: world.table().clone(), now });
    for (call, note) in [("once", "ring"), ("twice", "ring"), ("twice", "ring igen")] {
        ANNA.put(&annotate, &format!("/v1/calls/{call}/annotation"), &json!({ "note": note }))
            .await?
            .done()?;
    }
    let never = recording("demo", "anna", "never-stored", now());
    register(world.table(), &never).await?;
    let mut written = BTreeMap::new();
    for (operation, of) in [
        ("expire", plain),
        ("expire, with an edit", once),
        ("expire, with two edits", twice),
        ("expire what was never stored", never),
    ] {
        let event = world.expire(&of, days_later(181)).await?.context("its day is past")?;
        units.take();
        anyhow::ensure!(world.removals(&event, || days_later(190)).await?, "it was not removed");
        written.insert(operation, units.take());
    }
    Ok(written)
}

/// The bytes of a stored call without a note, by attribute. Its names are as long as real ones.
async fn row(table: &Table) -> anyhow::Result<Value> {
    let mut of = recording(
        "demo",
        "anna.svensson",
        "b7f1c2de-4a53-4f0e-9a1b-3c5d7e9f1a2b",
        now() - TimeDelta::milliseconds(93_347),
    );
    of.duration = TimeDelta::milliseconds(93_347);
    of.registered_at = now() + TimeDelta::milliseconds(123);
    register(table, &of).await?;
    ingest(table, &of).await?;
    let get = table
        .client
        .get_item()
        .table_name(&table.name)
        .set_key(Some(key::recording(&of.organisation, of.id)));
    let item = get.send().await?.item.unwrap_or_default();
    let mut bytes: BTreeMap<String, usize> =
        item.iter().map(|(name, value)| (name.clone(), name.len() + size(value))).collect();
    let all: usize = bytes.values().sum();
    bytes.insert("all".to_owned(), all);
    Ok(json!(bytes))
}

/// The bytes of a value, by
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(blob) => blob.as_ref().len(),
        AttributeValue::N(number) => number.trim_matches(['-', '0']).len().div_ceil(2) + 1,
        other => panic!("a recording has no {other:?}"),
    }
}
