//! The issues of days that are delivered by SFTP: how far each has come, and the recordings that it is made of.
//!
//! | attribute              | type | what |
//! |------------------------|------|------|
//! | `cut`, `due`, `gone`   | N    | Unix milliseconds, see `domain::delivery::issue` |
//! | `state`                | S    | `building`, `complete`, `removed` |
//! | `ready`                | N    | Unix milliseconds, once complete |
//! | `started`, `late_ones` | L    | while it is built, once planned: the places at which the day, and what is awaited, are cut into spans |
//! | `done`                 | NS   | while it is built: the spans that are copied |
//! | `recordings`, `bytes`, `late`, `restored`, `undelivered` | N | what is copied so far, and once complete, what is there |
//! | `lacks`                | L    | once complete: id and reason of each recording that is not there, up to 100 |
//! | `expires_at`           | N    | Unix seconds: 30 days after the folder is gone |

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    delivery::{
        Day,
        issue::{Count, Issue, Name, Progress},
        outcome::{Reason, Undelivered},
    },
    ids::{OrganisationId, RecordingId},
    recording::Recording,
};

use super::{
    BadItem, Error, Table,
    attributes::{instant, n, number, parsed, readable, s, text},
    audit::Event,
    claim::Claim,
    commit::Commit,
    key::{self, Item},
    read::{BATCH, place},
    recording,
};

/// An issue, and how far its copying has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    pub issue: Issue,
    /// None until it is planned, and once it is complete.
    pub plan: Option<Plan>,
    pub done: Vec<u32>,
}

/// Where the work is cut into spans: each reaches from one place up to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Places in the order of the day's recordings.
    pub started: Vec<String>,
    /// Places in the order of what is awaited.
    pub late: Vec<String>,
}

/// A span of the work: the places from one, up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span<'a> {
    Started(&'a str, &'a str),
    Late(&'a str, &'a str),
}

/// Recordings that were looked for.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub recordings: Vec<Recording>,
    /// Those that are stored and whose item cannot be read.
    pub unreadable: Vec<RecordingId>,
}

/// What a complete folder holds, and which of its recordings it lacks: the first [`NAMED`](domain::delivery::outcome::NAMED).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub count: Count,
    pub undelivered: Vec<Undelivered>,
}

/// Sets what a folder holds.
const HELD: &str = "recordings = :recordings, #bytes = :bytes, #late = :late, restored = :restored, undelivered = :undelivered, \
                    lacks = :lacks";
const LISTED: TimeDelta = TimeDelta::days(30);
/// The first and the last place of what is awaited.
const IDS: (&str, &str) = ("0", "~");

impl Plan {
    pub fn spans(&self) -> u32 {
        let spans = self.started.len().saturating_sub(1) + self.late.len().saturating_sub(1);
        u32::try_from(spans).unwrap_or(u32::MAX)
    }

    /// The span of that number; none if there is none.
    pub fn span(&self, number: u32) -> Option<Span<'_>> {
        let (number, of_day) = (number as usize, self.started.len().saturating_sub(1));
        match number.checked_sub(of_day) {
            None => Some(Span::Started(self.started.get(number)?, self.started.get(number + 1)?)),
            Some(number) => Some(Span::Late(self.late.get(number)?, self.late.get(number + 1)?)),
        }
    }
}

impl Found {
    fn add(&mut self, organisation: &OrganisationId, item: &Item) {
        match readable("recording", item, recording::read(organisation, item)) {
            Some(recording) => self.recordings.extend(recording),
            None if text(item, "state").is_ok_and(|state| state == "stored") => {
                self.unreadable.extend(parsed::<RecordingId>(item, "sk").ok())
            }
            None => {}
        }
    }
}

impl Work {
    /// The spans that are still to be copied.
    pub fn left(&self) -> Vec<u32> {
        let spans = self.plan.as_ref().map(Plan::spans).unwrap_or_default();
        (0..spans).filter(|span| !self.done.contains(span)).collect()
    }

    /// Whether all is copied and the folder can be sealed.
    pub fn is_copied(&self) -> bool {
        self.issue.progress == Progress::Building && self.plan.is_some() && self.left().is_empty()
    }
}

impl Table {
    /// Every issue of the organisation that is still listed, oldest day first; but one that cannot be read, which is logged and stops none of
    /// the others. 1 request, 1 more for each MB.
    pub async fn issues(&self, organisation: &OrganisationId) -> Result<Vec<Issue>, Error> {
        let items = self.all(key::issues(organisation), "").await?;
        Ok(items.iter().filter_map(|item| readable("issue", item, read(item))).map(|work| work.issue).collect())
    }

    /// How far an issue has come. 1 request.
    pub async fn work(&self, organisation: &OrganisationId, name: Name) -> Result<Option<Work>, Error> {
        let item = self.get(key::issue(organisation, name)).await?;
        Ok(item.map(|item| read(&item)).transpose()?)
    }

    /// Begins an issue, unless it has begun. 1 request.
    pub async fn begin(&self, organisation: &OrganisationId, issue: &Issue) -> Result<(), Error> {
        self.put_new(item(organisation, issue)).await
    }

    /// Begins an issue that someone ordered. 1 request. [`Commit::Refused`] if one of that name has begun meanwhile.
    pub async fn order_issue(
        &self,
        organisation: &OrganisationId,
        issue: &Issue,
        event: &Event,
        claim: Option<&Claim>,
    ) -> Result<Commit, Error> {
        let mut writes = self.writes();
        writes.put_new(item(organisation, issue));
        writes.audit(event);
        writes.claim(claim);
        writes.commit().await
    }

    /// Keeps the plan of an issue, unless it has one. Answers with the work as it then stands. 1 request.
    pub async fn plan(&self, organisation: &OrganisationId, name: Name, plan: &Plan) -> Result<Option<Work>, Error> {
        let list = |places: &[String]| AttributeValue::L(places.iter().map(s).collect());
        let update = self.change(organisation, name, "SET started = :started, late_ones = :late");
        let update = update.condition_expression("#state = :building AND attribute_not_exists(started)");
        let update = update.expression_attribute_values(":started", list(&plan.started));
        standing(update.expression_attribute_values(":late", list(&plan.late)).send().await)
    }

    /// Keeps that a span is copied, unless that is kept already. Answers with the work as it then stands. 1 request.
    pub async fn copied(&self, organisation: &OrganisationId, name: Name, span: u32, count: &Count) -> Result<Option<Work>, Error> {
        let update = self.change(
            organisation,
            name,
            "ADD done :spans, recordings :recordings, #bytes :bytes, #late :late, restored :restored, undelivered :undelivered",
        );
        let update = update.condition_expression("#state = :building AND NOT contains(done, :span)");
        let update = update.expression_attribute_values(":span", n(span));
        let update = update.expression_attribute_values(":spans", AttributeValue::Ns(vec![span.to_string()]));
        standing(counted(update, count).send().await)
    }

    /// Makes an issue complete, unless it is. 1 request.
    pub async fn complete(&self, organisation: &OrganisationId, name: Name, held: &Held, now: DateTime<Utc>) -> Result<(), Error> {
        let set = format!("SET #state = :complete, ready = :ready, {HELD} REMOVE started, late_ones, done");
        let update = self.change(organisation, name, &set);
        let update = update.condition_expression("#state = :building").expression_attribute_values(":complete", s("complete"));
        standing(holding(update.expression_attribute_values(":ready", n(now.timestamp_millis())), held).send().await)?;
        Ok(())
    }

    /// Keeps what a complete issue holds once a recording was erased from it. 1 request. A folder only ever loses: where less is kept
    /// already, someone else has erased more meanwhile, and that stays.
    pub async fn recount(&self, organisation: &OrganisationId, name: Name, held: &Held) -> Result<(), Error> {
        let update = self.client.update_item().table_name(&self.name).set_key(Some(key::issue(organisation, name)));
        let update = update.update_expression(format!("SET {HELD}")).condition_expression(
            "#state = :complete AND recordings >= :recordings AND (attribute_not_exists(undelivered) OR undelivered >= :undelivered)",
        );
        let update = update.expression_attribute_names("#state", "state").expression_attribute_values(":complete", s("complete"));
        standing(holding(update, held).send().await)?;
        Ok(())
    }

    /// Keeps that an issue's folder is gone. 1 request.
    pub async fn removed(&self, organisation: &OrganisationId, name: Name) -> Result<(), Error> {
        let update = self.change(organisation, name, "SET #state = :removed REMOVE started, late_ones, done");
        let update =
            update.condition_expression("#state IN (:building, :complete)").expression_attribute_values(":complete", s("complete"));
        standing(update.expression_attribute_values(":removed", s("removed")).send().await)?;
        Ok(())
    }

    /// The places at which a day's recordings are cut into spans of so many rows. 1 request for each MB of them.
    pub async fn cut_day(&self, organisation: &OrganisationId, day: Day, rows: usize) -> Result<Vec<String>, Error> {
        let ends = (key::from(day.begins_at()), key::before(day.ends_at()));
        self.cut(&key::recordings(organisation), Some(key::BY_ORG.name), (&ends.0, &ends.1), rows).await
    }

    /// The places at which what is awaited is cut into spans of so many rows. 1 request for each MB of them.
    pub async fn cut_awaited(&self, organisation: &OrganisationId, rows: usize) -> Result<Vec<String>, Error> {
        self.cut(&key::all_awaited(organisation), None, IDS, rows).await
    }

    /// The recordings at the places from `from` up to `to`, in order, whatever their state, but those that were erased. 1 request for each MB.
    pub async fn started_in(&self, organisation: &OrganisationId, from: &str, to: &str) -> Result<Found, Error> {
        let mut found = Found::default();
        for item in self.all_between(&key::recordings(organisation), Some(key::BY_ORG.name), (from, to)).await? {
            if item.contains_key("erased") || text(&item, "at").is_ok_and(|at| at >= to) {
                continue;
            }
            found.add(organisation, &item);
        }
        Ok(found)
    }

    /// The recordings of these ids, as they stand now. 1 request for each 100.
    pub async fn recordings(&self, organisation: &OrganisationId, ids: &[RecordingId]) -> Result<Found, Error> {
        let mut found = Found::default();
        for some in ids.chunks(BATCH) {
            for item in self.batch(some.iter().map(|id| key::recording(organisation, *id))).await? {
                found.add(organisation, &item);
            }
        }
        Ok(found)
    }

    async fn cut(&self, partition: &str, index: Option<&str>, ends: (&str, &str), rows: usize) -> Result<Vec<String>, Error> {
        let (mut places, mut seen, mut start) = (vec![ends.0.to_owned()], 0, None);
        loop {
            let query = self.between(partition, index, ends).projection_expression("#place");
            let answer = query.set_exclusive_start_key(start).send().await?;
            for item in answer.items() {
                if seen > 0 && seen % rows == 0 {
                    places.push(text(item, place(index))?.to_owned());
                }
                seen += 1;
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                places.push(ends.1.to_owned());
                return Ok(places);
            }
        }
    }

    fn change(&self, organisation: &OrganisationId, name: Name, expression: &str) -> Update {
        let update = self.client.update_item().table_name(&self.name).set_key(Some(key::issue(organisation, name)));
        let update = update.update_expression(expression).return_values(ReturnValue::AllNew);
        let update = update.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        update.expression_attribute_names("#state", "state").expression_attribute_values(":building", s("building"))
    }
}

type Update = aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

fn counted(update: Update, count: &Count) -> Update {
    update
        .expression_attribute_names("#bytes", "bytes")
        .expression_attribute_names("#late", "late")
        .expression_attribute_values(":recordings", n(count.recordings))
        .expression_attribute_values(":bytes", n(count.bytes))
        .expression_attribute_values(":late", n(count.late))
        .expression_attribute_values(":restored", n(count.restored))
        .expression_attribute_values(":undelivered", n(count.undelivered))
}

fn holding(update: Update, held: &Held) -> Update {
    let lacks = held.undelivered.iter().map(|lacking| s(format!("{} {}", lacking.recording, lacking.reason.as_str())));
    counted(update, &held.count).expression_attribute_values(":lacks", AttributeValue::L(lacks.collect()))
}

/// The work as it stands after a change, or instead of it; none if there is no such issue.
fn standing(
    answer: Result<
        aws_sdk_dynamodb::operation::update_item::UpdateItemOutput,
        aws_sdk_dynamodb::error::SdkError<UpdateItemError, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
    >,
) -> Result<Option<Work>, Error> {
    let item = match answer {
        Ok(answer) => answer.attributes,
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => refused.item().cloned(),
            _ => return Err(error.into()),
        },
    };
    Ok(item.filter(|item| !item.is_empty()).map(|item| read(&item)).transpose()?)
}

fn item(organisation: &OrganisationId, issue: &Issue) -> Item {
    let mut item = key::issue(organisation, issue.name);
    for (name, at) in [("cut", issue.cut), ("due", issue.due_at), ("gone", issue.gone_at)] {
        item.insert(name.to_owned(), n(at.timestamp_millis()));
    }
    item.insert("state".to_owned(), s("building"));
    item.insert("expires_at".to_owned(), n((issue.gone_at + LISTED).timestamp()));
    item
}

fn read(item: &Item) -> Result<Work, BadItem> {
    let progress = match text(item, "state")? {
        "building" => Progress::Building,
        "complete" => Progress::Complete { at: instant(item, "ready")? },
        "removed" => Progress::Removed,
        _ => return Err(BadItem { attribute: "state" }),
    };
    let amount = |attribute| if item.contains_key(attribute) { number(item, attribute) } else { Ok(0) };
    let issue = Issue {
        name: name(text(item, "sk")?).ok_or(BadItem { attribute: "sk" })?,
        cut: instant(item, "cut")?,
        due_at: instant(item, "due")?,
        gone_at: instant(item, "gone")?,
        progress,
        count: Count {
            recordings: amount("recordings")?,
            bytes: amount("bytes")?,
            late: amount("late")?,
            restored: amount("restored")?,
            undelivered: amount("undelivered")?,
        },
        undelivered: if item.contains_key("lacks") { lacks(item)? } else { Vec::new() },
    };
    let plan = match item.contains_key("started") {
        true => Some(Plan { started: places(item, "started")?, late: places(item, "late_ones")? }),
        false => None,
    };
    Ok(Work { issue, plan, done: done(item)? })
}

fn name(place: &str) -> Option<Name> {
    let (day, number) = place.split_once('#')?;
    Some(Name { day: day.to_owned().try_into().ok()?, number: number.parse().ok()? })
}

fn places(item: &Item, attribute: &'static str) -> Result<Vec<String>, BadItem> {
    let list = item.get(attribute).and_then(|value| value.as_l().ok()).ok_or(BadItem { attribute })?;
    list.iter().map(|place| place.as_s().cloned().map_err(|_| BadItem { attribute })).collect()
}

fn lacks(item: &Item) -> Result<Vec<Undelivered>, BadItem> {
    let lacking = |text: &str| {
        let (id, reason) = text.split_once(' ')?;
        Some(Undelivered { recording: id.to_owned().try_into().ok()?, reason: Reason::parse(reason)? })
    };
    places(item, "lacks")?.iter().map(|text| lacking(text).ok_or(BadItem { attribute: "lacks" })).collect()
}

fn done(item: &Item) -> Result<Vec<u32>, BadItem> {
    let bad = || BadItem { attribute: "done" };
    let Some(spans) = item.get("done") else { return Ok(Vec::new()) };
    spans.as_ns().map_err(|_| bad())?.iter().map(|span| span.parse().map_err(|_| bad())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spans_of_a_plan_are_numbered_through_the_day_and_then_what_came_late() {
        let plan = Plan { started: ["a", "b", "c"].map(str::to_owned).to_vec(), late: ["0", "~"].map(str::to_owned).to_vec() };
        assert_eq!(plan.spans(), 3);
        let spans = [Some(Span::Started("a", "b")), Some(Span::Started("b", "c")), Some(Span::Late("0", "~")), None];
        assert_eq!([0, 1, 2, 3].map(|number| plan.span(number)), spans);
        let of_day = Plan { late: Vec::new(), ..plan };
        assert_eq!((of_day.spans(), of_day.span(2)), (2, None));
    }
}
