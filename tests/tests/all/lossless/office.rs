//! The truth about an organisation: when its users were recorded, and their calls.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    activation::{Event, Kind, VERSION},
    delivery::Day,
    people::Period,
};
use phone::{Facts, Queue};
use platform::table::{Table, audit};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tests::{
    door::Door,
    groups,
    people::{Person, found, organisation, user},
};

pub const ORGANISATION: &str = "lossless";
/// How many days before today the calls were.
const DAYS: i64 = 6;

/// An organisation with its phones, each of a user of its own.
pub struct Office {
    pub phones: Vec<Phone>,
    pub calls: Vec<Call>,
    /// A token of the administrator.
    pub chief: String,
}

#[derive(Debug)]
pub struct Phone {
    user: String,
    pub token: String,
    /// How far the phone's clock is ahead.
    pub ahead: TimeDelta,
    pub dies: bool,
    recorded: Vec<Period>,
}

#[derive(Debug)]
pub struct Call {
    pub phone: usize,
    pub started_at: DateTime<Utc>,
    pub duration: TimeDelta,
    pub written: &'static str,
    pub note: Option<&'static str>,
    pub file: PathBuf,
}

const WRITTEN: [&str; 12] = [
    "070-123 45 67",
    "112",
    "1177",
    "4411",
    "*21#",
    "sip:anna@bolaget.se",
    "tel:+46701234567",
    "Växeln",
    "withheld",
    "",
    "+266696687",
    "+999999999999999999999999",
];

impl Call {
    pub fn is_audio(&self) -> bool {
        self.file.extension().is_some_and(|extension| extension != "txt")
    }
}

impl Office {
    /// Founds the organisation, and draws its calls of the last days.
    pub async fn draw(door: &Door, seed: u64, phones: usize, calls: usize) -> anyhow::Result<Self> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let table = door.cloud.table();
        found(&table, ORGANISATION).await?;
        Person::administrator("chief").joins(&table, ORGANISATION).await?;
        let chief = door.cloud.sign_up(ORGANISATION, "chief").await?;
        let today = Day::of(Utc::now()).begins_at();
        let mut office = Self { phones: Vec::new(), calls: Vec::new(), chief };
        let files = files()?;
        for number in 0..phones {
            let name: &'static str = format!("user-{number}").leak();
            let newcomer =
                Person { activated: false, acknowledged: false, ..Person::recorded(name) };
            newcomer.joins(&table, ORGANISATION).await?;
            let recorded = history(&table, name, &mut random, today).await?;
            office.phones.push(Phone {
                user: name.to_owned(),
                token: door.cloud.sign_up(ORGANISATION, name).await?,
                ahead: match random.random_range(0..6) {
                    0 => TimeDelta::days(400),
                    1 => DateTime::UNIX_EPOCH - today + TimeDelta::days(DAYS + 1), // never set
                    2 => TimeDelta::hours(-30),
                    _ => TimeDelta::zero(),
                },
                dies: number % 8 == 7,
                recorded,
            });
            for _ in 0..calls {
                office.calls.push(office.call(number, &files, &mut random, today));
            }
        }
        office.calls.sort_by_key(|call| call.started_at);
        Ok(office)
    }

    fn call(
        &self,
        phone: usize,
        files: &[PathBuf],
        random: &mut ChaCha8Rng,
        today: DateTime<Utc>,
    ) -> Call {
        let recorded = &self.phones[phone].recorded;
        let started_at = loop {
            let before = TimeDelta::seconds(random.random_range(60..DAYS * 86_400));
            let at = today - before + TimeDelta::milliseconds(random.random_range(0..1_000));
            let is_near = |change: DateTime<Utc>| (change - at).abs() < TimeDelta::minutes(2);
            if !recorded.iter().any(|period| is_near(period.from) || is_near(period.to)) {
                break at.trunc_subsecs(3);
            }
        };
        let seconds = if random.random_bool(0.05) { 0 } else { random.random_range(1..60) };
        Call {
            phone,
            started_at,
            duration: TimeDelta::seconds(seconds),
            written: WRITTEN[random.random_range(0..WRITTEN.len())],
            note: random.random_bool(0.2).then_some("ring\u{7} tillbaka"),
            file: files[random.random_range(0..files.len())].clone(),
        }
    }

    pub fn is_recorded(&self, call: &Call) -> bool {
        let recorded = &self.phones[call.phone].recorded;
        recorded.iter().any(|period| period.contains(call.started_at))
    }

    /// Adds a finished call to its phone's queue, by the phone's clock. Returns its call id.
    pub fn enqueue(&self, folder: &Path, call: &Call) -> anyhow::Result<String> {
        let facts = Facts {
            direction: phone::Direction::Out,
            counterpart: Some(call.written.to_owned()).filter(|written| !written.is_empty()),
            started_at: call.started_at + self.phones[call.phone].ahead,
            duration_ms: u32::try_from(call.duration.num_milliseconds())?,
            note: call.note.map(str::to_owned),
            mark: call.note.map(|_| "no such mark".to_owned()),
            conversation_id: None,
            participants: Vec::new(),
        };
        if call.duration.is_zero() {
            return Ok(format!("unanswered-{}", call.started_at.timestamp_millis()));
        }
        let queue = Queue::open(folder.join(call.phone.to_string()))?;
        Ok(queue.enqueue(facts, &call.file)?.as_str().to_owned())
    }

    /// The call as the operator's switch reports it.
    pub fn line(&self, call: &Call, id: &str) -> Value {
        json!({
            "callId": id,
            "user": self.phones[call.phone].user,
            "direction": "out",
            "counterpart": call.written,
            "startedAt": call.started_at,
            "durationMs": call.duration.num_milliseconds(),
        })
    }

    /// The operator's switch reports calls.
    pub async fn reports(&self, door: &Door, lines: Vec<Value>) -> anyhow::Result<()> {
        let token = door.cloud.application_token("operator", "operator").await?;
        for some in lines.chunks(1_000) {
            let text: String = some.iter().map(|line| format!("{line}\n")).collect();
            let path = format!("{}/v1/organisations/{ORGANISATION}/calls", door.cloud.api);
            let post = door.client.post(path).bearer_auth(&token);
            let post = post.header("content-type", "application/x-ndjson").body(text);
            let report: Value = post.send().await?.json().await?;
            ensure!(report["stored"] == some.len(), "{report}");
        }
        Ok(())
    }
}

/// The audio of the cases that is not too long for thousands of uploads, and a text.
fn files() -> anyhow::Result<Vec<PathBuf>> {
    let folder = std::env::var_os("AUDIO_CASES").context("AUDIO_CASES names no folder")?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension != "json")
            && path.metadata()?.len() < 400_000
        {
            files.push(path);
        }
    }
    let text = std::env::temp_dir().join(format!("lossless-{}.txt", std::process::id()));
    std::fs::write(&text, "Möte med kunden på tisdag")?;
    files.push(text);
    files.sort();
    Ok(files)
}

/// The user's recording is switched on and off in the last days. Returns when they were recorded.
async fn history(
    table: &Table,
    name: &str,
    random: &mut ChaCha8Rng,
    today: DateTime<Utc>,
) -> anyhow::Result<Vec<Period>> {
    let mut recorded = Vec::new();
    let mut hours = |most: i64| TimeDelta::minutes(random.random_range(5..most * 60));
    let mut at = today - TimeDelta::days(DAYS) - TimeDelta::hours(12) + hours(24);
    while at < today {
        switch(table, name, Kind::Activated, at).await?;
        let acknowledged = at + hours(6);
        acknowledge(table, name, at, acknowledged).await?;
        let ended = acknowledged + hours(90);
        if ended >= today {
            recorded.push(Period { from: acknowledged, to: DateTime::<Utc>::MAX_UTC });
            break;
        }
        switch(table, name, Kind::Deactivated, ended).await?;
        recorded.push(Period { from: acknowledged, to: ended });
        at = ended + hours(20);
    }
    Ok(recorded)
}

fn event(name: &str, kind: Kind, at: DateTime<Utc>) -> (Event, audit::Event) {
    let request = format!("{name}-{at}");
    let audited = audit::Event { at, request, ..groups::event(ORGANISATION, name) };
    (Event { user: user(name), at, kind, by: "user:chief".to_owned() }, audited)
}

async fn switch(table: &Table, name: &str, kind: Kind, at: DateTime<Utc>) -> anyhow::Result<()> {
    let events = [event(name, kind, at)];
    Ok(table.activations().switch(&organisation(ORGANISATION), &events).await??)
}

async fn acknowledge(
    table: &Table,
    name: &str,
    activated: DateTime<Utc>,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let kind = Kind::Acknowledged { version: VERSION.to_owned(), client: "app".to_owned() };
    let (event, audited) = event(name, kind, at);
    let of = organisation(ORGANISATION);
    Ok(table.activations().acknowledge(&of, &event, activated, &audited).await??)
}
