//! Carries out a storm's steps as people and phones do: they repeat until they have an answer.

mod administration;
mod annotation;
mod operator;
mod phone;
mod reading;
mod retention;

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use chrono::TimeDelta;
use domain::{billing, delivery::Day};
use platform::{
    objects::UNREGISTERED,
    table::{Table, completeness::DayTotals, daily::Closed, sftp},
};
use serde_json::{Value, json};
use tests::{
    call::with,
    groups,
    people::{Person as Fixture, legend, organisation},
    request::{Answer, As, Operator},
};

use crate::{
    aws::{Aws, Chain, Process},
    clock,
    function::{Clients, DROP, QUARANTINE},
    plan::{Action, NOTES, ORGANISATIONS, QUEUES, Step, USERS},
    service::Service,
    truth::Truth,
};

pub const ADMINISTRATOR: &str = "karin";
pub const SUPERVISOR: &str = "sven";
/// The users that Sven supervises.
pub const TEAM: [&str; 2] = ["anna", "omar"];
/// How often somebody repeats a request.
const PATIENCE: usize = 400;

/// The people of a storm.
#[derive(Clone)]
pub struct Life {
    pub service: Service,
    pub truth: Rc<RefCell<Truth>>,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
enum Caller {
    User(&'static str),
    Operator,
}

/// A request.
#[derive(Clone, Debug)]
struct Request {
    function: &'static str,
    method: &'static str,
    path: String,
    body: Option<Value>,
    headers: Value,
}

impl Request {
    fn new(function: &'static str, method: &'static str, path: impl Into<String>) -> Self {
        Self { function, method, path: path.into(), body: None, headers: json!({}) }
    }

    fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    fn header(self, name: &str, value: impl Into<String>) -> Self {
        let headers = with(self.headers, json!({ name: value.into() }));
        Self { headers, ..self }
    }
}

/// The table without trouble, for fixtures and checks.
pub fn calm_table(aws: &Arc<Aws>) -> Table {
    let process = Process::start();
    process.invoke(Chain::new(), 0, true);
    Clients::of(aws, &process).table()
}

/// Closes the days up to last week in one step, as if the schedules had run on each of them. Nothing
/// happened, and closing one after the other would be half of all requests.
pub async fn pass(aws: &Arc<Aws>) -> anyhow::Result<()> {
    // As the template has it.
    aws.store.expire(DROP, "", TimeDelta::days(4));
    aws.store.expire(QUARANTINE, UNREGISTERED, TimeDelta::days(180));
    let (table, now) = (calm_table(aws), clock::now());
    let day = Day::of(now).earlier(9);
    for name in ORGANISATIONS {
        let of = organisation(name);
        if let Some(last) = table.days().last(&of).await? {
            let day = billing::Day {
                day: billing::today(day.begins_at()),
                balance: last.day.balance,
                ..Default::default()
            };
            table.days().close(&of, &Closed { day, late: Vec::new(), fill: last.fill }).await?;
        }
        let totals = DayTotals {
            day,
            totals: Default::default(),
            at: now,
            closed_at: Some(now),
            lines: 0,
            bytes: 0,
            sections: Default::default(),
            parts: 0,
        };
        table.completeness().put(&of, &totals, &[]).await?;
    }
    Ok(())
}

impl Life {
    /// The organisations with their users, a group and deliveries by SFTP.
    pub async fn found(service: Service) -> anyhow::Result<Self> {
        let life = Self { service, truth: Rc::default() };
        let table = calm_table(life.service.aws());
        for (number, name) in ORGANISATIONS.into_iter().enumerate() {
            let provisioned = json!({ "name": name, "baseService": true, "storageAddOn": true });
            let put = Request::new("provision", "PUT", format!("/v1/organisations/{name}"));
            life.ask(number, Caller::Operator, put.body(provisioned)).await?.done()?;
            for user in [USERS.as_slice(), &[SUPERVISOR]].concat() {
                let newcomer =
                    Fixture { acknowledged: false, activated: false, ..Fixture::recorded(user) };
                newcomer.joins(&table, name).await?;
            }
            Fixture::administrator(ADMINISTRATOR).joins(&table, name).await?;
            legend(&table, name).await?;
            groups::group(&table, name, "sales", &TEAM).await?;
            groups::supervise(&table, name, "sales", SUPERVISOR, None).await?;
            let of = organisation(name);
            let key = sftp::Key {
                fingerprint: format!("SHA256:{name}"),
                body: "ssh-ed25519 AAAA".to_owned(),
                comment: String::new(),
                who: ADMINISTRATOR.to_owned(),
                added_at: clock::now(),
                imported_at: None,
            };
            let committed = table.sftp().add(&of, &key, &groups::event(name, "key"), None).await?;
            anyhow::ensure!(committed == Ok(()), "the key was not added");
            let switch = json!({ "users": USERS, "active": true, "preview": false });
            let switched = Request::new("admin", "POST", "/v1/activations").body(switch);
            life.ask(number, Caller::User(ADMINISTRATOR), switched).await?.done()?;
            for user in USERS {
                let text = json!({ "version": domain::activation::VERSION, "client": "storm" });
                let post = Request::new("me", "POST", "/v1/me/acknowledgement").body(text);
                life.ask(number, Caller::User(user), post).await?.done()?;
            }
        }
        Ok(life)
    }

    /// Sends a request until a definite answer comes.
    async fn ask(&self, of: usize, caller: Caller, request: Request) -> anyhow::Result<Answer> {
        for attempt in 0..PATIENCE {
            let answer = self.send(of, caller, request.clone()).await?;
            if let Some(answer) = answer
                .filter(|answer| !answer.status.is_server_error() && answer.status.as_u16() != 429)
            {
                return Ok(answer);
            }
            let pause = self.service.aws().span(Duration::from_secs(30 << attempt.min(5)));
            tokio::time::sleep(pause + Duration::from_millis(200)).await;
        }
        bail!("{caller:?}: no answer to {request:?}")
    }

    async fn send(
        &self,
        of: usize,
        caller: Caller,
        request: Request,
    ) -> anyhow::Result<Option<Answer>> {
        let Request { function, method, path, body, headers } = request;
        let organisation = ORGANISATIONS[of];
        let body = body.map(|body| match body {
            Value::String(lines) => lines,
            json => json.to_string(),
        });
        let send = move |router| async move {
            match caller {
                Caller::User(user) => {
                    As { organisation, user }.send_with(&router, method, &path, body, headers).await
                }
                Caller::Operator => {
                    let operator = Operator { client: "provisioning" };
                    operator.send_with(&router, method, &path, body, headers).await
                }
            }
        };
        self.service.request(function, send).await
    }

    /// Carries out all steps, each at its time.
    pub async fn lives(&self, steps: Vec<Step>) -> anyhow::Result<()> {
        let begun = clock::now();
        let mut running = tokio::task::JoinSet::new();
        for step in steps {
            let life = self.clone();
            running.spawn_local(async move {
                clock::wait_until(begun + step.at).await;
                life.acts(&step).await.with_context(|| format!("{step:?}"))
            });
        }
        while let Some(done) = running.join_next().await {
            done??;
        }
        Ok(())
    }

    async fn acts(&self, step: &Step) -> anyhow::Result<()> {
        let (of, number) = (step.organisation, step.number);
        match &step.what {
            Action::Call(call) => self.call(of, number, call.clone()).await,
            Action::Annotate { call, by_administrator, note, mark } => {
                self.annotate(
                    *call,
                    *by_administrator,
                    &format!("{} {number}", NOTES[*note]),
                    *mark,
                )
                .await
            }
            Action::AnnotateCall { call, note } => {
                self.annotate_call(of, *call, NOTES[*note]).await
            }
            Action::Listen { call, by } => self.listen(*call, *by).await,
            Action::Supervise { active } => self.supervise(of, *active).await,
            Action::Search { as_whom, filter } => self.search(of, *as_whom, *filter).await,
            Action::HoldCalls { calls } => {
                let named: Vec<(usize, String)> = {
                    let truth = self.truth.borrow();
                    let named = calls.iter().filter_map(|call| truth.call(*call));
                    let named = named
                        .filter(|call| call.organisation == of && call.registered_at.is_some());
                    named.filter_map(|call| Some((call.number, call.id.clone()?))).collect()
                };
                if named.is_empty() {
                    return Ok(());
                }
                let ids: Vec<&String> = named.iter().map(|(_, id)| id).collect();
                let includes = named.iter().map(|(number, _)| *number).collect();
                self.hold(of, number, json!({ "recordings": ids }), None, includes).await
            }
            Action::HoldFilter { filter } => {
                let includes = {
                    let truth = self.truth.borrow();
                    let found = truth.calls.iter().filter(|call| {
                        call.organisation == of
                            && call.registered_at.is_some()
                            && filter.holds(call)
                    });
                    found.map(|call| call.number).collect()
                };
                let what = json!({ "filter": filter.json() });
                self.hold(of, number, what, Some(*filter), includes).await
            }
            Action::Lift { hold } => self.lift(*hold).await,
            Action::Erase { person } => self.erase(of, number, *person).await,
            Action::Retain { days } => self.retain(of, number, *days).await,
            Action::Report { calls } => self.report(of, calls).await,
            Action::Poison { queue } => {
                let (queue, body) = (QUEUES[*queue], format!("{{\"poison\":{number}}}"));
                self.service.aws().queues().send(queue, &body, TimeDelta::zero(), &Chain::new());
                self.service.aws().news.notify_waiters();
                self.truth.borrow_mut().poison.push((queue, body));
                Ok(())
            }
        }
    }
}
