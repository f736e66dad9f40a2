//! Carries out a storm's steps as people and phones do: they repeat until they have an answer.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{billing, delivery::Day};
use platform::table::{Table, completeness::DayTotals, daily::Closed, sftp};
use serde_json::{Value, json};
use tests::{
    call::{call, silence, with},
    groups,
    people::{Person as Fixture, legend, organisation},
    request::{Answer, As, Operator},
};

use crate::{
    aws::{Aws, Process},
    clock,
    function::Clients,
    plan::{
        self, Action, COUNTERPARTS, Filter, NOTES, ORGANISATIONS, Person, QUEUES, Step, USERS, Whom,
    },
    service::Service,
    truth::{Call, Erasure, Hold, Truth},
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
    process.invoke(1, 0, true);
    Clients::of(aws, &process).table()
}

/// Closes the days up to last week in one step, as if the schedules had run on each of them. Nothing
/// happened, and closing one after the other would be half of all requests.
pub async fn pass(aws: &Arc<Aws>) -> anyhow::Result<()> {
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
            Action::Listen { call } => self.listen(*call).await,
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
                self.service.aws().queues().send(queue, &body, TimeDelta::zero(), 1);
                self.service.aws().news.notify_waiters();
                self.truth.borrow_mut().poison.push((queue, body));
                Ok(())
            }
        }
    }

    // ---------------------------------------------------------------- a phone

    async fn call(&self, of: usize, number: usize, what: plan::Call) -> anyhow::Result<()> {
        let started_at = clock::now() - what.ago;
        let bytes = match what.audio {
            true => sound(number, what.seconds),
            false => format!("Möte {number} med kunden på tisdag").into_bytes(),
        };
        let user = USERS[what.user];
        let mut body = with(
            call(&format!("call-{number}"), "audio/wav", &bytes),
            json!({
                "counterpart": COUNTERPARTS[what.counterpart],
                "startedAt": started_at,
                "durationMs": what.seconds * 1_000,
            }),
        );
        if let Some(note) = what.note {
            body["note"] = json!(NOTES[note]);
        }
        let upload_after = what.upload_after;
        self.truth.borrow_mut().calls.push(Call {
            number,
            organisation: of,
            user: what.user,
            what,
            started_at,
            bytes: bytes.clone(),
            sent_at: clock::now(),
            registered_at: None,
            id: None,
            uploaded_at: None,
            refused: None,
            edits: Vec::new(),
            edited_otherwise: false,
        });
        for attempt in 0..PATIENCE {
            let post = Request::new("upload", "POST", "/v1/recordings").body(body.clone());
            let answer = self.ask(of, Caller::User(user), post).await?;
            if !answer.status.is_success() {
                let mut truth = self.truth.borrow_mut();
                let call = truth.call_mut(number).context("the call is known")?;
                call.refused = Some(answer.cause());
                return Ok(());
            }
            {
                let mut truth = self.truth.borrow_mut();
                let call = truth.call_mut(number).context("the call is known")?;
                call.registered_at = call.registered_at.or(Some(clock::now()));
                call.id = answer.body["recording"]["id"].as_str().map(str::to_owned);
            }
            let link = &answer.body["upload"];
            let Some(after) = upload_after else { return Ok(()) };
            if link.is_null() {
                return self.uploaded(number);
            }
            if attempt == 0 {
                tokio::time::sleep(after.to_std()?).await;
            }
            if let Some(200..300 | 412) = self.put(link, &bytes).await? {
                return self.uploaded(number);
            }
            tokio::time::sleep(self.service.aws().span(Duration::from_secs(60 << attempt.min(5))))
                .await;
        }
        bail!("call {number} could not be uploaded")
    }

    fn uploaded(&self, number: usize) -> anyhow::Result<()> {
        let mut truth = self.truth.borrow_mut();
        truth.call_mut(number).context("the call is known")?.uploaded_at = Some(clock::now());
        Ok(())
    }

    /// Sends audio to a link, which S3 refuses once it has expired.
    async fn put(&self, link: &Value, bytes: &[u8]) -> anyhow::Result<Option<u16>> {
        let expires_at: DateTime<Utc> = link["expiresAt"].as_str().context("an expiry")?.parse()?;
        if clock::now() >= expires_at {
            return Ok(Some(403));
        }
        let url = link["url"].as_str().context("an address")?;
        let path = url.split('?').next().unwrap_or_default();
        let mut put = http::Request::put(path);
        for (name, value) in link["headers"].as_object().context("headers")? {
            put = put.header(name, value.as_str().unwrap_or_default());
        }
        // Headers that the SDK moves into the query, as S3 reads them there too.
        for (name, value) in url
            .split_once('?')
            .map(|(_, query)| query)
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
        {
            let name = name.to_ascii_lowercase();
            if name.starts_with("x-amz-checksum")
                || name.starts_with("x-amz-meta")
                || name == "x-amz-sdk-checksum-algorithm"
            {
                let value = percent_encoding::percent_decode_str(value).decode_utf8()?.into_owned();
                put = put.header(name, value);
            }
        }
        Ok(self.service.aws().put(put.body(bytes.to_vec())?).await)
    }

    // ---------------------------------------------------------------- people

    /// A call's organisation, user and id, once it is registered.
    fn known(&self, call: usize) -> Option<(usize, &'static str, String)> {
        let truth = self.truth.borrow();
        let call = truth.call(call)?;
        Some((call.organisation, USERS[call.user], call.id.clone()?))
    }

    async fn annotate(
        &self,
        call: usize,
        by_administrator: bool,
        note: &str,
        mark: bool,
    ) -> anyhow::Result<()> {
        let Some((of, user, id)) = self.known(call) else { return Ok(()) };
        let who = Caller::User(if by_administrator { ADMINISTRATOR } else { user });
        let path = format!("/v1/recordings/{id}");
        for _ in 0..20 {
            let shown = self.ask(of, who, Request::new("search", "GET", path.as_str())).await?;
            if shown.status.as_u16() == 404 {
                return Ok(());
            }
            let shown = shown.done()?;
            let version = shown.body["version"].as_str().map(str::to_owned);
            let etag =
                shown.headers.get("etag").and_then(|etag| etag.to_str().ok().map(str::to_owned));
            let version = version.or(etag).context("a version")?;
            if shown.body["note"] == json!(note) {
                return self.edited(call, &version, note); // an earlier attempt had its effect
            }
            let mut change = json!({ "note": note });
            if mark {
                change["mark"] = json!("red");
            }
            let patch = Request::new("annotate", "PATCH", path.as_str()).body(change);
            let answer = self.ask(of, who, patch.header("if-match", version)).await?;
            match answer.status.as_u16() {
                200 | 204 => {
                    let etag = answer.headers.get("etag").and_then(|etag| etag.to_str().ok());
                    return self.edited(call, etag.unwrap_or_default(), note);
                }
                412 => {
                    // Perhaps by an earlier attempt, whose response was lost.
                    if let Some(call) = self.truth.borrow_mut().call_mut(call) {
                        call.edited_otherwise = true;
                    }
                }
                404 => return Ok(()),
                _ => bail!("{answer:?}"),
            }
        }
        Ok(())
    }

    /// Remembers a confirmed edit.
    fn edited(&self, call: usize, etag: &str, note: &str) -> anyhow::Result<()> {
        let version: String = etag.chars().filter(char::is_ascii_digit).collect();
        if let Some(call) = self.truth.borrow_mut().call_mut(call) {
            call.edits.push((version.parse()?, note.to_owned()));
        }
        Ok(())
    }

    async fn annotate_call(&self, of: usize, call: usize, note: &str) -> anyhow::Result<()> {
        let user = {
            let mut truth = self.truth.borrow_mut();
            truth.annotated.insert(call);
            USERS[truth.call(call).map_or(0, |call| call.user)]
        };
        let path = format!("/v1/calls/call-{call}/annotation");
        let put = Request::new("annotate", "PUT", path).body(json!({ "note": note }));
        let answer = self.ask(of, Caller::User(user), put).await?;
        anyhow::ensure!(
            answer.status.is_success() || answer.status.is_client_error(),
            "{answer:?}"
        );
        Ok(())
    }

    async fn listen(&self, call: usize) -> anyhow::Result<()> {
        let Some((of, user, id)) = self.known(call) else { return Ok(()) };
        let post = Request::new("playback", "POST", format!("/v1/recordings/{id}/playback"));
        let answer = self.ask(of, Caller::User(user), post).await?;
        if !answer.status.is_success() {
            return Ok(()); // not stored, or no longer there
        }
        let url = answer.body["url"].as_str().context("an address")?;
        let path = url.split('?').next().unwrap_or_default();
        let key = path.split_once(&format!("/{}/", crate::function::RECORDINGS));
        let key = key.context("a key of the bucket")?.1;
        let everything = self.service.aws().store.everything(crate::function::RECORDINGS);
        let heard = everything.get(key).and_then(|versions| versions.last()?.body.clone());
        let mut truth = self.truth.borrow_mut();
        let right = truth.call(call).is_some_and(|call| heard.as_ref() == Some(&call.bytes));
        // It may have been erased between the response and now.
        if !right && heard.is_some() {
            truth.violation(format!("{user} heard something else than call {call}"));
        }
        Ok(())
    }

    /// Searches page by page, and checks that the caller may see every row.
    async fn search(&self, of: usize, whom: Whom, filter: Filter) -> anyhow::Result<()> {
        let (user, may_see) = seen_by(whom);
        let mut cursor: Option<String> = None;
        for _ in 0..20 {
            let mut query = filter.query();
            query.push_str("&limit=5");
            if let Some(cursor) = &cursor {
                query.push_str(&format!("&cursor={cursor}"));
            }
            let get = Request::new("search", "GET", format!("/v1/recordings?{query}"));
            let answer = self.ask(of, Caller::User(user), get).await?;
            if !answer.status.is_success() {
                let allowed =
                    matches!(filter, Filter::User(user) if !may_see.contains(&USERS[user]));
                anyhow::ensure!(allowed, "{answer:?}");
                return Ok(());
            }
            for row in answer.body["recordings"].as_array().into_iter().flatten() {
                let mut truth = self.truth.borrow_mut();
                let id = row["id"].as_str();
                let own = truth.calls.iter().find(|call| {
                    call.id.as_deref() == id
                        || call.id.is_none() && row["callId"] == json!(call.name())
                });
                let right = own.is_some_and(|call| {
                    call.organisation == of && may_see.contains(&USERS[call.user])
                });
                if !right {
                    truth.violation(format!("{whom:?} of {} sees {row}", ORGANISATIONS[of]));
                }
            }
            cursor = answer.body["cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn hold(
        &self,
        of: usize,
        number: usize,
        what: Value,
        filter: Option<Filter>,
        includes: Vec<usize>,
    ) -> anyhow::Result<()> {
        let body = with(json!({ "reason": format!("tvist {number}") }), what);
        let post = Request::new("retention-api", "POST", "/v1/holds").body(body);
        let post = post.header("idempotency-key", format!("hold-{number}"));
        let answer = self.ask(of, Caller::User(ADMINISTRATOR), post).await?;
        if answer.status.as_u16() != 202 {
            anyhow::ensure!(answer.status.as_u16() == 422, "{answer:?}"); // some have ended
            return Ok(());
        }
        let id = answer.body["id"].as_str().context("an id")?.to_owned();
        let confirmed_at = clock::now();
        let hold =
            Hold { number, organisation: of, id, includes, filter, confirmed_at, lifted_at: None };
        self.truth.borrow_mut().holds.push(hold);
        Ok(())
    }

    async fn lift(&self, hold: usize) -> anyhow::Result<()> {
        let Some((of, id)) =
            self.truth.borrow_mut().holds.iter_mut().find(|known| known.number == hold).map(
                |known| {
                    known.lifted_at = known.lifted_at.or(Some(clock::now()));
                    (known.organisation, known.id.clone())
                },
            )
        else {
            return Ok(());
        };
        let delete =
            Request::new("retention-api", "DELETE", format!("/v1/holds/{id}?reason=klart"));
        let answer = self.ask(of, Caller::User(ADMINISTRATOR), delete).await?;
        anyhow::ensure!(answer.status.as_u16() == 202, "{answer:?}");
        Ok(())
    }

    async fn erase(&self, of: usize, number: usize, person: Person) -> anyhow::Result<()> {
        let whose = match person {
            Person::User(user) => json!({ "user": USERS[user] }),
            Person::Counterpart(counterpart) => json!({ "counterpart": COUNTERPARTS[counterpart] }),
        };
        let body = with(json!({ "reason": "begäran" }), whose);
        let post = Request::new("retention-api", "POST", "/v1/erasures").body(body);
        let post = post.header("idempotency-key", format!("erasure-{number}"));
        let preview = self.ask(of, Caller::User(ADMINISTRATOR), post).await?.done()?;
        let id = preview.body["id"].as_str().context("an id")?.to_owned();
        let index = {
            let mut truth = self.truth.borrow_mut();
            let sent_at = clock::now();
            truth.erasures.push(Erasure {
                organisation: of,
                id: id.clone(),
                person,
                sent_at,
                confirmed_at: None,
                is_accepted: false,
            });
            truth.erasures.len() - 1
        };
        let confirm = Request::new("retention-api", "POST", format!("/v1/erasures/{id}/confirm"));
        let confirm = confirm.body(json!({ "recordings": preview.body["recordings"] }));
        let answer = self.ask(of, Caller::User(ADMINISTRATOR), confirm).await?;
        anyhow::ensure!(matches!(answer.status.as_u16(), 202 | 409), "{answer:?}");
        let erasure = &mut self.truth.borrow_mut().erasures[index];
        (erasure.confirmed_at, erasure.is_accepted) =
            (Some(clock::now()), answer.status.as_u16() == 202);
        Ok(())
    }

    async fn retain(&self, of: usize, number: usize, days: u16) -> anyhow::Result<()> {
        let post = Request::new("retention-api", "POST", "/v1/retention");
        let post = post.body(json!({ "days": days, "reason": "beslut" }));
        let post = post.header("idempotency-key", format!("retention-{number}"));
        let preview = self.ask(of, Caller::User(ADMINISTRATOR), post).await?;
        if !preview.status.is_success() {
            anyhow::ensure!(preview.status.is_client_error(), "{preview:?}");
            return Ok(());
        }
        let id = preview.body["id"].as_str().context("an id")?;
        let confirm = Request::new("retention-api", "POST", format!("/v1/retention/{id}/confirm"));
        let confirm = confirm.body(json!({ "recordings": preview.body["recordings"] }));
        let answer = self.ask(of, Caller::User(ADMINISTRATOR), confirm).await?;
        anyhow::ensure!(matches!(answer.status.as_u16(), 202 | 409), "{answer:?}");
        Ok(())
    }

    /// The operator's switch reports calls that phones have made.
    async fn report(&self, of: usize, calls: &[usize]) -> anyhow::Result<()> {
        let lines: String = {
            let truth = self.truth.borrow();
            let made = calls.iter().filter_map(|call| truth.call(*call));
            let made = made.filter(|call| call.organisation == of);
            made.map(|call| {
                let line = json!({
                    "callId": call.name(),
                    "user": USERS[call.user],
                    "direction": "in",
                    "counterpart": COUNTERPARTS[call.what.counterpart],
                    "startedAt": call.started_at,
                    "durationMs": call.what.seconds * 1_000,
                });
                format!("{line}\n")
            })
            .collect()
        };
        if lines.is_empty() {
            return Ok(());
        }
        let path = format!("/v1/organisations/{}/calls", ORGANISATIONS[of]);
        let post = Request::new("completeness", "POST", path)
            .header("content-type", "application/x-ndjson");
        let post = Request { body: Some(Value::String(lines)), ..post };
        let answer = self.ask(of, Caller::Operator, post).await?;
        anyhow::ensure!(
            answer.status.is_success() || answer.status.is_client_error(),
            "{answer:?}"
        );
        Ok(())
    }

    /// The ids that a caller finds with a filter, at the end of a storm.
    pub async fn finds(
        &self,
        of: usize,
        whom: Whom,
        filter: Filter,
    ) -> anyhow::Result<Vec<String>> {
        let (user, _) = seen_by(whom);
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/recordings?{}&limit=100{cursor}", filter.query());
            let answer = self
                .ask(of, Caller::User(user), Request::new("search", "GET", path))
                .await?
                .done()?;
            let rows = answer.body["recordings"].as_array().cloned().unwrap_or_default();
            ids.extend(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)));
            match answer.body["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        ids.sort();
        Ok(ids)
    }

    /// The state of a job as the API shows it.
    pub async fn job(&self, of: usize, path: &str) -> anyhow::Result<Value> {
        let get = Request::new("retention-api", "GET", path);
        Ok(self.ask(of, Caller::User(ADMINISTRATOR), get).await?.done()?.body)
    }

    /// The findings of the last reconciliation.
    pub async fn findings(&self, of: usize) -> anyhow::Result<Vec<Value>> {
        let get = Request::new("completeness", "GET", "/v1/missing?limit=1000");
        let shown = self.ask(of, Caller::User(ADMINISTRATOR), get).await?.done()?.body;
        Ok(shown["findings"].as_array().cloned().unwrap_or_default())
    }
}

/// A caller's name, and the users whose calls they may see.
pub fn seen_by(whom: Whom) -> (&'static str, Vec<&'static str>) {
    match whom {
        Whom::User(user) => (USERS[user], vec![USERS[user]]),
        Whom::Supervisor => (SUPERVISOR, TEAM.to_vec()),
        Whom::Administrator => (ADMINISTRATOR, USERS.to_vec()),
    }
}

impl Filter {
    fn query(self) -> String {
        let json = self.json();
        let pairs = json.as_object().into_iter().flatten().map(|(name, value)| {
            let value = value.as_str().unwrap_or_default().as_bytes();
            let value = percent_encoding::percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            format!("{name}={value}")
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    fn json(self) -> Value {
        match self {
            Self::All => json!({}),
            Self::User(user) => json!({ "user": USERS[user] }),
            Self::Counterpart(counterpart) => json!({ "counterpart": COUNTERPARTS[counterpart] }),
            Self::Note(note) => json!({ "note": NOTES[note].split(' ').next() }),
        }
    }

    /// Whether a hold with this filter may find the call: its note may have been any.
    pub fn may_hold(self, call: &Call) -> bool {
        matches!(self, Self::Note(_)) || self.holds(call)
    }

    /// Whether a hold with this filter must find the call. A note may be indexed any time later.
    fn holds(self, call: &Call) -> bool {
        match self {
            Self::All => true,
            Self::User(user) => user == call.user,
            Self::Counterpart(counterpart) => counterpart == call.what.counterpart,
            Self::Note(_) => false,
        }
    }
}

/// A WAV file like no other call's.
fn sound(number: usize, seconds: u32) -> Vec<u8> {
    let mut wav = silence(seconds);
    let tone = (number as u32).wrapping_mul(2_654_435_761).to_le_bytes();
    let head = wav.len() - 16_000 * seconds as usize;
    for (index, byte) in wav[head..head + 64].iter_mut().enumerate() {
        *byte = tone[index % 4];
    }
    wav
}
