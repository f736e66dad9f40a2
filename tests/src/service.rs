//! The service on a table of the test's own: every function's router, and the state behind them.

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
    queue::Waiting,
    request::Operator,
    requests::{Requests, TENANT},
    table, terms, whole,
};

pub const OPERATOR: Operator<'_> = Operator { client: "provisioning" };

/// The routers of all HTTP functions, on one table.
#[derive(Clone, Debug)]
pub struct Service {
    pub table: Table,
    pub requests: Requests,
    /// The messages for the import worker.
    pub imports: Waiting,
    pub upload: Router,
    pub search: Router,
    pub playback: Router,
    pub me: Router,
    pub admin: Router,
    pub provision: Router,
    pub statements: Router,
}

impl Service {
    /// The service on an empty table, at [`now`].
    pub async fn empty() -> anyhow::Result<Self> {
        let (table, requests) = table::empty().await?;
        Ok(Self::at(table, requests, Waiting::default(), now))
    }

    /// The service on the same table at another time.
    pub fn later(&self, now: fn() -> DateTime<Utc>) -> Self {
        Self::at(self.table.clone(), self.requests.clone(), self.imports.clone(), now)
    }

    fn at(table: Table, requests: Requests, imports: Waiting, now: fn() -> DateTime<Utc>) -> Self {
        let objects = bucket::unreached();
        Self {
            upload: upload::router(upload::App {
                table: table.clone(),
                objects: objects.clone(),
                now,
            }),
            search: search::router(search::App {
                table: table.clone(),
                keys: Default::default(),
                now,
            }),
            playback: playback::router(playback::App {
                table: table.clone(),
                quarantine: objects.clone(),
                objects,
                now,
            }),
            me: me::router(me::App { table: table.clone(), now }),
            admin: admin::router(admin::App { table: table.clone(), now }),
            provision: provision::router(provision::App {
                table: table.clone(),
                imports: imports.queue(&requests),
                now,
            }),
            statements: billing_api::router(billing_api::App {
                table: table.clone(),
                exports: bucket::no_exports(),
                now,
            }),
            table,
            requests,
            imports,
        }
    }

    /// Provisions an organisation with agreed prices and users, see [`whole::user`].
    pub async fn provisions(
        &self,
        name: &str,
        users: impl IntoIterator<Item = Value>,
    ) -> anyhow::Result<()> {
        let path = format!("/v1/organisations/{name}");
        OPERATOR
            .put(
                &self.provision,
                &path,
                &json!({ "name": name, "baseService": true, "storageAddOn": false }),
            )
            .await?
            .done()?;
        terms::agree(&self.table, name, "99.00", "49.00").await?;
        let results = self.imports(name, users).await?;
        let failed = results.into_iter().find(|line| {
            !matches!(line["outcome"].as_str(), Some("created" | "changed" | "unchanged"))
        });
        anyhow::ensure!(failed.is_none(), "{failed:?}");
        Ok(())
    }

    /// Imports users, see [`whole::user`], and returns their results.
    pub async fn imports(
        &self,
        name: &str,
        users: impl IntoIterator<Item = Value>,
    ) -> anyhow::Result<Vec<Value>> {
        let lines: String =
            users.into_iter().map(|user| format!("{}\n", whole::user(user))).collect();
        let path = format!("/v1/organisations/{name}");
        let import = OPERATOR
            .send(&self.provision, "POST", &format!("{path}/users"), Some(lines))
            .await?
            .done()?
            .body;
        self.work(name).await?;
        self.results(name, import["id"].as_str().unwrap_or_default()).await
    }

    /// All available results of an import.
    pub async fn results(&self, name: &str, import: &str) -> anyhow::Result<Vec<Value>> {
        let (mut results, mut cursor) = (Vec::new(), String::new());
        loop {
            let path =
                format!("/v1/organisations/{name}/imports/{import}/results?limit=1000{cursor}");
            let page = OPERATOR.get(&self.provision, &path).await?.done()?.body;
            let some = page["results"].as_array().cloned().unwrap_or_default();
            let next = page["cursor"].as_str().filter(|_| !some.is_empty()).map(str::to_owned);
            results.extend(some);
            match next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(results),
            }
        }
    }

    /// Runs the import worker on all waiting messages. Returns their number.
    pub async fn work(&self, name: &str) -> anyhow::Result<usize> {
        let mut messages = 0;
        while let Some(message) = self.imports.take() {
            anyhow::ensure!(
                self.carry_on(name, &message.body, import::BUDGET).await?,
                "the worker failed"
            );
            messages += 1;
        }
        Ok(messages)
    }

    /// Runs the import worker on a message, with a time budget. Returns whether it succeeded.
    pub async fn carry_on(
        &self,
        name: &str,
        body: &str,
        budget: TimeDelta,
    ) -> anyhow::Result<bool> {
        let app = import::App {
            table: self.table.clone(),
            imports: self.imports.queue(&self.requests),
            budget,
            now,
        };
        let event = json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "message", "body": body }] });
        let handled = import::handle(&app, serde_json::from_value(event)?);
        Ok(TENANT.scope(name.to_owned(), handled).await?.batch_item_failures.is_empty())
    }

    /// All audit events of the organisation, oldest first.
    pub async fn audit(&self, of: &str) -> anyhow::Result<Vec<Event>> {
        audit(&self.table, of).await
    }

    /// All audit events as texts: actor, action, resource and denial.
    pub async fn actions(&self, of: &str) -> anyhow::Result<Vec<[String; 4]>> {
        let events = self.audit(of).await?;
        Ok(events
            .into_iter()
            .map(|event| {
                let about = event.resource.or(event.recording.map(|id| id.to_string()));
                [
                    event.actor,
                    event.action.to_string(),
                    about.unwrap_or_default(),
                    event.denial.unwrap_or_default(),
                ]
            })
            .collect())
    }

    /// The history of a user's recording, oldest first: each event and its actor.
    pub async fn activations(
        &self,
        of: &str,
        name: &str,
    ) -> anyhow::Result<Vec<(&'static str, String)>> {
        let entries = self.table.activations().of_user(&organisation(of), &user(name)).await?;
        Ok(entries.into_iter().map(|entry| (entry.event.kind.into_str(), entry.event.by)).collect())
    }
}

/// All audit events of the organisation, oldest first.
pub async fn audit(table: &Table, of: &str) -> anyhow::Result<Vec<Event>> {
    let organisation = organisation(of);
    let mut reading =
        Reading::new(&organisation, DateTime::UNIX_EPOCH, now() + TimeDelta::days(1000), 1000);
    let mut all = Vec::new();
    loop {
        let (events, next) = table.audit_log().events(&reading).await?;
        all.extend(events);
        reading.after = next;
        if reading.after.is_none() {
            all.reverse();
            return Ok(all);
        }
    }
}
