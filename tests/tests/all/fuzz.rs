//! Feeds hostile input to every parser of external data. A parser never panics, and writes back
//! every accepted value unchanged.
//!
//! `make test` tries some thousand inputs; `make fuzz` runs for five minutes (`FUZZ_SECONDS`).
//! cargo-fuzz would choose inputs by coverage, but needs a nightly compiler, which the project does
//! not. These inputs come from a printed seed (`SEED`). They run in a development build, where an
//! overflow is also a panic.

use std::{
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use axum::Router;
use domain::{
    audio::{self, BYTES_AT_MOST, READS_AT_MOST, Step, Window},
    counterpart::Counterpart,
    ids::{CallId, ClientId, OrderId, OrganisationId, RecordingId},
    note::{Field, Mark, Note},
    people::Name,
    reason::Reason,
    recording::{ContentType, Recording, Sha256},
    search::{Digits, Posting, Words, tokens},
    time::{Date, Instant as Time},
};
use platform::{
    cursor,
    table::job::{JobKind, Kind, RetentionJob, State},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use tests::{
    call::{call, now, silence, with},
    fuzz::{Seeds, bytes, text, time},
    groups,
    people::{Person, found, organisation},
    recording::{recording, register},
    request::As,
    retention_jobs, table,
};
use unicode_normalization::UnicodeNormalization;

/// A parser: its name, accepted examples, and a check that returns whether it accepts a text.
type Parser = (&'static str, Seeds, fn(&str) -> anyhow::Result<bool>);

const PARSERS: [Parser; 16] = [
    (
        "number, typed",
        &["070-123 45 67", "+46 70 123", "0046701234567", "(08) 123", "4567"],
        digits,
    ),
    (
        "words, typed",
        &["ring åsa om fakturan", "CAFE\u{301} 4411", "ﬁnal ½ x-y", "o\u{308}l"],
        words,
    ),
    ("words of a text", &["Ring Åsa, ring!", "a\u{30a}\u{323}b ⑴ ﷺ", "İstanbul ẞ Σς"], folded),
    ("note", &["vill ha offert\r\nring\tigen", "å\u{30a}"], |text| written_back::<Note>(text)),
    ("field", &["ärende 4411", "kund 7"], |text| written_back::<Field>(text)),
    ("mark", &["red", "dark-blue-2"], |text| written_back::<Mark>(text)),
    ("counterpart", &["+46701234567", "withheld", "+123456789012345"], |text| {
        written_back::<Counterpart>(text)
    }),
    ("names of things", &["demo", "a.b_c-9"], names),
    ("call", &["call-1", "3c5f#9@pbx.example;leg=2"], |text| written_back::<CallId>(text)),
    ("recording", &["00000000000000000000000000", "vvvvvvvvvvvvvvvvvvvvvvvvvs"], |text| {
        written_back::<RecordingId>(text)
    }),
    ("hash", &["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"], |text| {
        written_back::<Sha256>(text)
    }),
    ("content type", &["audio/ogg; codecs=opus", "AUDIO/X-WAV"], |text| {
        Ok(ContentType::parse(text).is_some())
    }),
    ("reason", &["tvist 4411", "å"], |text| written_back::<Reason>(text)),
    (
        "time",
        &[
            "2026-11-24T12:00:00Z",
            "2199-12-31T23:59:60.5+01:00",
            "-262143-01-01T00:00:00Z",
            "2026-11-24T12:00:00 01:00",
        ],
        times,
    ),
    ("day", &["2026-11-24", "-262143-01-01", "2199-12-31"], days),
    ("cursor", &["AQAAAaIL6mAAAAAAAAAAAAAAAAAAAAAAAA", "AmFubmEjYW5uYQ"], cursors),
];

/// The seconds to run for. Without them, the number of inputs is bounded instead.
fn seconds() -> Option<u64> {
    std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok())
}

fn random() -> ChaCha8Rng {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| if seconds().is_some() { rand::random() } else { 2026 });
    println!("SEED={seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

/// Whether to continue: for a share of the available time, or up to a number of inputs.
fn goes_on(began: Instant, share: u32, tried: u64, enough: u64) -> bool {
    seconds()
        .map_or(tried < enough, |seconds| began.elapsed() < Duration::from_secs(seconds) / share)
}

#[test]
fn no_text_parser_panics_and_each_writes_back_accepted_values() -> anyhow::Result<()> {
    let mut random = random();
    for (name, seeds, parser) in PARSERS {
        let (began, mut tried, mut taken) = (Instant::now(), 0_u64, 0_u64);
        while goes_on(began, PARSERS.len() as u32, tried, 1_500) {
            let input = text(&mut random, seeds);
            let answer =
                catch_unwind(AssertUnwindSafe(|| parser(&input))).ok().context("it panicked");
            taken += u64::from(
                answer.and_then(|answer| answer).with_context(|| format!("{name}: {input:?}"))?,
            );
            tried += 1;
        }
        println!("{name:<16}{tried:>10} texts, {taken} of them taken");
        ensure!(taken > 0, "{name} took none of {tried} texts: they say nothing of it");
    }
    Ok(())
}

#[test]
fn any_bytes_are_classified_within_the_allowed_reads() -> anyhow::Result<()> {
    let mut random = random();
    let mut heads = vec![
        silence(1)[..400].to_vec(),
        b"OggS\0\x02".to_vec(),
        b"\0\0\0\x18ftypM4A \0\0\0\0".to_vec(),
        b"ID3\x04\0".to_vec(),
    ];
    heads.extend([
        b"\xff\xfb\x90\x64".to_vec(),
        b"fLaC\0".to_vec(),
        b"\0\0\0\x10moov\0\0\0\x6cmvhd".to_vec(),
        Vec::new(),
    ]);
    let (began, mut tried, mut sounds) = (Instant::now(), 0_u64, 0_u64);
    while goes_on(began, 1, tried, 3_000) {
        let head = &heads[random.random_range(0..heads.len())];
        let mut object = bytes(&mut random, head);
        object
            .resize(object.len() + [0, 1, 300, 20_000][random.random_range(0..4)], random.random());
        let length = if random.random_bool(0.7) { object.len() as u64 } else { random.random() };
        let shown = object.get(..80.min(object.len())).unwrap_or_default().to_vec();
        let heard = catch_unwind(AssertUnwindSafe(|| probed(length, &object)))
            .ok()
            .context("it panicked")
            .and_then(|heard| heard);
        sounds += u64::from(heard.with_context(|| format!("{length} bytes: {shown:?}…"))?);
        tried += 1;
    }
    println!("{:<16}{tried:>10} objects, {sounds} of them audio", "audio");
    Ok(())
}

/// A time in a request body: never a 5xx, except where the test has no queue, and no panic.
#[tokio::test]
async fn any_time_in_a_body_is_accepted_or_refused_by_name() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    for person in [Person::administrator("karin"), Person::recorded("anna")] {
        person.joins(&table, "demo").await?;
    }
    groups::group(&table, "demo", "g1", &["anna"]).await?;
    let objects = tests::bucket::unreached();
    let upload = upload::router(upload::App { table: table.clone(), objects, now });
    let admin = admin::router(admin::App { table: table.clone(), now });
    let (mut random, began, mut tried, mut taken) = (random(), Instant::now(), 0_u64, 0_u64);
    while goes_on(began, 1, tried, 60) {
        let at = if random.random_bool(0.3) {
            "2026-11-24T11:00:00+01:00".to_owned()
        } else {
            time(&mut random)
        };
        let started =
            with(call(&format!("call-{tried}"), "audio/wav", b"audio"), json!({ "startedAt": at }));
        let registered = As { organisation: "demo", user: "anna" }
            .post(&upload, "/v1/recordings", &started)
            .await?;
        let supervision = json!({ "from": at, "to": time(&mut random) });
        let covered = As { organisation: "demo", user: "karin" }
            .put(&admin, "/v1/groups/g1/supervisors/anna", &supervision)
            .await?;
        for answer in [&registered, &covered] {
            ensure!(answer.status.is_success() || answer.status == 422, "{at}: {answer:?}");
        }
        taken += u64::from(registered.status.is_success());
        tried += 1;
    }
    println!("{:<16}{tried:>10} times in bodies, {taken} of them taken", "body");
    ensure!(taken > 0 && taken < tried, "{taken} of {tried} were taken");
    Ok(())
}

/// Holds that this version or an older one stored. Each is placed, none is a dead letter.
#[tokio::test]
async fn any_stored_hold_is_placed() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    register(&table, &recording("demo", "anna", "call-1", now())).await?;
    let (mut random, began, mut tried, mut held) = (random(), Instant::now(), 0_u64, 0_u64);
    while goes_on(began, 1, tried, 60) {
        let filter = filter(&mut random);
        let order = hold(tried, &filter);
        table.jobs().create(&order, &groups::event("demo", &format!("hold-{tried}")), None).await?;
        ensure!(
            retention_jobs::notified(&table, Kind::Hold, order.id).await?,
            "the message of {filter} came back"
        );
        let exists = table
            .jobs()
            .get(&order.organisation, Kind::Hold, order.id, now())
            .await?
            .context("it was placed")?;
        ensure!(exists.state == State::Held, "{filter}: {exists:?}");
        held += exists.progress.done;
        tried += 1;
    }
    println!("{:<16}{tried:>10} holds, {held} times on the recording", "hold");
    ensure!(held > 0 && held < tried, "{held} of {tried} found it");
    Ok(())
}

/// Filters as a job stores them, with times of any year that older versions accepted.
fn filter(random: &mut ChaCha8Rng) -> Value {
    let mut filter = Map::new();
    for end in ["from", "to"] {
        let at = time(random);
        if random.random_bool(0.6) && at.parse::<chrono::DateTime<chrono::Utc>>().is_ok() {
            filter.insert(end.to_owned(), json!(at));
        }
    }
    let others = [
        ("user", json!("anna")),
        ("number", json!("0701234567")),
        ("mark", json!("none")),
        ("note", json!("a b")),
        ("minSeconds", json!(0)),
    ];
    for (name, value) in others {
        if random.random_bool(0.1) {
            filter.insert(name.to_owned(), value);
        }
    }
    filter.into()
}

fn hold(number: u64, filter: &Value) -> RetentionJob {
    RetentionJob {
        id: OrderId::of(&organisation("demo"), &format!("fuzz-{number}"), now()),
        organisation: organisation("demo"),
        what: JobKind::Hold {
            criteria: Some(json!({ "filter": { "filter": filter, "users": null } }).to_string()),
        },
        state: State::Placing,
        by: "user:karin".to_owned(),
        at: now(),
        reason: Reason::stored("tvist".to_owned()),
        preview: Default::default(),
        progress: Default::default(),
        lifted: None,
        checkpoint: None,
    }
}

#[tokio::test]
async fn any_query_is_answered_or_refused() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    Person::administrator("karin").joins(&table, "demo").await?;
    let router = search::router(search::App { table, keys: Default::default(), now });
    let (mut random, began, mut tried, mut answered) = (random(), Instant::now(), 0_u64, 0_u64);
    while goes_on(began, 1, tried, 150) {
        let query = query(&mut random);
        let status = asked(&router, &query).await.with_context(|| query.clone())?;
        answered += u64::from(status == 200);
        tried += 1;
    }
    println!("{:<16}{tried:>10} queries, {answered} of them answered, the others refused", "query");
    ensure!(answered > 0 && answered < tried, "{answered} of {tried} were answered");
    Ok(())
}

async fn asked(router: &Router, query: &str) -> anyhow::Result<u16> {
    let answer = As { organisation: "demo", user: "karin" }
        .get(router, &format!("/v1/recordings?{query}"))
        .await?;
    let refused =
        answer.status == 422 && answer.cause() == "invalid" && answer.body["detail"].is_string();
    ensure!(answer.status == 200 || refused, "{answer:?}");
    Ok(answer.status.as_u16())
}

/// One to four parameters, usually with valid names.
fn query(random: &mut ChaCha8Rng) -> String {
    const VALID: [(&str, Seeds); 21] = [
        ("from", &["2026-11-24T12:00:00Z", "2026-11-24T12:00:00.123456+01:00"]),
        ("to", &["2026-11-24T12:00:00Z", "0001-01-01T00:00:00Z"]),
        ("user", &["anna"]),
        ("name", &["Åsa", "an"]),
        ("minSeconds", &["60", "4294967295"]),
        ("maxSeconds", &["0", "3600"]),
        ("counterpart", &["+46701234567", "withheld"]),
        ("number", &["070-123", "4567"]),
        ("direction", &["in", "out"]),
        ("mark", &["red", "none"]),
        ("note", &["faktura åter", "a b c d e f g h i j"]),
        ("field1", &["4411"]),
        ("field2", &["4411"]),
        ("field3", &["4411"]),
        ("fields", &["kund 7"]),
        ("held", &["true", "false"]),
        ("state", &["stored", "expected"]),
        ("order", &["newest", "oldest"]),
        ("limit", &["1", "1000", "18446744073709551615"]),
        ("cursor", &["AQAAAaIL6mAAAAAAAAAAAAAAAAAAAAAAAA"]),
        ("colour", &["red"]),
    ];
    let parts = (0..random.random_range(1..=4)).map(|_| {
        let (name, seeds) = VALID[random.random_range(0..VALID.len())];
        let whole = random.random_bool(0.5);
        let value = if matches!(name, "from" | "to") && random.random_bool(0.7) {
            time(random)
        } else if whole {
            seeds[random.random_range(0..seeds.len())].to_owned()
        } else {
            text(random, seeds)
        };
        let raw = random.random_bool(0.1);
        let written =
            percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        format!("{name}={}", if raw { value } else { written })
    });
    parts.collect::<Vec<_>>().join("&")
}

/// Whether the text is accepted. An accepted value is written back and must read the same.
fn written_back<T>(text: &str) -> anyhow::Result<bool>
where
    T: TryFrom<String, Error: std::error::Error> + Into<String> + Clone + PartialEq + Debug,
{
    let Ok(read) = T::try_from(text.to_owned()) else { return Ok(false) };
    let written: String = read.clone().into();
    let again = T::try_from(written.clone());
    ensure!(
        again.as_ref().is_ok_and(|again| *again == read),
        "{read:?} is written as {written:?}, which reads as {again:?}"
    );
    ensure!(!format!("{read:?}").is_empty(), "it is not shown");
    Ok(true)
}

fn names(text: &str) -> anyhow::Result<bool> {
    Ok(written_back::<OrganisationId>(text)?
        | written_back::<ClientId>(text)?
        | written_back::<Name>(text)?)
}

fn digits(text: &str) -> anyhow::Result<bool> {
    let Ok(read) = Digits::parse(text) else { return Ok(false) };
    let number = |digits: &str| {
        (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    };
    ensure!(number(read.beginning()) && read.end().is_none_or(number), "{read:?}");
    read.hold(&Counterpart::Withheld);
    Ok(true)
}

fn words(text: &str) -> anyhow::Result<bool> {
    let Ok(read) = Words::parse(text) else { return Ok(false) };
    ensure!(read.hold([text]), "{read:?} is not found in what it was read of");
    ensure!(
        Words::parse(&text.nfd().collect::<String>()).as_ref() == Ok(&read),
        "taken apart, it is another"
    );
    Ok(true)
}

fn folded(text: &str) -> anyhow::Result<bool> {
    let words = tokens(text);
    ensure!(tokens(&words.join(" ")) == words, "folded once more, {words:?} changes");
    let (together, apart): (String, String) = (text.nfc().collect(), text.nfd().collect());
    ensure!(
        tokens(&together) == words && tokens(&apart) == words,
        "put together or taken apart, it has other words than {words:?}"
    );
    let mut stated: Recording = recording("demo", "anna", "call", now());
    stated.annotation.note = Note::try_from(text.to_owned()).ok();
    stated.annotation.fields[2] = Field::try_from(text.to_owned()).ok();
    ensure!(
        Posting::of(&stated).len() <= Posting::AT_MOST,
        "{} postings",
        Posting::of(&stated).len()
    );
    Ok(!words.is_empty())
}

fn times(text: &str) -> anyhow::Result<bool> {
    let Ok(read) = text.parse::<Time>() else { return Ok(false) };
    ensure!(
        (Time::FIRST..=Time::LAST).contains(&read) && read.to_string().parse() == Ok(read),
        "{read:?} is written as {read}"
    );
    Ok(true)
}

fn days(text: &str) -> anyhow::Result<bool> {
    let Ok(read) = text.parse::<Date>() else { return Ok(false) };
    ensure!(
        (Date::FIRST..=Date::LAST).contains(&read) && read.to_string() == text,
        "{read:?} is written as {read}"
    );
    Ok(true)
}

fn cursors(text: &str) -> anyhow::Result<bool> {
    let (place, name) = (cursor::read(text), cursor::read_text(text));
    ensure!(
        place.as_ref().map_or(true, |place| cursor::write(*place) == text),
        "{place:?} is written otherwise"
    );
    ensure!(
        name.as_ref().map_or(true, |name| cursor::write_text(name) == text),
        "{name:?} is written otherwise"
    );
    Ok(place.is_ok() || name.is_ok())
}

/// Whether the object is audio, as ingest decides.
fn probed(length: u64, object: &[u8]) -> anyhow::Result<bool> {
    let (mut windows, mut read) = (Vec::new(), 0);
    loop {
        let range = match audio::probe(length, &windows) {
            Step::Read(range) => range,
            Step::Audio(audio) => {
                ensure!(
                    audio.length.duration().is_none_or(|duration| duration <= audio.longest),
                    "it lasts longer than its bytes hold"
                );
                return Ok(true);
            }
            Step::NotAudio(reason) => {
                ensure!(!reason.to_string().is_empty(), "no reason");
                return Ok(false);
            }
        };
        ensure!(
            range.start < range.end && range.end <= length,
            "{range:?} is not of {length} bytes"
        );
        read += range.end - range.start;
        ensure!(
            windows.len() < READS_AT_MOST && read <= BYTES_AT_MOST,
            "{} reads and {read} bytes",
            windows.len() + 1
        );
        let within = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(object.len());
        windows.push(Window {
            offset: range.start,
            bytes: object[within(range.start)..within(range.end)].to_vec(),
        });
    }
}
