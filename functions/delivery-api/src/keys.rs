//! The organisation's SFTP keys: `/v1/sftp/keys`.
//!
//! A key is stored before the server accepts it, and deleted only after the server has removed it.
//! So after any interruption no key works that is not listed. Repeating the request completes it.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use platform::{
    http::{
        Admin, Cause, Problem,
        extract::Path,
        once::{ABOUT, OnceJson},
        operation::{AddSftpKey, ListSftpKeys, RemoveSftpKey},
    },
    table::{self, commit::Conflict, sftp},
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
    responses((status = 200, body = Access))
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<ListSftpKeys>,
) -> Result<Json<Access>, Problem> {
    let organisation = &admin.organisation.id;
    let keys = app.table.sftp().all(organisation).await?.into_iter().map(Key::from).collect();
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
        (status = 409, description = "too-many: there are 10 keys; changed: the key was removed in the meantime"),
        (status = 422, description = "key-refused, invalid, idempotency-key-reused"),
    )
)]
pub async fn add(
    State(app): State<App>,
    admin: Admin<AddSftpKey>,
    OnceJson(addition): OnceJson<Addition>,
) -> Result<(StatusCode, Json<Key>), Problem> {
    let (organisation, now) = (&admin.organisation.id, admin.now);
    let taken = Taken::try_from(addition.key.as_str())
        .map_err(|refused| Problem::key_refused(refused.code(), refused))?;
    let Taken { fingerprint, body, comment } = taken;
    admin.about(&fingerprint);
    let event = admin.event();
    let key = sftp::Key {
        fingerprint,
        body,
        comment,
        who: event.actor.clone(),
        added_at: now,
        imported_at: None,
    };
    let claim = admin.claim(
        StatusCode::CREATED,
        &Key::from(sftp::Key { imported_at: Some(now), ..key.clone() }),
    )?;
    let written = match app.table.sftp().add(organisation, &key, &event, claim.as_ref()).await {
        Err(table::Error::Claimed) => Err(Conflict::Exists), // added before; the server may not have accepted it
        written => written?,
    };
    let (status, key) = match written {
        Ok(()) => (StatusCode::CREATED, key),
        Err(Conflict::Exists) => {
            match app.table.sftp().get(organisation, &key.fingerprint).await? {
                Some(current) if current.imported_at.is_some() => {
                    return Ok((StatusCode::OK, Json(Key::from(current))));
                }
                Some(current) => (StatusCode::OK, current),
                None => return Err(Problem::new(Cause::Changed)),
            }
        }
        Err(_) => {
            return Err(Problem::because(
                Cause::TooMany,
                "an organisation has at most 10 keys; remove one that is no longer used",
            ));
        }
    };
    app.server.take(organisation, &key.body).await?;
    if app.table.sftp().import(organisation, &key.fingerprint, now).await? != Ok(()) {
        app.server.refuse(organisation, &key.body).await?; // removed in the meantime
        return Err(Problem::because(
            Cause::Changed,
            "the key was removed while it was added; add it again if it is needed",
        ));
    }
    Ok((status, Json(Key::from(sftp::Key { imported_at: Some(now), ..key }))))
}

/// Removes an SFTP key. Connections that it opened continue until they are closed.
#[utoipa::path(
    delete,
    path = "/v1/sftp/keys/{fingerprint}",
    tag = "sftp",
    params(("fingerprint" = String, Path, description = "the key's id, or its fingerprint")),
    responses(
        (status = 204, description = "removed"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    admin: Admin<RemoveSftpKey>,
    Path(fingerprint): Path<Fingerprint>,
) -> Result<StatusCode, Problem> {
    let organisation = &admin.organisation.id;
    let key = app
        .table
        .sftp()
        .get(organisation, fingerprint.as_str())
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    app.server.refuse(organisation, &key.body).await?;
    match app.table.sftp().remove(organisation, fingerprint.as_str(), &admin.event()).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(_) => Err(Problem::new(Cause::NotFound)),
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
