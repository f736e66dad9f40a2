//! A fixture for the index, with a real stream: the actual and the expected postings.

use std::collections::BTreeMap;

use anyhow::ensure;
use aws_lambda_events::streams::DynamoDbEventResponse;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use chrono::TimeDelta;
use domain::{
    recording::Recording,
    search::{Posting, ends_at},
};
use index::App;
use platform::table::{
    Table,
    key::{self, Item},
};
use serde_json::{Value, json};

use crate::{
    call::now,
    people::{Person, found},
    recording::{recording, store},
    request::As,
    requests::TENANT,
    table::{self, Watched},
};

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

/// Postings by key, each with its expiry.
pub type Postings = BTreeMap<(String, String), Option<String>>;

/// A table, its stream, and the index function.
pub struct World {
    pub watched: Watched,
    pub app: App,
    annotate: Router,
}

impl World {
    /// "demo" with Anna, who is recorded.
    pub async fn new() -> anyhow::Result<Self> {
        let watched = table::watched().await?;
        found(&watched.table, "demo").await?;
        Person::recorded("anna").joins(&watched.table, "demo").await?;
        let app = App { table: watched.table.clone(), now };
        let annotate = annotate::router(annotate::App { table: watched.table.clone(), now });
        Ok(Self { watched, app, annotate })
    }

    pub fn table(&self) -> &Table {
        &self.watched.table
    }

    /// Stores a recording of Anna's call an hour ago.
    pub async fn stored(&self, call: &str) -> anyhow::Result<Recording> {
        let recording = recording("demo", "anna", call, now() - TimeDelta::hours(1));
        store(self.table(), &recording).await?;
        Ok(recording)
    }

    /// Annotates a call as Anna.
    pub async fn say(&self, call: &str, stated: Value) -> anyhow::Result<()> {
        ANNA.put(&self.annotate, &format!("/v1/calls/{call}/annotation"), &stated).await?.done()?;
        Ok(())
    }

    /// Processes the new stream records.
    pub async fn hear(&mut self) -> anyhow::Result<()> {
        let news = self.watched.stream.news()?;
        ensure!(!news.is_empty(), "there is no news");
        let answer = take_in(&self.app, &news).await?;
        ensure!(answer.batch_item_failures.is_empty(), "{answer:?}");
        Ok(())
    }

    /// Every posting by its key, with its expiry.
    pub async fn postings(&self) -> anyhow::Result<Postings> {
        let items = self.items(|pk| pk.ends_with("#posting")).await?;
        Ok(items
            .into_iter()
            .map(|item| ((text(&item, "pk"), text(&item, "sk")), end(&item)))
            .collect())
    }

    /// Every dictionary entry by its key, with its expiry.
    pub async fn entries(&self) -> anyhow::Result<BTreeMap<String, Option<String>>> {
        let items = self
            .items(|pk| ["#word", "#number", "#ending"].iter().any(|kind| pk.ends_with(kind)))
            .await?;
        Ok(items
            .into_iter()
            .map(|item| (format!("{} {}", text(&item, "pk"), text(&item, "sk")), end(&item)))
            .collect())
    }

    pub async fn items(&self, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Item>> {
        let scan =
            self.table().client.scan().table_name(&self.table().name).into_paginator().items();
        let items = scan.send().collect::<Result<Vec<_>, _>>().await?;
        Ok(items.into_iter().filter(|item| wanted(&text(item, "pk"))).collect())
    }

    /// Updates attributes of the recording's item directly.
    pub async fn write(
        &self,
        of: &Recording,
        expression: &str,
        values: impl IntoIterator<Item = (&str, AttributeValue)>,
    ) -> anyhow::Result<()> {
        let values: Item =
            values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let update = self.table().client.update_item().table_name(&self.table().name);
        let update = update
            .set_key(Some(key::recording(&of.organisation, of.id)))
            .update_expression(expression);
        let update = update.set_expression_attribute_values((!values.is_empty()).then_some(values));
        let named = expression.contains("#until");
        update
            .set_expression_attribute_names(
                named.then(|| [("#until".to_owned(), "until".to_owned())].into()),
            )
            .send()
            .await?;
        Ok(())
    }

    pub async fn remove(&self, of: &Recording) -> anyhow::Result<()> {
        let delete = self.table().client.delete_item().table_name(&self.table().name);
        delete.set_key(Some(key::recording(&of.organisation, of.id))).send().await?;
        Ok(())
    }

    /// The postings that the current items of the recordings require.
    pub async fn expected(&self, of: &[Recording]) -> anyhow::Result<Postings> {
        let mut all = BTreeMap::new();
        for one in of {
            let Some(exists) = self.table().index().recording(&one.organisation, one.id).await?
            else {
                continue;
            };
            let (at, end) = (
                key::at(exists.started_at, exists.id),
                ends_at(&exists).map(|end| end.timestamp().to_string()),
            );
            all.extend(
                Posting::of(&exists)
                    .iter()
                    .map(|of| ((key::posting(&exists.organisation, of), at.clone()), end.clone())),
            );
        }
        Ok(all)
    }
}

pub fn text(item: &Item, attribute: &str) -> String {
    item.get(attribute).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
}

pub fn end(item: &Item) -> Option<String> {
    item.get("expires_at").and_then(|value| value.as_n().ok()).cloned()
}

/// Processes all new records of a table of "demo".
pub async fn take_in_all(watched: &mut Watched) -> anyhow::Result<()> {
    let app = App { table: watched.table.clone(), now };
    let answer = take_in(&app, &watched.stream.news()?).await?;
    ensure!(answer.batch_item_failures.is_empty(), "{answer:?}");
    Ok(())
}

/// Processes records of "demo". A request for another organisation's key ends the test.
pub async fn take_in(app: &App, records: &[Value]) -> anyhow::Result<DynamoDbEventResponse> {
    let batch = serde_json::from_value(json!({ "Records": records }))?;
    Ok(TENANT.scope("demo".to_owned(), index::handle(app, batch)).await?)
}

pub fn failed(answer: &DynamoDbEventResponse) -> Vec<&str> {
    answer
        .batch_item_failures
        .iter()
        .filter_map(|failure| failure.item_identifier.as_deref())
        .collect()
}
