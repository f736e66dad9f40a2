//! A worked example of three months, calculated by hand, see `functions/billing/README.md`.

use chrono::{DateTime, NaiveDate, Utc};

use super::*;
use crate::ids::UserId;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("the test names a day")
}

/// A moment with its offset, in Stockholm's winter or summer.
fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("the test names a moment")
}

fn price(text: &str) -> Option<Price> {
    Some(Price::try_from(text.to_owned()).expect("the test names a price"))
}

fn switch(user: &str, on: bool, at: &str, known: &str) -> Switch {
    Switch {
        user: UserId::try_from(user.to_owned()).expect("a user"),
        at: moment(at),
        on,
        known: moment(known),
        voided: None,
    }
}

/// Balances of a month in MB. Each holds from its day until the next.
fn balances(first: &str, steps: &[(&str, i64)]) -> Vec<Day> {
    let balance = |day: NaiveDate| {
        steps
            .iter()
            .rfind(|(from, _)| day >= self::day(from))
            .map_or(0, |(_, megabytes)| megabytes * 1_000_000)
    };
    Month::of(day(first))
        .days()
        .map(|day| Day { day, balance: balance(day), ..Day::default() })
        .collect()
}

fn general(from: &str, user_month: &str) -> Terms {
    let prices = Prices {
        start_fee: price("99"),
        user_month: price(user_month),
        storage: price("4.25"),
        add_on: price("150"),
        sftp: price("250"),
    };
    Terms {
        whose: Whose::General,
        from: day(from),
        known: moment("2026-09-01T12:00:00+02:00"),
        voided: None,
        prices,
        add_on: None,
        sftp: false,
    }
}

fn ledger() -> Ledger {
    let at_once = |user, on, at| switch(user, on, at, at);
    let switches = vec![
        at_once("anna", true, "2026-10-05T09:00:00+02:00"),
        at_once("omar", true, "2026-10-20T10:30:00+02:00"),
        at_once("omar", false, "2026-10-22T16:00:00+02:00"),
        // Switched on at a quarter to midnight of the last day.
        at_once("maja", true, "2026-10-31T23:45:00+01:00"),
        at_once("omar", true, "2026-11-16T08:00:00+01:00"),
        // Removed from the organisation: the operator's DELETE switches her off.
        at_once("maja", false, "2026-11-30T23:59:59+01:00"),
        // Omar was switched off by telephone on 29 November; this was entered on 3 December.
        switch("omar", false, "2026-11-29T16:00:00+01:00", "2026-12-03T09:00:00+01:00"),
    ];
    let days = [
        balances("2026-10-01", &[("2026-10-05", 31), ("2026-10-22", 62)]),
        balances("2026-11-01", &[("2026-11-01", 80), ("2026-11-11", 140), ("2026-11-21", 230)]),
        balances("2026-12-01", &[("2026-12-01", 330)]),
    ];
    // 600 MB that arrived on 12 November were only counted at the end of 2 December.
    let late = vec![Late {
        day: day("2026-11-12"),
        noticed: day("2026-12-02"),
        recordings: 1,
        milliseconds: 1,
        added: 600_000_000,
        removed: 0,
    }];
    let agreed = Terms {
        whose: Whose::Agreed,
        from: day("2026-11-15"),
        known: moment("2026-11-10T12:00:00+01:00"),
        voided: None,
        prices: Prices { user_month: price("39.50"), ..Prices::default() },
        add_on: None,
        sftp: true,
    };
    let terms = vec![general("2026-01-01", "49"), general("2026-11-10", "52"), agreed];
    Ledger { switches, usage: Usage { days: days.concat(), late }, terms, ..Ledger::default() }
}

/// A statement as texts: correction, rule, user, quantity, price, amount, facts.
fn shown(text: &str) -> (Vec<String>, String) {
    shown_of(&ledger(), text)
}

fn shown_of(ledger: &Ledger, text: &str) -> (Vec<String>, String) {
    let statement = month(ledger, Month::try_from(text.to_owned()).expect("a month"));
    let line = |line: &Line| {
        let corrects = line.corrects.map(|month| format!("{month}: ")).unwrap_or_default();
        let user = line.user.as_ref().map(|user| format!(" {user}")).unwrap_or_default();
        let price = line.price.map_or("none".to_owned(), |price| price.to_string());
        format!(
            "{corrects}{}{user} {} x {price} = {} ({})",
            line.rule, line.quantity, line.amount, line.facts
        )
    };
    (statement.lines.iter().map(line).collect(), statement.total().to_string())
}

#[test]
fn october_bills_each_activation_and_each_user_active_on_any_day() {
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
    // 31 MB on 17 days, 62 MB on 10: 1,147 MB / 31 = 37 MB on average, within 90 MB for 3 users.
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
    // 10 days each of 80, 140 and 230 MB: 150 MB on average, 60 MB over 90 MB, one begun 100 MB.
    assert_eq!(total, "490.75");
}

#[test]
fn december_corrects_november_and_points_back() {
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
    // The 600 MB of 12 November were counted on 2 December. November's mean was 150 + 600 × 19 / 30
    // = 530 MB, 440 MB over, five begun 100 MB. The 330 MB of 1 December lack the 600: (31 × 330 +
    // 600) / 31 = 349.35 MB, 319.35 MB over. Omar's switch of 29 November changes no amount of
    // November, and he is not billed for December.
    assert_eq!(total, "323.50");
}

#[test]
fn a_price_agreed_after_the_close_takes_the_line_back_and_bills_it_again() {
    let mut ledger = ledger();
    ledger.terms.push(Terms {
        whose: Whose::Agreed,
        from: day("2026-11-16"),
        known: moment("2026-12-10T12:00:00+01:00"),
        voided: None,
        prices: Prices { start_fee: price("0"), user_month: price("39.50"), ..Prices::default() },
        add_on: None,
        sftp: true,
    });
    let december = month(&ledger, Month::of(day("2026-12-01")));
    let start_fees: Vec<_> =
        december.lines.iter().filter(|line| line.rule == Rule::StartFee).collect();
    assert_eq!(
        start_fees.iter().map(|line| line.amount.to_string()).collect::<Vec<_>>(),
        ["-99.00", "0.00"]
    );
    assert!(start_fees.iter().all(|line| line.corrects == Some(Month::of(day("2026-11-01")))
        && line.facts == start_fees[0].facts));
}

#[test]
fn a_line_without_a_price_has_the_amount_zero() {
    let statement = month(&Ledger { terms: Vec::new(), ..ledger() }, Month::of(day("2026-10-01")));
    assert_eq!(statement.lines.len(), 6);
    assert!(
        statement
            .lines
            .iter()
            .all(|line| line.price.is_none() && line.amount.to_string() == "0.00")
    );
}

#[test]
fn the_preview_is_of_the_days_that_are_over() {
    let statement = preview(&ledger(), moment("2026-11-16T12:00:00+01:00"));
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

#[test]
fn a_mis_click_that_is_voided_costs_nothing_and_is_taken_back_in_the_next_month() {
    // Per was switched on by mistake for a minute. The operator voids the activation in December.
    let mut ledger = ledger();
    ledger.switches.push(switch(
        "per",
        true,
        "2026-11-20T09:00:00+01:00",
        "2026-11-20T09:00:00+01:00",
    ));
    ledger.switches.push(switch(
        "per",
        false,
        "2026-11-20T09:01:00+01:00",
        "2026-11-20T09:01:00+01:00",
    ));
    let (november, total) = shown_of(&ledger, "2026-11");
    assert_eq!(
        november.iter().filter(|line| line.contains("per")).count(),
        2,
        "a start fee and a month: {november:?}"
    );
    assert_eq!(total, "629.25", "490.75 + 99.00 + 39.50");
    let per = UserId::try_from("per".to_owned()).expect("a user");
    let (at, now) = (moment("2026-11-20T09:00:00+01:00"), moment("2026-12-03T09:00:00+01:00"));
    let voided = ledger.without(&per, at, true, now).expect("the activation is there");
    let (lines, total) = shown_of(&voided, "2026-12");
    assert_eq!(
        lines.into_iter().filter(|line| line.contains("per")).collect::<Vec<_>>(),
        [
            "2026-11: start-fee per -1 x 99.00 = -99.00 (activated 2026-11-20 09:00:00)",
            "2026-11: user-month per -1 x 39.50 = -39.50 (active on 1 days from 2026-11-20 to 2026-11-20)",
        ]
    );
    // Without Per, November includes 30 MB less: 440 and not 410 MB over, still five begun 100 MB.
    assert_eq!(total, "185.00", "323.50 - 138.50");
    let effect = effect(&ledger, &voided, now);
    assert_eq!(
        effect.iter().map(|line| line.amount).sum::<rust_decimal::Decimal>().to_string(),
        "-138.50"
    );
    assert_eq!(voided.without(&per, at, true, now), None, "it is void already");
}

#[test]
fn nothing_is_billed_for_days_without_the_base_service() {
    // It ended at noon on 10 November, with Anna and Maja active. SFTP was agreed from 15 November.
    let ended = BaseChange { at: moment("2026-11-10T12:00:00+01:00"), on: false };
    let ledger = Ledger { base: BaseService::of(false, vec![ended]), ..ledger() };
    assert_eq!(shown_of(&ledger, "2026-10"), shown("2026-10"));
    let (november, total) = shown_of(&ledger, "2026-11");
    assert_eq!(
        november,
        [
            "user-month anna 1 x 49.00 = 49.00 (active on 10 days from 2026-11-01 to 2026-11-10)",
            "user-month maja 1 x 49.00 = 49.00 (active on 10 days from 2026-11-01 to 2026-11-10)",
        ]
    );
    assert_eq!(total, "98.00", "80 MB on ten days are a mean of 27 MB");
    let (december, _) = shown_of(&ledger, "2026-12");
    assert_eq!(
        december.iter().filter(|line| !line.starts_with("2026-11")).count(),
        0,
        "{december:?}"
    );
}

#[test]
fn a_line_that_is_waived_is_taken_back_once_whatever_becomes_known_later() {
    let mut ledger = ledger();
    let line = Named {
        month: Month::of(day("2026-10-01")),
        rule: Rule::UserMonth,
        user: UserId::try_from("omar".to_owned()).ok(),
        activated_at: None,
    };
    ledger.credits.push(Credit {
        line: line.clone(),
        waived: true,
        known: moment("2026-11-05T10:00:00+01:00"),
    });
    let taken_back = |ledger: &Ledger, text| {
        shown_of(ledger, text)
            .0
            .into_iter()
            .filter(|line| line.starts_with("2026-10"))
            .collect::<Vec<_>>()
    };
    let omar = "2026-10: user-month omar -1 x 49.00 = -49.00 (active on 3 days from 2026-10-20 to 2026-10-22)";
    assert_eq!(taken_back(&ledger, "2026-11"), [omar]);
    // Then his activation of October is voided: only the start fee is taken back.
    let user = UserId::try_from("omar".to_owned()).expect("a user");
    let mut voided = ledger
        .without(
            &user,
            moment("2026-10-20T10:30:00+02:00"),
            true,
            moment("2026-12-05T10:00:00+01:00"),
        )
        .expect("an entry");
    assert_eq!(
        taken_back(&voided, "2026-12"),
        ["2026-10: start-fee omar -1 x 99.00 = -99.00 (activated 2026-10-20 10:30:00)"]
    );
    // A withdrawn credit bills the line again if the facts still support it.
    ledger.credits.push(Credit {
        line: line.clone(),
        waived: false,
        known: moment("2026-12-06T10:00:00+01:00"),
    });
    assert_eq!(taken_back(&ledger, "2026-12"), [omar.replace("-1 x", "1 x").replace("-49", "49")]);
    voided.credits.push(Credit { line, waived: false, known: moment("2026-12-06T10:00:00+01:00") });
    assert_eq!(taken_back(&voided, "2026-12").len(), 1);
}

#[test]
fn a_fact_of_a_day_that_cannot_be_billed_is_ignored() {
    let mut odd = ledger();
    let extreme = [
        DateTime::<Utc>::MIN_UTC,
        moment("0001-01-01T00:00:00Z"),
        moment("2019-11-05T00:00:00Z"),
        DateTime::<Utc>::MAX_UTC,
    ];
    for at in extreme {
        let known = moment("2026-11-05T10:00:00+01:00");
        odd.switches.push(Switch {
            user: UserId::try_from("omar".to_owned()).expect("a user"),
            at,
            on: true,
            known,
            voided: None,
        });
        let known = moment("2026-12-05T10:00:00+01:00");
        odd.terms.push(Terms {
            from: at.date_naive(),
            known,
            voided: Some(known),
            ..general("2026-01-01", "1")
        });
        odd.terms.push(Terms {
            from: at.date_naive(),
            known,
            whose: Whose::Agreed,
            sftp: true,
            ..general("2026-01-01", "1")
        });
    }
    for text in ["2026-10", "2026-11", "2026-12"] {
        assert_eq!(shown_of(&odd, text), shown(text));
    }
}
