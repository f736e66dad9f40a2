//! The steps in the life of a call: what the rules predict of each, and the process that takes it.

use std::collections::BTreeMap;

use anyhow::ensure;
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
use serde_json::json;
use tests::{
    bucket,
    call::{call, now, silence, with},
    request::{App, As},
};

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
const CRM: App<'_> = App { organisation: "demo", client: "crm", scopes: "annotate" };

/// A step in the life of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
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
pub(super) struct Model {
    /// `expected` or `stored`, once the call is registered.
    pub(super) state: Option<&'static str>,
    note: Option<String>,
    mark: Option<String>,
    fields: [Option<String>; 3],
    edits: u64,
    /// Whether the call has expired, although the table has not removed it.
    ended: bool,
    /// The recordings counted for the user.
    pub(super) counted: u64,
    /// Whether the clock has passed the call's expiry.
    pub(super) over: bool,
}

pub(super) const MARKS: [&str; 2] = ["red", "blue"];

impl Model {
    /// The call after the step, with writers one after the other.
    pub(super) fn after(&self, step: Step, own_note: bool) -> Self {
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
            Step::Register if registered => return next,
            Step::Register => {
                if ended {
                    next = Self {
                        edits: self.edits,
                        counted: self.counted,
                        over: true,
                        ..Self::default()
                    };
                }
                let (early, before) = (self.edits > 0, next.note.clone());
                if own_note {
                    next.note = Some("vid registreringen".to_owned());
                }
                next.edits += u64::from(early && next.note != before);
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

/// One of the two writing processes: the functions' routers at one time.
#[derive(Clone, Debug)]
pub(super) struct Process {
    table: Table,
    annotate: Router,
    upload: Router,
}

impl Process {
    pub(super) fn new(table: &Table, now: fn() -> DateTime<Utc>) -> Self {
        let annotate = annotate::router(annotate::App { table: table.clone(), now });
        let upload =
            upload::router(upload::App { table: table.clone(), objects: bucket::unreached(), now });
        Self { table: table.clone(), annotate, upload }
    }

    /// Takes the step, and retries while the table is busy.
    pub(super) async fn take(
        &self,
        of: &Recording,
        step: Step,
        own_note: bool,
    ) -> anyhow::Result<()> {
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
                let note = own_note.then_some("vid registreringen");
                let more = json!({ "note": note, "startedAt": of.started_at });
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
    pub(super) async fn found(
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
    pub(super) async fn has_an_unbroken_history(
        &self,
        of: &Recording,
        current: &Model,
    ) -> anyhow::Result<()> {
        let edits = self.edits(of).await?;
        ensure!(
            edits.len() as u64 == current.edits,
            "{} edits of version {}",
            edits.len(),
            current.edits
        );
        let get = self.table.client.get_item().table_name(&self.table.name);
        let get = get.set_key(Some(key::recording(&of.organisation, of.id))).consistent_read(true);
        let since = number(&get.send().await?.item.unwrap_or_default(), "since");
        let mut known: BTreeMap<&str, Option<String>> = BTreeMap::new();
        for (version, edit) in (0..).zip(&edits) {
            if version == since {
                known.clear(); // earlier edits are those of a call with this id that has expired
            }
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
        if since == current.edits {
            known.clear();
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
pub(super) fn afterwards() -> DateTime<Utc> {
    now() + TimeDelta::days(200)
}
