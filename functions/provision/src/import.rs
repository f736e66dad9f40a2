//! Many users at once: `POST /v1/organisations/{organisation}/users` with a user a line (NDJSON), and what comes of it:
//! `/v1/organisations/{organisation}/imports/{import}`.
//!
//! What was sent is checked and kept, and the worker `import` told: before the job is written, to be heard once this request has ended either
//! way, and again when it stands. Each line stands for itself and says everything of its user, as a PUT does: a bad one is told why and the
//! others are done. The same file again changes nothing, so an import that was cut short may be sent again.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::State as Shared,
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{OrderId, OrganisationId, UserId},
    people::{Language, Name, Plan},
    phone::PhoneNumber,
};
use platform::{
    http::{
        Cause, Operator, Problem, cursor,
        extract::{self, Path, Query, given},
        once::{self, ABOUT, Once, OnceBody},
        page, problem, strict,
    },
    table::{
        self,
        audit::Deed,
        import::{self, Came, Row, Said},
        provision::UserProvision,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    organisations::{Part, exists},
    users::{LAST, REMOVED},
};

/// The most bytes of an import, and the most lines. API Gateway hands the body to a function in base64, in an event of at most 6 MB.
pub const BODY_AT_MOST: usize = 4 * 1024 * 1024;
const LINES: usize = 10_000;
/// The most bytes of a line: the longest name, however it is escaped, takes a third.
const LINE_AT_MOST: usize = 4096;
/// The most characters of what is told of a line.
const DETAIL_AT_MOST: usize = 200;
/// Parts that are kept at the same time.
const AT_ONCE: usize = 8;
/// How long a request can be under way: the function's own bound, and some.
const UNDER_WAY: Duration = Duration::from_secs(30);

/// A line of an import: a user as the operator provisions it, and its id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ImportedUser)]
pub struct Line {
    /// 1 to 64 of a-z, 0-9, '.', '_' and '-'.
    #[schema(value_type = String)]
    id: UserId,
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    name: Name,
    /// E.164; null: none.
    #[schema(value_type = Option<String>, required, example = "+46701740601")]
    phone: Option<PhoneNumber>,
    /// `sv` or `en`.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = String)]
    language: Language,
    /// `basic`, `pro`, `business` or `enterprise`; null: none. Without one the user's calls are not recorded: a recording that is on is
    /// switched off.
    #[schema(value_type = Option<String>, required)]
    plan: Option<Plan>,
    /// Whether they administer the organisation; null: as its administrators have decided, which for a new user is no.
    #[schema(required)]
    administrator: Option<bool>,
}

/// A line so far as it says whom it is about.
#[derive(Debug, Deserialize)]
struct Named {
    id: UserId,
}

/// An import, and how far it has come.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserImport)]
pub struct Import {
    /// To ask for it at `/v1/organisations/{organisation}/imports/{import}`.
    #[schema(value_type = String)]
    id: OrderId,
    state: State,
    at: DateTime<Utc>,
    /// Lines that it has; empty ones are none.
    lines: usize,
    /// Lines that are done.
    done: usize,
    created: u64,
    changed: u64,
    unchanged: u64,
    /// Lines that are no user; their results say why.
    invalid: u64,
    /// Lines that could not be done: a removed user's id, the last administrator.
    refused: u64,
}

/// Where an import is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = UserImportState)]
pub enum State {
    Waiting,
    Running,
    Done,
}

/// A page of what came of the lines, in their order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserImportResults)]
pub struct Results {
    results: Vec<Answer>,
    /// Hand it in as `cursor` for what comes after; null once there is no more. While the import is under way a page may come short or empty.
    cursor: Option<String>,
}

/// What came of a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedLine)]
pub struct Answer {
    /// Counted from 1.
    line: usize,
    /// The user, if the line names one.
    #[schema(value_type = Option<String>)]
    id: Option<UserId>,
    outcome: Outcome,
    /// Why it was not done, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// What came of a line. `removed-user` and `last-administrator`: nothing was changed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ImportOutcome)]
pub enum Outcome {
    Created,
    Changed,
    Unchanged,
    Invalid,
    RemovedUser,
    LastAdministrator,
}

/// Takes many users to create or change: a JSON object a line that says everything of a user, at most 10,000 lines and 4 MiB. The answer comes
/// at once; ask for the import until it is `done`. It can be asked for during seven days.
#[utoipa::path(
    post,
    path = "/v1/organisations/{organisation}/users",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("Idempotency-Key" = Option<String>, Header, description = ABOUT),
    ),
    request_body(content = Line, content_type = "application/x-ndjson", description = "a user a line"),
    responses(
        (status = 202, description = "taken; Location says where to ask for it", body = Import, headers(("location" = String, description = "the import's path"))),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such organisation", body = problem::Body, content_type = "application/problem+json"),
        (status = 413, description = "too-large: send it in parts", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid; idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "busy: send it again", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn import(
    Shared(app): Shared<App>,
    operator: Operator,
    Path(organisation): Path<OrganisationId>,
    OnceBody(once, body): OnceBody,
) -> Result<Response, Problem> {
    let at = (app.now)();
    if let Some(answered) = once.repeated(&app.table, &organisation, at).await? {
        return Ok(answered);
    }
    let taken = take(&app, &operator, &organisation, &once, body, at).await;
    once.settle(&app.table, &organisation, at, taken).await
}

async fn take(
    app: &App,
    operator: &Operator,
    organisation: &OrganisationId,
    once: &Once,
    body: Bytes,
    at: DateTime<Utc>,
) -> Result<Response, Problem> {
    exists(&app.table, organisation).await?;
    let rows = read(&body)?;
    drop(body);
    let organisation = organisation.clone();
    let id = OrderId::of(&organisation, &operator.origin.request, at);
    let event = operator.event(&organisation, Deed::ImportUsers, Some(id.to_string()), at);
    let import = import::Import {
        id,
        organisation,
        by: event.who.clone(),
        at,
        address: event.address.clone(),
        request: event.request.clone(),
        lines: rows.len(),
        next: 0,
        counts: import::Counts::default(),
    };
    app.imports.send(&import.work(), UNDER_WAY).await?;
    keep(&app.table, &import, rows).await?;
    let location = format!("/v1/organisations/{}/imports/{id}", import.organisation);
    let claim = once.claim(&import.organisation, at, StatusCode::ACCEPTED, &Import::of(&import))?.map(|claim| claim.at(&location));
    app.table.place_import(&import, &event.detailed(&serde_json::json!({ "lines": import.lines })), claim.as_ref()).await?;
    if let Err(error) = app.imports.send(&import.work(), Duration::ZERO).await {
        tracing::warn!(error = %error, "an import waits for its second message");
    }
    let location = AppendHeaders([(header::LOCATION, location)]);
    Ok((location, once::had_effect(StatusCode::ACCEPTED, &Import::of(&import))).into_response())
}

/// Shows an import, and how far it has come.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/imports/{import}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("import" = String, Path, description = "the import's id")),
    responses(
        (status = 200, body = Import),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such import, or it is older than seven days", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    Shared(app): Shared<App>,
    _: Operator,
    Path((organisation, id)): Path<(OrganisationId, OrderId)>,
) -> Result<Json<Import>, Problem> {
    let import = app.table.import(&organisation, id, (app.now)()).await?.ok_or(Problem::new(Cause::NotFound))?;
    Ok(Json(Import::of(&import)))
}

/// Lists what came of an import's lines, in their order, so far as they are done.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/imports/{import}/results",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("import" = String, Path, description = "the import's id"), Part),
    responses(
        (status = 200, body = Results),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such import, or it is older than seven days", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn results(
    Shared(app): Shared<App>,
    _: Operator,
    Path((organisation, id)): Path<(OrganisationId, OrderId)>,
    Query(part): Query<Part>,
) -> Result<Json<Results>, Problem> {
    let (limit, after) = (page::limit(part.limit)?, page::after(part.cursor.as_deref())?);
    let nth = after.map_or(Ok(0), |after| after.parse()).map_err(|_| Problem::because(Cause::Invalid, cursor::InvalidCursor))?;
    let import = app.table.import(&organisation, id, (app.now)()).await?.ok_or(Problem::new(Cause::NotFound))?;
    let done = app.table.import_results(&import, nth, limit).await?;
    let next = nth.saturating_add(done.len());
    Ok(Json(Results {
        cursor: (next < import.lines).then(|| cursor::write_text(&next.to_string())),
        results: done.into_iter().map(Answer::from).collect(),
    }))
}

/// Keeps what was sent, part by part, [`AT_ONCE`] at the same time.
async fn keep(table: &table::Table, import: &import::Import, rows: Vec<Row>) -> Result<(), Problem> {
    let mut under_way = tokio::task::JoinSet::new();
    for (number, part) in rows.chunks(import::PART).enumerate() {
        if under_way.len() == AT_ONCE {
            under_way.join_next().await.transpose().map_err(Problem::internal)?.transpose()?;
        }
        let (table, import, part) = (table.clone(), import.clone(), part.to_vec());
        under_way.spawn(async move { table.put_import_part(&import, number, &part).await });
    }
    while let Some(kept) = under_way.join_next().await {
        kept.map_err(Problem::internal)??;
    }
    Ok(())
}

/// The lines that say something. A user stands on one line: a later line that names it again is invalid.
fn read(body: &[u8]) -> Result<Vec<Row>, Problem> {
    let (mut rows, mut seen) = (Vec::new(), BTreeMap::new());
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    for (number, text) in body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).enumerate() {
        let line = number + 1;
        if text.is_empty() {
            continue;
        }
        if line > LINES {
            return Err(Problem::because(Cause::TooLarge, "an import has at most 10000 lines; send it in parts"));
        }
        let said = match parse(text) {
            Err(no_user) => no_user,
            Ok(user) => match seen.get(&user.id) {
                Some(earlier) => bad(Some(user.id), &format!("the user stands on line {earlier} already")),
                None => {
                    seen.insert(user.id.clone(), line);
                    Said::User(Box::new(user))
                }
            },
        };
        rows.push(Row { line, said });
    }
    Ok(rows)
}

/// The user that a line names; or its id, so far as it has one, and what is wrong.
fn parse(text: &[u8]) -> Result<UserProvision, Said> {
    if text.len() > LINE_AT_MOST {
        return Err(bad(None, "the line is longer than 4096 bytes, the most that is read of a user"));
    }
    let named = || strict::from_slice::<Named>(text).ok().map(|named| named.id);
    if let Ok(object) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(text) {
        extract::complete::<Line>(|name| object.contains_key(name)).map_err(|missing| bad(named(), &missing.to_string()))?;
    }
    let wrong = |error: serde_json::Error| bad(named(), &error.to_string().replace(" at line 1 column ", ", at column "));
    let Line { id, name, phone, language, plan, administrator } = strict::from_slice(text).map_err(wrong)?;
    Ok(UserProvision { id, name, phone, language, plan, administrator })
}

/// A line that is no user. What is told of it is short, whatever was sent.
fn bad(id: Option<UserId>, detail: &str) -> Said {
    Said::Bad { id, detail: detail.chars().take(DETAIL_AT_MOST).collect() }
}

impl Import {
    fn of(import: &import::Import) -> Self {
        let import::Counts { created, changed, unchanged, invalid, refused } = import.counts;
        let state = match import.next {
            _ if import.is_done() => State::Done,
            0 => State::Waiting,
            _ => State::Running,
        };
        let (id, at, lines, done) = (import.id, import.at, import.lines, import.passed());
        Self { id, state, at, lines, done, created, changed, unchanged, invalid, refused }
    }
}

impl From<import::Done> for Answer {
    fn from(done: import::Done) -> Self {
        let (outcome, detail) = match done.came {
            Came::Created => (Outcome::Created, None),
            Came::Changed => (Outcome::Changed, None),
            Came::Unchanged => (Outcome::Unchanged, None),
            Came::Invalid => (Outcome::Invalid, done.detail),
            Came::RemovedUser => (Outcome::RemovedUser, Some(REMOVED.to_owned())),
            Came::LastAdministrator => (Outcome::LastAdministrator, Some(LAST.to_owned())),
        };
        Self { line: done.line, id: done.id, outcome, detail }
    }
}
