//! The organisation's SFTP keys: `/v1/sftp/keys`.
//!
//! A key is stored before the server accepts it, and deleted only after the server has removed it.
//! So after any interruption no key works that is not listed. Repeating the request completes it.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::access::Permission;
use platform::{
    http::{
        Cause, Principal, Problem,
        extract::Path,
        once::{self, ABOUT, Once, OnceJson},
        problem,
    },
    table::{self, audit::AuditAction, commit::Conflict, sftp},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, Server,
    public_key::{Fingerprint, Taken},
};

/// The server, the user name and the keys with which the organisation signs in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Access {
    /// The server's address.
    address: String,
    /// The user name to sign in with.
    user: String,
    #[schema(max_items = 10)]
    keys: Vec<Key>,
}

/// A public key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SftpKey)]
pub struct Key {
    /// The key's id in paths.
    id: String,
    /// As `ssh-keygen -l` shows it.
    fingerprint: String,
    /// As OpenSSH writes it, without the comment.
    key: String,
    comment: String,
    /// Who added it: `user:ID`.
    added_by: String,
    added_at: DateTime<Utc>,
    /// When it was last changed: added, or accepted by the server.
    changed_at: DateTime<Utc>,
    /// Whether the server accepts it. If not, add it again.
    active: bool,
}

/// A public key to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SftpKeyAddition)]
pub struct Addition {
    /// A line of a .pub file: Ed25519, ECDSA (nistp256, nistp384, nistp521), or RSA from 3072 bits.
    key: String,
}

/// Lists the organisation's SFTP keys.
#[utoipa::path(
    get,
    path = "/v1/sftp/keys",
    tag = "sftp",
    responses(
        (status = 200, body = Access),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, principal: Principal) -> Result<Json<Access>, Problem> {
    let event = principal.event(AuditAction::ListSftpKeys, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let organisation = &principal.organisation.id;
    let keys = app.table.sftp_keys(organisation).await?;
    app.table.audit(&event).await?;
    let keys = keys.into_iter().map(Key::from).collect();
    Ok(Json(Access { address: app.server.address, user: Server::user(organisation), keys }))
}

/// Adds an SFTP key, which is valid at once.
#[utoipa::path(
    post,
    path = "/v1/sftp/keys",
    tag = "sftp",
    params(("Idempotency-Key" = Option<String>, Header, description = ABOUT)),
    request_body = Addition,
    responses(
        (status = 201, body = Key),
        (status = 200, description = "the key existed before", body = Key),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "too-many: there are 10 keys; changed: the key was removed in the meantime", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "key-refused, invalid, idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn add(State(app): State<App>, principal: Principal, OnceJson(once, addition): OnceJson<Addition>) -> Result<Response, Problem> {
    let now = (app.now)();
    let added = added(&app, &principal, &once, addition, now).await;
    once.settle(&app.table, &principal.organisation.id, now, added).await
}

async fn added(app: &App, principal: &Principal, once: &Once, addition: Addition, now: DateTime<Utc>) -> Result<Response, Problem> {
    let organisation = &principal.organisation.id;
    let taken = Taken::try_from(addition.key.as_str());
    let event = match &taken {
        Ok(taken) => principal.event_about(AuditAction::AddSftpKey, &taken.fingerprint, now),
        Err(_) => principal.event(AuditAction::AddSftpKey, now),
    };
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let taken = taken.map_err(|refused| Problem::because(Cause::KeyRefused, refused))?;
    let Taken { fingerprint, body, comment } = taken;
    let key = sftp::Key { fingerprint, body, comment, who: event.actor.clone(), added_at: now, imported_at: None };
    let shown = Key::from(sftp::Key { imported_at: Some(now), ..key.clone() });
    let claim = once.claim(organisation, now, StatusCode::CREATED, &shown)?;
    let written = match app.table.add_sftp_key(organisation, &key, &event, claim.as_ref()).await {
        Err(table::Error::Claimed) => Err(Conflict(vec![0])), // added before; the server may not have accepted it
        written => written?,
    };
    let (status, key) = match written {
        Ok(()) => (StatusCode::CREATED, key),
        Err(Conflict(places)) if places.contains(&0) => match app.table.sftp_key(organisation, &key.fingerprint).await? {
            Some(current) if current.imported_at.is_some() => return Ok(Json(Key::from(current)).into_response()),
            Some(current) => (StatusCode::OK, current),
            None => return Err(Problem::new(Cause::Changed)),
        },
        Err(Conflict(_)) => {
            let problem = Problem::because(Cause::TooMany, "an organisation has at most 10 keys; remove one that is no longer used");
            return Err(principal.refuse(&app.table, event, problem).await);
        }
    };
    app.server.take(organisation, &key.body).await?;
    if app.table.import_sftp_key(organisation, &key.fingerprint, now).await? != Ok(()) {
        app.server.refuse(organisation, &key.body).await?; // removed in the meantime
        return Err(Problem::because(Cause::Changed, "the key was removed while it was added; add it again if it is needed"));
    }
    match status {
        StatusCode::CREATED => Ok(once::had_effect(status, &shown)),
        _ => Ok((status, Json(Key::from(sftp::Key { imported_at: Some(now), ..key }))).into_response()),
    }
}

/// Removes an SFTP key. Connections that it opened continue until they are closed.
#[utoipa::path(
    delete,
    path = "/v1/sftp/keys/{fingerprint}",
    tag = "sftp",
    params(("fingerprint" = String, Path, description = "the key's id, or its fingerprint")),
    responses(
        (status = 204, description = "removed"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn remove(State(app): State<App>, principal: Principal, Path(fingerprint): Path<Fingerprint>) -> Result<StatusCode, Problem> {
    let organisation = &principal.organisation.id;
    let event = principal.event_about(AuditAction::RemoveSftpKey, fingerprint.as_str(), (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let Some(key) = app.table.sftp_key(organisation, fingerprint.as_str()).await? else {
        return Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    app.server.refuse(organisation, &key.body).await?;
    match app.table.remove_sftp_key(organisation, fingerprint.as_str(), &event).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Conflict(_)) => Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await),
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
