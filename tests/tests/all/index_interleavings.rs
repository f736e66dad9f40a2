//! Concurrent writes to one call. Whatever the order, the repeats and the overlaps, the call ends
//! in the same item.
//!
//! A case generates the steps of one call: the app's note and mark, a customer's fields, an edit in
//! the portal, the registration, the ingest, the expiry and the removal. All but the last two occur
//! at least once. The order is random; some steps repeat, and some run in two processes at the same
//! time. The item must match the rules applied to its earlier state; for two concurrent steps, in
//! either order. `SEED=… CASES=…` in the environment generate other cases, or repeat one.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use platform::table::{Table, key};
use serde_json::{Value, json};
use tests::{
    call::{now, silence},
    people::{Person, client, found, organisation},
    recording::recording,
    table,
};

use super::index_interleavings_steps::{MARKS, Model, Process, Step, afterwards};

/// The tables that share the cases and run at the same time.
const WORKERS: u64 = 4;

/// A generator whose sequence its seed determines (SplitMix64; Steele, Lea and Flood 2014).
#[derive(Debug)]
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or_default()
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

/// A case: turns of one step, or of two concurrent steps.
#[derive(Debug)]
struct Case {
    own_note: bool,
    turns: Vec<Vec<Step>>,
}

/// Generates a case. Half set several values for the same member; half expire the call.
fn draw(draw: &mut Draw) -> Case {
    let contended = draw.one_in(2);
    let mut steps =
        vec![Step::Note(0), Step::Fields(0), Step::Edit(0), Step::Register, Step::Ingest];
    if contended {
        let others = [Step::Note(1), Step::Fields(1), Step::Edit(1)];
        steps.extend([others[draw.below(3)], others[draw.below(3)]]);
    }
    for _ in 0..draw.below(4) {
        let again = steps[draw.below(steps.len())];
        steps.push(again);
    }
    for place in (1..steps.len()).rev() {
        steps.swap(place, draw.below(place + 1));
    }
    if draw.one_in(2) {
        let place = draw.below(steps.len()) + 1;
        steps.insert(place, Step::Expire);
        steps.insert(place + 1 + draw.below(steps.len() - place), Step::Remove);
    }
    let mut turns = Vec::new();
    while let Some(step) = steps.pop() {
        // The expiry moves the clock for every process, so it runs alone.
        let pairs = |step: &Step| *step != Step::Expire;
        let other =
            if draw.one_in(2) && pairs(&step) { steps.pop_if(|other| pairs(other)) } else { None };
        turns.push([Some(step), other].into_iter().flatten().collect());
    }
    // Popping reversed the order. It is restored, because an early expiry leaves nothing to do.
    turns.reverse();
    Case { own_note: contended && draw.one_in(2), turns }
}

/// A table with Anna, the CRM and the marks.
async fn demo() -> anyhow::Result<Table> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    Person::recorded("anna").joins(&table, "demo").await?;
    let mut crm = key::client(&organisation("demo"), &client("crm"));
    crm.insert("name".into(), AttributeValue::S("CRM".into()));
    crm.insert("scopes".into(), AttributeValue::Ss(vec!["annotate".into()]));
    let marks = MARKS.map(|mark| {
        key::mark(&organisation("demo"), &mark.to_owned().try_into().expect("a mark's name"))
    });
    for item in marks.into_iter().chain([crm]) {
        table.client.put_item().table_name(&table.name).set_item(Some(item)).send().await?;
    }
    Ok(table)
}

/// Two processes before the call's expiry, and two after.
fn processes(table: &Table) -> [[Process; 2]; 2] {
    [now as fn() -> _, afterwards].map(|now| [Process::new(table, now), Process::new(table, now)])
}

/// Runs the case and returns the call at the end.
async fn run(processes: &[[Process; 2]; 2], number: u64, case: &Case) -> anyhow::Result<Model> {
    let audio = silence(1);
    let apart = TimeDelta::milliseconds(number.try_into()?); // a call that began with another would be its double
    let started_at = now() - TimeDelta::hours(1) + apart;
    let mut of = recording("demo", "anna", &format!("call-{number}"), started_at);
    of.audio.length = audio.len() as u64;
    of.audio.sha256 = tests::call::sha256(&audio).try_into()?;
    let counted_before = processes[0][0].found(&of, false, 0).await?.counted;
    let mut current = Model::default();
    for (place, turn) in case.turns.iter().enumerate() {
        let [one, other] = &processes[usize::from(current.over)];
        let possible = match turn.as_slice() {
            [step] => {
                one.take(&of, *step, case.own_note).await?;
                vec![current.after(*step, case.own_note)]
            }
            [first, second] => {
                let (first, second) = (*first, *second);
                let (of_first, of_second, own_note) = (of.clone(), of.clone(), case.own_note);
                let (one, other) = (one.clone(), other.clone());
                let one = tokio::spawn(async move { one.take(&of_first, first, own_note).await });
                let other =
                    tokio::spawn(async move { other.take(&of_second, second, own_note).await });
                one.await??;
                other.await??;
                let in_order = |a, b| current.after(a, own_note).after(b, own_note);
                vec![in_order(first, second), in_order(second, first)]
            }
            _ => anyhow::bail!("a turn of {} steps", turn.len()),
        };
        // One step has a certain result. Reading after each would cost half as many requests again.
        if let ([step], [certain]) = (turn.as_slice(), possible.as_slice())
            && *step != Step::Expire
            && place + 1 < case.turns.len()
        {
            current = certain.clone();
            continue;
        }
        let over = current.over || turn.contains(&Step::Expire);
        let found = one.found(&of, over, counted_before).await?;
        ensure!(
            possible.contains(&found),
            "after {turn:?}\n  found  {found:?}\n  not    {possible:?}\n  before {current:?}"
        );
        if turn.contains(&Step::Expire) {
            one.has_an_unbroken_history(&of, &found).await?;
        }
        current = found;
    }
    processes[0][0].has_an_unbroken_history(&of, &current).await?;
    Ok(current)
}

fn environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_interleavings_of_one_call_match_the_rules() -> anyhow::Result<()> {
    let (seed, cases) = (environment("SEED", 4), environment("CASES", 1000));
    let workers = (0..WORKERS.min(cases)).map(|worker| {
        tokio::spawn(async move {
            let processes = processes(&demo().await?);
            let (mut at_once, mut steps) = (0, 0);
            for number in (worker..cases).step_by(usize::try_from(WORKERS)?) {
                let own = seed.wrapping_add(number);
                let case = draw(&mut Draw(own));
                let ended = case.turns.iter().any(|turn| turn.contains(&Step::Expire));
                let current = run(&processes, number, &case)
                    .await
                    .with_context(|| format!("again with SEED={own} CASES=1, which is {case:?}"))?;
                at_once += case.turns.iter().filter(|turn| turn.len() == 2).count();
                steps += case.turns.iter().map(Vec::len).sum::<usize>();
                ensure!(
                    ended || current.state.is_some(),
                    "SEED={own}: a registered call is there: {current:?}"
                );
            }
            anyhow::Ok((at_once, steps))
        })
    });
    let (mut at_once, mut steps) = (0, 0);
    for worker in workers.collect::<Vec<_>>() {
        let (pairs, all) = worker.await??;
        (at_once, steps) = (at_once + pairs, steps + all);
    }
    println!(
        "{cases} cases from SEED={seed}: {steps} steps, {at_once} pairs of them at once, \
         0 differences"
    );
    Ok(())
}

/// When each value is set only once, every order and repeat ends in the same item.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn values_set_once_end_in_the_same_item_in_every_order() -> anyhow::Result<()> {
    let seed = environment("SEED", 4);
    let table = demo().await?;
    let processes = processes(&table);
    let mut ends: Vec<Value> = Vec::new();
    for number in 0..50 {
        let mut draw = Draw(seed.wrapping_add(number));
        let mut steps = vec![Step::Note(0), Step::Fields(0), Step::Register];
        steps.extend_from_within(..);
        for place in (1..steps.len()).rev() {
            steps.swap(place, draw.below(place + 1));
        }
        // Audio arrives by the link that a registration returns.
        let registered = steps.iter().position(|step| *step == Step::Register).unwrap_or_default();
        for _ in 0..2 {
            steps.insert(registered + 1 + draw.below(steps.len() - registered), Step::Ingest);
        }
        let turns = steps.iter().map(|step| vec![*step]).collect();
        let current = run(&processes, number, &Case { own_note: false, turns })
            .await
            .with_context(|| format!("SEED={seed} {steps:?}"))?;
        assert_eq!(current.counted, 1, "{steps:?}");
        let id = recording("demo", "anna", &format!("call-{number}"), now()).id;
        let get = table
            .client
            .get_item()
            .table_name(&table.name)
            .set_key(Some(key::recording(&organisation("demo"), id)));
        let mut item = get.send().await?.item.context("the item")?;
        for of_the_call in ["sk", "at", "call"] {
            item.remove(of_the_call);
        }
        let item: BTreeMap<_, _> = item.into_iter().collect();
        ends.push(json!(format!("{item:?}")));
    }
    ends.dedup();
    assert_eq!(ends.len(), 1, "{ends:#?}");
    Ok(())
}
