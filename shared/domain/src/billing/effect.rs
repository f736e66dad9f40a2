//! The effect of an entry on the next statement, as lines.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ledger, Line, Month, Rule, statement, today};

/// The key of lines that bill the same at the same price, whatever their facts.
type Alike =
    (Option<Month>, Rule, Option<String>, Option<DateTime<Utc>>, i64, Option<super::Price>);

/// The lines of the current month that only `after` has, and those that only `before` has, taken
/// back. The month is read as if it ended now, with the facts of this very moment.
pub fn effect(before: &Ledger, after: &Ledger, now: DateTime<Utc>) -> Vec<Line> {
    let known = now.checked_add_signed(TimeDelta::milliseconds(1)).unwrap_or(now);
    let read = |ledger| statement(ledger, Month::of(today(now)), known).lines;
    let mut changes: BTreeMap<Alike, (i64, Line)> = BTreeMap::new();
    for (step, lines) in [(-1, read(before)), (1, read(after))] {
        for line in lines {
            let (count, _) = changes.entry(alike(&line)).or_insert_with(|| (0, line));
            *count = count.saturating_add(step);
        }
    }
    let times = |(count, line): (i64, Line)| {
        let line = if count < 0 { line.taken_back() } else { line };
        (0..count.abs()).map(move |_| line.clone())
    };
    changes.into_values().flat_map(times).collect()
}

fn alike(line: &Line) -> Alike {
    let (rule, user, activated_at) = line.key();
    (line.corrects, rule, user.map(String::from), activated_at, line.quantity, line.price)
}
