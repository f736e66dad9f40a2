//! The organisations that the tests of permissions send requests to, and each route's function,
//! path and body.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue::{S, Ss};
use axum::Router;
use chrono::TimeDelta;
use domain::{
    completeness::{CallState, Line},
    delivery::Day,
    ids::OrderId,
    job::Person as Erased,
    recording::Recording,
};
use platform::{
    bucket::Bucket,
    call_statements::Statement,
    queue::Queue,
    table::{
        Table,
        audit::Event,
        import,
        job::{self, JobKind, RetentionJob},
        key, sftp as sftp_key,
    },
};
use serde_json::{Value, json};
use tests::{
    bucket,
    call::{call, now, silence},
    cloud::cloud,
    groups,
    people::{Person, client, found, organisation, user},
    recording::{recording, register, store},
    request::{self, Answer, App, As, Operator},
    requests::Requests,
    retention_jobs, table, whole,
};
use tokio::sync::OnceCell;

/// Two organisations with the same people. Only "demo" has a recording, zoe and zapp.
pub(super) struct World {
    pub(super) table: Table,
    delivery: Arc<(Queue, delivery_api::Server)>,
    pub(super) recording: Recording,
    /// The id of an import, and of a hold, a retention change and an erasure in "demo".
    order: OrderId,
}

impl World {
    pub(super) async fn new(state: &str) -> anyhow::Result<Self> {
        let (table, _) = table::empty().await?;
        for (of, groups) in [("demo", ["g1", "g2"]), ("other", ["h1", "h2"])] {
            people(&table, of, groups).await?;
        }
        Person::recorded("zoe").joins(&table, "demo").await?;
        let mut item = key::client(&organisation("demo"), &client("zapp"));
        item.insert("name".into(), S("Zapp".into()));
        put(&table, item).await?;
        let key = sftp_key::Key {
            fingerprint: format!("SHA256:{}", "A".repeat(43)),
            ..key_of("user:karin")
        };
        table
            .sftp()
            .add(&organisation("demo"), &key, &groups::event("demo", "key"), None)
            .await??;
        let recording = in_state(&table, state).await?;
        let order = ordered(&table).await?;
        imported(&table, order).await?;
        compared(&table, &recording).await?;
        Ok(Self { table, delivery: delivery().await?, recording, order })
    }

    /// The path of a route, with the names that only "demo" has.
    pub(super) fn named(&self, method: &str, path: &str) -> String {
        path.replace("{id}", &self.recording.id.to_string())
            .replace("{organisation}", "demo")
            .replace("{user}", if path.contains("supervisors") { "sara" } else { "zoe" })
            .replace("{group}", "g1")
            .replace("{client}", "zapp")
            .replace("{call}", "call-1")
            .replace(
                "{from}",
                if method == "DELETE" { "2026-11-01?reason=x" } else { "2026-11-01" },
            )
            .replace("{month}", "2026-11")
            .replace("{mark}", "red")
            .replace(
                "{hold}",
                &format!("{}{}", self.order, if method == "DELETE" { "?reason=x" } else { "" }),
            )
            .replace("{change}", &self.order.to_string())
            .replace("{erasure}", &self.order.to_string())
            .replace("{import}", &self.order.to_string())
            .replace("{fingerprint}", &"A".repeat(43))
            .replace("{day}", "2026-11-23")
    }

    pub(super) async fn ask(
        &self,
        role: &str,
        organisation: &str,
        method: &str,
        path: &str,
        body: Option<String>,
        headers: Value,
    ) -> anyhow::Result<Answer> {
        let router = self.function_of(method, path)?;
        let person = |user| As { organisation, user };
        let application = |scopes| App { organisation, client: "crm", scopes };
        match role {
            "anon" => request::send(&router, method, path, body, None).await,
            "bare" | "own" => person("anna").send_with(&router, method, path, body, headers).await,
            "other" => person("omar").send_with(&router, method, path, body, headers).await,
            "sup" => person("sara").send_with(&router, method, path, body, headers).await,
            "supx" => person("sven").send_with(&router, method, path, body, headers).await,
            "lapsed" => person("lena").send_with(&router, method, path, body, headers).await,
            "admin" => person("karin").send_with(&router, method, path, body, headers).await,
            "oper" => {
                Operator { client: "operator" }
                    .send_with(&router, method, path, body, headers)
                    .await
            }
            "annot" => {
                application("annotate").send_with(&router, method, path, body, headers).await
            }
            scope => application(scope).send_with(&router, method, path, body, headers).await,
        }
    }

    /// The function that API Gateway routes the path to.
    fn function_of(&self, method: &str, path: &str) -> anyhow::Result<Router> {
        let (table, objects) = (self.table.clone(), bucket::unreached());
        Ok(match (method, path.split('/').nth(2), path.rsplit('/').next()) {
            (_, Some("completeness" | "missing"), _)
            | ("POST", Some("organisations"), Some("calls")) => {
                completeness::router(completeness::App { table, calls: calls()?, now })
            }
            (_, Some("holds" | "retention" | "erasures"), _) => {
                retention_api::router(retention_api::App {
                    table,
                    jobs: retention_jobs::jobs(&cloud()?),
                    now,
                })
            }
            (_, _, Some("playback" | "download")) => {
                playback::router(playback::App { table, quarantine: objects.clone(), objects, now })
            }
            ("PATCH", Some("recordings"), _)
            | (_, Some("calls" | "marks"), _)
            | (_, _, Some("edits")) => annotate::router(annotate::App { table, now }),
            (_, Some("sftp" | "drops"), _) => {
                let (queue, server) = self.delivery.as_ref().clone();
                delivery_api::router(delivery_api::App { table, queue, server, now })
            }
            (_, Some("me"), _) => me::router(me::App { table, now }),
            (_, Some("usage" | "statements"), _) => {
                billing_api::router(billing_api::App { table, exports: bucket::no_exports(), now })
            }
            (_, Some("organisations" | "prices"), _) => {
                provision::router(provision::App { table, imports: tests::queue::untold(), now })
            }
            ("PUT", Some("recordings"), Some("parts")) => {
                let name = cloud()?.recordings_bucket;
                upload::router(upload::App { table, objects: Bucket { name, ..calls()? }, now })
            }
            ("POST", Some("recordings"), _) => upload::router(upload::App { table, objects, now }),
            (_, Some("recordings"), _) => {
                search::router(search::App { table, keys: Default::default(), now })
            }
            _ => admin::router(admin::App { table, now }),
        })
    }
}

/// The people of an organisation: Anna and Omar in a group each, and their supervisors.
async fn people(table: &Table, of: &str, groups: [&'static str; 2]) -> anyhow::Result<()> {
    found(table, of).await?;
    let without = |name| Person { rights: &[], ..Person::recorded(name) };
    let everyone = [
        Person::recorded("anna"),
        Person::recorded("omar"),
        without("sara"),
        without("sven"),
        without("lena"),
    ];
    for person in everyone.into_iter().chain([Person::administrator("karin")]) {
        person.joins(table, of).await?;
    }
    for (name, member) in groups.into_iter().zip(["anna", "omar"]) {
        groups::group(table, of, name, &[member]).await?;
    }
    let yesterday = now() - TimeDelta::days(1);
    groups::supervise(table, of, groups[0], "sara", None).await?;
    groups::supervise(table, of, groups[1], "sven", None).await?;
    groups::supervise(table, of, groups[0], "lena", Some(yesterday)).await?;
    let mut item = key::client(&organisation(of), &client("crm"));
    item.insert("name".into(), S("CRM".into()));
    item.insert("scopes".into(), Ss(["read", "annotate", "export"].map(str::to_owned).to_vec()));
    put(table, item).await
}

/// An empty import into "demo", with that id.
async fn imported(table: &Table, id: OrderId) -> anyhow::Result<()> {
    let event = groups::event("demo", "import");
    let import = import::Import {
        id,
        organisation: organisation("demo"),
        by: event.actor.clone(),
        at: now(),
        address: event.address.clone(),
        request: event.request.clone(),
        lines: 0,
        next: 0,
        counts: import::Counts::default(),
    };
    Ok(table.imports().place(&import, &event, None).await?)
}

/// A compared day of "demo", whose statement says that the recording's call is missing.
async fn compared(table: &Table, recording: &Recording) -> anyhow::Result<()> {
    let day = Day::try_from("2026-11-23".to_owned())?;
    let line = Line { state: CallState::Missing, ..Line::of_recording(recording) };
    let statement = Statement::of(vec![line])?;
    let (of, totals) = (organisation("demo"), statement.day(day, now(), None));
    calls()?.put_open(&of, &totals, statement.body.clone()).await?;
    table.completeness().put(&of, &totals, &statement.users).await?;
    Ok(())
}

/// The bucket of the local cloud.
fn calls() -> anyhow::Result<Bucket> {
    let cloud = cloud()?;
    Ok(Bucket { client: cloud.s3(&Requests::default()), name: cloud.calls_bucket })
}

/// Jobs of the three kinds in "demo", with one id.
async fn ordered(table: &Table) -> anyhow::Result<OrderId> {
    let id = OrderId::of(&organisation("demo"), "rights", now());
    let erasure =
        JobKind::Erasure { person: Some(Erased::User(user("zoe"))), about: "user zoe".to_owned() };
    for (what, state) in [
        (JobKind::Hold { criteria: None }, job::State::Held),
        (JobKind::Retention { days: 180, was: 180 }, job::State::Previewed),
        (erasure, job::State::Previewed),
    ] {
        let event = groups::event("demo", state.into());
        let order = RetentionJob {
            id,
            organisation: organisation("demo"),
            what,
            state,
            by: event.actor.clone(),
            at: now(),
            reason: "tvist".to_owned().try_into()?,
            preview: Default::default(),
            progress: Default::default(),
            lifted: None,
            checkpoint: None,
        };
        table
            .jobs()
            .create(
                &order,
                &Event { request: format!("{}-{:?}", event.request, order.kind()), ..event },
                None,
            )
            .await?;
    }
    Ok(id)
}

/// Anna's recording in "demo" in the given state.
async fn in_state(table: &Table, state: &str) -> anyhow::Result<Recording> {
    let age = if state == "expired" { TimeDelta::days(181) } else { TimeDelta::hours(1) };
    let recording = recording("demo", "anna", "call-1", now() - age);
    match state {
        "stored" | "expired" | "held" => store(table, &recording).await?,
        _ => register(table, &recording).await?,
    }
    if state == "rejected" {
        table.recordings().reject(&recording, "no audio").await?;
    }
    if state == "held" {
        retention_jobs::hold(table, &recording, now()).await?;
    }
    Ok(recording)
}

/// The queue of the local cloud, and an SFTP server of this test's own: a user that it creates has
/// a role without rights. Both have clients that are created once.
async fn delivery() -> anyhow::Result<Arc<(Queue, delivery_api::Server)>> {
    static DELIVERY: OnceCell<Arc<(Queue, delivery_api::Server)>> = OnceCell::const_new();
    let created = DELIVERY.get_or_try_init(|| async {
        let cloud = cloud()?;
        let server = cloud.sftp();
        let id = server.client.create_server().send().await?.server_id;
        anyhow::Ok(Arc::new((cloud.drop_queue(), delivery_api::Server { id, ..server })))
    });
    Ok(created.await?.clone())
}

fn key_of(who: &str) -> sftp_key::Key {
    let (body, comment) = ("ssh-ed25519 AAAA".to_owned(), String::new());
    sftp_key::Key {
        fingerprint: String::new(),
        body,
        comment,
        who: who.to_owned(),
        added_at: now(),
        imported_at: Some(now()),
    }
}

/// A body that the route accepts.
pub(super) fn body(method: &str, path: &str) -> Option<String> {
    let body = match (method, path) {
        ("POST", "/v1/recordings") => call("new", "audio/wav", &silence(1)),
        ("PATCH", "/v1/recordings/{id}") | ("PUT", "/v1/calls/{call}/annotation") => {
            json!({ "note": "ring tillbaka" })
        }
        ("PUT", "/v1/marks/{mark}") => {
            json!({ "label": "Röd", "colour": "red", "shape": "diamond", "retired": false })
        }
        ("POST", "/v1/me/acknowledgement") => json!({ "version": "2026-11", "client": "test" }),
        ("PATCH", "/v1/organisation") => json!({ "asksReason": true }),
        ("PATCH", "/v1/users/{user}") => json!({ "rights": { "listen": true } }),
        ("POST", "/v1/activations") => json!({ "users": ["zoe"], "active": false }),
        ("PUT", "/v1/groups/{group}") => json!({ "name": "Grupp" }),
        ("POST", "/v1/holds") => json!({ "reason": "tvist", "filter": {} }),
        ("POST", "/v1/retention") => json!({ "days": 180, "reason": "policy" }),
        ("POST", "/v1/erasures") => json!({ "user": "zoe", "reason": "begäran" }),
        ("POST", "/v1/retention/{change}/confirm" | "/v1/erasures/{erasure}/confirm") => {
            json!({ "recordings": 0 })
        }
        ("POST", "/v1/groups/{group}/members") => json!({ "add": ["zoe"] }),
        ("PUT", "/v1/groups/{group}/supervisors/{user}") => {
            whole::supervision(json!({ "rights": { "listen": true } }))
        }
        ("POST", "/v1/organisations/{organisation}/statements/{month}/credits") => {
            json!({ "rule": "sftp", "reason": "overcharged" })
        }
        (
            "POST",
            "/v1/organisations/{organisation}/users/{user}/activations"
            | "/v1/organisations/{organisation}/users/{user}/activations/void",
        ) => {
            json!({ "at": "2026-11-01T12:00:00Z", "active": false, "reason": "told by telephone" })
        }
        ("PUT", "/v1/organisations/{organisation}/prices/{from}" | "/v1/prices/{from}") => {
            json!({ "prices": { "startFee": "99" } })
        }
        ("POST", "/v1/organisations/{organisation}/calls") => {
            json!({ "callId": "call-1", "user": "zoe", "direction": "in", "startedAt": "2026-11-23T10:00:00Z", "durationMs": 1000 })
        }
        ("PUT", "/v1/recordings/{id}/parts") => {
            json!({ "partLength": 5 << 20, "sha256": ["0".repeat(64)] })
        }
        ("PUT", "/v1/completeness/{day}/calls/{id}/explanation") => json!({ "text": "stulen" }),
        ("PUT", "/v1/organisations/{organisation}") => {
            json!({ "name": "Demo", "baseService": true, "storageAddOn": false })
        }
        ("PATCH", "/v1/organisations/{organisation}") => json!({ "name": "Demo" }),
        ("PUT", "/v1/organisations/{organisation}/users/{user}") => {
            whole::user(json!({ "name": "Zoe", "plan": "pro" }))
        }
        ("PATCH", "/v1/organisations/{organisation}/users/{user}") => json!({ "plan": "pro" }),
        ("POST", "/v1/organisations/{organisation}/users") => {
            whole::user(json!({ "id": "zoe", "name": "Zoe", "plan": "pro" }))
        }
        ("PUT", "/v1/organisations/{organisation}/clients/{client}") => {
            json!({ "name": "Zapp", "scopes": ["read"] })
        }
        ("PATCH", "/v1/organisations/{organisation}/clients/{client}") => {
            json!({ "scopes": ["read"] })
        }
        ("POST", "/v1/sftp/keys") => json!({ "key": include_str!("../../key.pub") }),
        _ => return None,
    };
    Some(body.to_string())
}

async fn put(table: &Table, item: key::Item) -> anyhow::Result<()> {
    table.client.put_item().table_name(&table.name).set_item(Some(item)).send().await?;
    Ok(())
}
