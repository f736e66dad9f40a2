//! The service on a table of a test's own: every function's router, and what a test looks at behind them.

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use platform::table::{
    Table,
    audit::{Event, Reading},
};
use serde_json::{Value, json};

use crate::{
    bucket,
    call::now,
    people::{organisation, user},
    request::Operator,
    requests::Requests,
    table, terms,
};

/// The operator's provisioning system.
pub const OPERATOR: Operator<'_> = Operator { client: "provisioning" };

/// The routers of all functions that speak HTTP, on one table.
#[derive(Clone, Debug)]
pub struct Service {
    pub table: Table,
    pub requests: Requests,
    pub upload: Router,
    pub search: Router,
    pub playback: Router,
    pub me: Router,
    pub admin: Router,
    pub provision: Router,
    pub statements: Router,
}

impl Service {
    /// On an empty table, at [`now`].
    pub async fn empty() -> anyhow::Result<Self> {
        let (table, requests) = table::empty().await?;
        Ok(Self::at(table, requests, now))
    }

    /// The same table at another time.
    pub fn later(&self, now: fn() -> DateTime<Utc>) -> Self {
        Self::at(self.table.clone(), self.requests.clone(), now)
    }

    fn at(table: Table, requests: Requests, now: fn() -> DateTime<Utc>) -> Self {
        let objects = bucket::unreached();
        Self {
            upload: upload::router(upload::App { table: table.clone(), objects: objects.clone(), now }),
            search: search::router(search::App { table: table.clone(), keys: Default::default(), now }),
            playback: playback::router(playback::App { table: table.clone(), objects, now }),
            me: me::router(me::App { table: table.clone(), now }),
            admin: admin::router(admin::App { table: table.clone(), now }),
            provision: provision::router(provision::App { table: table.clone(), now }),
            statements: statements::router(statements::App { table: table.clone(), exports: bucket::no_exports(), now }),
            table,
            requests,
        }
    }

    /// Provisions an organisation with agreed prices and the users that the lines are.
    pub async fn provisions(&self, name: &str, users: impl IntoIterator<Item = Value>) -> anyhow::Result<()> {
        let path = format!("/v1/organisations/{name}");
        OPERATOR.put(&self.provision, &path, &json!({ "name": name, "baseService": true })).await?.done()?;
        terms::agree(&self.table, name, "99.00", "49.00").await?;
        let lines: String = users.into_iter().map(|user| format!("{user}\n")).collect();
        let answer = OPERATOR.send(&self.provision, "POST", &format!("{path}/users"), Some(lines)).await?.done()?;
        let failed =
            answer.lines()?.into_iter().find(|line| !matches!(line["outcome"].as_str(), Some("created" | "changed" | "unchanged")));
        anyhow::ensure!(failed.is_none(), "{failed:?}");
        Ok(())
    }

    /// All audit events of the organisation, oldest first.
    pub async fn audit(&self, of: &str) -> anyhow::Result<Vec<Event>> {
        let organisation = organisation(of);
        let mut reading = Reading {
            organisation: &organisation,
            owner: None,
            from: DateTime::UNIX_EPOCH,
            to: now() + TimeDelta::days(1000),
            who: None,
            but: None,
            deed: None,
            recording: None,
            subject: None,
            refused: None,
            limit: 1000,
            after: None,
        };
        let mut all = Vec::new();
        loop {
            let (events, next) = self.table.events(&reading).await?;
            all.extend(events);
            reading.after = next;
            if reading.after.is_none() {
                all.reverse();
                return Ok(all);
            }
        }
    }

    /// The same as texts: who, what, about whom or what, and the cause of its refusal.
    pub async fn deeds(&self, of: &str) -> anyhow::Result<Vec<[String; 4]>> {
        let events = self.audit(of).await?;
        Ok(events
            .into_iter()
            .map(|event| {
                let about = event.subject.or(event.recording.map(|id| id.to_string()));
                [event.who, event.deed.as_str().to_owned(), about.unwrap_or_default(), event.refused.unwrap_or_default()]
            })
            .collect())
    }

    /// What happened to a user's recording, oldest first: what, and who did it.
    pub async fn activations(&self, of: &str, name: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
        let entries = self.table.activations(&organisation(of), &user(name)).await?;
        Ok(entries.into_iter().map(|entry| (entry.event.kind.as_str(), entry.event.by)).collect())
    }
}
