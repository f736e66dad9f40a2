//! Permissions: every route × role × organisation × state of the recording, compared with the table
//! in `tests/rights.txt`.
//!
//! People read and review the table. A cell that changes something is requested on a table of its
//! own, so that no request sees another's effect. A route of the API document that the table lacks
//! fails the test.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{cloud::cloud, contract, people::Person, request::Answer};

use super::rights_world::{World, body};

const TABLE: &str = include_str!("../../rights.txt");
const STATES: [&str; 5] = ["expected", "stored", "rejected", "expired", "held"];

#[derive(Clone, Debug)]
struct Row {
    organisation: &'static str,
    method: &'static str,
    path: &'static str,
    state: &'static str,
    /// The expected response by role.
    cells: Vec<(&'static str, &'static str)>,
}

fn rows() -> Vec<Row> {
    let mut lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let roles: Vec<_> = lines.next().unwrap_or_default().split_whitespace().skip(3).collect();
    let row = |line: &'static str| {
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap_or_default();
        let (organisation, method, path, state) = (next(), next(), next(), next());
        Row { organisation, method, path, state, cells: roles.iter().copied().zip(words).collect() }
    };
    lines.map(row).flat_map(each_state).collect()
}

fn each_state(row: Row) -> Vec<Row> {
    if row.state != "any" {
        return vec![row];
    }
    STATES.into_iter().map(|state| Row { state, ..row.clone() }).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_route_responds_to_every_role_as_the_table_states() -> anyhow::Result<()> {
    let rows = rows();
    assert!(rows.iter().all(|row| row.cells.len() == 13), "each line has a cell for each role");
    let gateway = Arc::new(Gateway::open().await?);
    let asked: Vec<_> =
        rows.into_iter().map(|row| tokio::spawn(ask_row(gateway.clone(), row))).collect();
    let (mut count, mut wrong) = (0, Vec::new());
    for row in asked {
        let (cells, differences) = row.await??;
        count += cells;
        wrong.extend(differences);
    }
    println!("{count} cells asked, {} differ from tests/rights.txt", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn the_table_contains_every_route_of_the_document_for_both_organisations() -> anyhow::Result<()> {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json"))?;
    let paths = document["paths"].as_object().into_iter().flatten();
    let routes: BTreeSet<(String, String)> = paths
        .flat_map(|(path, methods)| {
            methods
                .as_object()
                .into_iter()
                .flatten()
                .map(move |(method, _)| (method.to_uppercase(), path.clone()))
        })
        .collect();
    for asked in ["own", "other"] {
        let of = rows().into_iter().filter(|row| row.organisation == asked);
        let in_table: BTreeSet<_> =
            of.map(|row| (row.method.to_owned(), row.path.to_owned())).collect();
        assert_eq!(in_table, routes, "{asked}");
    }
    Ok(())
}

/// A documented media type that no test requests may never have worked.
#[tokio::test]
async fn every_operation_returns_each_media_type_that_it_documents() -> anyhow::Result<()> {
    let rows = rows();
    let (mut asked, mut elsewhere) = (0, Vec::new());
    for (method, path, operation) in contract::operations() {
        if contract::media_types(operation).next().is_none() {
            continue;
        }
        let of = |row: &&Row| {
            row.organisation == "own"
                && row.method == method
                && row.path == path
                && ["-", "stored"].contains(&row.state)
        };
        let row = rows
            .iter()
            .find(of)
            .ok_or_else(|| anyhow::anyhow!("{method} {path} is not in the table"))?;
        let may = row
            .cells
            .iter()
            .find(|(role, cell)| !["bare", "expired"].contains(role) && cell.starts_with('2'));
        let Some((role, _)) = may else {
            // Tested with the table's own request, which needs more than this world has.
            elsewhere.push(path);
            continue;
        };
        for media in contract::media_types(operation) {
            let answer = World::new("stored")
                .await?
                .answer(row, role, json!({ "if-match": "*", "accept": media }))
                .await?;
            assert!(answer.status.is_success(), "{method} {path} as {media}: {answer:?}");
            assert_eq!(answer.content_type.split(';').next(), Some(media), "{method} {path}");
            assert!(!answer.text.is_empty(), "{method} {path} as {media}");
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked}");
    // A credit needs a billed month, and voiding needs a correction: `correcting` requests both.
    let of = |path: &str| format!("/v1/organisations/{{organisation}}/{path}");
    assert_eq!(elsewhere, [of("statements/{month}/credits"), of("users/{user}/activations/void")]);
    Ok(())
}

/// The recording of another organisation looks like none: only the request's id differs.
#[tokio::test]
async fn the_recording_of_another_organisation_looks_like_none() -> anyhow::Result<()> {
    for role in ["own", "sup", "admin", "read", "export"] {
        let world = World::new("stored").await?;
        for (method, verb) in [("GET", ""), ("POST", "/playback"), ("POST", "/download")] {
            let mut answers = Vec::new();
            for id in [world.recording.id, domain::ids::RecordingId::from_bytes([9; 16])] {
                let mut answer = world
                    .ask(
                        role,
                        "other",
                        method,
                        &format!("/v1/recordings/{id}{verb}"),
                        None,
                        json!({}),
                    )
                    .await?;
                answer.body["requestId"].take();
                answers.push((answer.status, answer.body));
            }
            assert_eq!(answers[0].0, 404, "{role} {method} {verb}");
            assert_eq!(answers[0], answers[1], "{role} {method} {verb}");
        }
    }
    Ok(())
}

/// Requests each cell of the row. Returns their number and the differences.
async fn ask_row(gateway: Arc<Gateway>, row: Row) -> anyhow::Result<(usize, Vec<String>)> {
    let mut wrong = Vec::new();
    let shared = World::new(row.state).await?;
    for (role, expected) in &row.cells {
        let changes = *role == "bare" || (row.method != "GET" && expected.starts_with('2'));
        let found = match (*role, changes) {
            ("expired", _) => gateway.after_two_hours(&row).await?.to_owned(),
            (_, true) => World::new(row.state).await?.cell(&row, role).await?,
            (_, false) => shared.cell(&row, role).await?,
        };
        if found != *expected {
            wrong.push(format!(
                "{} {} {} {} {role}: {found}, not {expected}",
                row.organisation, row.method, row.path, row.state
            ));
        }
    }
    Ok((row.cells.len(), wrong))
}

impl World {
    /// The route's response to the role.
    async fn answer(&self, row: &Row, role: &str, headers: Value) -> anyhow::Result<Answer> {
        if role == "bare" {
            for of in ["demo", "other"] {
                Person { rights: &[], ..Person::recorded("anna") }.joins(&self.table, of).await?;
            }
        }
        let path = self.named(row.method, row.path);
        let organisation = if row.organisation == "own" { "demo" } else { "other" };
        self.ask(role, organisation, row.method, &path, body(row.method, row.path), headers).await
    }

    async fn cell(&self, row: &Row, role: &str) -> anyhow::Result<String> {
        let answer = self.answer(row, role, json!({ "if-match": "*" })).await?;
        let status = answer.status.as_u16();
        if (row.method, row.path, status) != ("GET", "/v1/recordings", 200) {
            return Ok(status.to_string());
        }
        let id = self.recording.id.to_string();
        let listed =
            answer.body["recordings"].as_array().into_iter().flatten().any(|row| row["id"] == *id);
        Ok(format!("200{}", if listed { '+' } else { '-' }))
    }
}

/// The authorizer, with a real token of Anna's. `routes` checks that every route has it.
struct Gateway {
    later: authorizer::Authorizer,
    token: String,
}

impl Gateway {
    /// A gateway two hours from now. The token is valid at present.
    async fn open() -> anyhow::Result<Self> {
        let cloud = cloud()?;
        let expected = authorizer::Expected {
            issuer: cloud.issuer.clone(),
            audience: cloud.client_id.clone(),
            organisation_claim: "custom:organisation".to_owned(),
            user_claim: "custom:user".to_owned(),
        };
        let at = |now| authorizer::Authorizer::new(expected.clone(), cloud.jwks_url.clone(), now);
        let gateway = Self {
            later: at(|| Utc::now() + TimeDelta::hours(2)),
            token: cloud.token("anna").await?,
        };
        let request = gateway.request("GET", "/v1/me")?;
        anyhow::ensure!(
            is_authorized(&at(Utc::now), request).await?,
            "the token is good while it lasts"
        );
        Ok(gateway)
    }

    /// The gateway's response after the token has expired. The route is never reached.
    async fn after_two_hours(&self, row: &Row) -> anyhow::Result<&'static str> {
        let request = self.request(row.method, row.path)?;
        Ok(if is_authorized(&self.later, request).await? { "let in" } else { "403" })
    }

    fn request(&self, method: &str, path: &str) -> anyhow::Result<Value> {
        let mut request: Value =
            serde_json::from_str(include_str!("../../../events/authorizer.no-token.json"))?;
        request["headers"]["authorization"] = json!(format!("Bearer {}", self.token));
        request["routeKey"] = json!(format!("{method} {path}"));
        request["requestContext"]["http"]["method"] = json!(method);
        request["requestContext"]["http"]["path"] = json!(path);
        Ok(request)
    }
}

async fn is_authorized(
    authorizer: &authorizer::Authorizer,
    request: Value,
) -> anyhow::Result<bool> {
    let answer = authorizer.handle(serde_json::from_value(request)?).await?;
    Ok(serde_json::to_value(answer)?["isAuthorized"] == true)
}
