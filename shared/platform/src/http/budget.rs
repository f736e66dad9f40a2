//! Budgets: how many capacity units a caller and an organisation may consume in a minute, so that
//! none slows down the others.
//!
//! A request is admitted while the budgets have units left, and is charged what it consumed. Each
//! process counts by itself. Whoever consumes much is also added up in the table over all
//! processes. So an ordinary request costs nothing more, and a budget may be exceeded by what each
//! process has not added yet, and by one expensive request in each new process. Registrations have
//! budgets of their own: no search delays a phone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::ids::OrganisationId;

use super::{
    Problem,
    caller::{self, Clock},
};
use crate::{consumed::metered, env, log::error_chain, table::Table};

/// The seconds of a window.
const WINDOW: u64 = 60;
/// The seconds whose part of a budget may be consumed at once. The rest becomes available evenly.
const AT_ONCE: u64 = 10;
/// The limits of this process. Without them, as in tests of other things, there are no budgets.
static LIMITS: OnceLock<Limits> = OnceLock::new();

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// The budgets that a request is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    Requests,
    Registrations,
}

/// The budgets as a process knows them.
#[derive(Clone, Debug)]
pub(super) struct Budgets {
    table: Table,
    clock: Clock,
    budget: Budget,
    spent: Arc<Mutex<Spent>>,
}

/// How much may be consumed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Units of an organisation in a minute.
    pub organisation: u64,
    /// The units after which a process adds what it has counted to the table's sum. A payer whose
    /// last request cost as much pays for the next one in advance.
    pub shared_after: u64,
}

/// The units that were consumed in one minute.
#[derive(Debug, Default)]
struct Spent {
    minute: i64,
    of: HashMap<(OrganisationId, String), Units>,
    /// The cost of the last request of those who pay in advance, in any minute.
    costs: HashMap<(OrganisationId, String), u64>,
}

/// The units of one payer.
#[derive(Clone, Copy, Debug, Default)]
struct Units {
    /// Counted here, and not added to the table's sum yet; negative if too much was paid in advance.
    here: i64,
    /// The table's sum when this process last added to it.
    shared: u64,
}

/// One who pays: the caller, or the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Payer {
    /// The name of the policy.
    policy: &'static str,
    organisation: OrganisationId,
    /// The name of its sum.
    name: String,
    quota: u64,
}

impl Budget {
    fn policies(self) -> [&'static str; 2] {
        match self {
            Self::Requests => ["caller", "organisation"],
            Self::Registrations => ["caller-registrations", "organisation-registrations"],
        }
    }

    /// The share of an organisation's budget that one caller may consume: a half, of registrations a
    /// tenth. So a phone that repeats itself does not stop its colleagues.
    fn callers_part(self) -> u64 {
        match self {
            Self::Requests => 2,
            Self::Registrations => 10,
        }
    }
}

impl Limits {
    /// The settings of the function: `UNITS_PER_MINUTE` and `UNITS_SHARED_AFTER`.
    ///
    /// # Errors
    /// One is missing, or is no number.
    pub fn read() -> Result<Self, lambda_http::Error> {
        let number = |name| Ok::<u64, lambda_http::Error>(env::required(name)?.parse()?);
        let (organisation, shared_after) =
            (number("UNITS_PER_MINUTE")?, number("UNITS_SHARED_AFTER")?);
        Ok(Self { organisation, shared_after })
    }

    /// Applies these limits to every router of the process, from now on.
    pub fn apply(self) {
        let _before = LIMITS.set(self);
    }

    fn payers(self, budget: Budget, organisation: &OrganisationId, who: &str) -> [Payer; 2] {
        let [caller, whole] = budget.policies();
        let payer =
            |policy, name, quota| Payer { policy, organisation: organisation.clone(), name, quota };
        let part = self.organisation / budget.callers_part();
        [
            payer(caller, format!("{caller}#{who}"), part),
            payer(whole, whole.to_owned(), self.organisation),
        ]
    }
}

impl Spent {
    /// Forgets earlier minutes.
    fn at(&mut self, minute: i64) -> &mut Self {
        if self.minute != minute {
            (self.minute, self.of) = (minute, HashMap::new());
        }
        self
    }

    fn units(&mut self, payer: &Payer) -> &mut Units {
        self.of.entry(payer.key()).or_default()
    }

    /// Remembers what a payer's last request cost, if it was much.
    fn remember(&mut self, payer: &Payer, cost: u64, much: u64) {
        if cost >= much {
            self.costs.insert(payer.key(), cost);
        } else {
            self.costs.remove(&payer.key());
        }
    }
}

impl Units {
    fn sum(self) -> u64 {
        self.shared.saturating_add_signed(self.here)
    }
}

impl Payer {
    fn key(&self) -> (OrganisationId, String) {
        (self.organisation.clone(), self.name.clone())
    }

    /// The units that may have been consumed so many seconds into the minute.
    fn available(&self, second: u64) -> u64 {
        self.quota.saturating_mul((second + AT_ONCE).min(WINDOW)) / WINDOW
    }

    /// The seconds until more than `sum` is available.
    fn wait(&self, sum: u64, second: u64) -> u64 {
        let available = |wait: &u64| self.available(second + wait) > sum;
        (1..WINDOW - second).find(available).unwrap_or(WINDOW - second)
    }
}

impl Budgets {
    pub fn new(table: Table, clock: Clock, budget: Budget) -> Self {
        Self { table, clock, budget, spent: Arc::default() }
    }

    /// The payer whose budget is used up for the moment, and the seconds to wait.
    fn exhausted<'a>(
        &self,
        payers: &'a [Payer; 2],
        now: DateTime<Utc>,
    ) -> Option<(&'a Payer, u64)> {
        let (mut spent, second) = (self.spent(), second_of(now));
        let spent = spent.at(minute_of(now));
        payers.iter().find_map(|payer| {
            let sum = spent.units(payer).sum();
            (sum >= payer.available(second)).then(|| (payer, payer.wait(sum, second)))
        })
    }

    /// Pays in advance for a caller whose requests cost much, so that many at once do not exceed the
    /// budget. Returns the units. No request, or 1 for each payer; as many again if it is refused.
    async fn prepay<'a>(
        &self,
        payers: &'a [Payer; 2],
        now: DateTime<Utc>,
    ) -> Result<u64, (&'a Payer, u64)> {
        let Some(cost) = self.spent().costs.get(&payers[0].key()).copied() else { return Ok(0) };
        let (minute, units) = (minute_of(now), i64::try_from(cost).unwrap_or(i64::MAX));
        for payer in payers {
            self.share(payer, minute, units).await;
        }
        let before =
            |payer: &Payer| self.spent().at(minute).units(payer).sum().saturating_sub(cost);
        let second = second_of(now);
        let Some(payer) = payers.iter().find(|payer| before(payer) >= payer.available(second))
        else {
            return Ok(cost);
        };
        for payer in payers {
            self.share(payer, minute, -units).await;
        }
        Err((payer, payer.wait(before(payer).saturating_add(cost), second)))
    }

    /// Charges units, of which some were paid in advance. No request, or 1 for each payer who has
    /// consumed much here.
    async fn spend(
        &self,
        payers: &[Payer; 2],
        minute: i64,
        (units, prepaid): (u64, u64),
        shared_after: u64,
    ) {
        let mut due = Vec::new();
        {
            let mut spent = self.spent();
            spent.remember(&payers[0], units, shared_after);
            for payer in payers {
                let of = spent.at(minute).units(payer);
                of.here = of.here.saturating_add_unsigned(units).saturating_sub_unsigned(prepaid);
                if of.here.unsigned_abs() >= shared_after {
                    due.push((payer, std::mem::take(&mut of.here)));
                }
            }
        }
        for (payer, units) in due {
            self.share(payer, minute, units).await;
        }
    }

    /// Adds units to the table's sum, and learns the sum.
    async fn share(&self, payer: &Payer, minute: i64, units: i64) {
        let sums = self.table.budgets();
        let added = sums.add(&payer.organisation, minute, &payer.name, units).await;
        let mut spent = self.spent();
        let of = spent.at(minute).units(payer);
        of.shared = match added {
            Ok(sum) => sum,
            // The process counts alone.
            Err(error) => {
                tracing::warn!(error = error_chain(&error), "units were not shared");
                of.shared.saturating_add_signed(units)
            }
        };
    }

    /// The headers of draft-ietf-httpapi-ratelimit-headers: the policies, and what is left of them as
    /// far as this process knows.
    fn headers(&self, payers: &[Payer; 2], now: DateTime<Utc>) -> [(HeaderName, String); 2] {
        let mut spent = self.spent();
        let spent = spent.at(minute_of(now));
        let policy = |payer: &Payer| format!("\"{}\";q={};w={WINDOW}", payer.policy, payer.quota);
        let mut left = |payer: &Payer| {
            let units = payer.quota.saturating_sub(spent.units(payer).sum());
            format!("\"{}\";r={units};t={}", payer.policy, WINDOW - second_of(now))
        };
        let policies: Vec<_> = payers.iter().map(policy).collect();
        let lefts: Vec<_> = payers.iter().map(&mut left).collect();
        [(POLICY, policies.join(", ")), (LEFT, lefts.join(", "))]
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a request within the budgets of its caller. One that they refuse reaches neither the table
/// nor the audit log.
pub(super) async fn charge(
    State(budgets): State<Budgets>,
    request: Request,
    next: Next,
) -> Response {
    let (limits, payer) = (LIMITS.get().copied(), caller::payer(request.extensions()));
    let (Some(limits), Some((organisation, who))) = (limits, payer) else {
        return next.run(request).await;
    };
    let payers = limits.payers(budgets.budget, &organisation, &who);
    let now = (budgets.clock)();
    let admitted = match budgets.exhausted(&payers, now) {
        Some(refused) => Err(refused),
        None => budgets.prepay(&payers, now).await,
    };
    let mut response = match admitted {
        Err((payer, seconds)) => {
            let of = if payer.name == payer.policy { "your organisation" } else { "the caller" };
            Problem::over_budget(of, seconds).into_response()
        }
        Ok(prepaid) => {
            let (response, units) = metered(next.run(request)).await;
            let spent = (units.max(1), prepaid);
            budgets.spend(&payers, minute_of(now), spent, limits.shared_after).await;
            response
        }
    };
    for (name, value) in budgets.headers(&payers, now) {
        response.headers_mut().extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
    }
    response
}

fn minute_of(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(WINDOW as i64)
}

/// The second of the minute.
fn second_of(now: DateTime<Utc>) -> u64 {
    now.timestamp().rem_euclid(WINDOW as i64).unsigned_abs()
}
