//! What a worker writes of an order, page by page.
//!
//! A page is written together with the place after it, on the condition that the place before it stands. So a page is done once, whoever
//! does it and however often they are told to, and the next begins where it ended.

use chrono::{DateTime, Utc};
use domain::ids::{OrderId, OrganisationId, RecordingId};

use super::{
    super::{
        BadItem, Error, Table,
        attributes::{n, s, ss, text},
        commit::Writes,
        key::{self, Item},
    },
    Kind, Order, State, What, key_of,
};

/// Recordings that an erasure names of those it left.
pub const LEAVES: u64 = 100;

/// What a page did, to be written with it.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Where the next begins; none: there is none.
    pub next: Option<String>,
    pub passed: u64,
    pub done: u64,
    pub left: Vec<(RecordingId, OrderId)>,
}

impl Table {
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
        expression.push_str(match (&page.next, &order.what) {
            (None, What::Erasure { .. }) => ", peer", // the person has been erased: their number goes, too
            (None, What::Hold { .. }) => ", sought",  // from now on it is about what it holds
            _ => "",
        });
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

    /// Counts a recording that an erasure has erased; refused if there is no such order.
    pub(in crate::table) fn erased(&mut self, organisation: &OrganisationId, erasure: OrderId) {
        self.update(key::order(organisation, Kind::Erasure.as_str(), erasure), |update| {
            let update = update.update_expression("ADD done :one").condition_expression("attribute_exists(pk)");
            update.expression_attribute_values(":one", n(1))
        });
    }
}
