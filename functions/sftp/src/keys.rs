//! The public keys that sign the organisation in over SFTP: `/v1/sftp/keys`.
//!
//! A key is written down before the server takes it, and is struck out only after the server has let go of it. So whatever cuts a request
//! short, no key works that is not on the list; sending the request again completes it.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::access::Duty;
use platform::{
    http::{
        Cause, Known, Problem,
        extract::Path,
        once::{self, ABOUT, Once, OnceJson},
        problem,
    },
    table::{self, audit::Deed, commit::Commit, sftp},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, Server,
    public_key::{Fingerprint, Taken},
};

/// Where and as whom the organisation signs in, and with which keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct Access {
    /// The server's address.
    address: String,
    /// The user to sign in as.
    user: String,
    #[schema(max_items = 10)]
    keys: Vec<Key>,
}

/// A public key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SftpKey)]
pub struct Key {
    /// Names it in a path.
    id: String,
    /// As `ssh-keygen -l` shows it.
    fingerprint: String,
    /// As OpenSSH writes it, without the comment.
    key: String,
    comment: String,
    /// Who added it: `user:ID`.
    added_by: String,
    added_at: DateTime<Utc>,
    /// When it was last changed: added, or taken by the server.
    changed_at: DateTime<Utc>,
    /// The server takes it. If not, add it again.
    active: bool,
}

/// A public key to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SftpKeyAddition)]
pub struct Addition {
    /// One line, as in a file that ends in .pub. Ed25519, ECDSA (nistp256, nistp384, nistp521), or RSA of 3072 bits and more.
    key: String,
}

/// Lists the keys that sign the organisation in.
#[utoipa::path(
    get,
    path = "/v1/sftp/keys",
    tag = "sftp",
    responses(
        (status = 200, body = Access),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, known: Known) -> Result<Json<Access>, Problem> {
    let event = known.event(Deed::ListSftpKeys, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let organisation = &known.organisation.id;
    let keys = app.table.sftp_keys(organisation).await?;
    app.table.audit(&event).await?;
    let keys = keys.into_iter().map(Key::from).collect();
    Ok(Json(Access { address: app.server.address, user: Server::user(organisation), keys }))
}

/// Adds a key: it signs in from then on.
#[utoipa::path(
    post,
    path = "/v1/sftp/keys",
    tag = "sftp",
    params(("Idempotency-Key" = Option<String>, Header, description = ABOUT)),
    request_body = Addition,
    responses(
        (status = 201, body = Key),
        (status = 200, description = "it was there before", body = Key),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "too-many: there are 10 keys; changed: it was removed meanwhile", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "key-refused, invalid, idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn add(State(app): State<App>, known: Known, OnceJson(once, addition): OnceJson<Addition>) -> Result<Response, Problem> {
    let now = (app.now)();
    let added = added(&app, &known, &once, addition, now).await;
    once.settle(&app.table, &known.organisation.id, now, added).await
}

async fn added(app: &App, known: &Known, once: &Once, addition: Addition, now: DateTime<Utc>) -> Result<Response, Problem> {
    let organisation = &known.organisation.id;
    let taken = Taken::try_from(addition.key.as_str());
    let event = match &taken {
        Ok(taken) => known.event_about(Deed::AddSftpKey, &taken.fingerprint, now),
        Err(_) => known.event(Deed::AddSftpKey, now),
    };
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let taken = taken.map_err(|refused| Problem::because(Cause::KeyRefused, refused))?;
    let Taken { fingerprint, body, comment } = taken;
    let key = sftp::Key { fingerprint, body, comment, who: event.who.clone(), added_at: now, imported_at: None };
    let shown = Key::from(sftp::Key { imported_at: Some(now), ..key.clone() });
    let claim = once.claim(organisation, now, StatusCode::CREATED, &shown)?;
    let written = match app.table.add_sftp_key(organisation, &key, &event, claim.as_ref()).await {
        Err(table::Error::Claimed) => Commit::Refused(vec![0]), // it was added before, and the server may not take it yet
        written => written?,
    };
    let (status, key) = match written {
        Commit::Done => (StatusCode::CREATED, key),
        Commit::Refused(places) if places.contains(&0) => match app.table.sftp_key(organisation, &key.fingerprint).await? {
            Some(standing) if standing.imported_at.is_some() => return Ok(Json(Key::from(standing)).into_response()),
            Some(standing) => (StatusCode::OK, standing),
            None => return Err(Problem::new(Cause::Changed)),
        },
        Commit::Refused(_) => {
            let problem = Problem::because(Cause::TooMany, "an organisation has at most 10 keys; remove one that is not used any more");
            return Err(known.refuse(&app.table, event, problem).await);
        }
    };
    app.server.take(organisation, &key.body).await?;
    if app.table.import_sftp_key(organisation, &key.fingerprint, now).await? != Commit::Done {
        app.server.refuse(organisation, &key.body).await?; // removed meanwhile
        return Err(Problem::because(Cause::Changed, "the key was removed while it was added; add it again if it shall sign in"));
    }
    match status {
        StatusCode::CREATED => Ok(once::had_effect(status, &shown)),
        _ => Ok((status, Json(Key::from(sftp::Key { imported_at: Some(now), ..key }))).into_response()),
    }
}

/// Removes a key: it signs nobody in any more. A connection that it has open goes on until it is closed.
#[utoipa::path(
    delete,
    path = "/v1/sftp/keys/{fingerprint}",
    tag = "sftp",
    params(("fingerprint" = String, Path, description = "the key's id, or its fingerprint")),
    responses(
        (status = 204, description = "it is gone"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn remove(State(app): State<App>, known: Known, Path(fingerprint): Path<Fingerprint>) -> Result<StatusCode, Problem> {
    let organisation = &known.organisation.id;
    let event = known.event_about(Deed::RemoveSftpKey, fingerprint.as_str(), (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let Some(key) = app.table.sftp_key(organisation, fingerprint.as_str()).await? else {
        return Err(known.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    app.server.refuse(organisation, &key.body).await?;
    match app.table.remove_sftp_key(organisation, fingerprint.as_str(), &event).await? {
        Commit::Done => Ok(StatusCode::NO_CONTENT),
        Commit::Refused(_) => Err(known.refuse(&app.table, event, Problem::new(Cause::NotFound)).await),
    }
}

impl From<sftp::Key> for Key {
    fn from(key: sftp::Key) -> Self {
        Self {
            id: Fingerprint::id(&key.fingerprint),
            fingerprint: key.fingerprint,
            key: key.body,
            comment: key.comment,
            added_by: key.who,
            added_at: key.added_at,
            changed_at: key.imported_at.unwrap_or(key.added_at),
            active: key.imported_at.is_some(),
        }
    }
}
