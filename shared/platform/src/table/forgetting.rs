//! Erases a user's annotations of unregistered calls and, once they are removed, their identity.
//!
//! `ORG#early`, `USER#RECORDING` finds an early note, but may outlive it: a reader checks the call.

use chrono::{DateTime, Utc};
use domain::ids::{OrderId, OrganisationId, RecordingId, UserId};

use super::{
    BadItem, Error, Removals,
    attributes::{n, optional_text, s, text},
    key, recording,
    removal::Removal,
    write::Write,
};

impl Removals<'_> {
    /// Some calls that the user annotated before registration, and whether more exist. 1 request.
    pub async fn early_of(
        self,
        of: &OrganisationId,
        user: &UserId,
        limit: usize,
    ) -> Result<(Vec<RecordingId>, bool), Error> {
        let page = self
            .0
            .query(key::earlies(of), None)
            .consistent()
            .beginning(format!("{user}#"))
            .limit(limit)
            .page()
            .await?;
        let bad = || BadItem { attribute: "sk" };
        let (calls, next) = page.read(|item| {
            let (_, id) = text(item, "sk")?.split_once('#').ok_or_else(bad)?;
            RecordingId::try_from(id.to_owned()).map_err(|_| bad())
        })?;
        Ok((calls, next.is_some()))
    }

    /// Removes an unregistered call's annotation, by `user` or anyone. 4 requests, 2 per 100 edits.
    ///
    /// # Errors
    /// [`Error::Busy`] if the call was annotated meanwhile.
    pub async fn forget_note(
        self,
        of: &OrganisationId,
        id: RecordingId,
        user: Option<&UserId>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let call = key::recording(of, id);
        let item = self.0.batch([call.clone()]).await?.pop().unwrap_or_default();
        let theirs =
            |user: &UserId| Ok::<_, BadItem>(optional_text(&item, "early")? == Some(user.as_str()));
        if item.contains_key("state") || !user.map_or(Ok(true), theirs)? {
            return Ok(());
        }
        if !item.is_empty() {
            let version = recording::read_version(&item)?;
            let delete = Write::delete(call)
                .when("attribute_not_exists(#state)")
                .when("attribute_not_exists(pk) OR edits = :seen");
            self.0.write(delete.given("seen", n(version))).await??;
        }
        let removal = Removal::of_note(of.clone(), id);
        let (current, _) = self.standing_of(&removal, now).await?;
        self.remove_edits(&removal, current, now).await
    }

    /// Forgets that the user annotated the call. 1 request.
    pub async fn forget_early(
        self,
        of: &OrganisationId,
        user: &UserId,
        id: RecordingId,
    ) -> Result<(), Error> {
        self.0.write(Write::delete(key::early(of, user, id))).await.map(drop)
    }

    /// Removes the name and the number of a removed user. The item remains, so that nobody else
    /// receives the id. Returns false if the user is not removed. 1 request.
    pub async fn forget_user(
        self,
        of: &OrganisationId,
        user: &UserId,
        erasure: OrderId,
    ) -> Result<bool, Error> {
        let write = Write::update(key::user(of, user)).set("erased", s(erasure));
        let write = write
            .remove_all(&["name", "phone", "extension", "found_by", "at", "language"])
            .when("attribute_exists(removed_at)");
        Ok(self.0.write(write).await?.is_ok())
    }
}
