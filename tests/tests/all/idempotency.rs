//! `Idempotency-Key`: a repeated request has no second effect and returns the first response.

use std::collections::BTreeMap;

use axum::Router;
use platform::table::Table;
use serde_json::{Value, json};
use tests::{
    call::{now, with},
    cloud::cloud,
    groups,
    people::{Person, found, organisation},
    request::{Answer, As, Operator},
    retention_jobs, table,
};

pub(crate) const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const OPERATOR: Operator<'_> = Operator { client: "provisioning" };

/// Every POST that creates something: an accepted body, its status, and its effect's partition.
pub(crate) fn creating() -> Vec<Creating> {
    let switch = |active: bool| json!({ "at": "2026-10-30T15:00:00Z", "active": active, "reason": "told by telephone" });
    vec![
        Creating::of("/v1/holds", json!({ "reason": "tvist", "filter": {} }), 202, "order"),
        Creating::of("/v1/retention", json!({ "days": 180, "reason": "policy" }), 201, "order"),
        Creating::of("/v1/erasures", json!({ "user": "anna", "reason": "begäran" }), 201, "order"),
        Creating::of("/v1/drops/{day}", Value::Null, 202, "drop"),
        Creating::of("/v1/sftp/keys", json!({ "key": include_str!("../../key.pub") }), 201, "sftp"),
        Creating {
            file: true,
            ..Creating::of("/v1/organisations/{organisation}/users", line("berit"), 202, "import")
        },
        Creating::of(
            "/v1/organisations/{organisation}/users/{user}/activations",
            switch(true),
            201,
            "activation",
        ),
        Creating::of(
            "/v1/organisations/{organisation}/users/{user}/activations/void",
            switch(false),
            201,
            "activation",
        ),
        Creating::of(
            "/v1/organisations/{organisation}/statements/{month}/credits",
            json!({ "rule": "user-month", "user": "anna", "reason": "overcharged" }),
            201,
            "organisation",
        ),
    ]
}

/// Every other POST, and the reason that it needs no key.
const REPEATABLE: [(&str, &str); 10] = [
    ("/v1/activations", "an active user is not activated again"),
    ("/v1/erasures/{erasure}/confirm", "a confirmed job remains as it is"),
    ("/v1/groups/{group}/members", "a member remains a member"),
    ("/v1/me/acknowledgement", "the first acknowledgement remains"),
    ("/v1/organisations/{organisation}/calls", "a line replaces an earlier one of its call"),
    (
        "/v1/organisations/{organisation}/users/{user}/restore",
        "an existing user is not restored again",
    ),
    ("/v1/recordings", "the call id is the key"),
    ("/v1/recordings/{id}/download", "it creates only a link, and an event for each request"),
    ("/v1/recordings/{id}/playback", "the same"),
    ("/v1/retention/{change}/confirm", "a confirmed job remains as it is"),
];

#[derive(Clone, Debug)]
pub(crate) struct Creating {
    path: &'static str,
    pub(crate) body: Value,
    status: u16,
    partition: &'static str,
    /// Whether the body is a file of lines, which has no preview.
    file: bool,
}

fn line(id: &str) -> Value {
    tests::whole::user(json!({ "id": id, "name": id }))
}

impl Creating {
    fn of(path: &'static str, body: Value, status: u16, partition: &'static str) -> Self {
        Self { path, body, status, partition, file: false }
    }

    fn sent_to(&self) -> String {
        let path = self
            .path
            .replace("{organisation}", "demo")
            .replace("{user}", "anna")
            .replace("{month}", "2026-10");
        path.replace("{day}", "2026-11-23")
    }
}

/// A table with Karin, who administers, and Anna, who was active in October.
pub(crate) struct World {
    pub(crate) table: Table,
    pub(crate) retention: Router,
    sftp: Router,
    provision: Router,
}

impl World {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let (cloud, (table, _)) = (cloud()?, table::empty().await?);
        found(&table, "demo").await?;
        for person in [
            Person::administrator("karin"),
            Person { activated: false, ..Person::recorded("anna") },
        ] {
            person.joins(&table, "demo").await?;
        }
        tests::terms::agree(&table, "demo", "99.00", "49.00").await?;
        for (on, at) in [(true, "2026-10-20T09:00:00Z"), (false, "2026-10-30T15:00:00Z")] {
            tests::ledgers::switched(&table, "demo", "anna", on, at).await?;
        }
        Ok(Self {
            retention: retention_api::router(retention_api::App {
                table: table.clone(),
                jobs: retention_jobs::jobs(&cloud),
                now,
            }),
            sftp: delivery_api::router(delivery_api::App {
                table: table.clone(),
                queue: cloud.drop_queue(),
                server: cloud.sftp(),
                now,
            }),
            provision: provision::router(provision::App {
                table: table.clone(),
                imports: tests::queue::untold(),
                now,
            }),
            table,
        })
    }

    /// Prepares the request, and returns the body with the total of its preview.
    async fn ready(&self, creating: &Creating) -> anyhow::Result<Value> {
        if creating.path.starts_with("/v1/drops") {
            let fingerprint = format!("SHA256:{}", "A".repeat(43));
            let (body, comment) = ("ssh-ed25519 AAAA".to_owned(), String::new());
            let imported_at = Some(now());
            let key = platform::table::sftp::Key {
                fingerprint,
                body,
                comment,
                who: "user:karin".to_owned(),
                added_at: now(),
                imported_at,
            };
            self.table
                .sftp()
                .add(&organisation("demo"), &key, &groups::event("demo", "key"), None)
                .await??;
        }
        if creating.file || !creating.path.starts_with("/v1/organisations") {
            return Ok(creating.body.clone());
        }
        let preview = self.send(creating, &creating.body, None).await?.done()?;
        Ok(with(creating.body.clone(), json!({ "total": preview.body["total"] })))
    }

    pub(crate) async fn send(
        &self,
        creating: &Creating,
        body: &Value,
        key: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let router = match creating.path.split('/').nth(2) {
            Some("organisations") => &self.provision,
            Some("sftp" | "drops") => &self.sftp,
            _ => &self.retention,
        };
        let mut headers = key.map_or_else(|| json!({}), |key| json!({ "idempotency-key": key }));
        if creating.file {
            headers["content-type"] = json!("application/x-ndjson");
        }
        let body = (!body.is_null()).then(|| body.to_string());
        match creating.path.starts_with("/v1/organisations") {
            true => OPERATOR.send_with(router, "POST", &creating.sent_to(), body, headers).await,
            false => KARIN.send_with(router, "POST", &creating.sent_to(), body, headers).await,
        }
    }

    /// The number of items in the partition of the effect, and of events in the audit log.
    async fn effects(&self, creating: &Creating) -> anyhow::Result<[usize; 2]> {
        let mut counts = [0; 2];
        for (count, partition) in counts.iter_mut().zip([creating.partition, "audit"]) {
            let query = self
                .table
                .client
                .query()
                .table_name(&self.table.name)
                .key_condition_expression("pk = :pk");
            let pk = aws_sdk_dynamodb::types::AttributeValue::S(format!("demo#{partition}"));
            let found = query.expression_attribute_values(":pk", pk).send().await?;
            // The rows of an import precede it, and do not count without it.
            *count = found.items().iter().filter(|item| !item.contains_key("rows")).count();
        }
        Ok(counts)
    }
}

#[test]
fn every_post_in_the_document_takes_a_key_or_needs_none() -> anyhow::Result<()> {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json"))?;
    let paths = document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, methods)| methods["post"].is_object());
    let takes = |post: &Value| {
        post["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|parameter| parameter["name"] == "Idempotency-Key")
    };
    let posts: BTreeMap<&str, bool> =
        paths.map(|(path, methods)| (path.as_str(), takes(&methods["post"]))).collect();
    let keyed = creating().into_iter().map(|creating| (creating.path, true));
    let repeatable = REPEATABLE.into_iter().map(|(path, _)| (path, false));
    assert_eq!(posts, keyed.chain(repeatable).collect());
    Ok(())
}

#[tokio::test]
async fn a_repeated_request_has_one_effect_and_one_response() -> anyhow::Result<()> {
    for creating in creating() {
        let world = World::new().await?;
        let body = world.ready(&creating).await?;
        let before = world.effects(&creating).await?;
        let first = world.send(&creating, &body, Some("key-1")).await?;
        assert_eq!(first.status.as_u16(), creating.status, "{first:?}");
        let once = world.effects(&creating).await?;
        assert_eq!([once[0] - before[0], once[1] - before[1]], [1, 1], "{}", creating.path);
        for _ in 0..2 {
            let again = world.send(&creating, &body, Some("key-1")).await?;
            assert_eq!(
                (again.status, &again.body),
                (first.status, &first.body),
                "{}",
                creating.path
            );
            assert_eq!(
                again.headers.get("location"),
                first.headers.get("location"),
                "{}",
                creating.path
            );
        }
        let items = world.effects(&creating).await?[0];
        assert_eq!(items, once[0], "{}", creating.path);
    }
    Ok(())
}

#[tokio::test]
async fn concurrent_requests_have_one_effect() -> anyhow::Result<()> {
    for creating in creating() {
        let world = World::new().await?;
        let body = world.ready(&creating).await?;
        let before = world.effects(&creating).await?[0];
        let send = || world.send(&creating, &body, Some("key-1"));
        let (one, two, three) = tokio::join!(send(), send(), send());
        let answers = [one?, two?, three?];
        let good: Vec<_> = answers.iter().filter(|answer| answer.status.is_success()).collect();
        assert!(
            !good.is_empty()
                && answers
                    .iter()
                    .all(|answer| answer.status.is_success() || answer.cause() == "busy"),
            "{answers:?}"
        );
        assert!(
            good.iter().all(|answer| answer.body == good[0].body),
            "{}: {answers:?}",
            creating.path
        );
        assert_eq!(world.effects(&creating).await?[0], before + 1, "{}", creating.path);
    }
    Ok(())
}

#[tokio::test]
async fn a_key_belongs_to_its_request_caller_and_day() -> anyhow::Result<()> {
    for creating in creating().into_iter().filter(|creating| !creating.body.is_null()) {
        let world = World::new().await?;
        let body = world.ready(&creating).await?;
        world.send(&creating, &body, Some("key-1")).await?.done()?;
        let other = match creating.path {
            "/v1/sftp/keys" => {
                json!({ "key": format!("{} other", include_str!("../../key.pub").trim()) })
            }
            _ if creating.file => line("cecilia"),
            _ => with(body.clone(), json!({ "reason": "another" })),
        };
        let refused = world.send(&creating, &other, Some("key-1")).await?;
        assert_eq!(
            refused.refusal(),
            (422, "idempotency-key-reused".to_owned()),
            "{}",
            creating.path
        );
    }
    Ok(())
}
