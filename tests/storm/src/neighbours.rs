//! Two organisations beside each other: one asks for as much as the stage accepts, and the other does
//! its work. Measures what the latter notices.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use platform::http::Limits;
use serde_json::{Value, json};
use tests::{
    call::{call, with},
    people::{Person, found, legend},
    recording::{recording, register},
    request::As,
};
use tokio::time::Instant;

use crate::{aws::Aws, clock, life::calm_table, service::Service, storm::BEGUN, weather::Weather};

const GREEDY: &str = "greedy";
const MODEST: &str = "modest";
/// Recordings of the greedy organisation, which its searches read one after the other.
const RECORDINGS: usize = 1_500;
/// Its requests a second: nine tenths of what the stage accepts by default.
const GREEDY_RATE: u32 = 900;
/// Users of it, who share them.
const USERS: [&str; 8] = ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"];
/// Requests a second of the other organisation: as many registrations as searches.
const MODEST_RATE: u32 = 40;
/// Executions that an account has at once, and those that `upload` has for itself.
const EXECUTIONS: usize = 1_000;
const RESERVED: usize = 50;

/// How the modest organisation fared.
#[derive(Clone, Debug, Default)]
pub struct Fared {
    /// The time that requests took, by function.
    took: BTreeMap<&'static str, Vec<Duration>>,
    /// Requests that were not answered as they should be, by function.
    pub failed: BTreeMap<&'static str, usize>,
    /// Responses to the greedy organisation, by status; 0 for none.
    pub greedy: BTreeMap<u16, usize>,
}

impl Fared {
    /// The time within which 99 of 100 requests to a function were answered.
    pub fn p99(&self, function: &str) -> Duration {
        let mut took = self.took.get(function).cloned().unwrap_or_default();
        took.sort_unstable();
        took.get((took.len() * 99 / 100).min(took.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }

    pub fn requests(&self, function: &str) -> usize {
        self.took.get(function).map_or(0, Vec::len)
    }
}

/// The budgets as the template has them.
pub const LIMITS: Limits = Limits { organisation: 60_000, shared_after: 50 };

/// Lets the modest organisation work for some seconds: alone, or beside the greedy one.
pub fn live(seconds: u32, beside: bool) -> anyhow::Result<Fared> {
    fastrand::seed(1);
    tests::request::number_from_here();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, lives(seconds, beside))
}

async fn lives(seconds: u32, beside: bool) -> anyhow::Result<Fared> {
    let begun: DateTime<Utc> = BEGUN.parse()?;
    clock::start(begun);
    let aws = Aws::new(1, Weather::calm(), None)?;
    let service = Service::deploy(aws.clone())?;
    service.start();
    let table = calm_table(&aws);
    for name in [GREEDY, MODEST] {
        found(&table, name).await?;
        legend(&table, name).await?;
        for user in USERS {
            Person::recorded(user).joins(&table, name).await?;
        }
        Person::administrator("karin").joins(&table, name).await?;
    }
    for number in 0..RECORDINGS {
        let at = begun - TimeDelta::minutes(number as i64 + 60);
        let of = recording(GREEDY, USERS[0], &format!("old-{number}"), at);
        register(&table, &of).await?;
    }
    clock::wait_until(begun + TimeDelta::hours(1)).await;
    let fared = Rc::new(RefCell::new(Fared::default()));
    let scene = Scene { service, fared: fared.clone(), running: Rc::default() };
    let mut working = tokio::task::JoinSet::new();
    let every = |rate: u32| Duration::from_secs(1) / rate;
    let started = Instant::now();
    for number in 0..seconds * MODEST_RATE {
        let scene = scene.clone();
        working.spawn_local(async move {
            tokio::time::sleep_until(started + every(MODEST_RATE) * number).await;
            scene.modest(number).await
        });
    }
    for number in 0..if beside { seconds * GREEDY_RATE } else { 0 } {
        let scene = scene.clone();
        working.spawn_local(async move {
            tokio::time::sleep_until(started + every(GREEDY_RATE) * number).await;
            scene.greedy(number).await
        });
    }
    while let Some(done) = working.join_next().await {
        done??;
    }
    let broken = scene.service.take_broken();
    anyhow::ensure!(broken.is_empty(), "{broken:?}");
    Ok(fared.take())
}

fn user_of(number: u32) -> &'static str {
    USERS[number as usize % USERS.len()]
}

#[derive(Clone)]
struct Scene {
    service: Service,
    fared: Rc<RefCell<Fared>>,
    /// Invocations that run, of `upload` and of the others.
    running: Rc<RefCell<[usize; 2]>>,
}

impl Scene {
    async fn modest(&self, number: u32) -> anyhow::Result<()> {
        let begun = Instant::now();
        let (function, right, status) = if number.is_multiple_of(2) {
            let one = one_call("new", number);
            (
                "upload",
                201,
                self.send(MODEST, number, "upload", "POST", "/v1/recordings", Some(one)).await?,
            )
        } else {
            let path = "/v1/recordings?limit=50";
            ("search", 200, self.send(MODEST, number, "search", "GET", path, None).await?)
        };
        let mut fared = self.fared.borrow_mut();
        fared.took.entry(function).or_default().push(begun.elapsed());
        if status != right {
            *fared.failed.entry(function).or_default() += 1;
        }
        Ok(())
    }

    /// Expensive searches, long notes and registrations.
    async fn greedy(&self, number: u32) -> anyhow::Result<()> {
        let status = match number % 5 {
            0 => {
                let one = one_call("greedy", number);
                self.send(GREEDY, number, "upload", "POST", "/v1/recordings", Some(one)).await?
            }
            1 => {
                let letters = (0x4E00 + number % 5_000..).filter_map(char::from_u32).take(380);
                let note: String = letters.map(|letter| format!("{letter} ")).collect();
                let path = format!("/v1/calls/old-{}/annotation", number % 1_000);
                self.send(GREEDY, 0, "annotate", "PUT", &path, Some(json!({ "note": note })))
                    .await?
            }
            _ => {
                let path = "/v1/recordings?direction=in&limit=50"; // of which there is none
                self.send(GREEDY, number, "search", "GET", path, None).await?
            }
        };
        *self.fared.borrow_mut().greedy.entry(status).or_default() += 1;
        Ok(())
    }

    /// The status of a response; 0 if there is none.
    async fn send(
        &self,
        organisation: &'static str,
        user: u32,
        function: &'static str,
        method: &'static str,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<u16> {
        let pool = usize::from(function == "upload");
        let most = [EXECUTIONS - RESERVED, RESERVED][pool];
        if self.running.borrow()[pool] >= most {
            return Ok(503);
        }
        self.running.borrow_mut()[pool] += 1;
        let (path, body, user) =
            (path.to_owned(), body.map(|body| body.to_string()), user_of(user));
        let send = move |router| async move {
            let user = As { organisation, user };
            user.send_with(&router, method, &path, body, json!({})).await
        };
        let answer = self.service.request(function, send).await;
        self.running.borrow_mut()[pool] -= 1;
        Ok(answer?.map_or(0, |answer| answer.status.as_u16()))
    }
}

/// A registration of a call that has just ended.
fn one_call(prefix: &str, number: u32) -> Value {
    let audio = format!("audio {prefix} {number}").into_bytes();
    let started_at = clock::now() - TimeDelta::minutes(5);
    with(
        call(&format!("{prefix}-{number}"), "audio/wav", &audio),
        json!({ "startedAt": started_at }),
    )
}
