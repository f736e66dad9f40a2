//! Measures the SFTP delivery of a day in the local cloud: copies per second, AWS requests per
//! recording, and memory growth.
//!
//! `make drop-bench` creates two days of different size. A separate process delivers each and does
//! nothing else, so its peak memory is the function's. The local cloud's speed says nothing about
//! AWS; the time for 100,000 recordings there is calculated from the rates that AWS states.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context;
use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use chrono::{TimeDelta, Utc};
use domain::{
    delivery::{
        Day,
        folder::{DeliveryFolder, FolderId, Order, Task},
        manifest,
    },
    ids::{CallId, OrganisationId, RecordingId},
    recording::Sha256,
};
use platform::{
    bucket::Bucket,
    objects,
    queue::Queue,
    table::{arrival::Arrival, key},
};
use serde::{Deserialize, Serialize};
use tests::{
    cloud::{Cloud, cloud},
    people::organisation,
    recording::{recording, register},
    requests::Requests,
};
use tokio::task::JoinSet;

const SIZES: [u32; 2] = [1_000, 20_000];
/// Concurrent requests while a day is created.
const AT_ONCE: usize = 16;
/// The bucket of recordings. It notifies no function.
const BUCKET: &str = "bench-recordings";
/// "At least 3,500 PUT/COPY/POST/DELETE requests per second per partitioned Amazon S3 prefix":
/// Amazon S3 User Guide, "Best practices design patterns: optimizing Amazon S3 performance".
const COPIES_A_SECOND: f64 = 3_500.0;
/// "Consistent latencies of small objects of roughly 100–200 milliseconds": the same guide.
const LATENCY: f64 = 0.2;
/// Concurrent copies: ten messages (the template's MaximumConcurrency) with sixteen copies each.
const UNDER_WAY: f64 = 160.0;
const A_LARGE_DAY: f64 = 100_000.0;

/// The measurements of one day's delivery.
#[derive(Debug, Serialize, Deserialize)]
struct Figures {
    seconds: f64,
    requests: BTreeMap<String, u64>,
    messages: u64,
    /// The peak resident memory before and after, in KiB.
    before: u64,
    peak: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => bench(SIZES).await,
        [deliver, name, queue] if deliver == "deliver" => {
            deliver_day(&organisation(name), queue).await
        }
        [small, large] => bench([small.parse()?, large.parse()?]).await,
        _ => anyhow::bail!("drop-bench takes the recordings of two days, or nothing"),
    }
}

async fn bench(sizes: [u32; 2]) -> anyhow::Result<()> {
    let mut peaks = Vec::new();
    let here = CreateBucketConfiguration::builder()
        .location_constraint(BucketLocationConstraint::EuNorth1)
        .build();
    cloud()?
        .s3(&Requests::default())
        .create_bucket()
        .bucket(BUCKET)
        .create_bucket_configuration(here)
        .send()
        .await?;
    for size in sizes {
        let figures = day_of(size).await?;
        let requests: u64 = figures.requests.values().sum();
        let copies = figures.requests.get("S3.CopyObject").copied().unwrap_or_default();
        // Lambda receives and deletes each message. The function sends them.
        let others = requests - copies + 2 * figures.messages;
        let each = |count: u64| count as f64 / f64::from(size);
        println!(
            "\n{size} recordings in {:.1} s: {:.0} copies a second, local cloud",
            figures.seconds,
            f64::from(size) / figures.seconds
        );
        println!(
            "  requests of a recording: {:.4} copies + {:.4} others (at most 1 + 0.1)",
            each(copies),
            each(others)
        );
        println!(
            "  {}",
            figures
                .requests
                .iter()
                .map(|(name, count)| format!("{name} {count}"))
                .collect::<Vec<_>>()
                .join(", ")
        );
        println!(
            "  memory: {:.1} MB before the first message, {:.1} MB at its peak",
            mb(figures.before),
            mb(figures.peak)
        );
        anyhow::ensure!(
            copies == u64::from(size) && each(others) <= 0.1,
            "more requests than agreed"
        );
        peaks.push(figures.peak);
    }
    let growth = mb(peaks[1]) - mb(peaks[0]);
    println!("\nmemory grows by {growth:.1} MB from {} to {} recordings", sizes[0], sizes[1]);
    let published = A_LARGE_DAY / COPIES_A_SECOND;
    let reckoned = A_LARGE_DAY / (UNDER_WAY / LATENCY);
    println!(
        "100,000 recordings, reckoned: {published:.0} s at S3's rate of 3,500 copies a second and prefix;"
    );
    println!(
        "{reckoned:.0} s at 160 copies under way of 200 ms each, which is what is deployed; there are 55 minutes"
    );
    Ok(())
}

fn mb(kibibytes: u64) -> f64 {
    kibibytes as f64 * 1024.0 / 1e6
}

/// Creates a day of that size, and has a separate process deliver it.
async fn day_of(size: u32) -> anyhow::Result<Figures> {
    let cloud = cloud()?;
    let of = organisation(&format!("bench-{size}"));
    let begun = Instant::now();
    make(&cloud, &of, size).await?;
    eprintln!("made {size} recordings in {:.0} s", begun.elapsed().as_secs_f64());
    let made = cloud.sqs().create_queue().queue_name(format!("bench-{size}")).send().await?;
    let url = made.queue_url.context("a queue has an address")?;
    let queue = Queue { client: cloud.sqs(), url: url.clone() };
    queue
        .send_all(&[Order {
            organisation: of.clone(),
            task: Task::Plan { delivery_folder: name() },
        }])
        .await?;
    let child = Command::new(std::env::current_exe()?)
        .args(["deliver", of.as_str(), &url])
        .env("RUST_LOG", "warn")
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.wait_with_output()?;
    let stated = String::from_utf8(output.stdout)?;
    let (logged, figures) = stated.trim_end().rsplit_once('\n').unwrap_or(("", stated.trim_end()));
    anyhow::ensure!(output.status.success(), "the delivery failed: {stated}");
    eprint!("{logged}");
    let work = cloud.table().folders().work(&of, name()).await?.context("the issue was begun")?;
    verify(&cloud, &of, size).await?;
    anyhow::ensure!(
        work.delivery_folder.is_complete()
            && work.delivery_folder.count.recordings == u64::from(size),
        "{work:?}"
    );
    Ok(serde_json::from_str(figures)?)
}

/// Checks the folder's checksums: one line for each file, and the index file's own.
async fn verify(cloud: &Cloud, of: &OrganisationId, size: u32) -> anyhow::Result<()> {
    let (s3, folder) = (cloud.s3(&Requests::default()), manifest::folder(of, name()));
    let get = async |file: &str| {
        let got = s3
            .get_object()
            .bucket(&cloud.drop_bucket)
            .key(format!("{folder}{file}"))
            .send()
            .await?;
        anyhow::Ok(got.body.collect().await?.to_vec())
    };
    let (index, checksums) =
        (get(manifest::INDEX).await?, String::from_utf8(get(manifest::CHECKSUMS).await?)?);
    let own = Sha256::of(&index).line(manifest::INDEX);
    let names: BTreeSet<&str> =
        checksums.lines().filter_map(|line| line.split_once("  ")).map(|(_, name)| name).collect();
    anyhow::ensure!(
        checksums.ends_with(&own) && names.len() == size as usize + 1,
        "the checksums are not the folder's"
    );
    println!("  index.csv of {:.1} MB", index.len() as f64 / 1e6);
    Ok(())
}

/// The day before yesterday, which is closed at any time of day.
fn name() -> FolderId {
    DeliveryFolder::scheduled(Day::of(Utc::now() - TimeDelta::days(2))).name
}

/// Stores recordings through the day, each with its own audio, as copies of the first item.
async fn make(cloud: &Cloud, of: &OrganisationId, size: u32) -> anyhow::Result<()> {
    let (table, s3) = (cloud.table(), cloud.s3(&Requests::default()));
    let day = name().day;
    let mut first = recording(of.as_str(), "anna", "call-0", day.begins_at());
    first.audio.length = audio(0).len() as u64;
    register(&table, &first).await?;
    let arrival = Arrival {
        organisation: of.clone(),
        id: first.id,
        user: first.user.clone(),
        audio: first.audio.clone(),
    };
    table.recordings().store(&arrival, &first.duration.into(), day.ends_at()).await?;
    let get =
        table.client.get_item().table_name(&table.name).set_key(Some(key::recording(of, first.id)));
    let item = get.send().await?.item.context("it is there")?;
    let (mut writes, mut putting) = (Vec::new(), JoinSet::new());
    for number in 0..size {
        let id = RecordingId::of(of, &CallId::try_from(format!("call-{number}"))?);
        writes.push(
            WriteRequest::builder()
                .put_request(
                    PutRequest::builder()
                        .set_item(Some(row(&item, id, number, size, day)))
                        .build()?,
                )
                .build(),
        );
        if writes.len() == 25 || number + 1 == size {
            table
                .client
                .batch_write_item()
                .request_items(&table.name, std::mem::take(&mut writes))
                .send()
                .await?;
        }
        if putting.len() == AT_ONCE {
            putting.join_next().await.transpose()?.transpose()?;
        }
        let put =
            s3.put_object().bucket(BUCKET).key(objects::key(of, id)).body(audio(number).into());
        putting.spawn(async move { put.send().await.map(|_| ()) });
    }
    while let Some(put) = putting.join_next().await {
        put??;
    }
    Ok(())
}

fn row(item: &key::Item, id: RecordingId, number: u32, size: u32, day: Day) -> key::Item {
    let started_at =
        day.begins_at() + TimeDelta::milliseconds(80_000_000 / i64::from(size) * i64::from(number));
    let mut item = item.clone();
    item.insert("sk".into(), AttributeValue::S(id.to_string()));
    item.insert("at".into(), AttributeValue::S(key::at(started_at, id)));
    item.insert("call".into(), AttributeValue::S(format!("call-{number}")));
    item.insert("bytes".into(), AttributeValue::N(audio(number).len().to_string()));
    item.insert("sha".into(), AttributeValue::B(Blob::new(Sha256::of(&audio(number)).0)));
    item
}

fn audio(number: u32) -> Vec<u8> {
    format!("audio of call {number:06}").into_bytes()
}

/// Processes the queue as Lambda does until it is empty. Prints the figures to standard output,
/// after the function's log of failures.
async fn deliver_day(of: &OrganisationId, url: &str) -> anyhow::Result<()> {
    platform::log::init();
    let (cloud, requests) = (cloud()?, Requests::default());
    let app = delivery::App {
        table: platform::table::Table {
            client: cloud.counted_dynamodb(&requests),
            name: cloud.table.clone(),
        },
        queue: Queue { client: cloud.counted_sqs(&requests), url: url.to_owned() },
        recordings: Bucket { client: cloud.s3(&requests), name: BUCKET.to_owned() },
        drop: Bucket { client: cloud.s3(&requests), name: cloud.drop_bucket.clone() },
        rows: delivery::ROWS,
        now: || Day::of(Utc::now() - TimeDelta::days(2)).settled_at(),
    };
    let (before, begun, outside) = (peak()?, Instant::now(), cloud.sqs());
    let mut messages = 0;
    loop {
        let received = outside
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(1)
            .send()
            .await?
            .messages
            .unwrap_or_default();
        let Some(message) = received.into_iter().next() else { break };
        let event = serde_json::json!({ "Records": [{ "messageId": message.message_id(), "body": message.body() }] });
        match delivery::handle(&app, serde_json::from_value(event)?)
            .await
            .map_err(anyhow::Error::from_boxed)?
        {
            delivery::Answer::Messages(answer) if answer.batch_item_failures.is_empty() => {}
            other => anyhow::bail!("{of}: {other:?}"),
        }
        outside
            .delete_message()
            .queue_url(url)
            .receipt_handle(message.receipt_handle().unwrap_or_default())
            .send()
            .await?;
        messages += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let figures = Figures { seconds, requests: requests.take(), messages, before, peak: peak()? };
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(&figures)?)?)
}

/// The peak resident memory of this process, in KiB.
fn peak() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("the kernel reports no peak")?;
    line.trim().trim_end_matches(" kB").parse().context("the peak is a number")
}
