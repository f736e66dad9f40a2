//! Measures the export of a month of many organisations: its time, memory and AWS requests.
//!
//! `make billing-bench` runs it. The table is dynoxide in this process, on a file; the bucket
//! belongs to the local cloud. Billing's own code exports in a process and a thread of its own, as
//! in the function, while its memory is sampled. All share the machine, so the export's own time is
//! printed beside the total. `ORGANISATIONS` and `USERS` default to 10,000 and 100.

use std::{
    env, fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use billing::{App, Separator, Task, Warnings, perform};
use chrono::{DateTime, Utc};
use domain::{billing::Month, ids::OrganisationId};
use dynoxide::{AttributeValue, Database, ImportOptions, Item};
use platform::{bucket::Bucket, table::key};
use serde_json::{Value, json};
use tests::{
    bucket,
    cloud::cloud,
    ledgers::moment,
    people::{organisation, user},
    requests::Requests,
    table,
    terms::agreed,
};
use tokio::runtime::Builder;

const MONTH: &str = "2026-10";
/// The number of organisations in one import.
const IMPORTED: usize = 200;
/// The parts of the run for which the peak memory is printed.
const STRETCHES: usize = 8;
/// Linux clock ticks per second.
const TICKS: f64 = 100.0;

fn main() -> anyhow::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("export") => Builder::new_current_thread().enable_all().build()?.block_on(export()),
        _ => Builder::new_multi_thread().enable_all().build()?.block_on(measure()),
    }
}

fn now() -> DateTime<Utc> {
    moment("2026-11-01T04:00:00+01:00")
}

async fn measure() -> anyhow::Result<()> {
    let number = |name, unless| env::var(name).map_or(Ok(unless), |text| text.parse());
    let (organisations, users): (usize, usize) =
        (number("ORGANISATIONS", 10_000)?, number("USERS", 100)?);
    let folder = env::temp_dir().join(format!("billing-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let measured =
        measure_in(&folder.join("table.db").to_string_lossy(), organisations, users).await;
    fs::remove_dir_all(&folder)?;
    measured
}

async fn measure_in(path: &str, organisations: usize, users: usize) -> anyhow::Result<()> {
    let begun = Instant::now();
    let database = Database::new(path).context("could not open the table's file")?;
    let (table, endpoint) = table::serve(database.clone(), &Requests::default()).await?;
    table.prices().put(None, &agreed("99", "49"), "operator:bench", None).await??;
    import(&database, &table.name, organisations, users)?;
    println!(
        "{organisations} organisations of {users} users imported in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let exports = bucket::exports(&cloud()?, "billing-bench", &Requests::default()).await?;

    let begun = Instant::now();
    let mut child = Command::new(env::current_exe()?)
        .arg("export")
        .envs([("BENCH_TABLE", endpoint.as_str()), ("BENCH_BUCKET", exports.name.as_str())])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut memory = Vec::new();
    while child.try_wait()?.is_none() {
        memory.extend(resident(child.id()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = begun.elapsed();
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the export failed");
    tell(&serde_json::from_slice(&output.stdout)?, organisations, took, &memory);
    let control = exports
        .read_export(MONTH.to_owned().try_into()?, "control.json")
        .await?
        .context("the month is not closed")?;
    let control: Value = serde_json::from_slice(&control)?;
    println!(
        "control.json: {} organisations, {} lines, {} SEK",
        control["organisations"], control["lines"], control["total"]
    );
    for file in control["files"].as_array().into_iter().flatten() {
        println!(
            "  {:<12}{:>14} bytes, SHA-256 {}",
            file["name"].as_str().unwrap_or_default(),
            file["bytes"],
            file["sha256"]
        );
    }
    ensure!(control["organisations"] == organisations, "some organisations are missing");
    Ok(())
}

fn tell(exported: &Value, organisations: usize, took: Duration, memory: &[f64]) {
    let each = |seconds: f64| seconds * 1e3 / organisations as f64;
    let (whole, own) = (took.as_secs_f64(), exported["seconds"].as_f64().unwrap_or_default());
    println!("time: {whole:.1} s, {:.1} ms an organisation (aim 300 s)", each(whole));
    println!("the export's own processor time: {own:.1} s, {:.2} ms an organisation", each(own));
    let highest = memory
        .chunks(memory.len().div_ceil(STRETCHES).max(1))
        .map(|some| some.iter().copied().fold(0.0, f64::max));
    let highest: Vec<String> = highest.map(|megabytes| format!("{megabytes:.0}")).collect();
    println!("memory, highest in each eighth of the run: {} MB", highest.join(", "));
    let mut all = 0;
    for (name, count) in exported["requests"].as_object().into_iter().flatten() {
        let count = count.as_u64().unwrap_or_default();
        all += count;
        println!(
            "  {name:<36}{count:>9}  {:.3} an organisation",
            count as f64 / organisations as f64
        );
    }
    println!("AWS requests: {all}, {:.2} an organisation", all as f64 / organisations as f64);
}

/// The resident megabytes of a running process.
fn resident(id: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let kibibytes =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    Some(kibibytes.trim().parse::<f64>().ok()? * 1024.0 / 1e6)
}

/// The processor seconds that this process has used.
fn worked() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("a process has a name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS)
}

/// Exports as the function does, and prints its requests and its time.
async fn export() -> anyhow::Result<()> {
    let (requests, cloud) = (Requests::default(), cloud()?);
    let app = App {
        table: table::at(&env::var("BENCH_TABLE")?, &requests),
        exports: Bucket { client: cloud.s3(&requests), name: env::var("BENCH_BUCKET")? },
        warnings: Warnings { client: cloud.eventbridge(), bus: cloud.warnings_bus.clone() },
        separator: Separator::Semicolon,
        now,
    };
    perform(&app, Task::Month { at: Some(now()), month: None }).await?;
    println!("{}", json!({ "requests": requests.take(), "seconds": worked()? }));
    Ok(())
}

/// Imports organisations whose users are all activated and whose days are closed.
fn import(
    database: &Database,
    table: &str,
    organisations: usize,
    users: usize,
) -> anyhow::Result<()> {
    database.enable_bulk_loading()?;
    let month = Month::try_from(MONTH.to_owned())?;
    for first in (0..organisations).step_by(IMPORTED) {
        let mut items = Vec::new();
        for number in first..organisations.min(first + IMPORTED) {
            let of = organisation(&format!("org-{number:06}"));
            items.push(with(
                key::listed(&of),
                [("name", AttributeValue::S(format!("Organisation {number}")))],
            ));
            items.extend((0..users).map(|number| activation(&of, number)));
            items.extend(month.days().map(|day| {
                let balance = AttributeValue::N((users * 40_000_000).to_string());
                with(
                    key::day(&of, day),
                    [("balance", balance), ("fill", AttributeValue::S("full".to_owned()))],
                )
            }));
        }
        database.import_items(table, items, ImportOptions::default())?;
    }
    Ok(database.disable_bulk_loading()?)
}

fn activation(of: &OrganisationId, number: usize) -> Item {
    let at = moment("2026-09-01T09:00:00+02:00") + chrono::TimeDelta::hours(number as i64 * 12);
    with(
        key::activation(of, &user(&format!("user-{number:05}")), at, "activated"),
        [("by", AttributeValue::S("user:karin".to_owned()))],
    )
}

/// The key in dynoxide's form, with attributes.
fn with<const N: usize>(key: key::Item, attributes: [(&str, AttributeValue); N]) -> Item {
    let text =
        |value: &aws_sdk_dynamodb::types::AttributeValue| value.as_s().cloned().unwrap_or_default();
    let keys = key.iter().map(|(name, value)| (name.clone(), AttributeValue::S(text(value))));
    keys.chain(attributes.map(|(name, value)| (name.to_owned(), value))).collect()
}
