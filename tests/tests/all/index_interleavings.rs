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
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValue};
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use domain::recording::Recording;
use platform::table::{
    Error, Table,
    arrival::{Arrival, Outcome},
    key::{self, Item},
    removal::Removal,
};
use serde_json::{Value, json};
use tests::{
    bucket,
    call::{call, now, silence, with},
    people::{Person, client, found, organisation},
    recording::recording,
    request::{App, As},
    table,
};

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
const CRM: App<'_> = App { organisation: "demo", client: "crm", scopes: "annotate" };
/// The tables that share the cases and run at the same time.
const WORKERS: u64 = 4;

/// A step in the life of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The app sends a note and a mark by call id.
    Note(usize),
    /// A customer's system sets two of the fields by call id.
    Fields(u64),
    /// An edit in the portal sets the third field, whatever the version.
    Edit(u64),
    /// The app registers the call, in some cases with its own note.
    Register,
    Ingest,
    /// The call expires. No later step happens before it.
    Expire,
    /// The table removes the expired item.
    Remove,
}

/// The call as the rules predict it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Model {
    /// `expected` or `stored`, once the call is registered.
    state: Option<&'static str>,
    note: Option<String>,
    mark: Option<String>,
    fields: [Option<String>; 3],
    edits: u64,
    /// Whether the call has expired, although the table has not removed it.
    ended: bool,
    /// The recordings counted for the user.
    counted: u64,
    /// Whether the clock has passed the call's expiry.
    over: bool,
}

const MARKS: [&str; 2] = ["red", "blue"];

impl Model {
    /// The call after the step, with writers one after the other.
    fn after(&self, step: Step, own_note: bool) -> Self {
        let mut next = self.clone();
        let (ended, registered) = (self.ended, self.state.is_some());
        match step {
            Step::Note(_) | Step::Fields(_) if ended => return next,
            Step::Edit(_) if ended || !registered => return next,
            Step::Note(number) => {
                (next.note, next.mark) = (Some(note(number)), Some(MARKS[number].to_owned()))
            }
            Step::Fields(number) => {
                (next.fields[0], next.fields[1]) = (Some(field(number)), Some("kund 7".to_owned()))
            }
            Step::Edit(number) => next.fields[2] = Some(field(number)),
            Step::Register if registered || self.over => return next,
            Step::Register => {
                let early = self.edits > 0;
                if own_note {
                    next.note = Some("vid registreringen".to_owned());
                }
                next.edits += u64::from(early && next.note != self.note);
                next.state = Some("expected");
                return next;
            }
            Step::Ingest if self.state == Some("expected") => {
                (next.state, next.counted) = (Some("stored"), self.counted + 1)
            }
            Step::Ingest => {}
            Step::Expire => (next.over, next.ended) = (true, registered || self.edits > 0),
            Step::Remove if ended => {
                next = Self { counted: self.counted, over: true, ..Self::default() }
            }
            Step::Remove => {}
        }
        let stated =
            (&next.note, &next.mark, &next.fields) != (&self.note, &self.mark, &self.fields);
        if stated && step != Step::Remove {
            next.edits += 1;
        }
        next
    }
}

fn note(number: usize) -> String {
    format!("anteckning {number}")
}

fn field(number: u64) -> String {
    format!("ärende {number}")
}

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

/// One of the two writing processes: the functions' routers at one time.
#[derive(Clone, Debug)]
struct Process {
    table: Table,
    annotate: Router,
    upload: Router,
}

impl Process {
    fn new(table: &Table, now: fn() -> DateTime<Utc>) -> Self {
        let annotate = annotate::router(annotate::App { table: table.clone(), now });
        let upload =
            upload::router(upload::App { table: table.clone(), objects: bucket::unreached(), now });
        Self { table: table.clone(), annotate, upload }
    }

    /// Takes the step, and retries while the table is busy.
    async fn take(&self, of: &Recording, step: Step, own_note: bool) -> anyhow::Result<()> {
        for _ in 0..10 {
            if self.try_to(of, step, own_note).await? {
                return Ok(());
            }
        }
        anyhow::bail!("{step:?} was retried ten times")
    }

    /// Takes the step once. Returns false if it must be retried, and true otherwise.
    async fn try_to(&self, of: &Recording, step: Step, own_note: bool) -> anyhow::Result<bool> {
        let (annotation, one) =
            (format!("/v1/calls/{}/annotation", of.call), format!("/v1/recordings/{}", of.id));
        let answer = match step {
            Step::Note(number) => {
                ANNA.put(
                    &self.annotate,
                    &annotation,
                    &json!({ "note": note(number), "mark": MARKS[number] }),
                )
                .await?
            }
            Step::Fields(number) => {
                CRM.put(
                    &self.annotate,
                    &annotation,
                    &json!({ "field1": field(number), "field2": "kund 7" }),
                )
                .await?
            }
            Step::Edit(number) => {
                let patch = json!({ "field3": field(number) }).to_string();
                ANNA.send_with(
                    &self.annotate,
                    "PATCH",
                    &one,
                    Some(patch),
                    json!({ "if-match": "*" }),
                )
                .await?
            }
            Step::Register => {
                let more =
                    if own_note { json!({ "note": "vid registreringen" }) } else { json!({}) };
                let body =
                    with(call(&String::from(of.call.clone()), "audio/wav", &silence(1)), more);
                ANNA.post(&self.upload, "/v1/recordings", &body).await?
            }
            Step::Ingest => return self.ingest(of).await,
            Step::Remove => return self.remove(of).await,
            Step::Expire => return Ok(true),
        };
        ensure!(answer.status.as_u16() < 500, "{step:?}: {answer:?}");
        ensure!(
            matches!(answer.status.as_u16(), 200 | 201 | 404 | 422 | 429),
            "{step:?}: {answer:?}"
        );
        Ok(answer.status != 429)
    }

    async fn ingest(&self, of: &Recording) -> anyhow::Result<bool> {
        let arrival = Arrival {
            organisation: of.organisation.clone(),
            id: of.id,
            user: of.user.clone(),
            audio: of.audio.clone(),
        };
        match self.table.recordings().store(&arrival, &TimeDelta::seconds(1).into(), now()).await {
            Ok(Outcome::Written | Outcome::Otherwise(_) | Outcome::Erased) => Ok(true),
            Err(Error::Busy) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the expired item, as DynamoDB does some time after `expires_at`.
    async fn remove(&self, of: &Recording) -> anyhow::Result<bool> {
        let past = AttributeValue::N(afterwards().timestamp().to_string());
        let delete = self.table.client.delete_item().table_name(&self.table.name);
        let delete = delete
            .set_key(Some(key::recording(&of.organisation, of.id)))
            .return_values(ReturnValue::AllOld);
        let delete = delete
            .condition_expression("expires_at <= :now")
            .expression_attribute_values(":now", past.clone());
        let removed = match delete.send().await {
            Ok(removed) => removed.attributes.unwrap_or_default(),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                return Ok(true);
            }
            Err(error) => return Err(error.into()),
        };
        self.forget(&Removal::read(&removed)?).await?;
        Ok(true)
    }

    /// Removes the edits as `expire` does after a removal, and retries while the table is busy.
    async fn forget(&self, removal: &Removal) -> anyhow::Result<()> {
        for _ in 0..10 {
            let (standing, _) = self.table.removals().standing_of(removal, afterwards()).await?;
            match self.table.removals().remove_edits(removal, standing, afterwards()).await {
                Err(Error::Busy) => {}
                removed => return Ok(removed?),
            }
        }
        anyhow::bail!("the removal was retried ten times")
    }

    async fn edits(&self, of: &Recording) -> anyhow::Result<Vec<Item>> {
        let query = self
            .table
            .client
            .query()
            .table_name(&self.table.name)
            .key_condition_expression("pk = :pk AND begins_with(sk, :id)");
        let query = query
            .expression_attribute_values(":pk", AttributeValue::S(key::edits(&of.organisation)));
        let query =
            query.expression_attribute_values(":id", AttributeValue::S(format!("{}#", of.id)));
        Ok(query.send().await?.items.unwrap_or_default())
    }

    /// The call as the table contains it, and the recordings counted. 1 request, because requests
    /// take most of the time in a test build.
    async fn found(
        &self,
        of: &Recording,
        over: bool,
        counted_before: u64,
    ) -> anyhow::Result<Model> {
        let (usage, call) =
            (key::usage(&of.organisation, &of.user), key::recording(&of.organisation, of.id));
        let keys = KeysAndAttributes::builder()
            .consistent_read(true)
            .keys(usage.clone())
            .keys(call)
            .build()?;
        let answer =
            self.table.client.batch_get_item().request_items(&self.table.name, keys).send().await?;
        let items =
            answer.responses.unwrap_or_default().remove(&self.table.name).unwrap_or_default();
        let (usage, call): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|item| item.get("pk") == usage.get("pk"));
        let (usage, item) = (
            usage.into_iter().next().unwrap_or_default(),
            call.into_iter().next().unwrap_or_default(),
        );
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let state = match text("state").as_deref() {
            None => None,
            Some("expected") => Some("expected"),
            Some("stored") => Some("stored"),
            Some(other) => anyhow::bail!("an unexpected state: {other}"),
        };
        let clock = if over { afterwards() } else { now() };
        Ok(Model {
            state,
            note: text("note"),
            mark: text("mark"),
            fields: [text("f1"), text("f2"), text("f3")],
            edits: number(&item, "edits"),
            ended: item.contains_key("expires_at")
                && number(&item, "expires_at") <= clock.timestamp().cast_unsigned(),
            counted: number(&usage, "recordings") - counted_before,
            over,
        })
    }

    /// Checks that each edit begins where the previous one ended, and the last ends at present.
    async fn has_an_unbroken_history(&self, of: &Recording, current: &Model) -> anyhow::Result<()> {
        let edits = self.edits(of).await?;
        ensure!(
            edits.len() as u64 == current.edits,
            "{} edits of version {}",
            edits.len(),
            current.edits
        );
        let mut known: BTreeMap<&str, Option<String>> = BTreeMap::new();
        for edit in &edits {
            let text = |name: String| edit.get(&name).and_then(|value| value.as_s().ok()).cloned();
            let mut changed = 0;
            for name in ["note", "mark", "f1", "f2", "f3"] {
                let (from, to) = (text(format!("{name}_from")), text(format!("{name}_to")));
                if (&from, &to) == (&None, &None) {
                    continue;
                }
                let before = known.insert(name, to);
                // A note of the registration itself is no edit; the first edit begins there.
                ensure!(
                    before.is_none_or(|before| before == from),
                    "{name} was changed from {from:?}: {edits:?}"
                );
                changed += 1;
            }
            ensure!(changed > 0, "an edit that changes nothing: {edit:?}");
        }
        let [f1, f2, f3] = &current.fields;
        for (name, value) in
            [("note", &current.note), ("mark", &current.mark), ("f1", f1), ("f2", f2), ("f3", f3)]
        {
            ensure!(
                known.get(name).is_none_or(|known| known == value),
                "{name} is {value:?}: {edits:?}"
            );
        }
        Ok(())
    }
}

/// A number of an item, or 0 where it is absent.
fn number(item: &Item, name: &str) -> u64 {
    item.get(name).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// A moment after the call's expiry and after that of its early annotation.
fn afterwards() -> DateTime<Utc> {
    now() + TimeDelta::days(200)
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
    let mut of = recording("demo", "anna", &format!("call-{number}"), now() - TimeDelta::hours(1));
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
        "{cases} cases from SEED={seed}: {steps} steps, {at_once} pairs of them at once, 0 differences"
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
