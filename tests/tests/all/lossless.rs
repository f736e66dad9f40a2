//! Phones with the reference client upload calls through the local cloud's front door, over a
//! network that loses requests and responses. No call may be lost, and each is accounted for in its
//! day. `make lossless` has 2,000 calls (`CALLS=`, `SEED=`), after a million by the rules alone.

mod network;
mod office;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use domain::delivery::Day;
use phone::{Api, Backoff, Client, Device, Queue, Token};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tests::{
    deployed::Deployed,
    door::{Door, answer},
};
use tokio::{sync::Semaphore, task::JoinSet};

use network::Network;
use office::{Call, ORGANISATION, Office};

/// Calls of a phone.
const OF_A_PHONE: usize = 50;
/// Phones that upload at once.
const AT_ONCE: usize = 6;
/// The longest time that a phone works before its app is killed.
const LIFE: Duration = Duration::from_millis(1_500);
/// How often an app is killed.
const KILLS: usize = 10;

/// The office and the network, and the call id of each of the office's calls.
struct World {
    office: Office,
    network: Network,
    ids: HashMap<usize, String>,
}

/// A device whose clock is wrong by the same time throughout.
struct Wrong {
    ahead: TimeDelta,
    begun: Instant,
}

impl Device for Wrong {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.ahead
    }

    fn uptime(&self) -> Duration {
        self.begun.elapsed()
    }

    fn random(&self) -> f64 {
        rand::random()
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }
}

fn environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test]
async fn no_call_is_lost_and_every_call_is_accounted_for() -> anyhow::Result<()> {
    let (calls, seed) = (environment("CALLS", 60) as usize, environment("SEED", 1));
    let door = Door::open()?;
    let folder = std::env::temp_dir().join(format!("lossless-{}", std::process::id()));
    let phones = calls.div_ceil(OF_A_PHONE).max(8);
    let office = Office::draw(&door, seed, phones, calls.div_ceil(phones)).await?;
    let network = Network::start(&door.cloud.api, seed).await?;
    let mut ids = HashMap::new();
    for (number, call) in office.calls.iter().enumerate() {
        ids.insert(number, office.enqueue(&folder, call)?);
    }
    let world = Arc::new(World { office, network, ids });
    let half = world.office.calls.len() / 2;
    world.reports(&door, 0..half).await?;

    let (places, mut working) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for number in 0..phones {
        let (world, places, folder) = (world.clone(), places.clone(), folder.clone());
        working.spawn(async move {
            let _place = places.acquire().await?;
            world.work(number, &folder.join(number.to_string()), seed).await
        });
    }
    while let Some(done) = working.join_next().await {
        done??;
    }
    world.reports(&door, half..world.office.calls.len()).await?;
    let states = world.settled(&door).await?;
    world.check(&door, &states).await?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

impl World {
    /// A phone uploads its calls. Its app is killed again and again; some phones die early.
    async fn work(&self, number: usize, queue: &Path, seed: u64) -> anyhow::Result<()> {
        let phone = &self.office.phones[number];
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(1_000 + number as u64);
        for kills in 0..=KILLS {
            let token = phone.token.clone();
            let sign_in = move || std::future::ready(Ok(Token::new(token.clone())));
            let device = Wrong { ahead: phone.ahead, begun: Instant::now() };
            let backoff = Backoff { base: Duration::from_millis(40), most: Duration::from_secs(1) };
            let api = Api::new(&self.network.url)?;
            let mut client = Client::new(Queue::open(queue)?, api, sign_in, device, backoff);
            let life = match kills < KILLS {
                true => LIFE.mul_f64(random.random_range(0.1..1.0)),
                false => Duration::from_secs(900),
            };
            match tokio::time::timeout(life, client.run_until_empty()).await {
                Ok(ended) => return Ok(ended?),
                Err(_) if phone.dies && kills == 2 => return Ok(std::fs::remove_dir_all(queue)?),
                Err(_) => {} // killed
            }
        }
        anyhow::bail!("phone {number} does not finish")
    }

    async fn reports(&self, door: &Door, some: std::ops::Range<usize>) -> anyhow::Result<()> {
        let line = |number: usize| self.office.line(&self.office.calls[number], &self.ids[&number]);
        self.office.reports(door, some.map(line).collect()).await
    }

    /// The state of each recording by its call id, once ingest has taken in all that has arrived.
    async fn settled(&self, door: &Door) -> anyhow::Result<BTreeMap<String, String>> {
        for _ in 0..600 {
            let mut states = BTreeMap::new();
            for one in pages(door, "/v1/recordings", "recordings", &self.office.chief).await? {
                let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
                ensure!(states.insert(text("callId"), text("state")).is_none(), "twice: {one}");
            }
            let waits = |id: &&String| {
                self.network.has_put(id) && states.get(*id).is_some_and(|state| state == "expected")
            };
            if !self.ids.values().any(|id| waits(&id)) {
                return Ok(states);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        anyhow::bail!("audio that has arrived is still expected")
    }

    /// Compares the recordings and the statements with the truth.
    async fn check(&self, door: &Door, states: &BTreeMap<String, String>) -> anyhow::Result<()> {
        reconcile().await?;
        let calls = &self.office.calls;
        let days: BTreeSet<Day> = calls.iter().map(|call| Day::of(call.started_at)).collect();
        let mut lines: BTreeMap<String, (String, Day)> = BTreeMap::new();
        for day in days {
            let path = format!("/v1/completeness/{day}/calls");
            for line in pages(door, &path, "calls", &self.office.chief).await? {
                let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
                ensure!(line["reported"] == true, "{line}");
                let before = lines.insert(text("callId"), (text("state"), day));
                ensure!(before.is_none(), "{line} is accounted for twice");
            }
        }
        let (mut tally, mut discrepancies) = (BTreeMap::<String, u64>::new(), Vec::new());
        for (number, call) in calls.iter().enumerate() {
            let (id, expected) = (&self.ids[&number], self.expected(number));
            let (state, day) = lines.get(id).with_context(|| format!("{call:?} has no line"))?;
            *tally.entry(state.clone()).or_default() += 1;
            let is_retained = states.contains_key(id);
            let is_to_keep = matches!(expected, "stored" | "expected" | "rejected");
            let is_right = expected == state || (expected == "stored" && state == "damaged");
            if !is_right || is_retained != is_to_keep || *day != Day::of(call.started_at) {
                discrepancies.push(format!(
                    "{call:?}: {state} on {day}, retained {is_retained}, not {expected}"
                ));
            }
            let is_there = !self.office.phones[call.phone].dies && !call.duration.is_zero();
            if is_there && self.office.is_recorded(call) && !is_retained {
                discrepancies.push(format!("{call:?} is lost"));
            }
        }
        println!("{} calls of {} phones: {tally:?}", calls.len(), self.office.phones.len());
        println!("the network: {}", self.network.summary());
        ensure!(lines.len() == calls.len(), "{} lines of {} calls", lines.len(), calls.len());
        let first = discrepancies.first();
        ensure!(first.is_none(), "{} discrepancies: {first:#?}", discrepancies.len());
        Ok(())
    }

    /// The state that the call must have, by the truth and by what the network let through.
    fn expected(&self, number: usize) -> &'static str {
        let (call, id) = (&self.office.calls[number], &self.ids[&number]);
        let is_recorded = self.office.is_recorded(call) && !call.duration.is_zero();
        match (self.network.has_registered(id), is_recorded) {
            (false, true) => "missing",
            (false, false) => "not-recorded",
            (true, false) => "refused",
            (true, true) if !self.network.has_put(id) => "expected",
            (true, true) if Call::is_audio(call) => "stored",
            (true, true) => "rejected",
        }
    }
}

/// Accounts for the organisation's calls in the deployed function, as at night.
async fn reconcile() -> anyhow::Result<()> {
    let order = json!({ "organisation": ORGANISATION, "night": Utc::now() });
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/reconcile.order.json"))?;
    event["Records"][0]["body"] = order.to_string().into();
    let answer = Deployed::open()?.invoke("reconcile", &event).await?;
    ensure!(answer["batchItemFailures"] == json!([]), "{answer}");
    Ok(())
}

/// All entries of a list.
async fn pages(door: &Door, path: &str, member: &str, token: &str) -> anyhow::Result<Vec<Value>> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = answer(door.get(&format!("{path}?limit=1000{cursor}")), token).await?;
        ensure!(status == 200, "{path}: {status}: {page}");
        all.extend(page[member].as_array().cloned().unwrap_or_default());
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(all),
        }
    }
}
