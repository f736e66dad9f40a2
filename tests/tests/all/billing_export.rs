//! The export of a month to a bucket: the files for finance, and recovery from a crash.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use anyhow::{Context, ensure};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_sdk_sqs::types::QueueAttributeName;
use billing::{App, Done, Error, Separator, Task, Warnings, perform};
use chrono::{DateTime, TimeDelta, Utc};
use domain::billing::{Month, Terms, Whose, midnight};
use platform::{bucket::Bucket, table::usage::ChangeKind};
use serde_json::{Value, json};
use tests::{
    bucket,
    cloud::{Cloud, cloud},
    ledgers::{counted, moment, organisations, switched},
    requests::Requests,
    table,
    terms::{agreed, day, price},
};

/// 11:45 on 2 November, in Stockholm.
fn november() -> DateTime<Utc> {
    moment("2026-11-02T11:45:00+01:00")
}

fn december() -> DateTime<Utc> {
    moment("2026-12-02T11:45:00+01:00")
}

const OCTOBER: &str = "2026-10";

/// Names that a spreadsheet could read as formulas or as several columns.
const NAMES: [(&str, &str); 4] = [
    ("-dash", "=HYPERLINK(\"http://x.example\";\"här\")"),
    ("demo", "Demo; \"AB\", Åre"),
    ("empty", "Tom AB"),
    ("solo", "@Solo\u{a0}AB"),
];

struct World {
    app: App,
    cloud: Cloud,
    requests: Requests,
}

/// Four organisations: one named like a formula, one over its allowance, one empty, one unpriced.
async fn world(test: &str) -> anyhow::Result<World> {
    world_with(test, "2026-10-16").await
}

/// The same organisations, with Demo's storage from another day on.
async fn world_with(test: &str, stored: &str) -> anyhow::Result<World> {
    let cloud = cloud()?;
    let (table, requests) = table::empty().await?;
    organisations(&table, &NAMES, november).await?;
    for (of, name) in [("-dash", "-anna"), ("demo", "anna"), ("demo", "omar"), ("solo", "lars")] {
        switched(&table, of, name, true, "2026-10-05T09:00:00+02:00").await?;
    }
    switched(&table, "demo", "omar", false, "2026-10-20T16:00:00+02:00").await?;
    for of in ["-dash", "demo"] {
        table
            .prices()
            .put(
                Some(&tests::people::organisation(of)),
                &agreed("99", "49.5"),
                "operator:test",
                None,
            )
            .await??;
    }
    let came = midnight(day(stored)) + TimeDelta::hours(12);
    counted(&table, "demo", "anna", ChangeKind::Stored, 900_000_000, came).await?;
    let exports = bucket::exports(&cloud, test, &requests).await?;
    let warnings = Warnings { client: cloud.eventbridge(), bus: cloud.warnings_bus.clone() };
    requests.take();
    Ok(World {
        app: App { table, exports, warnings, separator: Separator::Semicolon, now: november },
        cloud,
        requests,
    })
}

fn month(text: &str) -> Task {
    Task::Month { at: None, month: Some(text.to_owned()) }
}

async fn exports(app: &App, text: &str) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(perform(app, month(text)).await?)?)
}

/// Every object in the bucket, by key.
async fn files(exports: &Bucket) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let listed = exports.client.list_objects_v2().bucket(&exports.name).send().await?;
    for key in listed.contents().iter().filter_map(|object| object.key()) {
        let body = exports
            .client
            .get_object()
            .bucket(&exports.name)
            .key(key)
            .send()
            .await?
            .body
            .collect()
            .await?;
        files.insert(key.to_owned(), body.to_vec());
    }
    Ok(files)
}

async fn file(exports: &Bucket, key: &str) -> anyhow::Result<String> {
    let bytes = files(exports).await?.remove(key).with_context(|| format!("there is no {key}"))?;
    Ok(String::from_utf8(bytes)?)
}

/// Writes the month's files below a folder of the test's own.
async fn fetched(exports: &Bucket, text: &str) -> anyhow::Result<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(&exports.name);
    for (key, bytes) in files(exports).await? {
        let path = folder.join(&key);
        fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
        fs::write(path, bytes)?;
    }
    Ok(folder.join("exports").join(text))
}

#[tokio::test]
async fn the_control_sums_match_the_lines_as_an_independent_reader_sums_them() -> anyhow::Result<()>
{
    for (test, separator) in
        [("reader-semicolon", Separator::Semicolon), ("reader-comma", Separator::Comma)]
    {
        let world = world(test).await?;
        exports(&App { separator, ..world.app.clone() }, OCTOBER).await?;
        let folder = fetched(&world.app.exports, OCTOBER).await?;
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("reader.py");
        let ran = Command::new("python3")
            .arg(script)
            .arg(&folder)
            .output()
            .context("could not run python3")?;
        ensure!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let read: Value = serde_json::from_slice(&ran.stdout)?;
        let control: Value = serde_json::from_slice(&fs::read(folder.join("control.json"))?)?;
        for member in ["lines", "unpriced", "organisations", "total", "corrections"] {
            assert_eq!(read[member], control[member], "{member}");
        }
        let sums = control["sums"].as_object().context("sums")?;
        assert_eq!(sums.len(), 5);
        for (rule, sum) in sums {
            let none = json!({ "lines": 0, "quantity": 0, "amount": "0.00" });
            assert_eq!(read["sums"].get(rule).unwrap_or(&none), sum, "{rule}");
        }
        assert_eq!((&read["jsonTotal"], &read["jsonLines"]), (&read["total"], &read["lines"]));
        let mut hashes = read["hashes"].clone();
        for written in control["files"].as_array().into_iter().flatten() {
            assert_eq!(written["sha256"], hashes[written["name"].as_str().context("a name")?]);
        }
        // `differences.jsonl` reports the current state, so a rerun need not write the same bytes.
        let aside = ["SHA256SUMS", "differences.jsonl"]
            .map(|name| hashes.as_object_mut().and_then(|hashes| hashes.remove(name)));
        assert!(
            aside.iter().all(Option::is_some) && hashes == read["listed"],
            "SHA256SUMS names every other file"
        );
        // Four users, and Demo's storage: 900 MB on 16 of 31 days, less 60 MB: 405 MB over.
        assert_eq!(
            (&control["organisations"], &control["lines"], &control["unpriced"]),
            (&json!(3), &json!(9), &json!(2))
        );
        assert_eq!(control["total"], "466.75", "3 x 99.00 + 3 x 49.50 + 5 x 4.25");
    }
    Ok(())
}

#[tokio::test]
async fn a_name_like_a_formula_is_text_in_the_file() -> anyhow::Result<()> {
    let world = world("formula").await?;
    exports(&world.app, OCTOBER).await?;
    let csv = file(&world.app.exports, "exports/2026-10/lines.csv").await?;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(
        lines[..3],
        [
            "\u{feff}month;organisation;name;rule;corrects;user;quantity;price;price_from;agreed;amount;currency;facts",
            "2026-10;'-dash;\"'=HYPERLINK(\"\"http://x.example\"\";\"\"här\"\")\";start-fee;;'-anna;1;99,00;2026-01-01;agreed;99,00;SEK;activated 2026-10-05 09:00:00",
            "2026-10;'-dash;\"'=HYPERLINK(\"\"http://x.example\"\";\"\"här\"\")\";user-month;;'-anna;1;49,50;2026-01-01;agreed;49,50;SEK;active on 27 days from 2026-10-05 to 2026-10-31",
        ]
    );
    assert!(csv.contains("'@Solo"), "{csv}");
    Ok(())
}

#[tokio::test]
async fn a_json_line_has_only_the_members_that_finance_reads() -> anyhow::Result<()> {
    let world = world("json").await?;
    exports(&world.app, OCTOBER).await?;
    let read =
        async |name: &str| file(&world.app.exports, &format!("exports/2026-10/{name}")).await;
    let line = concat!(
        r#""rule":"user-month","corrects":null,"user":"lars","quantity":1,"price":null,"priceFrom":null,"agreed":false,"amount":"0.00","#,
        r#""facts":"active on 27 days from 2026-10-05 to 2026-10-31","activatedAt":null,"days":27,"meanBytes":null,"allowanceBytes":null}"#
    );
    let lines = read("lines.jsonl").await?;
    let solo = format!(
        "{{\"month\":\"2026-10\",\"organisation\":\"solo\",\"name\":\"@Solo\u{a0}AB\",\"currency\":\"SEK\",{line}"
    );
    assert_eq!(lines.lines().last(), Some(solo.as_str()));
    assert!(read("statements/solo.json").await?.ends_with(&format!("{{{line}]}}")));
    Ok(())
}

#[tokio::test]
async fn a_repeated_export_writes_the_same_bytes_and_never_rewrites_a_closed_month()
-> anyhow::Result<()> {
    let world = world("same-bytes").await?;
    assert_eq!(exports(&world.app, OCTOBER).await?, json!({ "month": OCTOBER, "before": false }));
    let written = files(&world.app.exports).await?;
    assert_eq!(written.len(), 5 + 3, "{:?}", written.keys());
    let other = bucket::exports(&world.cloud, "same-bytes-again", &Requests::default()).await?;
    exports(&App { exports: other.clone(), now: december, ..world.app.clone() }, OCTOBER).await?;
    assert_eq!(files(&other).await?, written, "a month later it is the same");

    organisations(&world.app.table, &[("demo", "Renamed")], november).await?;
    switched(&world.app.table, "demo", "maja", true, "2026-10-30T09:00:00+02:00").await?;
    assert_eq!(exports(&world.app, OCTOBER).await?, json!({ "month": OCTOBER, "before": true }));
    assert_eq!(files(&world.app.exports).await?, written);
    Ok(())
}

#[tokio::test]
async fn a_rerun_after_a_crash_at_any_request_gives_the_same_export() -> anyhow::Result<()> {
    let whole = world_with("crash-none", "2026-10-30").await?;
    whole.requests.end_after(None);
    exports(&whole.app, OCTOBER).await?;
    let requests: u64 = whole.requests.take().values().sum();
    let expected = files(&whole.app.exports).await?;
    assert!(requests > 20, "{requests}");
    for crash in 0..requests {
        let world = world_with(&format!("crash-{crash}"), "2026-10-30").await?;
        world.requests.end_after(Some(crash));
        ensure!(
            perform(&world.app, month(OCTOBER)).await.is_err(),
            "the request {crash} was not needed"
        );
        let left = world.cloud.s3(&Requests::default());
        let left = files(&Bucket { client: left, name: world.app.exports.name.clone() }).await?;
        ensure!(
            !left.contains_key("exports/2026-10/control.json") || crash + 1 == requests,
            "{crash}: the month is closed"
        );
        world.requests.end_after(None);
        exports(&world.app, OCTOBER).await?;
        ensure!(files(&world.app.exports).await? == expected, "{crash}: the export differs");
    }
    Ok(())
}

#[tokio::test]
async fn late_facts_appear_in_the_next_month_and_point_back() -> anyhow::Result<()> {
    let world = world("late").await?;
    exports(&world.app, OCTOBER).await?;
    let october = files(&world.app.exports).await?;
    // 310 MB arrive for 1 October, and a lower price is agreed for October.
    counted(
        &world.app.table,
        "demo",
        "anna",
        ChangeKind::Stored,
        310_000_000,
        midnight(day("2026-10-01")),
    )
    .await?;
    let cheaper = Terms {
        whose: Whose::Agreed,
        from: day("2026-10-01"),
        known: moment("2026-11-20T12:00:00+01:00"),
        voided: None,
        prices: domain::billing::Prices {
            start_fee: Some(price("50")),
            ..agreed("99", "49.5").prices
        },
        add_on: None,
        sftp: false,
    };
    world
        .app
        .table
        .prices()
        .put(Some(&tests::people::organisation("demo")), &cheaper, "operator:test", None)
        .await??;
    exports(&App { now: december, ..world.app.clone() }, "2026-11").await?;
    let statement: Value = serde_json::from_str(
        &file(&world.app.exports, "exports/2026-11/statements/demo.json").await?,
    )?;
    let corrections: Vec<_> = statement["lines"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|line| line["corrects"] == OCTOBER)
        .collect();
    let shown: Vec<_> = corrections
        .iter()
        .map(|line| format!("{} {} {}", line["rule"], line["user"], line["amount"]))
        .collect();
    assert_eq!(
        shown,
        [
            "\"start-fee\" \"anna\" \"-99.00\"",
            "\"start-fee\" \"anna\" \"50.00\"",
            "\"start-fee\" \"omar\" \"-99.00\"",
            "\"start-fee\" \"omar\" \"50.00\"",
            "\"storage\" null \"-21.25\"",
            "\"storage\" null \"34.00\"",
        ],
        "310 MB on all of 31 days: 715 MB over, eight begun 100 MB"
    );
    let after = files(&world.app.exports).await?;
    assert!(october.iter().all(|(key, bytes)| after.get(key) == Some(bytes)));
    Ok(())
}

#[tokio::test]
async fn an_unfinished_or_invalid_month_is_refused() -> anyhow::Result<()> {
    let world = world("not-over").await?;
    for (text, why) in
        [("2026-11", "the month 2026-11 is not over"), ("2026-13", "a month is spelt yyyy-mm")]
    {
        let refused = perform(&world.app, month(text)).await;
        assert!(refused.is_err_and(|error| error.to_string().starts_with(why)), "{text}");
    }
    let scheduled: Task = serde_json::from_str(include_str!("../../../events/billing.month.json"))?;
    let Done::Export(done) = perform(&world.app, scheduled).await? else {
        anyhow::bail!("it did something else")
    };
    assert_eq!(done.month, OCTOBER, "the 1st of November, four o'clock in Stockholm");
    Ok(())
}

/// Writes unreadable terms for the organisation and returns their key.
async fn breaks(
    table: &platform::table::Table,
    of: &str,
) -> anyhow::Result<platform::table::key::Item> {
    let key = platform::table::key::price(
        Some(&tests::people::organisation(of)),
        day("2026-10-01"),
        november(),
    );
    let mut item = key.clone();
    item.insert("sftp".to_owned(), AttributeValue::S("much".to_owned()));
    table.client.put_item().table_name(&table.name).set_item(Some(item)).send().await?;
    Ok(key)
}

#[tokio::test]
async fn an_unreadable_organisation_follows_in_a_supplement_and_stops_no_other()
-> anyhow::Result<()> {
    let world = world("unreadable").await?;
    let (solo, dash) =
        (breaks(&world.app.table, "solo").await?, breaks(&world.app.table, "-dash").await?);
    let failed = perform(&world.app, month(OCTOBER)).await;
    assert!(
        matches!(failed, Err(Error::Missing { missing: 2, ref first, .. }) if first == "-dash"),
        "{failed:?}"
    );
    let control: Value =
        serde_json::from_str(&file(&world.app.exports, "exports/2026-10/control.json").await?)?;
    assert_eq!(
        (&control["organisations"], &control["missing"]),
        (&json!(1), &json!(["-dash", "solo"]))
    );
    let written = files(&world.app.exports).await?;
    assert!(written.contains_key("exports/2026-10/statements/demo.json"), "{:?}", written.keys());

    assert!(
        matches!(perform(&world.app, month(OCTOBER)).await, Err(Error::Missing { missing: 2, .. })),
        "two are still missing"
    );
    assert!(
        !files(&world.app.exports).await?.contains_key("exports/2026-10/supplement-1/control.json")
    );
    let repair = async |key: platform::table::key::Item| {
        world
            .app
            .table
            .client
            .delete_item()
            .table_name(&world.app.table.name)
            .set_key(Some(key))
            .send()
            .await
    };
    repair(solo).await?;
    assert!(matches!(
        perform(&world.app, month(OCTOBER)).await,
        Err(Error::Missing { missing: 1, .. })
    ));
    repair(dash).await?;
    assert_eq!(
        exports(&world.app, OCTOBER).await?,
        json!({ "month": OCTOBER, "before": false, "supplement": 2 })
    );
    assert_eq!(exports(&world.app, OCTOBER).await?, json!({ "month": OCTOBER, "before": true }));
    let after = files(&world.app.exports).await?;
    assert!(
        written.iter().all(|(key, bytes)| after.get(key) == Some(bytes)),
        "exported files are not rewritten"
    );

    // Together they equal one export of all organisations.
    let whole = bucket::exports(&world.cloud, "unreadable-whole", &Requests::default()).await?;
    exports(&App { exports: whole.clone(), ..world.app.clone() }, OCTOBER).await?;
    let whole = files(&whole).await?;
    let lines = |files: &BTreeMap<String, Vec<u8>>, folder: &str| {
        let text = String::from_utf8_lossy(&files[&format!("exports/2026-10/{folder}lines.jsonl")])
            .into_owned();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut parts: Vec<_> = ["", "supplement-1/", "supplement-2/"]
        .into_iter()
        .flat_map(|folder| lines(&after, folder))
        .collect();
    let mut expected = lines(&whole, "");
    parts.sort();
    expected.sort();
    assert_eq!(parts, expected);
    for statement in
        ["-dash", "demo", "solo"].map(|of| format!("exports/2026-10/statements/{of}.json"))
    {
        assert_eq!(after[&statement], whole[&statement]);
    }
    Ok(())
}

#[tokio::test]
async fn a_price_of_the_year_1_prevents_no_export() -> anyhow::Result<()> {
    let world = world("year-one").await?;
    let whole = bucket::exports(&world.cloud, "year-one-without", &Requests::default()).await?;
    exports(&App { exports: whole.clone(), ..world.app.clone() }, OCTOBER).await?;
    let known = moment("2026-10-07T12:00:00+02:00");
    for of in [None, Some(tests::people::organisation("demo"))] {
        let terms = Terms { from: day("0001-01-01"), known, ..agreed("1", "1") };
        world.app.table.prices().put(of.as_ref(), &terms, "operator:test", None).await??;
    }
    exports(&world.app, OCTOBER).await?;
    assert_eq!(files(&world.app.exports).await?, files(&whole).await?);
    Ok(())
}

#[tokio::test]
async fn differences_between_services_sold_and_used_are_reported() -> anyhow::Result<()> {
    let world = world("differences").await?;
    let demo = tests::people::organisation("demo");
    let sold = Terms {
        from: day("2026-10-10"),
        known: moment("2026-10-10T12:00:00+02:00"),
        sftp: true,
        ..agreed("99", "49.5")
    };
    world.app.table.prices().put(Some(&demo), &sold, "operator:test", None).await??;
    let (body, comment) = ("ssh-ed25519 AAAA".to_owned(), String::new());
    let (fingerprint, who) = (format!("SHA256:{}", "A".repeat(43)), "user:karin".to_owned());
    let key = platform::table::sftp::Key {
        fingerprint,
        body,
        comment,
        who,
        added_at: november(),
        imported_at: Some(november()),
    };
    let event = tests::groups::event("solo", "key");
    world.app.table.sftp().add(&tests::people::organisation("solo"), &key, &event, None).await??;
    exports(&world.app, OCTOBER).await?;
    let differences = file(&world.app.exports, "exports/2026-10/differences.jsonl").await?;
    let found: Vec<(String, String, String)> = differences
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line)?;
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            Ok((text("organisation"), text("kind"), text("user")))
        })
        .collect::<anyhow::Result<_>>()?;
    let expected = [
        ("-dash", "billed-not-acknowledged", "-anna"),
        ("demo", "sftp-without-key", ""),
        ("demo", "billed-not-acknowledged", "anna"),
        ("demo", "billed-not-acknowledged", "omar"),
        ("solo", "key-without-sftp", ""),
        ("solo", "billed-not-acknowledged", "lars"),
    ];
    assert_eq!(
        found,
        expected.map(|(of, kind, user)| (of.to_owned(), kind.to_owned(), user.to_owned()))
    );
    Ok(())
}

#[tokio::test]
async fn two_concurrent_exports_write_one_export() -> anyhow::Result<()> {
    let world = world("two-at-once").await?;
    let (one, other) =
        tokio::join!(perform(&world.app, month(OCTOBER)), perform(&world.app, month(OCTOBER)));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert_eq!(exports(&world.app, OCTOBER).await?["before"], true);
    Ok(())
}

#[tokio::test]
async fn a_file_of_many_parts_is_complete() -> anyhow::Result<()> {
    let world = world("parts").await?;
    let demo = tests::people::organisation("demo");
    for some in (0..11_000).collect::<Vec<_>>().chunks(25) {
        let mut puts = Vec::new();
        for user in some {
            let user = tests::people::user(&format!(
                "a-user-whose-name-is-long-so-that-few-fill-a-part-{user:06}"
            ));
            let mut item = platform::table::key::activation(
                &demo,
                &user,
                moment("2026-10-05T09:00:00+02:00"),
                "activated",
            );
            item.insert("by".to_owned(), AttributeValue::S("user:karin".to_owned()));
            puts.push(
                WriteRequest::builder()
                    .put_request(PutRequest::builder().set_item(Some(item)).build()?)
                    .build(),
            );
        }
        world
            .app
            .table
            .client
            .batch_write_item()
            .request_items(&world.app.table.name, puts)
            .send()
            .await?;
    }
    world.requests.take();
    exports(&world.app, OCTOBER).await?;
    let folder = fetched(&world.app.exports, OCTOBER).await?;
    let control: Value = serde_json::from_slice(&fs::read(folder.join("control.json"))?)?;
    assert_eq!(control["lines"], 22_008, "with 11,003 users nothing is over what is included");
    assert!(world.requests.take()["S3.UploadPart"] > 1);
    let lines = fs::read(folder.join("lines.jsonl"))?;
    assert_eq!(control["files"][1]["bytes"], lines.len());
    assert_eq!(control["files"][1]["sha256"], tests::call::sha256(&lines));
    Ok(())
}

/// The warnings at 80 and 100 % are sent once each, and again only after usage has fallen below.
#[tokio::test]
async fn each_crossing_of_the_allowance_is_notified_once() -> anyhow::Result<()> {
    let world = world("crossings").await?;
    let (sqs, notified) = listener(&world).await?;
    let noon = |text| midnight(day(text)) + TimeDelta::hours(12);
    let app = |now: fn() -> DateTime<Utc>| App { now, ..world.app.clone() };
    switched(&world.app.table, "crossing", "anna", true, "2026-10-28T09:00:00+01:00").await?;
    organisations(&world.app.table, &[("crossing", "Crossing")], november).await?;
    for (at, action, bytes) in [
        ("2026-10-28", ChangeKind::Stored, 23_999_999),
        ("2026-10-29", ChangeKind::Stored, 1),
        ("2026-10-30", ChangeKind::Stored, 1_000_000),
        ("2026-10-31", ChangeKind::Stored, 5_000_000),
    ] {
        counted(&world.app.table, "crossing", "anna", action, bytes, noon(at)).await?;
    }
    for _ in 0..2 {
        perform(&app(november), Task::Day { at: None }).await?;
    }
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let answer = sqs
            .receive_message()
            .queue_url(&notified)
            .wait_time_seconds(10)
            .max_number_of_messages(10)
            .send()
            .await?;
        ensure!(!answer.messages().is_empty(), "only {heard:?} arrived");
        for message in answer.messages() {
            let event: Value = serde_json::from_str(message.body().unwrap_or_default())?;
            let detail = &event["detail"];
            heard.push((
                detail["day"].to_string(),
                detail["percent"].as_u64(),
                detail["storedBytes"].as_i64(),
            ));
        }
    }
    heard.sort();
    let expected = [("\"2026-10-29\"", 80, 24_000_000), ("\"2026-10-31\"", 100, 30_000_000)];
    assert_eq!(
        heard,
        expected.map(|(day, percent, bytes)| (day.to_owned(), Some(percent), Some(bytes)))
    );
    let days = world
        .app
        .table
        .days()
        .between(&tests::people::organisation("crossing"), day("2026-10-01"), day("2026-11-30"))
        .await?;
    assert_eq!(days.len(), 5, "the 28th of October to the 1st of November: {days:?}");
    Ok(())
}

/// A queue that receives the warnings about the organisation "crossing".
async fn listener(world: &World) -> anyhow::Result<(aws_sdk_sqs::Client, String)> {
    let (sqs, bus) = (world.cloud.sqs(), &world.cloud.warnings_bus);
    let queue = sqs
        .create_queue()
        .queue_name("crossings")
        .send()
        .await?
        .queue_url
        .context("a queue has an address")?;
    let arn = sqs
        .get_queue_attributes()
        .queue_url(&queue)
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await?;
    let arn = arn
        .attributes()
        .and_then(|all| all.get(&QueueAttributeName::QueueArn))
        .context("a queue has an ARN")?
        .clone();
    let events = world.cloud.eventbridge();
    let pattern = json!({ "detail": { "organisation": ["crossing"] } }).to_string();
    events.put_rule().name("crossings").event_bus_name(bus).event_pattern(pattern).send().await?;
    let target = aws_sdk_eventbridge::types::Target::builder().id("queue").arn(arn).build()?;
    events.put_targets().rule("crossings").event_bus_name(bus).targets(target).send().await?;
    Ok((sqs, queue))
}

#[test]
fn a_month_on_demand_uses_the_form_of_the_schedule() -> anyhow::Result<()> {
    let task: Task =
        serde_json::from_str(include_str!("../../../events/billing.month-on-demand.json"))?;
    assert!(
        matches!(task, Task::Month { at: None, month: Some(text) } if Month::try_from(text.clone()).is_ok())
    );
    let wrong: Result<Task, _> =
        serde_json::from_value(json!({ "task": "month", "mouth": "2026-10" }));
    assert!(wrong.is_err());
    Ok(())
}
