//! Properties of every history: 10,000 random ones each.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::{collection::vec, prelude::*};
use rust_decimal::Decimal;
use strum::VariantArray;

use super::*;
use crate::{ids::UserId, time::in_stockholm};

/// An organisation's facts over four months.
#[derive(Clone, Debug)]
struct History {
    switches: Vec<Switch>,
    usage: Usage,
    terms: Vec<Terms>,
    /// Whether it had the base service at first, and when that changed.
    at_first: bool,
    changes: Vec<DateTime<Utc>>,
    credits: Vec<Credit>,
}

const MONTHS: usize = 4;

fn months() -> impl Iterator<Item = Month> {
    std::iter::successors(Some(Month::of(first())), |month| Some(month.next())).take(MONTHS)
}

/// The first day. Summer time ends on 25 October, within the history.
fn first() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 9, 1).expect("a day")
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
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
    fn history()(
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
    fn bill(&self, month: Month) -> Statement {
        super::month(&self.ledger(), month)
    }

    fn ledger(&self) -> Ledger {
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

    /// The periods with the base service.
    fn base(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let ends = [DateTime::<Utc>::MIN_UTC]
            .into_iter()
            .chain(self.changes.iter().copied())
            .chain([DateTime::<Utc>::MAX_UTC]);
        let ends: Vec<_> = ends.collect();
        ends.windows(2)
            .skip(usize::from(!self.at_first))
            .step_by(2)
            .map(|ends| (ends[0], ends[1]))
            .collect()
    }

    fn is_waived(
        &self,
        month: Month,
        rule: Rule,
        user: Option<&UserId>,
        activated_at: Option<DateTime<Utc>>,
    ) -> bool {
        let line = Named { month, rule, user: user.cloned(), activated_at };
        let mut decisions: Vec<_> = self
            .credits
            .iter()
            .filter(|credit| credit.line == line)
            .map(|credit| (credit.known, credit.waived))
            .collect();
        decisions.sort();
        decisions.last().is_some_and(|(_, waived)| *waived)
    }

    /// The history as it was known when `month` ended.
    fn until(&self, month: Month) -> Self {
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

    /// The total of all months, calculated in another way: day by day and user by user, from
    /// everything known at the end.
    fn comes_to(&self) -> Decimal {
        let mut end = self.until(months().last().expect("months"));
        end.switches.retain(|switch| switch.voided.is_none());
        end.terms.retain(|terms| terms.voided.is_none());
        months().map(|month| end.reads(month)).sum()
    }

    fn reads(&self, month: Month) -> Decimal {
        let users: BTreeSet<&UserId> = self.switches.iter().map(|switch| &switch.user).collect();
        let (mut sum, mut billed, base) = (Decimal::ZERO, 0, self.base());
        let in_service = |at: DateTime<Utc>| base.iter().any(|(on, off)| (*on..*off).contains(&at));
        let serviced = |day: &NaiveDate| {
            let (begins, ends) = (midnight(*day), midnight(*day + TimeDelta::days(1)));
            base.iter().any(|(on, off)| *on < ends && *off > begins)
        };
        let owed = |rule, user, at, amount: Decimal| {
            if self.is_waived(month, rule, user, at) { Decimal::ZERO } else { amount }
        };
        for user in users {
            let spans = self.spans(user);
            for (on, _) in spans
                .iter()
                .filter(|(on, _)| month.has(in_stockholm(*on).date_naive()) && in_service(*on))
            {
                sum += owed(
                    Rule::StartFee,
                    Some(user),
                    Some(*on),
                    self.amount(Rule::StartFee, in_stockholm(*on).date_naive(), 1),
                );
            }
            let active = |day: &NaiveDate| {
                let (begins, ends) = (midnight(*day), midnight(*day + TimeDelta::days(1)));
                let within = |(on, off): &(DateTime<Utc>, DateTime<Utc>)| {
                    let (begins, ends) = (begins.max(*on), ends.min(*off));
                    base.iter().any(|(on, off)| begins.max(*on) < ends.min(*off))
                };
                spans.iter().any(|span| {
                    within(span) || ((begins..ends).contains(&span.0) && in_service(span.0))
                })
            };
            if let Some(day) = month.days().find(active) {
                sum +=
                    owed(Rule::UserMonth, Some(user), None, self.amount(Rule::UserMonth, day, 1));
                billed += 1;
            }
        }
        let agreed = |day: &NaiveDate| {
            in_force(&self.terms, Whose::Agreed, *day, DateTime::<Utc>::MAX_UTC)
                .filter(|_| serviced(day))
        };
        let more = month.days().filter_map(|day| agreed(&day)?.add_on).max().unwrap_or(0);
        let over = month
            .days()
            .map(|day| if serviced(&day) { self.stored(day) } else { 0 } - i128::from((billed * 30 + u64::from(more)) * 1_000_000))
            .sum::<i128>();
        let units = (1..)
            .find(|units| units * 100_000_000 * month.days().count() as i128 >= over)
            .expect("some");
        if over > 0 {
            let priced =
                month.days().filter(serviced).find(|day| self.price(Rule::Storage, *day).is_some());
            let amount =
                priced.map_or(Decimal::ZERO, |day| self.amount(Rule::Storage, day, units as i64));
            sum += owed(Rule::Storage, None, None, amount);
        }
        let add_on =
            month.days().find(|day| agreed(day).is_some_and(|terms| terms.add_on.is_some()));
        let sftp = month.days().find(|day| agreed(day).is_some_and(|terms| terms.sftp));
        let add_on = add_on.map_or(Decimal::ZERO, |day| self.amount(Rule::StorageAddOn, day, 1));
        let sftp = sftp.map_or(Decimal::ZERO, |day| self.amount(Rule::Sftp, day, 1));
        sum + owed(Rule::StorageAddOn, None, None, add_on) + owed(Rule::Sftp, None, None, sftp)
    }

    /// The periods during which the user was switched on.
    fn spans(&self, user: &UserId) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let moments: BTreeSet<_> = self
            .switches
            .iter()
            .filter(|switch| switch.user == *user)
            .map(|switch| switch.at)
            .collect();
        let switched = |at, on| {
            self.switches
                .iter()
                .any(|switch| switch.user == *user && switch.at == at && switch.on == on)
        };
        let (mut spans, mut since): (Vec<_>, Option<DateTime<Utc>>) = (Vec::new(), None);
        for at in moments {
            let order = if since.is_some() { [false, true] } else { [true, false] };
            for on in order.into_iter().filter(|on| switched(at, *on)) {
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
        let closed = self
            .usage
            .days
            .iter()
            .find(|closed| closed.day == day)
            .map_or(0, |closed| closed.balance);
        let late = self.usage.late.iter().filter(|late| late.day <= day && day < late.noticed);
        i128::from(closed)
            + late.map(|late| i128::from(late.added) - i128::from(late.removed)).sum::<i128>()
    }

    fn price(&self, rule: Rule, day: NaiveDate) -> Option<Decimal> {
        let latest = |whose| {
            let mut terms: Vec<_> = self
                .terms
                .iter()
                .filter(|terms| terms.whose == whose && terms.from <= day)
                .collect();
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
        other.credits.reverse();
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
    fn later_facts_do_not_change_the_statement_of_a_closed_month(history in history()) {
        for month in months() {
            prop_assert_eq!(history.until(month).bill(month), history.bill(month));
        }
    }

    #[test]
    fn no_usage_before_usage_from_is_needed(history in history()) {
        for month in months() {
            let mut some = history.clone();
            let from = usage_from(&history.ledger(), month);
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
    fn the_effect_of_an_entry_is_the_difference_of_the_previews(history in history(), voids: proptest::sample::Index, now in moment()) {
        prop_assume!(!history.switches.is_empty());
        let (before, switch) = (history.ledger(), &history.switches[voids.index(history.switches.len())]);
        let Some(after) = before.without(&switch.user, switch.at, switch.on, now) else { return Ok(()) };
        let total = |ledger| super::preview(ledger, now + TimeDelta::milliseconds(1)).total();
        let lines = super::effect(&before, &after, now);
        prop_assert_eq!(lines.iter().map(|line| line.amount).sum::<Decimal>(), total(&after) - total(&before));
    }

    #[test]
    fn without_the_base_service_nothing_is_billed(history in history()) {
        let never = History { at_first: false, changes: Vec::new(), ..history };
        prop_assert!(months().all(|month| never.bill(month).lines.is_empty()));
    }

    #[test]
    fn an_amount_is_its_quantity_times_its_price(history in history()) {
        for line in months().flat_map(|month| history.bill(month).lines) {
            let expected = line.price.map_or(Decimal::ZERO, |price| price.times(line.quantity));
            prop_assert_eq!((line.amount, line.amount.scale()), (expected, 2));
        }
    }
}

/// Whether no two terms share start and entry time, which would leave open which one holds.
fn of_different_moments(terms: &[Terms]) -> bool {
    let moments: BTreeSet<_> =
        terms.iter().map(|terms| (terms.whose == Whose::Agreed, terms.from, terms.known)).collect();
    moments.len() == terms.len()
}
