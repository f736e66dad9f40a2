//! Properties of every history: 10,000 random ones each.

mod history;
mod recalculated;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::*;
use rust_decimal::Decimal;

use self::history::{History, history, moment, months};
use super::*;

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
