//! What holds of any history: 10,000 random ones each.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::{collection::vec, prelude::*};
use rust_decimal::Decimal;

use super::*;
use crate::{ids::UserId, time::in_stockholm};

/// An organisation's facts over four months.
#[derive(Clone, Debug)]
struct History {
    switches: Vec<Switch>,
    usage: Usage,
    terms: Vec<Terms>,
}

const MONTHS: usize = 4;

fn months() -> impl Iterator<Item = Month> {
    std::iter::successors(Some(Month::of(first())), |month| Some(month.next())).take(MONTHS)
}

/// Summer time ends in the history, on the 25th of October.
fn first() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 9, 1).expect("a day")
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    let span = (months().last().expect("months").end() - midnight(first())).num_minutes();
    // Midnights are where it is decided: a fifth of all moments.
    prop_oneof![
        4 => (0..span).prop_map(|minute| midnight(first()) + TimeDelta::minutes(minute)),
        1 => (0..120_i64).prop_map(|day| midnight(first() + TimeDelta::days(day))),
    ]
}

fn switch() -> impl Strategy<Value = Switch> {
    let delay = prop_oneof![4 => Just(0_i64), 1 => 0..60 * 24 * 70_i64];
    (0..4_u8, moment(), any::<bool>(), delay).prop_map(|(user, at, on, late)| Switch {
        user: UserId::try_from(format!("user-{user}")).expect("a user"),
        at,
        on,
        known: at + TimeDelta::minutes(late),
    })
}

fn price() -> impl Strategy<Value = Option<Price>> {
    prop_oneof![1 => Just(None), 4 => (0..1_000_000_u32).prop_map(|units| Price::try_from(Decimal::new(units.into(), 4).to_string()).ok())]
}

fn terms() -> impl Strategy<Value = Terms> {
    let prices = (price(), price(), price(), price(), price());
    (any::<bool>(), 0..120_i64, moment(), prices, proptest::option::of(0..500_u32), any::<bool>()).prop_map(
        |(agreed, from, known, (start_fee, user_month, storage, add_on_price, sftp_price), add_on, sftp)| Terms {
            whose: if agreed { Whose::Agreed } else { Whose::General },
            from: first() + TimeDelta::days(from),
            known,
            prices: Prices { start_fee, user_month, storage, add_on: add_on_price, sftp: sftp_price },
            add_on,
            sftp,
        },
    )
}

fn usage() -> impl Strategy<Value = Usage> {
    let late = (0..100_i64, 1..20_i64, 0..900_000_000_u64, 0..900_000_000_u64);
    // Eighteen balances, each of which stands for a week.
    (vec(0..2_000_000_000_i64, 18), vec(late, 0..4)).prop_map(|(balances, late)| Usage {
        days: first().iter_days().take(122).zip(0..).map(|(day, at)| Day { day, balance: balances[at / 7], ..Day::default() }).collect(),
        late: late
            .into_iter()
            .map(|(day, delay, added, removed)| {
                let day = first() + TimeDelta::days(day);
                Late { day, noticed: day + TimeDelta::days(delay), recordings: 1, milliseconds: 1, added, removed }
            })
            .collect(),
    })
}

prop_compose! {
    fn history()(switches in vec(switch(), 0..14), usage in usage(), terms in vec(terms(), 0..5)) -> History {
        History { switches, usage, terms }
    }
}

impl History {
    fn bill(&self, month: Month) -> Statement {
        super::month(&self.switches, &self.usage, &self.terms, month)
    }

    /// What was known when `month` ended.
    fn until(&self, month: Month) -> Self {
        let known = |at: DateTime<Utc>| at < month.end();
        let mut some = self.clone();
        some.switches.retain(|switch| known(switch.known));
        some.terms.retain(|terms| known(terms.known));
        some.usage.days.retain(|day| day.day <= month.last());
        some.usage.late.retain(|late| late.noticed <= month.last());
        some
    }

    /// What the months come to, told in another way: day by day and user by user, of all that was known in the end.
    fn comes_to(&self) -> Decimal {
        let end = self.until(months().last().expect("months"));
        months().map(|month| end.reads(month)).sum()
    }

    fn reads(&self, month: Month) -> Decimal {
        let users: BTreeSet<&UserId> = self.switches.iter().map(|switch| &switch.user).collect();
        let (mut sum, mut billed) = (Decimal::ZERO, 0);
        for user in users {
            let spans = self.spans(user);
            for (on, _) in spans.iter().filter(|(on, _)| month.has(in_stockholm(*on).date())) {
                sum += self.amount(Rule::StartFee, in_stockholm(*on).date(), 1);
            }
            let active = |day: &NaiveDate| {
                let (begins, ends) = (midnight(*day), midnight(*day + TimeDelta::days(1)));
                spans.iter().any(|(on, off)| (*on < ends && *off > begins) || (begins..ends).contains(on))
            };
            if let Some(day) = month.days().find(active) {
                sum += self.amount(Rule::UserMonth, day, 1);
                billed += 1;
            }
        }
        let agreed = |day: &NaiveDate| in_force(&self.terms, Whose::Agreed, *day, DateTime::<Utc>::MAX_UTC);
        let more = month.days().filter_map(|day| agreed(&day)?.add_on).max().unwrap_or(0);
        let over = month.days().map(|day| self.stored(day) - i128::from((billed * 30 + u64::from(more)) * 1_000_000)).sum::<i128>();
        let units = (1..).find(|units| units * 100_000_000 * month.days().count() as i128 >= over).expect("some");
        if over > 0 {
            let priced = month.days().find(|day| self.price(Rule::Storage, *day).is_some());
            sum += priced.map_or(Decimal::ZERO, |day| self.amount(Rule::Storage, day, units as i64));
        }
        let add_on = month.days().find(|day| agreed(day).is_some_and(|terms| terms.add_on.is_some()));
        let sftp = month.days().find(|day| agreed(day).is_some_and(|terms| terms.sftp));
        sum += add_on.map_or(Decimal::ZERO, |day| self.amount(Rule::StorageAddOn, day, 1));
        sum + sftp.map_or(Decimal::ZERO, |day| self.amount(Rule::Sftp, day, 1))
    }

    /// When the user was switched on, and when off again.
    fn spans(&self, user: &UserId) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let moments: BTreeSet<_> = self.switches.iter().filter(|switch| switch.user == *user).map(|switch| switch.at).collect();
        let told = |at, on| self.switches.iter().any(|switch| switch.user == *user && switch.at == at && switch.on == on);
        let (mut spans, mut since): (Vec<_>, Option<DateTime<Utc>>) = (Vec::new(), None);
        for at in moments {
            let order = if since.is_some() { [false, true] } else { [true, false] };
            for on in order.into_iter().filter(|on| told(at, *on)) {
                match (on, since) {
                    (true, None) => since = Some(at),
                    (false, Some(on)) => {
                        spans.push((on, at));
                        since = None;
                    }
                    _ => {}
                }
            }
        }
        spans.extend(since.map(|since| (since, DateTime::<Utc>::MAX_UTC)));
        spans
    }

    fn stored(&self, day: NaiveDate) -> i128 {
        let closed = self.usage.days.iter().find(|closed| closed.day == day).map_or(0, |closed| closed.balance);
        let late = self.usage.late.iter().filter(|late| late.day <= day && day < late.noticed);
        i128::from(closed) + late.map(|late| i128::from(late.added) - i128::from(late.removed)).sum::<i128>()
    }

    fn price(&self, rule: Rule, day: NaiveDate) -> Option<Decimal> {
        let latest = |whose| {
            let mut terms: Vec<_> = self.terms.iter().filter(|terms| terms.whose == whose && terms.from <= day).collect();
            terms.sort_by_key(|terms| (terms.from, terms.known));
            terms.last().and_then(|terms| terms.prices.of(rule))
        };
        latest(Whose::Agreed).or(latest(Whose::General)).map(Price::sek)
    }

    fn amount(&self, rule: Rule, day: NaiveDate, quantity: i64) -> Decimal {
        let exact = self.price(rule, day).unwrap_or_default() * Decimal::from(quantity);
        (exact * Decimal::from(100) + Decimal::new(5, 1)).floor() / Decimal::from(100)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_facts_and_their_repetition_do_not_matter(history in history(), seed: u64) {
        let mut other = history.clone();
        other.switches.extend(history.switches.iter().cloned());
        let key = |place: usize| (place as u64).wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut places: Vec<_> = other.switches.drain(..).enumerate().collect();
        places.sort_by_key(|(place, _)| key(*place));
        other.switches = places.into_iter().map(|(_, switch)| switch).collect();
        other.usage.days.reverse();
        other.usage.late.reverse();
        for month in months() {
            prop_assert_eq!(history.bill(month), other.bill(month));
        }
    }

    #[test]
    fn the_months_add_up_to_what_the_facts_say(history in history()) {
        prop_assume!(of_different_moments(&history.terms));
        let billed: Decimal = months().map(|month| history.bill(month).total()).sum();
        prop_assert_eq!(billed, history.comes_to());
    }

    #[test]
    fn a_month_billed_when_it_ended_is_billed_the_same_ever_after(history in history()) {
        for month in months() {
            prop_assert_eq!(history.until(month).bill(month), history.bill(month));
        }
    }

    #[test]
    fn only_the_usage_that_is_asked_for_is_needed(history in history()) {
        for month in months() {
            let mut some = history.clone();
            let from = usage_from(&history.switches, &history.usage.late, &history.terms, month);
            some.usage.days.retain(|day| from <= day.day && day.day <= month.last());
            prop_assert_eq!(some.bill(month), history.bill(month));
        }
    }

    #[test]
    fn nobody_is_billed_twice_for_a_month(history in history()) {
        let lines: Vec<(Month, Line)> =
            months().flat_map(|month| history.bill(month).lines.into_iter().map(move |line| (line.corrects.unwrap_or(month), line))).collect();
        let billed: BTreeSet<_> =
            lines.iter().filter(|(_, line)| line.rule == Rule::UserMonth).map(|(month, line)| (*month, line.user.clone())).collect();
        for (month, user) in billed {
            let of = lines.iter().filter(|(of, line)| *of == month && line.user == user && line.rule == Rule::UserMonth);
            let quantity: i64 = of.map(|(_, line)| line.quantity).sum();
            prop_assert!((0..=1).contains(&quantity), "{month} {user:?}: {quantity}");
        }
    }

    #[test]
    fn an_amount_is_its_quantity_times_its_price(history in history()) {
        for line in months().flat_map(|month| history.bill(month).lines) {
            let expected = line.price.map_or(Decimal::ZERO, |price| price.times(line.quantity));
            prop_assert_eq!((line.amount, line.amount.scale()), (expected, 2));
        }
    }
}

/// Two terms of the same beginning that were recorded in the same instant: which of them holds is not said.
fn of_different_moments(terms: &[Terms]) -> bool {
    let moments: BTreeSet<_> = terms.iter().map(|terms| (terms.whose == Whose::Agreed, terms.from, terms.known)).collect();
    moments.len() == terms.len()
}
