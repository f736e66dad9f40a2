//! Organisations and users. A user is valid as built: recorded, acknowledged, with every right.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue::{Bool, M, N, S, Ss};
use domain::{
    ids::{ClientId, GroupId, OrganisationId, UserId},
    legend::{Entry, FIRST},
};
use platform::table::{Table, key};

use crate::groups;

/// An organisation id, from a valid text.
pub fn organisation(name: &str) -> OrganisationId {
    name.to_owned().try_into().expect("the test names a valid organisation")
}

/// A user id, from a valid text.
pub fn user(name: &str) -> UserId {
    name.to_owned().try_into().expect("the test names a valid user")
}

/// A recording group's id, from a valid text.
pub fn group(name: &str) -> GroupId {
    name.to_owned().try_into().expect("the test names a valid group")
}

/// An application client's id, from a valid text.
pub fn client(name: &str) -> ClientId {
    name.to_owned().try_into().expect("the test names a valid client")
}

/// A user, with the properties that a test may vary.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: &'static str,
    pub administrator: bool,
    pub rights: &'static [&'static str],
    pub plan: Option<&'static str>,
    pub activated: bool,
    pub acknowledged: bool,
}

impl Person {
    /// A recorded user with every right.
    pub fn recorded(name: &'static str) -> Self {
        let rights = &["listen", "download", "annotate"];
        Self {
            name,
            administrator: false,
            rights,
            plan: Some("pro"),
            activated: true,
            acknowledged: true,
        }
    }

    /// An administrator who is not recorded.
    pub fn administrator(name: &'static str) -> Self {
        Self {
            administrator: true,
            rights: &[],
            activated: false,
            acknowledged: false,
            ..Self::recorded(name)
        }
    }

    /// Writes the user into the table.
    pub async fn joins(&self, table: &Table, to: &str) -> anyhow::Result<()> {
        let mut item = key::user(&organisation(to), &user(self.name));
        item.insert("name".into(), S(self.name.into()));
        item.insert("at".into(), S(format!("{0}#{0}", self.name)));
        item.insert("found_by".into(), S(self.name.into()));
        item.insert("supervises".into(), M(HashMap::new()));
        item.insert("administrator".into(), Bool(self.administrator));
        if !self.rights.is_empty() {
            item.insert(
                "rights".into(),
                Ss(self.rights.iter().map(|&right| right.into()).collect()),
            );
        }
        if let Some(plan) = self.plan {
            item.insert("plan".into(), S(plan.into()));
        }
        if self.activated {
            item.insert("activated_at".into(), N("1".into()));
        }
        if self.acknowledged {
            item.insert("acknowledged_at".into(), N("1".into()));
            item.insert("acknowledged_version".into(), S("2026-11".into()));
        }
        put(table, item).await
    }
}

/// Writes an organisation with the base service and 180 days of retention into the table.
pub async fn found(table: &Table, name: &str) -> anyhow::Result<()> {
    let mut item = key::organisation(&organisation(name));
    item.insert("name".into(), S(name.into()));
    item.insert("base_service".into(), Bool(true));
    item.insert("retention_days".into(), N("180".into()));
    put(table, item).await
}

/// Gives the organisation its first legend, as provisioning does.
pub async fn legend(table: &Table, of: &str) -> anyhow::Result<()> {
    for (mark, label, colour, shape) in FIRST {
        let entry = Entry {
            mark: mark.to_owned().try_into()?,
            label: label.to_owned().try_into()?,
            colour,
            shape,
            retired: false,
        };
        table.marks().put(&organisation(of), &entry, &groups::event(of, mark)).await??;
    }
    Ok(())
}

/// Adds marks to the legend, each with its name as the label.
pub async fn marks(table: &Table, of: &str, names: &[&str]) -> anyhow::Result<()> {
    let (_, _, colour, shape) = FIRST[0];
    for mark in names {
        let entry = Entry {
            mark: (*mark).to_owned().try_into()?,
            label: (*mark).to_owned().try_into()?,
            colour,
            shape,
            retired: false,
        };
        table.marks().put(&organisation(of), &entry, &groups::event(of, mark)).await??;
    }
    Ok(())
}

async fn put(
    table: &Table,
    item: HashMap<String, aws_sdk_dynamodb::types::AttributeValue>,
) -> anyhow::Result<()> {
    table.client.put_item().table_name(&table.name).set_item(Some(item)).send().await?;
    Ok(())
}
