//! Random histories: an organisation's facts over four months, and their statements.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::{collection::vec, prelude::*};
use rust_decimal::Decimal;
use strum::VariantArray;

use crate::{
    billing::{
        self, BaseChange, BaseService, Credit, Day, Late, Ledger, Month, Named, Price, Prices,
        Rule, Statement, Switch, Terms, Usage, Whose, midnight, today,
    },
    ids::UserId,
};

/// An organisation's facts over four months.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) switches: Vec<Switch>,
    pub(super) usage: Usage,
    pub(super) terms: Vec<Terms>,
    /// Whether it had the base service at first, and when that changed.
    pub(super) at_first: bool,
    pub(super) changes: Vec<DateTime<Utc>>,
    pub(super) credits: Vec<Credit>,
}

const MONTHS: usize = 4;

pub(super) fn months() -> impl Iterator<Item = Month> {
    std::iter::successors(Some(Month::of(first())), |month| Some(month.next())).take(MONTHS)
}

/// The first day. Summer time ends on 25 October, within the history.
fn first() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 9, 1).expect("a day")
}

pub(super) fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    let span = (months().last().expect("months").end() - midnight(first())).num_minutes();
    // A fifth of all moments are midnights, which decide most.
    prop_oneof![
        4 => (0..span).prop_map(|minute| midnight(first()) + TimeDelta::minutes(minute)),
        1 => (0..120_i64).prop_map(|day| midnight(first() + TimeDelta::days(day))),
    ]
}

fn switch() -> impl Strategy<Value = Switch> {
    let delay = prop_oneof![4 => Just(0_i64), 1 => 0..60 * 24 * 70_i64];
    (0..4_u8, moment(), any::<bool>(), delay, voided()).prop_map(|(user, at, on, late, voided)| {
        let known = at + TimeDelta::minutes(late);
        let voided = voided.map(|later| known + later);
        Switch {
            user: UserId::try_from(format!("user-{user}")).expect("a user"),
            at,
            on,
            known,
            voided,
        }
    })
}

/// How long after its entry a fact is voided, as a seventh of them are.
fn voided() -> impl Strategy<Value = Option<TimeDelta>> {
    prop_oneof![6 => Just(None), 1 => (0..60 * 24 * 70_i64).prop_map(|minutes| Some(TimeDelta::minutes(minutes)))]
}

/// A credit of a line that one of the switches may have caused.
fn credit() -> impl Strategy<Value = (usize, usize, usize, bool, DateTime<Utc>)> {
    (
        0..Rule::VARIANTS.len(),
        any::<proptest::sample::Index>(),
        0..MONTHS,
        prop::bool::weighted(0.8),
        moment(),
    )
        .prop_map(|(rule, switch, month, waived, known)| {
            (rule, switch.index(14), month, waived, known)
        })
}

fn price() -> impl Strategy<Value = Option<Price>> {
    prop_oneof![1 => Just(None), 4 => (0..1_000_000_u32).prop_map(|units| Price::try_from(Decimal::new(units.into(), 4).to_string()).ok())]
}

fn terms() -> impl Strategy<Value = Terms> {
    let prices = (price(), price(), price(), price(), price());
    (
        any::<bool>(),
        0..120_i64,
        moment(),
        voided(),
        prices,
        proptest::option::of(0..500_u32),
        any::<bool>(),
    )
        .prop_map(
            |(
                agreed,
                from,
                known,
                voided,
                (start_fee, user_month, storage, add_on_price, sftp_price),
                add_on,
                sftp,
            )| Terms {
                whose: if agreed { Whose::Agreed } else { Whose::General },
                from: first() + TimeDelta::days(from),
                known,
                voided: voided.map(|later| known + later),
                prices: Prices {
                    start_fee,
                    user_month,
                    storage,
                    add_on: add_on_price,
                    sftp: sftp_price,
                },
                add_on,
                sftp,
            },
        )
}

fn usage() -> impl Strategy<Value = Usage> {
    let late = (0..100_i64, 1..20_i64, 0..900_000_000_u64, 0..900_000_000_u64);
    // Eighteen balances, one for each week.
    (vec(0..2_000_000_000_i64, 18), vec(late, 0..4)).prop_map(|(balances, late)| Usage {
        days: first()
            .iter_days()
            .take(122)
            .zip(0..)
            .map(|(day, at)| Day { day, balance: balances[at / 7], ..Day::default() })
            .collect(),
        late: late
            .into_iter()
            .map(|(day, delay, added, removed)| {
                let day = first() + TimeDelta::days(day);
                Late {
                    day,
                    noticed: day + TimeDelta::days(delay),
                    recordings: 1,
                    milliseconds: 1,
                    added,
                    removed,
                }
            })
            .collect(),
    })
}

prop_compose! {
    pub(super) fn history()(
        switches in vec(switch(), 0..14),
        usage in usage(),
        terms in vec(terms(), 0..5),
        at_first in prop::bool::weighted(0.9),
        changes in prop_oneof![2 => Just(Vec::new()), 1 => vec(moment(), 0..4)],
        credits in vec(credit(), 0..4),
    ) -> History {
        let changes: BTreeSet<_> = changes.into_iter().collect();
        let credits = credits.into_iter().filter_map(|(rule, switch, month, waived, known)| {
            let (rule, switch) = (Rule::VARIANTS[rule], switches.get(switch)?);
            let user = matches!(rule, Rule::StartFee | Rule::UserMonth).then(|| switch.user.clone());
            let month = if rule == Rule::StartFee { Month::of(today(switch.at)) } else { months().nth(month)? };
            let line = Named { month, rule, user, activated_at: (rule == Rule::StartFee).then_some(switch.at) };
            Some(Credit { line, waived, known })
        });
        let credits = credits.collect();
        History { switches, usage, terms, at_first, changes: changes.into_iter().collect(), credits }
    }
}

impl History {
    pub(super) fn bill(&self, month: Month) -> Statement {
        billing::month(&self.ledger(), month)
    }

    pub(super) fn ledger(&self) -> Ledger {
        let on = |nth: usize| nth.is_multiple_of(2) != self.at_first;
        let changes = self
            .changes
            .iter()
            .enumerate()
            .map(|(nth, &at)| BaseChange { at, on: on(nth) })
            .collect();
        let (switches, usage, terms) =
            (self.switches.clone(), self.usage.clone(), self.terms.clone());
        Ledger {
            switches,
            usage,
            terms,
            base: BaseService::of(self.at_first, changes),
            credits: self.credits.clone(),
        }
    }

    /// The history as it was known when `month` ended.
    pub(super) fn until(&self, month: Month) -> Self {
        let known = |at: DateTime<Utc>| at < month.end();
        let mut some = self.clone();
        some.switches.retain(|switch| known(switch.known));
        some.terms.retain(|terms| known(terms.known));
        some.switches
            .iter_mut()
            .for_each(|switch| switch.voided = switch.voided.filter(|voided| known(*voided)));
        some.terms
            .iter_mut()
            .for_each(|terms| terms.voided = terms.voided.filter(|voided| known(*voided)));
        some.changes.retain(|change| known(*change));
        some.credits.retain(|credit| known(credit.known));
        some.usage.days.retain(|day| day.day <= month.last());
        some.usage.late.retain(|late| late.noticed <= month.last());
        some
    }
}
