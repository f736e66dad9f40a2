//! Corrections of closed months: each month as it reads now, minus what was billed.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    Ledger, Line, Month, ledger,
    lines::{self, Key, Lines},
    today,
};

/// The lines in `month` that correct earlier months, from the facts known before `known`.
pub(super) fn lines(ledger: &Ledger, month: Month, known: DateTime<Utc>) -> Vec<Line> {
    let closed = month.previous().end();
    let mut corrections = Vec::new();
    let mut corrected =
        touched(ledger, closed, known).filter(|first| *first < month).min().unwrap_or(month);
    while corrected < month {
        let billed = lines::of(ledger, corrected, closed);
        let reads = lines::of(ledger, corrected, known);
        corrections.extend(
            differences(&billed, &reads)
                .into_iter()
                .map(|line| Line { corrects: Some(corrected), ..line }),
        );
        corrected = corrected.next();
    }
    corrections
}

/// The first month that `month` corrects.
pub(super) fn earliest(ledger: &Ledger, month: Month) -> Option<Month> {
    touched(ledger, month.previous().end(), month.end()).filter(|first| *first < month).min()
}

/// The months with facts that became known or were voided from `since` to before `known`.
fn touched(
    ledger: &Ledger,
    since: DateTime<Utc>,
    known: DateTime<Utc>,
) -> impl Iterator<Item = Month> {
    let new = move |at: DateTime<Utc>| since <= at && at < known;
    let news = move |known, voided: Option<_>| new(known) || voided.is_some_and(new);
    let noticed = move |day: NaiveDate| today(since) <= day && day < today(known);
    let switches = ledger
        .switches
        .iter()
        .filter(move |switch| news(switch.known, switch.voided) && ledger::counts_at(switch.at));
    let terms = ledger
        .terms
        .iter()
        .filter(move |terms| news(terms.known, terms.voided) && ledger::counts(terms.from));
    let late = ledger.usage.late.iter().filter(move |late| noticed(late.noticed));
    let days = switches
        .map(|switch| today(switch.at))
        .chain(terms.map(|terms| terms.from))
        .chain(late.map(|late| late.day));
    days.map(Month::of).chain(
        ledger
            .credits
            .iter()
            .filter(move |credit| new(credit.known))
            .map(|credit| credit.line.month),
    )
}

/// Takes back each billed line that reads differently now, and bills it as it reads.
fn differences(billed: &Lines, reads: &Lines) -> Vec<Line> {
    let keys: BTreeSet<&Key> = billed.keys().chain(reads.keys()).collect();
    let comes_to = |line: &Line| (line.quantity, line.price, line.amount);
    let mut differ = Vec::new();
    for key in keys {
        let (was, is) = (billed.get(key), reads.get(key));
        if was.map(comes_to) != is.map(comes_to) {
            differ.extend(was.map(Line::taken_back));
            differ.extend(is.cloned());
        }
    }
    differ
}
