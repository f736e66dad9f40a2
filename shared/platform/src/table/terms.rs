//! Prices from the day on which they apply: general ones, and agreed ones. They are only added.
//!
//! | attribute | what |
//! |-----------|------|
//! | `start_fee`, `user_month`, `storage`, `add_on`, `sftp` | SEK as text; absent: no price |
//! | `add_on_mb` | with the storage add-on: how many megabytes it adds |
//! | `has_sftp`  | the organisation has the SFTP service |
//! | `by`        | who recorded them |
//!
//! A void entry is followed by its void: `known` in Unix milliseconds, `by`, and `reason`.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    billing::{Price, Prices, Terms, Whose},
    ids::OrganisationId,
};

use super::{
    BadItem, Error, PriceTable,
    attributes::{flag, instant, n, number, optional_parsed, parse, s, text},
    audit::Event,
    commit::Committed,
    key::{self, Item},
    write::Write,
};

impl PriceTable<'_> {
    /// Adds terms, recorded by `by`; for an organisation, with the audit event. 1 request.
    pub async fn put(
        self,
        organisation: Option<&OrganisationId>,
        terms: &Terms,
        by: &str,
        event: Option<&Event>,
    ) -> Result<Committed, Error> {
        let mut item = key::price(organisation, terms.from, terms.known);
        let Prices { start_fee, user_month, storage, add_on, sftp } = terms.prices;
        let named = [
            ("start_fee", start_fee),
            ("user_month", user_month),
            ("storage", storage),
            ("add_on", add_on),
            ("sftp", sftp),
        ];
        item.extend(
            named.into_iter().filter_map(|(name, price)| Some((name.to_owned(), s(price?)))),
        );
        item.extend(terms.add_on.map(|megabytes| ("add_on_mb".to_owned(), n(megabytes))));
        item.insert("by".to_owned(), s(by));
        item.insert("has_sftp".to_owned(), AttributeValue::Bool(terms.sftp));
        let mut writes = self.0.writes();
        writes.add(Write::put_new(item));
        if let Some(event) = event {
            writes.audit(event);
        }
        writes.commit().await
    }

    /// Voids terms; an organisation's with the audit event. 1 request. `Exists` if they are void.
    pub async fn void(
        self,
        organisation: Option<&OrganisationId>,
        terms: &Terms,
        taking: &TakingBack<'_>,
        event: Option<&Event>,
    ) -> Result<Committed, Error> {
        let mut item = key::void(key::price(organisation, terms.from, terms.known));
        item.insert("known".to_owned(), n(taking.at.timestamp_millis()));
        item.insert("by".to_owned(), s(taking.by));
        item.insert("reason".to_owned(), s(taking.reason));
        let mut writes = self.0.writes();
        writes.add(Write::put_new(item));
        if let Some(event) = event {
            writes.audit(event);
        }
        writes.commit().await
    }

    /// All terms of the organisation, or the general ones, by their first day. 1 request.
    pub async fn all(self, organisation: Option<&OrganisationId>) -> Result<Vec<Terms>, Error> {
        let whose = if organisation.is_some() { Whose::Agreed } else { Whose::General };
        let items = self.0.all(key::prices(organisation), "").await?;
        let mut terms: Vec<Terms> = Vec::new();
        for item in &items {
            if text(item, "sk")?.ends_with(key::VOID) {
                terms.last_mut().ok_or(BadItem { attribute: "sk" })?.voided =
                    Some(instant(item, "known")?);
            } else {
                terms.push(read(whose, item)?);
            }
        }
        Ok(terms)
    }
}

/// Who voids an entry, when and why.
#[derive(Clone, Copy, Debug)]
pub struct TakingBack<'a> {
    pub at: DateTime<Utc>,
    pub by: &'a str,
    pub reason: &'a str,
}

fn read(whose: Whose, item: &Item) -> Result<Terms, BadItem> {
    let bad = || BadItem { attribute: "sk" };
    let (from, known) = text(item, "sk")?.split_once('#').ok_or_else(bad)?;
    let price = |name| optional_parsed::<Price>(item, name);
    Ok(Terms {
        whose,
        from: parse(from, "sk")?,
        known: known.parse().ok().and_then(DateTime::from_timestamp_millis).ok_or_else(bad)?,
        voided: None,
        prices: Prices {
            start_fee: price("start_fee")?,
            user_month: price("user_month")?,
            storage: price("storage")?,
            add_on: price("add_on")?,
            sftp: price("sftp")?,
        },
        add_on: if item.contains_key("add_on_mb") {
            Some(number(item, "add_on_mb")?)
        } else {
            None
        },
        sftp: flag(item, "has_sftp")?,
    })
}
