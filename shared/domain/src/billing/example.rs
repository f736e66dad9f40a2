//! A worked example: one organisation over three months, computed by hand. `functions/billing/README.md` explains it.

use chrono::{DateTime, NaiveDate, Utc};

use super::*;
use crate::ids::UserId;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("the test names a day")
}

/// A moment of Stockholm's winter or summer, with its offset.
fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("the test names a moment")
}

fn price(text: &str) -> Option<Price> {
    Some(Price::try_from(text.to_owned()).expect("the test names a price"))
}

fn switch(user: &str, on: bool, at: &str, known: &str) -> Switch {
    Switch { user: UserId::try_from(user.to_owned()).expect("a user"), at: moment(at), on, known: moment(known) }
}

/// Balances of a month in MB: each holds from its day until the next.
fn balances(first: &str, steps: &[(&str, i64)]) -> Vec<Day> {
    let balance = |day: NaiveDate| steps.iter().rfind(|(from, _)| day >= self::day(from)).map_or(0, |(_, megabytes)| megabytes * 1_000_000);
    Month::of(day(first)).days().map(|day| Day { day, balance: balance(day), ..Day::default() }).collect()
}

fn general(from: &str, user_month: &str) -> Terms {
    let prices =
        Prices { start_fee: price("99"), user_month: price(user_month), storage: price("4.25"), add_on: price("150"), sftp: price("250") };
    Terms { whose: Whose::General, from: day(from), known: moment("2026-09-01T12:00:00+02:00"), prices, add_on: None, sftp: false }
}

fn facts() -> (Vec<Switch>, Usage, Vec<Terms>) {
    let at_once = |user, on, at| switch(user, on, at, at);
    let switches = vec![
        at_once("anna", true, "2026-10-05T09:00:00+02:00"),
        at_once("omar", true, "2026-10-20T10:30:00+02:00"),
        at_once("omar", false, "2026-10-22T16:00:00+02:00"),
        // Switched on at a quarter to midnight of the last day, an hour after the clocks in London have passed it.
        at_once("maja", true, "2026-10-31T23:45:00+01:00"),
        at_once("omar", true, "2026-11-16T08:00:00+01:00"),
        // Removed from the organisation: the operator's DELETE switches her off.
        at_once("maja", false, "2026-11-30T23:59:59+01:00"),
        // Omar had been switched off on the 29th of November by telephone; it was put down on the 3rd of December.
        switch("omar", false, "2026-11-29T16:00:00+01:00", "2026-12-03T09:00:00+01:00"),
    ];
    let days = [
        balances("2026-10-01", &[("2026-10-05", 31), ("2026-10-22", 62)]),
        balances("2026-11-01", &[("2026-11-01", 80), ("2026-11-11", 140), ("2026-11-21", 230)]),
        balances("2026-12-01", &[("2026-12-01", 330)]),
    ];
    // 600 MB that came on the 12th of November were counted at the end of the 2nd of December only.
    let late =
        vec![Late { day: day("2026-11-12"), noticed: day("2026-12-02"), recordings: 1, milliseconds: 1, added: 600_000_000, removed: 0 }];
    let agreed = Terms {
        whose: Whose::Agreed,
        from: day("2026-11-15"),
        known: moment("2026-11-10T12:00:00+01:00"),
        prices: Prices { user_month: price("39.50"), ..Prices::default() },
        add_on: None,
        sftp: true,
    };
    let terms = vec![general("2026-01-01", "49"), general("2026-11-10", "52"), agreed];
    (switches, Usage { days: days.concat(), late }, terms)
}

/// A statement as texts: correction, rule, user, quantity, price, amount, facts.
fn shown(text: &str) -> (Vec<String>, String) {
    let (switches, usage, terms) = facts();
    let statement = month(&switches, &usage, &terms, Month::try_from(text.to_owned()).expect("a month"));
    let line = |line: &Line| {
        let corrects = line.corrects.map(|month| format!("{month}: ")).unwrap_or_default();
        let user = line.user.as_ref().map(|user| format!(" {user}")).unwrap_or_default();
        let price = line.price.map_or("none".to_owned(), |price| price.to_string());
        format!("{corrects}{}{user} {} x {price} = {} ({})", line.rule.as_str(), line.quantity, line.amount, line.facts)
    };
    (statement.lines.iter().map(line).collect(), statement.total().to_string())
}

#[test]
fn october_bills_who_was_active_on_any_day_and_each_activation() {
    let (lines, total) = shown("2026-10");
    assert_eq!(
        lines,
        [
            "start-fee anna 1 x 99.00 = 99.00 (activated 2026-10-05 09:00:00)",
            "start-fee maja 1 x 99.00 = 99.00 (activated 2026-10-31 23:45:00)",
            "start-fee omar 1 x 99.00 = 99.00 (activated 2026-10-20 10:30:00)",
            "user-month anna 1 x 49.00 = 49.00 (active on 27 days from 2026-10-05 to 2026-10-31)",
            "user-month maja 1 x 49.00 = 49.00 (active on 1 days from 2026-10-31 to 2026-10-31)",
            "user-month omar 1 x 49.00 = 49.00 (active on 3 days from 2026-10-20 to 2026-10-22)",
        ]
    );
    // Stored: 31 MB on 17 days and 62 MB on 10, 1,147 MB over 31 days: a mean of 37 MB, within the 90 MB of three users.
    assert_eq!(total, "444.00");
}

#[test]
fn november_bills_at_changed_prices_and_the_storage_over_the_allowance() {
    let (lines, total) = shown("2026-11");
    assert_eq!(
        lines,
        [
            "start-fee omar 1 x 99.00 = 99.00 (activated 2026-11-16 08:00:00)",
            "user-month anna 1 x 49.00 = 49.00 (active on 30 days from 2026-11-01 to 2026-11-30)",
            "user-month maja 1 x 49.00 = 49.00 (active on 30 days from 2026-11-01 to 2026-11-30)",
            "user-month omar 1 x 39.50 = 39.50 (active on 15 days from 2026-11-16 to 2026-11-30)",
            "storage 1 x 4.25 = 4.25 (mean of 30 days 150000000 bytes; 3 users; included 90000000 bytes)",
            "sftp 1 x 250.00 = 250.00 (from 2026-11-15)",
        ]
    );
    // Stored: 10 days each of 80, 140 and 230 MB, a mean of 150 MB, 60 MB over the 90 MB of three users: one begun 100 MB.
    assert_eq!(total, "490.75");
}

#[test]
fn december_puts_november_right_and_points_back() {
    let (lines, total) = shown("2026-12");
    assert_eq!(
        lines,
        [
            "2026-11: storage -1 x 4.25 = -4.25 (mean of 30 days 150000000 bytes; 3 users; included 90000000 bytes)",
            "2026-11: storage 5 x 4.25 = 21.25 (mean of 30 days 530000000 bytes; 3 users; included 90000000 bytes)",
            "user-month anna 1 x 39.50 = 39.50 (active on 31 days from 2026-12-01 to 2026-12-31)",
            "storage 4 x 4.25 = 17.00 (mean of 31 days 349354838 bytes; 1 users; included 30000000 bytes)",
            "sftp 1 x 250.00 = 250.00 (from 2026-12-01)",
        ]
    );
    // 600 MB that came on the 12th of November were counted on the 2nd of December: November's mean was 150 + 600 × 19 / 30 = 530 MB,
    // 440 MB over, five begun 100 MB. On the 1st of December 330 MB lack the 600: (31 × 330 + 600) / 31 = 349.35 MB, 319.35 MB over.
    // That Omar was off from the 29th of November on changes no amount of November, and he is not billed for December.
    assert_eq!(total, "323.50");
}

#[test]
fn a_price_that_was_agreed_after_the_close_takes_the_line_back_and_bills_it_anew() {
    let (switches, usage, mut terms) = facts();
    terms.push(Terms {
        whose: Whose::Agreed,
        from: day("2026-11-16"),
        known: moment("2026-12-10T12:00:00+01:00"),
        prices: Prices { start_fee: price("0"), user_month: price("39.50"), ..Prices::default() },
        add_on: None,
        sftp: true,
    });
    let december = month(&switches, &usage, &terms, Month::of(day("2026-12-01")));
    let start_fees: Vec<_> = december.lines.iter().filter(|line| line.rule == Rule::StartFee).collect();
    assert_eq!(start_fees.iter().map(|line| line.amount.to_string()).collect::<Vec<_>>(), ["-99.00", "0.00"]);
    assert!(start_fees.iter().all(|line| line.corrects == Some(Month::of(day("2026-11-01"))) && line.facts == start_fees[0].facts));
}

#[test]
fn what_has_no_price_is_a_line_of_nothing_that_says_so() {
    let (switches, usage, _) = facts();
    let statement = month(&switches, &usage, &[], Month::of(day("2026-10-01")));
    assert_eq!(statement.lines.len(), 6);
    assert!(statement.lines.iter().all(|line| line.price.is_none() && line.amount.to_string() == "0.00"));
}

#[test]
fn the_preview_is_of_the_days_that_are_over() {
    let (switches, usage, terms) = facts();
    let statement = preview(&switches, &usage, &terms, moment("2026-11-16T12:00:00+01:00"));
    let facts: Vec<_> = statement.lines.iter().map(|line| line.facts.to_string()).collect();
    assert_eq!(
        facts,
        [
            "activated 2026-11-16 08:00:00",
            "active on 16 days from 2026-11-01 to 2026-11-16",
            "active on 16 days from 2026-11-01 to 2026-11-16",
            "active on 1 days from 2026-11-16 to 2026-11-16",
            // 10 days of 80 MB and 5 of 140 MB: a mean of 100 MB
            "mean of 15 days 100000000 bytes; 3 users; included 90000000 bytes",
            "from 2026-11-15",
        ]
    );
}
