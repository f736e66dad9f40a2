//! The total of a history, calculated in another way than by the rules.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::history::{History, months};
use crate::{
    billing::{Month, Named, Price, Rule, Whose, in_force, midnight},
    ids::UserId,
    time::in_stockholm,
};

impl History {
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

    /// The total of all months, calculated in another way: day by day and user by user, from
    /// everything known at the end.
    pub(super) fn comes_to(&self) -> Decimal {
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
