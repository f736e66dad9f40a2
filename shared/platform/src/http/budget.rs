//! Budgets: how many capacity units a caller and an organisation may consume in a minute, so that
//! none slows down the others.
//!
//! A request is admitted while the budgets have units left, and is charged what it consumed. Each
//! process counts by itself. Whoever consumes much is also added up in the table over all
//! processes. So an ordinary request costs nothing more, and a budget may be exceeded by what each
//! process has not added yet. Registrations have budgets of their own: no search delays a phone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
const AT_ONCE: u64 = 15;
/// The units of an organisation in a minute, where the template sets no other number: as many as
/// one partition of the table writes.
const UNITS: u64 = 60_000;
/// The units after which a process adds what it has counted to the table's sum.
const SHARED_AFTER: u64 = 1_000;

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
    limits: Limits,
    spent: Arc<Mutex<Spent>>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    budget: Budget,
    /// Units of an organisation in a minute.
    organisation: u64,
    shared_after: u64,
}

/// The units that were consumed in one minute.
#[derive(Debug, Default)]
struct Spent {
    minute: i64,
    of: HashMap<(OrganisationId, String), Units>,
}

/// The units of one payer.
#[derive(Clone, Copy, Debug, Default)]
struct Units {
    /// Counted here, and not added to the table's sum yet.
    here: u64,
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
    /// The limits of the function's environment.
    fn of(budget: Budget) -> Self {
        let number = |name: &str| env::optional(name).and_then(|number| number.parse().ok());
        Self {
            budget,
            organisation: number("UNITS_PER_MINUTE").unwrap_or(UNITS),
            shared_after: number("UNITS_SHARED_AFTER").unwrap_or(SHARED_AFTER),
        }
    }

    fn payers(&self, organisation: &OrganisationId, who: &str) -> [Payer; 2] {
        let [caller, whole] = self.budget.policies();
        let payer =
            |policy, name, quota| Payer { policy, organisation: organisation.clone(), name, quota };
        let part = self.organisation / self.budget.callers_part();
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
            *self = Self { minute, of: HashMap::new() };
        }
        self
    }

    fn units(&mut self, payer: &Payer) -> &mut Units {
        self.of.entry((payer.organisation.clone(), payer.name.clone())).or_default()
    }
}

impl Units {
    fn sum(self) -> u64 {
        self.shared.saturating_add(self.here)
    }
}

impl Payer {
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
        Self { table, clock, limits: Limits::of(budget), spent: Arc::default() }
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

    /// Charges units. No request, or 1 for each payer who has consumed much here.
    async fn spend(&self, payers: &[Payer; 2], minute: i64, units: u64) {
        let mut due = Vec::new();
        {
            let mut spent = self.spent();
            for payer in payers {
                let of = spent.at(minute).units(payer);
                of.here = of.here.saturating_add(units);
                if of.here >= self.limits.shared_after {
                    due.push((payer, of.here));
                    *of = Units { here: 0, shared: of.sum() };
                }
            }
        }
        for (payer, units) in due {
            let sums = self.table.budgets();
            match sums.add(&payer.organisation, minute, &payer.name, units).await {
                Ok(sum) => {
                    let mut spent = self.spent();
                    let of = spent.at(minute).units(payer);
                    of.shared = of.shared.max(sum);
                }
                // The request had its effect, and is counted here.
                Err(error) => {
                    tracing::warn!(error = error_chain(&error), "units were not shared");
                }
            }
        }
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
    let Some((organisation, who)) = caller::payer(request.extensions()) else {
        return next.run(request).await;
    };
    let payers = budgets.limits.payers(&organisation, &who);
    let now = (budgets.clock)();
    let mut response = match budgets.exhausted(&payers, now) {
        Some((payer, seconds)) => {
            let of = if payer.name == payer.policy { "your organisation" } else { "the caller" };
            Problem::over_budget(of, seconds).into_response()
        }
        None => {
            let (response, units) = metered(next.run(request)).await;
            budgets.spend(&payers, minute_of(now), units.max(1)).await;
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
