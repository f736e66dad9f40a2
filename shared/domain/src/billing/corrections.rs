//! What became known about closed months: each as it reads now, less as it was billed.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    Late, Line, Month, Switch, Terms, Usage,
    lines::{self, Key, Lines},
    today,
};

/// The lines that put earlier months right in `month`, of what was known before `known`.
pub(super) fn lines(switches: &[Switch], usage: &Usage, terms: &[Terms], month: Month, known: DateTime<Utc>) -> Vec<Line> {
    let closed = month.previous().end();
    let mut corrections = Vec::new();
    let mut corrected = touched(switches, &usage.late, terms, closed, known).filter(|first| *first < month).min().unwrap_or(month);
    while corrected < month {
        let billed = lines::of(switches, usage, terms, corrected, closed);
        let reads = lines::of(switches, usage, terms, corrected, known);
        corrections.extend(differences(&billed, &reads).into_iter().map(|line| Line { corrects: Some(corrected), ..line }));
        corrected = corrected.next();
    }
    corrections
}

/// The first month that is corrected in `month`.
pub(super) fn earliest(switches: &[Switch], late: &[Late], terms: &[Terms], month: Month) -> Option<Month> {
    touched(switches, late, terms, month.previous().end(), month.end()).filter(|first| *first < month).min()
}

/// The months about which something became known from `since` to before `known`.
fn touched(switches: &[Switch], late: &[Late], terms: &[Terms], since: DateTime<Utc>, known: DateTime<Utc>) -> impl Iterator<Item = Month> {
    let new = move |at: DateTime<Utc>| since <= at && at < known;
    let noticed = move |day: NaiveDate| today(since) <= day && day < today(known);
    let switches = switches.iter().filter(move |switch| new(switch.known)).map(|switch| today(switch.at));
    let terms = terms.iter().filter(move |terms| new(terms.known)).map(|terms| terms.from);
    let late = late.iter().filter(move |late| noticed(late.noticed)).map(|late| late.day);
    switches.chain(terms).chain(late).map(Month::of)
}

/// What was billed and reads otherwise is taken back, and billed as it reads.
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
