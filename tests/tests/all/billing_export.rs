//! The export of a month to a bucket: the files for finance.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use anyhow::{Context, ensure};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use billing::{App, Done, Separator, Task, Warnings, perform};
use chrono::{DateTime, TimeDelta, Utc};
use domain::billing::{Month, Terms, midnight};
use platform::{bucket::Bucket, table::usage::ChangeKind};
use serde_json::{Value, json};
use tests::{
    bucket,
    cloud::{Cloud, cloud},
    ledgers::{counted, moment, organisations, switched},
    requests::Requests,
    table,
    terms::{agreed, day},
};

/// 11:45 on 2 November, in Stockholm.
pub(crate) fn november() -> DateTime<Utc> {
    moment("2026-11-02T11:45:00+01:00")
}

pub(crate) const OCTOBER: &str = "2026-10";

/// Names that a spreadsheet could read as formulas or as several columns.
const NAMES: [(&str, &str); 4] = [
    ("-dash", "=HYPERLINK(\"http://x.example\";\"här\")"),
    ("demo", "Demo; \"AB\", Åre"),
    ("empty", "Tom AB"),
    ("solo", "@Solo\u{a0}AB"),
];

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) cloud: Cloud,
    pub(crate) requests: Requests,
}

/// Four organisations: one named like a formula, one over its allowance, one empty, one unpriced.
pub(crate) async fn world(test: &str) -> anyhow::Result<World> {
    world_with(test, "2026-10-16").await
}

/// The same organisations, with Demo's storage from another day on.
pub(crate) async fn world_with(test: &str, stored: &str) -> anyhow::Result<World> {
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

pub(crate) fn month(text: &str) -> Task {
    Task::Month { at: None, month: Some(text.to_owned()) }
}

pub(crate) async fn exports(app: &App, text: &str) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(perform(app, month(text)).await?)?)
}

/// Every object in the bucket, by key.
pub(crate) async fn files(exports: &Bucket) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
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

pub(crate) async fn file(exports: &Bucket, key: &str) -> anyhow::Result<String> {
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
