//! Orders about many recordings: legal holds, changes of the retention, erasures. A worker carries each out page by page.
//!
//! | attribute    | what |
//! |--------------|------|
//! | `state`      | see [`State`] |
//! | `who`, `when` | who ordered it, and when, in Unix milliseconds |
//! | `reason`     | why, without telephone numbers |
//! | `sought`     | of a hold that is being placed: which recordings, as JSON; it may name a number, and goes once it is placed or lifted |
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

mod item;
mod page;
mod personal;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrderId, OrganisationId, RecordingId},
    order::Person,
    phone::without_numbers,
    reason::Reason,
    retention,
};
use serde::{Deserialize, Serialize};

use self::item::{id_of, item, read, stands};
use super::{
    Error, Table,
    attributes::{n, s},
    audit::Event,
    claim::Claim,
    commit::Commit,
    key::{self, Item},
};

pub use page::{LEAVES, Page};

/// How long a preview can be confirmed.
pub const CONFIRMED_WITHIN: TimeDelta = TimeDelta::hours(24);

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
    /// Of the recordings that this JSON describes; none once it is placed: what it holds is listed then.
    Hold {
        sought: Option<String>,
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
    pub async fn place(&self, order: &Order, event: &Event, claim: Option<&Claim>) -> Result<(), Error> {
        let mut writes = self.writes();
        writes.put_new(item(order));
        writes.audit(event);
        writes.claim(claim);
        // Refused: the SDK's retry of a request whose answer was lost. The order's id is this request's own.
        match writes.commit().await? {
            Commit::Done | Commit::Refused(_) => Ok(()),
        }
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
                .update_expression("SET #state = :lifting, lifted_by = :by, lifted_at = :at, lifted_why = :why REMOVE place, sought")
                .condition_expression("#state IN (:placing, :held)")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":lifting", s(State::Lifting.as_str()))
                .expression_attribute_values(":placing", s(State::Placing.as_str()))
                .expression_attribute_values(":held", s(State::Held.as_str()))
                .expression_attribute_values(":by", s(&event.who))
                .expression_attribute_values(":at", n(event.at.timestamp_millis()))
                .expression_attribute_values(":why", s(without_numbers(&reason.to_string())))
        });
        writes.audit(event);
        writes.commit().await
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
