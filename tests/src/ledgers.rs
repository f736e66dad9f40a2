//! Billing facts written directly into a table: activations, and stored and removed bytes.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::activation::Kind;
use platform::table::{
    Table, key,
    usage::{self, Change},
};

use crate::{
    people::{organisation, user},
    service::OPERATOR,
};

/// A moment with its offset, from a valid text.
pub fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("the test names a valid moment")
}

/// Provisions organisations by id and name, without users.
pub async fn organisations(
    table: &Table,
    names: &[(&str, &str)],
    now: fn() -> DateTime<Utc>,
) -> anyhow::Result<()> {
    let provision = provision::router(provision::App {
        table: table.clone(),
        imports: crate::queue::untold(),
        now,
    });
    for (id, name) in names {
        let body = serde_json::json!({ "name": name, "baseService": true, "storageAddOn": false });
        OPERATOR.put(&provision, &format!("/v1/organisations/{id}"), &body).await?.done()?;
    }
    Ok(())
}

/// Writes an activation or a deactivation of a user.
pub async fn switched(
    table: &Table,
    of: &str,
    name: &str,
    on: bool,
    at: &str,
) -> anyhow::Result<()> {
    let kind = if on { Kind::Activated } else { Kind::Deactivated };
    let mut item = key::activation(&organisation(of), &user(name), moment(at), kind.into_str());
    item.insert("by".to_owned(), AttributeValue::S("user:karin".to_owned()));
    table.client.put_item().table_name(&table.name).set_item(Some(item)).send().await?;
    Ok(())
}

/// Counts a minute with `bytes` that were stored or removed at `at`.
pub async fn counted(
    table: &Table,
    of: &str,
    name: &str,
    kind: usage::ChangeKind,
    bytes: u64,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let (organisation, user) = (organisation(of), user(name));
    let mut writes = table.writes();
    writes.usage(&Change {
        organisation: &organisation,
        user: &user,
        kind,
        bytes,
        duration: TimeDelta::minutes(1),
        at,
    });
    anyhow::ensure!(writes.commit().await? == Ok(()), "it was not counted");
    Ok(())
}
