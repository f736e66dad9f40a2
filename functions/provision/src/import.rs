//! Imports of many users: `POST /v1/organisations/{organisation}/users` with a user a line
//! (NDJSON), and `/v1/organisations/{organisation}/imports/{import}` with the results.
//!
//! The function checks and stores the lines and notifies the worker `import`: with a delay before
//! the job is stored, and at once after that. Each line is independent and complete, as a PUT is.
//! An invalid line is reported and the others are done. An import can be sent again.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    extract::State as Shared,
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{OrderId, OrganisationId, UserId},
    people::{Extension, Language, Name, Plan},
    phone::PhoneNumber,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::{self, Path, Query, given},
        once::{ABOUT, OnceBody},
        operation::{ImportUsers, SeeImport},
        page::{self, Listed, Page, PageQuery},
        rejection,
        single::Single,
        strict,
    },
    table::{
        self,
        import::{self, Came, LineContent, Row},
        provision::UserProvision,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    organisations::exists,
    users::{LAST, REMOVED},
};

/// The most bytes and lines of an import. API Gateway sends base64, in events of at most 6 MB.
pub const BODY_AT_MOST: usize = 4 * 1024 * 1024;
const LINES: usize = 10_000;
/// The most bytes of a line. The longest name takes a third of it, however it is escaped.
const LINE_AT_MOST: usize = 4096;
/// The most characters of a line's detail.
const DETAIL_AT_MOST: usize = 200;
/// Parts that are written at the same time.
const AT_ONCE: usize = 8;
/// The longest duration of a request: the function's timeout, and a margin.
const UNDER_WAY: Duration = Duration::from_secs(30);

/// A line of an import: the id and all members of a user.
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
    /// E.164. Null for none.
    #[schema(value_type = Option<String>, required, example = "+46701740601")]
    phone: Option<PhoneNumber>,
    /// The short number by which colleagues reach the user: 2 to 8 digits. Null or absent for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "4411")]
    extension: Option<Extension>,
    /// `sv` or `en`.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = String)]
    language: Language,
    /// `basic`, `pro`, `business` or `enterprise`. Null for none, which switches recording off.
    #[schema(value_type = Option<String>, required)]
    plan: Option<Plan>,
    /// Whether the user is an administrator. Null leaves it as it is; a new user is none.
    #[schema(required)]
    administrator: Option<bool>,
}

/// The part of a line that identifies its user.
#[derive(Debug, Deserialize)]
struct Named {
    id: UserId,
}

/// An import and its progress.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserImport)]
pub struct Import {
    /// Its id in `/v1/organisations/{organisation}/imports/{import}`.
    #[schema(value_type = String)]
    id: OrderId,
    state: State,
    at: DateTime<Utc>,
    /// Lines that are not empty.
    lines: usize,
    /// Lines that are done.
    done: usize,
    created: u64,
    changed: u64,
    unchanged: u64,
    /// Lines that are not valid users. Their results explain why.
    invalid: u64,
    /// Lines that were refused: a removed user's id, or the last administrator.
    refused: u64,
}

/// The stage of an import.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = UserImportState)]
pub enum State {
    Waiting,
    Running,
    Done,
}

/// The result of a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedLine)]
pub struct Answer {
    /// Counted from 1.
    line: usize,
    /// The user, if the line names one.
    #[schema(value_type = Option<String>)]
    id: Option<UserId>,
    outcome: Outcome,
    /// Why it was not done, and how to correct it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// The result of a line. `removed-user` and `last-administrator`: nothing was changed.
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

/// Accepts users to create or change: one complete JSON object per line, at most 10,000 lines and 4
/// MiB. The response comes at once. Poll the import, for up to seven days, until it is `done`.
#[utoipa::path(
    post,
    path = "/v1/organisations/{organisation}/users",
    tag = "provision",
    params(
        ("organisation" = String, Path, description = "its id"),
        ("Idempotency-Key" = Option<String>, Header, description = ABOUT),
    ),
    request_body(content = Line, content_type = "application/x-ndjson", description = "one user per line"),
    responses(
        (status = 202, description = "accepted; poll the path in Location", body = Import, headers(("location" = String, description = "the import's path"))),
        (status = 404, description = "not-found: there is no such organisation"),
        (status = 413, description = "too-large: send it in parts"),
        (status = 422, description = "invalid; idempotency-key-reused"),
        (status = 429, description = "busy: send it again; over-budget"),
    )
)]
pub async fn import(
    Shared(app): Shared<App>,
    operator: Operator<ImportUsers>,
    Path(organisation): Path<OrganisationId>,
    OnceBody(body): OnceBody,
) -> Result<Response, Problem> {
    if let Some(answered) = operator.repeated(&app.table).await? {
        return Ok(answered);
    }
    exists(&app.table, &organisation).await?;
    let rows = read(&body)?;
    drop(body);
    let (at, event) = (operator.now, operator.event());
    let id = OrderId::of(&organisation, &event.request, at);
    let import = import::Import {
        id,
        organisation,
        by: event.actor,
        at,
        address: event.address,
        request: event.request,
        lines: rows.len(),
        next: 0,
        counts: import::Counts::default(),
    };
    app.imports.send(&import.work(), UNDER_WAY).await?;
    store(&app.table, &import, rows).await?;
    let location = format!("/v1/organisations/{}/imports/{id}", import.organisation);
    operator.about(id);
    operator.detail(&serde_json::json!({ "lines": import.lines }));
    let claim = operator
        .claim(StatusCode::ACCEPTED, &Import::of(&import))?
        .map(|claim| claim.at(&location));
    app.table.imports().place(&import, &operator.event(), claim.as_ref()).await?;
    if let Err(error) = app.imports.send(&import.work(), Duration::ZERO).await {
        tracing::warn!(error = %error, "an import waits for its delayed message");
    }
    let location = AppendHeaders([(header::LOCATION, location)]);
    Ok((StatusCode::ACCEPTED, location, Json(Import::of(&import))).into_response())
}

/// Shows an import and its progress.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/imports/{import}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("import" = String, Path, description = "the import's id")),
    responses(
        (status = 200, body = Import),
        (status = 404, description = "not-found: there is no such import, or it is older than seven days"),
    )
)]
pub async fn show(
    Shared(app): Shared<App>,
    operator: Operator<SeeImport>,
    Path((organisation, id)): Path<(OrganisationId, OrderId)>,
) -> Result<Single<Import>, Problem> {
    let import = app
        .table
        .imports()
        .get(&organisation, id, operator.now)
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    Ok(Single(Import::of(&import)))
}

/// Lists the results of the lines that are done, in their order.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/imports/{import}/results",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("import" = String, Path, description = "the import's id"), PageQuery),
    responses(
        (status = 200, body = Results),
        (status = 404, description = "not-found: there is no such import, or it is older than seven days"),
    )
)]
pub async fn results(
    Shared(app): Shared<App>,
    operator: Operator<SeeImport>,
    Path((organisation, id)): Path<(OrganisationId, OrderId)>,
    Query(query): Query<PageQuery>,
) -> Result<Results, Problem> {
    let (limit, after) = (query.limit()?, query.after()?);
    let nth = after.map_or(Ok(0), |after| after.parse::<usize>()).map_err(|_| page::not_ours())?;
    let import = app
        .table
        .imports()
        .get(&organisation, id, operator.now)
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    let done = app.table.imports().results(&import, nth, limit).await?;
    let next = nth.saturating_add(done.len());
    Ok(Page::read(done, (next < import.lines).then(|| next.to_string())))
}

/// Stores the lines in parts, [`AT_ONCE`] at the same time.
async fn store(
    table: &table::Table,
    import: &import::Import,
    rows: Vec<Row>,
) -> Result<(), Problem> {
    let mut under_way = tokio::task::JoinSet::new();
    for (number, part) in rows.chunks(import::PART).enumerate() {
        if under_way.len() == AT_ONCE {
            under_way.join_next().await.transpose().map_err(Problem::internal)?.transpose()?;
        }
        let (table, import, part) = (table.clone(), import.clone(), part.to_vec());
        under_way.spawn(async move { table.imports().put_part(&import, number, &part).await });
    }
    while let Some(written) = under_way.join_next().await {
        written.map_err(Problem::internal)??;
    }
    Ok(())
}

/// The lines that are not empty. A line that repeats the user of an earlier one is invalid.
fn read(body: &[u8]) -> Result<Vec<Row>, Problem> {
    let (mut rows, mut seen) = (Vec::new(), BTreeMap::new());
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    for (number, text) in body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).enumerate()
    {
        let line = number + 1;
        if text.is_empty() {
            continue;
        }
        if line > LINES {
            return Err(Problem::because(
                Cause::TooLarge,
                "an import has at most 10000 lines; send it in parts",
            ));
        }
        let content = match parse(text) {
            Err(no_user) => no_user,
            Ok(user) => match seen.get(&user.id) {
                Some(earlier) => {
                    bad(Some(user.id), &format!("the user is on line {earlier} already"))
                }
                None => {
                    seen.insert(user.id.clone(), line);
                    LineContent::User(Box::new(user))
                }
            },
        };
        rows.push(Row { line, content });
    }
    Ok(rows)
}

/// The user that a line contains. If it is invalid, the reason, and the id if it has one.
fn parse(text: &[u8]) -> Result<UserProvision, LineContent> {
    if text.len() > LINE_AT_MOST {
        return Err(bad(None, "the line is longer than 4096 bytes, the most that a line may have"));
    }
    let named = || strict::from_slice::<Named>(text).ok().map(|named| named.id);
    if let Ok(object) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(text) {
        extract::complete::<Line>(|name| object.contains_key(name))
            .map_err(|missing| bad(named(), &missing.to_string()))?;
    }
    let wrong = |error: serde_json::Error| {
        bad(named(), &rejection::explain(&error).replace(" at line 1 column ", ", at column "))
    };
    let Line { id, name, phone, extension, language, plan, administrator } =
        strict::from_slice(text).map_err(wrong)?;
    Ok(UserProvision { id, name, phone, extension, language, plan, administrator })
}

/// A line that is not a valid user. Its detail is cut to [`DETAIL_AT_MOST`] characters.
fn bad(id: Option<UserId>, detail: &str) -> LineContent {
    LineContent::Bad { id, detail: detail.chars().take(DETAIL_AT_MOST).collect() }
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

/// A page of the list.
pub type Results = Page<Answer>;

impl Listed for Answer {
    const MEMBER: &'static str = "results";
    const SCHEMA: (&'static str, &'static str) = (
        "UserImportResults",
        "A page of results, in the order of the lines. During the import a page may be short.",
    );
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
