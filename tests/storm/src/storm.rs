//! One storm, from its seed to its end; and the least part of one that still goes wrong.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    aws::{Aws, locked, sabotage::Sabotage},
    check::{self, Checked},
    clock,
    life::{self, Life},
    plan::{self, BUSY, BUSY_LATER, LATER, Step},
    service::Service,
    weather::Weather,
};

/// When the steps begin.
pub const BEGUN: &str = "2026-11-19T00:00:00Z";

/// A storm. The seed alone decides what happens, unless parts are left out.
#[derive(Clone, Debug)]
pub struct Storm {
    pub seed: u64,
    pub weather: Weather,
    pub steps: Vec<Step>,
    /// A defect that a test builds in.
    pub sabotage: Option<Sabotage>,
}

/// How a storm ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Each promise that was broken.
    pub wrong: Vec<String>,
    pub requests: u64,
    pub invocations: BTreeMap<String, u64>,
    pub troubles: BTreeMap<&'static str, u64>,
    /// Recordings by their right end; if nobody can predict it, by the reason.
    pub ends: BTreeMap<&'static str, u64>,
    /// A hash of all requests with their times and fates.
    pub trace: u64,
}

/// Storms in which a defect has to be noticed.
const ENOUGH: u64 = 10;
/// How long the schedules run after the first steps.
pub const SETTLES: TimeDelta = TimeDelta::days(2);
/// How long the calm lasts: until every job, removal and reconciliation is done.
const CALM: TimeDelta = TimeDelta::days(2);

impl Storm {
    pub fn of(seed: u64) -> Self {
        Self { seed, weather: Weather::draw(seed), steps: plan::draw(seed), sabotage: None }
    }

    /// Lives through the storm.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        fastrand::seed(self.seed); // the pauses of the SDK's retries
        tests::request::number_from_here(); // ids of jobs depend on it
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, self.lives())
    }

    async fn lives(&self) -> anyhow::Result<Outcome> {
        let begun: DateTime<Utc> = BEGUN.parse()?;
        clock::start(begun - TimeDelta::days(30)); // users are recorded long before their first call
        let aws = Aws::new(self.seed, Weather::calm(), self.sabotage)?;
        let service = Service::deploy(aws.clone())?;
        service.start();
        let life = Life::found(service.clone()).await?;
        clock::wait_until(begun).await;
        aws.set_weather(self.weather.clone());
        if self.seed.is_multiple_of(4) {
            aws.store.list_by(6); // so that a night's listing has many parts
        }
        let schedules = {
            let (service, life, storm) = (service.clone(), life.clone(), self.clone());
            tokio::task::spawn_local(async move {
                service.run_schedules(begun + BUSY + SETTLES).await?;
                let checked = storm.calms_down(&life, TimeDelta::days(1)).await?;
                service.aws().set_weather(storm.weather);
                clock::wait_until(begun + LATER - TimeDelta::hours(12)).await;
                life::pass(service.aws()).await?;
                service.run_schedules(begun + LATER + BUSY_LATER).await?;
                anyhow::Ok(checked)
            })
        };
        life.lives(self.steps.clone()).await?;
        let Checked { mut wrong, mut ends } = schedules.await??;
        let last = self.calms_down(&life, CALM).await?;
        wrong.extend(last.wrong);
        for (reason, number) in last.ends {
            *ends.entry(reason).or_default() += number;
        }
        let troubles = locked(&aws.troubles).clone();
        Ok(Outcome {
            wrong,
            ends,
            requests: aws.requests.load(Ordering::Relaxed),
            invocations: service.invocations(),
            troubles,
            trace: aws.trace.load(Ordering::Relaxed),
        })
    }

    /// Lets the schedules run in calm weather until everything is quiet, and checks everything.
    async fn calms_down(&self, life: &Life, calm: TimeDelta) -> anyhow::Result<Checked> {
        let service = &life.service;
        service.aws().set_weather(Weather::calm());
        service.run_schedules(clock::now() + calm).await?;
        let mut quiet = 0;
        while quiet < 3 {
            service.remove_expired()?;
            tokio::time::sleep(Duration::from_secs(1_800)).await;
            quiet = if service.is_quiet() { quiet + 1 } else { 0 };
        }
        let mut checked = check::check(life).await?;
        checked.wrong.extend(service.take_broken());
        Ok(checked)
    }

    /// The first of some storms that notices a defect by a message. Otherwise what they report.
    pub fn noticing(sabotage: Sabotage, message: &str) -> Result<u64, Vec<String>> {
        let mut reported = Vec::new();
        for seed in 1..=ENOUGH {
            let storm = Self { sabotage: Some(sabotage), ..Self::of(seed) };
            let wrong = storm.run().map_or_else(|error| vec![format!("{error:#}")], |it| it.wrong);
            if wrong.iter().any(|what| what.contains(message)) {
                return Ok(seed);
            }
            reported.extend(wrong);
        }
        Err(reported)
    }

    /// Whether it goes wrong, or cannot be lived through.
    fn fails(&self) -> bool {
        self.run().map_or(true, |outcome| !outcome.wrong.is_empty())
    }

    /// The least part of a failing storm that still fails: without steps, and without kinds of
    /// trouble, one after the other.
    pub fn minimised(&self) -> Self {
        let mut least = self.clone();
        let mut size = least.steps.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < least.steps.len() {
                let mut smaller = least.clone();
                let to = (from + size).min(smaller.steps.len());
                smaller.steps.drain(from..to);
                if smaller.fails() {
                    least = smaller;
                } else {
                    from += size;
                }
            }
            size /= 2;
        }
        for calmer in Weather::calmer() {
            let mut smaller = least.clone();
            calmer(&mut smaller.weather);
            if smaller.weather != least.weather && smaller.fails() {
                least = smaller;
            }
        }
        least
    }
}
