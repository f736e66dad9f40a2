//! Many users at once: `POST /v1/organisations/{organisation}/users` with a user a line (NDJSON), answered line by line.
//!
//! Each line stands for itself: a bad one is told why and the others are done. The same file again changes nothing and writes nothing, so
//! an import that was cut short is sent again.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::{
    ids::{OrganisationId, UserId},
    people::{Language, Name, Plan},
    phone::PhoneNumber,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::{Body, Path},
        problem, strict,
    },
    table::{
        self,
        audit::Deed,
        provision::{PROVISIONED, UserProvision},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, organisations::exists};

/// A user and the line that names it.
type Numbered = (usize, UserProvision);

/// The most bytes of an import, and the most lines. API Gateway hands the body to a function in base64, in an event of at most 6 MB.
pub const BODY_AT_MOST: usize = 4 * 1024 * 1024;
const LINES: usize = 10_000;
/// Commits under way at the same time.
const AT_ONCE: usize = 8;

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
    /// E.164.
    #[schema(value_type = Option<String>, example = "+46701740601")]
    phone: Option<PhoneNumber>,
    /// `sv`, unless given, or `en`.
    #[serde(default)]
    #[schema(value_type = String)]
    language: Language,
    /// `basic`, `pro`, `business` or `enterprise`. Without one the user's calls are not recorded: a recording that is on is switched off.
    #[schema(value_type = Option<String>)]
    plan: Option<Plan>,
    /// Names an administrator. Left out, it stays as administrators have it.
    administrator: Option<bool>,
}

/// A line so far as it says whom it is about.
#[derive(Debug, Deserialize)]
struct Named {
    id: UserId,
}

/// What became of a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedLine)]
pub struct Answer {
    /// Counted from 1.
    line: usize,
    /// The user, if the line names one.
    #[schema(value_type = Option<String>)]
    id: Option<UserId>,
    /// `created`, `changed`, `unchanged`, `invalid` or `failed`: send that one again.
    outcome: &'static str,
    /// Why it is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Creates or changes many users: a JSON object a line, at most 10,000 lines and 4 MiB.
#[utoipa::path(
    post,
    path = "/v1/organisations/{organisation}/users",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id")),
    request_body(content = Line, content_type = "application/x-ndjson", description = "a user a line"),
    responses(
        (status = 200, description = "a line of answer for each line", body = Answer, content_type = "application/x-ndjson"),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such organisation", body = problem::Body, content_type = "application/problem+json"),
        (status = 413, description = "too-large: send it in parts", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn import(
    State(app): State<App>,
    operator: Operator,
    Path(organisation): Path<OrganisationId>,
    Body(body): Body,
) -> Result<Response, Problem> {
    exists(&app.table, &organisation).await?;
    let (mut answers, users) = read(&body)?;
    let names: BTreeSet<UserId> = users.iter().map(|(_, user)| user.id.clone()).collect();
    let standing = app.table.users(&organisation, &names).await?;
    let (same, due): (Vec<_>, Vec<_>) = users.into_iter().partition(|(_, user)| standing.get(&user.id).is_some_and(|there| user.is(there)));
    answers.extend(same.into_iter().map(|(line, user)| done(line, user.id, "unchanged")));
    let parts = due.chunks(PROVISIONED).map(<[_]>::to_vec).enumerate();
    let mut under_way = tokio::task::JoinSet::new();
    for (number, part) in parts {
        if under_way.len() == AT_ONCE {
            answers.extend(under_way.join_next().await.transpose().map_err(Problem::internal)?.unwrap_or_default());
        }
        let mut event = operator.event(&organisation, Deed::ProvisionUser, Some(format!("{} users", part.len())), (app.now)());
        event = event.detailed(&part.iter().map(|(_, user)| (&user.id, user.plan)).collect::<BTreeMap<_, _>>());
        event.request = format!("{}#{number}", event.request); // one request, an event for each commit
        let known = part.iter().filter_map(|(_, user)| Some((user.id.clone(), standing.get(&user.id)?.clone()))).collect();
        under_way.spawn(write(app.table.clone(), organisation.clone(), part, known, event));
    }
    while let Some(part) = under_way.join_next().await {
        answers.extend(part.map_err(Problem::internal)?);
    }
    answers.sort_by_key(|answer| answer.line);
    written(&answers)
}

/// Writes a part of the users; a part that could not be written is told so and harms no other.
async fn write(
    table: table::Table,
    organisation: OrganisationId,
    part: Vec<Numbered>,
    standing: BTreeMap<UserId, domain::people::User>,
    event: table::audit::Event,
) -> Vec<Answer> {
    let users: Vec<UserProvision> = part.iter().map(|(_, user)| user.clone()).collect();
    let failed = table.put_users(&organisation, &users, &standing, &event).await.err();
    if let Some(error) = &failed {
        tracing::error!(request = event.request, error = %error, "could not write a part of an import");
    }
    let outcome = |user: &UserProvision| match (&failed, standing.contains_key(&user.id)) {
        (Some(_), _) => "failed",
        (None, true) => "changed",
        (None, false) => "created",
    };
    part.iter().map(|(line, user)| done(*line, user.id.clone(), outcome(user))).collect()
}

/// The users that the lines name, with their lines; and the answers to those that name none. An empty line is none.
fn read(body: &[u8]) -> Result<(Vec<Answer>, Vec<Numbered>), Problem> {
    let (mut bad, mut users, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    for (number, text) in body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).enumerate() {
        let line = number + 1;
        if text.is_empty() {
            continue;
        }
        if line > LINES {
            return Err(Problem::because(Cause::TooLarge, "an import has at most 10000 lines; send it in parts"));
        }
        let (id, detail) = match parse(text) {
            Err(no_user) => no_user,
            Ok(user) => match seen.get(&user.id) {
                Some(earlier) => (Some(user.id), format!("the user stands on line {earlier} already")),
                None => {
                    seen.insert(user.id.clone(), line);
                    users.push((line, user));
                    continue;
                }
            },
        };
        bad.push(Answer { line, id, outcome: "invalid", detail: Some(detail) });
    }
    Ok((bad, users))
}

/// The user that a line names; or its id, so far as it has one, and what is wrong.
fn parse(text: &[u8]) -> Result<UserProvision, (Option<UserId>, String)> {
    let line: Line = strict::from_slice(text).map_err(|error| {
        let named = strict::from_slice::<Named>(text).ok();
        let detail = error.to_string().replace(" at line 1 column ", ", at column ");
        (named.map(|named| named.id), detail)
    })?;
    let Line { id, name, phone, language, plan, administrator } = line;
    Ok(UserProvision { id, name, phone, language, plan, administrator })
}

fn done(line: usize, id: UserId, outcome: &'static str) -> Answer {
    Answer { line, id: Some(id), outcome, detail: None }
}

fn written(answers: &[Answer]) -> Result<Response, Problem> {
    let mut body = Vec::new();
    for answer in answers {
        serde_json::to_writer(&mut body, answer).map_err(Problem::internal)?;
        body.push(b'\n');
    }
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    Ok(response)
}
