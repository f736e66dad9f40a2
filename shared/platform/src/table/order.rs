//! Orders about many recordings: legal holds, changes of the retention, erasures. A worker carries each out page by page.
//!
//! | attribute    | what |
//! |--------------|------|
//! | `state`      | see [`State`] |
//! | `who`, `when` | who ordered it, and when, in Unix milliseconds |
//! | `reason`     | why |
//! | `sought`     | of a hold: which recordings, as JSON |
//! | `days`, `was` | of a change of the retention: the days, and those before |
//! | `peer`, `user` | of an erasure: whose recordings; the number goes when it is done, and `about` remembers two digits of it |
//! | `found`, `ending`, `held`, `exact` | what the preview counted |
//! | `place`      | where the next page begins; absent: at the first |
//! | `passed`     | recordings that the pages so far have looked at |
//! | `done`       | those that it kept, moved or erased |
//! | `left`       | those that an erasure left because they are held |
//! | `leaves`     | the first of them, each with a hold |
//! | `lifted_by`, `lifted_at`, `lifted_why` | of a hold that was lifted |
//! | `expires_at` | of a preview: until when it can be confirmed |
//!
//! A page is written together with the place after it, on the condition that the place before it stands. So a page is done once, whoever
//! does it and however often they are told to, and the next begins where it ended.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrderId, OrganisationId, RecordingId, UserId},
    order::{Person, Reason},
    phone::PhoneNumber,
    retention,
};

use serde::{Deserialize, Serialize};

use super::{
    BadItem, Error, Table,
    attributes::{flag, instant, n, number, optional_parsed, optional_text, parsed, s, set, ss, text},
    audit::Event,
    commit::{Commit, Writes},
    key::{self, Item},
};

/// How long a preview can be confirmed.
pub const CONFIRMED_WITHIN: TimeDelta = TimeDelta::hours(24);
/// Recordings that an erasure names of those it left.
pub const LEAVES: u64 = 100;

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: OrderId,
    pub organisation: OrganisationId,
    pub what: What,
    pub state: State,
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: Reason,
    pub preview: Preview,
    pub progress: Progress,
    pub lifted: Option<Lifted>,
    /// Where the next page begins.
    pub place: Option<String>,
}

#[derive(Clone, Debug)]
pub enum What {
    /// Of the recordings that this JSON describes.
    Hold {
        sought: String,
    },
    Retention {
        days: u16,
        was: u16,
    },
    /// Of this person; none once it is done, and what is remembered of them.
    Erasure {
        person: Option<Person>,
        about: String,
    },
}

/// What the preview counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Recordings that it concerns.
    pub found: u64,
    /// Those that would end at once.
    pub ending: u64,
    /// Those that are held.
    pub held: u64,
    /// Whether there were no more.
    pub exact: bool,
}

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub passed: u64,
    pub done: u64,
    pub left: u64,
    /// The first of those that were left, each with a hold.
    pub leaves: Vec<(RecordingId, OrderId)>,
}

/// Who lifted a hold, when and why.
#[derive(Clone, Debug)]
pub struct Lifted {
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: Reason,
}

/// What the worker is told: to do the next page of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    pub organisation: OrganisationId,
    pub kind: Kind,
    pub order: OrderId,
}

/// What a page did, to be written with it.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Where the next begins; none: there is none.
    pub next: Option<String>,
    pub passed: u64,
    pub done: u64,
    pub left: Vec<(RecordingId, OrderId)>,
}

macro_rules! names {
    ($(#[doc = $what:literal] $type:ident { $($name:ident $text:literal)* })*) => {$(
        #[doc = $what]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $type { $($name,)* }

        impl $type {
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $text,)* } }

            pub fn parse(text: &str) -> Option<Self> { match text { $($text => Some(Self::$name),)* _ => None } }
        }
    )*};
}

names! {
    /// The kinds of orders.
    Kind { Hold "hold" Retention "retention" Erasure "erasure" }
    /// Where an order is. The worker is at work in `placing`, `lifting`, `moving` and `erasing`.
    State {
        Previewed "previewed"
        Placing "placing" Held "held" Lifting "lifting" Lifted "lifted"
        Moving "moving" Overtaken "overtaken"
        Erasing "erasing"
        Done "done"
    }
}

impl Table {
    /// Places the order, with its event. 1 request.
    pub async fn place(&self, order: &Order, event: &Event) -> Result<(), Error> {
        let mut writes = self.writes();
        writes.put_new(item(order));
        writes.audit(event);
        // Refused: the SDK's retry of a request whose answer was lost. The order's id is this request's own.
        writes.commit().await.map(|_| ())
    }

    /// The order, unless it is a preview that nobody confirmed in time. 1 request.
    pub async fn order(&self, of: &OrganisationId, kind: Kind, id: OrderId, now: DateTime<Utc>) -> Result<Option<Order>, Error> {
        let item = self.get(key::order(of, kind.as_str(), id)).await?;
        Ok(item.filter(|item| stands(item, now)).map(|item| read(of, &item)).transpose()?)
    }

    /// A page of the orders of a kind, newest first, and the place after which the next begins. 1 request.
    pub async fn orders(
        &self,
        of: &OrganisationId,
        kind: Kind,
        limit: usize,
        after: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Order>, Option<String>), Error> {
        let query = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk AND begins_with(sk, :kind)");
        let query = query.expression_attribute_values(":pk", s(key::orders(of)));
        let query = query.expression_attribute_values(":kind", s(format!("{}#", kind.as_str()))).scan_index_forward(false);
        let start = after.and_then(|id| OrderId::try_from(id.to_owned()).ok()).map(|id| key::order(of, kind.as_str(), id));
        let answer = query.limit(i32::try_from(limit).unwrap_or(i32::MAX)).set_exclusive_start_key(start).send().await?;
        let next = answer.last_evaluated_key().map(id_of).transpose()?;
        let orders = answer.items().iter().filter(|item| stands(item, now)).map(|item| read(of, item)).collect::<Result<_, _>>()?;
        Ok((orders, next.map(String::from)))
    }

    /// Sets a previewed order to work. 1 request. [`Commit::Refused`]: 0, it is no preview any more; 1, the organisation does not have the
    /// storage add-on that so many days need.
    pub async fn confirm(&self, order: &Order, event: &Event) -> Result<Commit, Error> {
        let mut writes = self.writes();
        let state = if let What::Retention { .. } = order.what { State::Moving } else { State::Erasing };
        writes.update(key_of(order), |update| {
            update
                .update_expression("SET #state = :state REMOVE expires_at")
                .condition_expression("#state = :previewed AND expires_at > :now")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":state", s(state.as_str()))
                .expression_attribute_values(":previewed", s(State::Previewed.as_str()))
                .expression_attribute_values(":now", n(event.at.timestamp()))
        });
        if let What::Retention { days, .. } = order.what {
            writes.update(key::organisation(&order.organisation), |update| {
                let update = update.update_expression("SET retention_days = :days, retained_by = :order");
                let update = update.expression_attribute_values(":days", n(days)).expression_attribute_values(":order", s(order.id));
                if days <= retention::DAYS {
                    return update.condition_expression("attribute_exists(pk)");
                }
                let update = update.condition_expression("storage_add_on = :true");
                update.expression_attribute_values(":true", AttributeValue::Bool(true))
            });
        }
        writes.audit(event);
        writes.commit().await
    }

    /// Begins to lift a hold, whether or not all of it has been placed. 1 request. [`Commit::Refused`] if it is lifted already.
    pub async fn lift(&self, hold: &Order, reason: &Reason, event: &Event) -> Result<Commit, Error> {
        let mut writes = self.writes();
        writes.update(key_of(hold), |update| {
            update
                .update_expression("SET #state = :lifting, lifted_by = :by, lifted_at = :at, lifted_why = :why REMOVE place")
                .condition_expression("#state IN (:placing, :held)")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":lifting", s(State::Lifting.as_str()))
                .expression_attribute_values(":placing", s(State::Placing.as_str()))
                .expression_attribute_values(":held", s(State::Held.as_str()))
                .expression_attribute_values(":by", s(&event.who))
                .expression_attribute_values(":at", n(event.at.timestamp_millis()))
                .expression_attribute_values(":why", s(reason))
        });
        writes.audit(event);
        writes.commit().await
    }

    /// A page of the recordings that a hold wanted, oldest first, and the place after which the next begins. 1 request.
    pub async fn held_by(
        &self,
        of: &OrganisationId,
        hold: OrderId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<(Vec<(RecordingId, DateTime<Utc>)>, Option<String>), Error> {
        let query = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk AND begins_with(sk, :hold)");
        let query = query.expression_attribute_values(":pk", s(key::helds(of))).consistent_read(true);
        let query = query.expression_attribute_values(":hold", s(format!("{hold}#"))).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = query.set_exclusive_start_key(after.map(|at| key::held(of, hold, at))).send().await?;
        let place = |item: &Item| Ok::<_, BadItem>(text(item, "sk")?.split_once('#').ok_or(BadItem { attribute: "sk" })?.1.to_owned());
        let next = answer.last_evaluated_key().map(place).transpose()?;
        let mut held = Vec::new();
        for item in answer.items() {
            let bad = || BadItem { attribute: "sk" };
            let at = place(item)?;
            let (_, id) = at.split_once('#').ok_or_else(bad)?;
            held.push((RecordingId::try_from(id.to_owned()).map_err(|_| bad())?, key::started_at(&at).ok_or_else(bad)?));
        }
        Ok((held, next))
    }
}

impl Writes<'_> {
    /// Writes what a page did, and where the next begins; refused if another has done it. `ends` is the order's state after the last.
    pub fn advance(&mut self, order: &Order, page: &Page, ends: State) {
        let mut given = Item::from([
            (":passed".to_owned(), n(page.passed)),
            (":done".to_owned(), n(page.done)),
            (":left".to_owned(), n(page.left.len())),
            (":standing".to_owned(), s(order.state.as_str())),
        ]);
        let mut expression = match &page.next {
            Some(next) => {
                given.insert(":next".to_owned(), s(next));
                "SET place = :next ".to_owned()
            }
            None => {
                given.insert(":ends".to_owned(), s(ends.as_str()));
                "SET #state = :ends REMOVE place".to_owned()
            }
        };
        if let (None, What::Erasure { .. }) = (&page.next, &order.what) {
            expression.push_str(", peer"); // the person has been erased: their number goes, too
        }
        expression.push_str(" ADD passed :passed, done :done, #left :left");
        let room = usize::try_from(LEAVES.saturating_sub(order.progress.left)).unwrap_or_default();
        if let Some(leaves) = ss(page.left.iter().take(room).map(|(recording, hold)| format!("{recording}#{hold}"))) {
            expression.push_str(", leaves :leaves");
            given.insert(":leaves".to_owned(), leaves);
        }
        let place = match &order.place {
            Some(place) => {
                given.insert(":place".to_owned(), s(place));
                "place = :place"
            }
            None => "attribute_not_exists(place)",
        };
        self.update(key_of(order), |update| {
            update
                .update_expression(expression)
                .condition_expression(format!("#state = :standing AND {place}"))
                .expression_attribute_names("#state", "state")
                .expression_attribute_names("#left", "left")
                .set_expression_attribute_values(Some(given))
        });
    }

    /// Writes that the hold wants the recording whose place in every list is `at`.
    pub fn wanted(&mut self, hold: &Order, at: &str) {
        self.put(key::held(&hold.organisation, hold.id, at), |put| put);
    }

    /// Asks that no other change of the retention has been ordered since.
    pub fn is_latest(&mut self, change: &Order) {
        self.check(key::organisation(&change.organisation), |check| {
            check.condition_expression("retained_by = :order").expression_attribute_values(":order", s(change.id))
        });
    }

    /// Counts a recording that an erasure has erased.
    pub(super) fn erased(&mut self, organisation: &OrganisationId, erasure: OrderId) {
        self.update(key::order(organisation, Kind::Erasure.as_str(), erasure), |update| {
            update.update_expression("ADD done :one").expression_attribute_values(":one", n(1))
        });
    }
}

impl Order {
    /// The work of its next page.
    pub fn work(&self) -> Work {
        Work { organisation: self.organisation.clone(), kind: self.kind(), order: self.id }
    }

    pub fn kind(&self) -> Kind {
        match self.what {
            What::Hold { .. } => Kind::Hold,
            What::Retention { .. } => Kind::Retention,
            What::Erasure { .. } => Kind::Erasure,
        }
    }
}

fn key_of(order: &Order) -> Item {
    key::order(&order.organisation, order.kind().as_str(), order.id)
}

/// A preview that was not confirmed in time does not exist, though the table removes it later.
fn stands(item: &Item, now: DateTime<Utc>) -> bool {
    number::<i64>(item, "expires_at").map_or(true, |at| at > now.timestamp())
}

fn item(order: &Order) -> Item {
    let mut item = key_of(order);
    let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    put("state", s(order.state.as_str()));
    put("who", s(&order.by));
    put("when", n(order.at.timestamp_millis()));
    put("reason", s(&order.reason));
    match &order.what {
        What::Hold { sought } => {
            put("sought", s(sought));
        }
        What::Retention { days, was } => {
            put("days", n(days));
            put("was", n(was));
        }
        What::Erasure { person, about } => {
            put("about", s(about));
            match person {
                Some(Person::Counterpart(number)) => put("peer", s(number)),
                Some(Person::User(user)) => put("user", s(user)),
                None => None,
            };
        }
    }
    put("found", n(order.preview.found));
    put("ending", n(order.preview.ending));
    put("held", n(order.preview.held));
    put("exact", AttributeValue::Bool(order.preview.exact));
    if order.state == State::Previewed {
        put("expires_at", n((order.at + CONFIRMED_WITHIN).timestamp()));
    }
    item
}

fn read(organisation: &OrganisationId, item: &Item) -> Result<Order, BadItem> {
    let bad = |attribute| BadItem { attribute };
    let count = |name| if item.contains_key(name) { number(item, name) } else { Ok(0) };
    let (kind, id) = text(item, "sk")?.split_once('#').ok_or(bad("sk"))?;
    Ok(Order {
        id: OrderId::try_from(id.to_owned()).map_err(|_| bad("sk"))?,
        organisation: organisation.clone(),
        what: match Kind::parse(kind).ok_or(bad("sk"))? {
            Kind::Hold => What::Hold { sought: text(item, "sought")?.to_owned() },
            Kind::Retention => What::Retention { days: number(item, "days")?, was: number(item, "was")? },
            Kind::Erasure => What::Erasure { person: read_person(item)?, about: text(item, "about")?.to_owned() },
        },
        state: State::parse(text(item, "state")?).ok_or(bad("state"))?,
        by: text(item, "who")?.to_owned(),
        at: instant(item, "when")?,
        reason: parsed(item, "reason")?,
        preview: Preview { found: count("found")?, ending: count("ending")?, held: count("held")?, exact: flag(item, "exact")? },
        progress: Progress { passed: count("passed")?, done: count("done")?, left: count("left")?, leaves: read_leaves(item)? },
        lifted: if item.contains_key("lifted_at") {
            Some(Lifted { by: text(item, "lifted_by")?.to_owned(), at: instant(item, "lifted_at")?, reason: parsed(item, "lifted_why")? })
        } else {
            None
        },
        place: optional_text(item, "place")?.map(str::to_owned),
    })
}

fn read_person(item: &Item) -> Result<Option<Person>, BadItem> {
    let (number, user): (Option<PhoneNumber>, Option<UserId>) = (optional_parsed(item, "peer")?, optional_parsed(item, "user")?);
    Ok(number.map(Person::Counterpart).or(user.map(Person::User)))
}

fn read_leaves(item: &Item) -> Result<Vec<(RecordingId, OrderId)>, BadItem> {
    let bad = || BadItem { attribute: "leaves" };
    let read = |pair: &String| {
        let (recording, hold) = pair.split_once('#').ok_or_else(bad)?;
        let recording = RecordingId::try_from(recording.to_owned()).map_err(|_| bad())?;
        Ok((recording, OrderId::try_from(hold.to_owned()).map_err(|_| bad())?))
    };
    set(item, "leaves")?.iter().map(read).collect()
}

fn id_of(key: &Item) -> Result<OrderId, BadItem> {
    let (_, id) = text(key, "sk")?.split_once('#').ok_or(BadItem { attribute: "sk" })?;
    OrderId::try_from(id.to_owned()).map_err(|_| BadItem { attribute: "sk" })
}
