//! Writes the operator's organisations, users and plans (P20). Every write can be repeated.
//!
//! Only the operator's attributes are set, so the decisions of administrators and users remain.

mod users;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    activation::{Event as Activation, Kind},
    ids::{GroupId, OrganisationId, UserId},
    people::{Name, Organisation, Rights, Supervision, User},
    phone::Country,
    retention,
};

use super::{
    Error, Provision,
    activation::ACTIVE,
    attributes::{ids, n, s},
    audit::Event,
    commit::{Committed, Transaction},
    group::rights_value,
    key,
    people::{read_supervisions, read_user},
    write::{Write, empty_map},
};

pub use users::{Also, EventOf, Outcome, PROVISIONED, UserChange, UserProvision, Wanted};

/// The operator's change of an organisation; `None` leaves a setting unchanged.
#[derive(Clone, Debug, Default)]
pub struct OrganisationChange {
    pub name: Option<Name>,
    pub base_service: Option<bool>,
    /// The storage add-on, for longer retention (P23). Its end leaves recordings as they are.
    pub storage_add_on: Option<bool>,
    /// The country of numbers in national form.
    pub country: Option<Country>,
}

/// Groups that a removed user leaves in one transaction.
const LEFT: usize = 40;

/// Attempts while others change the same users.
const TRIES: usize = 4;
/// A removed user who is in no group and supervises none.
const OUT: &str =
    "attribute_exists(removed_at) AND attribute_not_exists(groups) AND supervises = :none";

/// An administrator's change of a user; `None` leaves a setting unchanged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decided<'a> {
    /// The rights to their own recordings. First, for a partial change, the rights it was based on.
    pub rights: Option<(Option<Rights>, Rights)>,
    /// Whether they administer the organisation, and who decides it.
    pub administrator: Option<(bool, &'a UserId)>,
}

/// The outcome of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Done,
    /// The user does not exist.
    Unknown,
    /// The organisation has no other administrator.
    LastAdministrator,
}

/// The outcome of a restoration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restoral {
    /// The user exists: restored now, or never removed.
    Done,
    /// The user never existed.
    Unknown,
    /// The user's data has been erased.
    Erased,
}

impl Provision<'_> {
    /// Creates or changes the organisation; `current` is its present state. 1 request. Records a
    /// change of the base service for billing. `Conflict` if either changed meanwhile.
    pub async fn put_organisation(
        self,
        id: &OrganisationId,
        change: &OrganisationChange,
        current: Option<&Organisation>,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        let seen = current.map(|current| current.base_service);
        writes.organisation(id, change, current, event.at);
        if let Some(on) = change.base_service.filter(|on| seen.is_some_and(|seen| seen != *on)) {
            let mut changed = key::base_change(id, event.at);
            changed.insert("on".to_owned(), AttributeValue::Bool(on));
            changed.insert("by".to_owned(), s(&event.actor));
            writes.add(Write::put_new(changed));
        }
        writes.first_legend(id);
        writes.audit(event);
        writes.commit().await
    }

    /// Sets whether listening requires a reason, as an administrator decides. 1 request.
    pub async fn ask_reason(
        self,
        id: &OrganisationId,
        asks: bool,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        writes.add(
            Write::update(key::organisation(id))
                .set("asks_reason", AttributeValue::Bool(asks))
                .existing(),
        );
        writes.audit(event);
        writes.commit().await
    }

    /// Writes an administrator's change of a user. 1 request. [`NotAdministrator`](super::commit::Conflict::NotAdministrator) if the
    /// caller no longer is; `EditedMeanwhile` if the user does not exist or has other rights by now.
    pub async fn change_user(
        self,
        organisation: &OrganisationId,
        user: &UserId,
        change: &Decided<'_>,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        if let Some((false, by)) = change.administrator {
            writes.still_administers(organisation, by); // first, so that its conflict takes precedence
        }
        writes.decided(organisation, user, change);
        writes.audit(event);
        writes.commit().await
    }

    /// Removes a user. The first transaction ends all access and recording; the groups follow. A
    /// repetition continues an interrupted removal. 3 requests, 1 for each `LEFT` groups, 1 for
    /// each group that they supervise, and 1 for each MB of users if they administer.
    pub async fn remove_user(
        self,
        organisation: &OrganisationId,
        user: &UserId,
        event: &Event,
    ) -> Result<Removal, Error> {
        for _ in 0..TRIES {
            let Some(item) = self.0.get(key::user(organisation, user)).await? else {
                return Ok(Removal::Unknown);
            };
            let closed = match read_user(&item)? {
                None => Ok(()),
                Some(there) if there.administrator => {
                    let Some(other) =
                        self.administrator_besides(organisation, &BTreeSet::from([user])).await?
                    else {
                        return Ok(Removal::LastAdministrator);
                    };
                    self.close_user(organisation, &there, Some(&other), event).await?
                }
                Some(there) => self.close_user(organisation, &there, None, event).await?,
            };
            if closed == Ok(()) {
                self.take_out(organisation, user).await?;
                return Ok(Removal::Done);
            }
        }
        Err(Error::Busy)
    }

    /// Restores a removed user with name, number and plan, but without rights, groups, activation
    /// or acknowledgement. 3 requests, and the rest of an interrupted removal.
    pub async fn restore_user(
        self,
        organisation: &OrganisationId,
        user: &UserId,
        event: &Event,
    ) -> Result<Restoral, Error> {
        for _ in 0..TRIES {
            let Some(item) = self.0.get(key::user(organisation, user)).await? else {
                return Ok(Restoral::Unknown);
            };
            if !item.contains_key("removed_at") {
                return Ok(Restoral::Done);
            }
            if !item.contains_key("name") {
                return Ok(Restoral::Erased);
            }
            self.take_out(organisation, user).await?;
            let mut writes = self.0.writes();
            let restored = Write::update(key::user(organisation, user)).remove_all(&[
                "removed_at",
                "rights",
                "administrator",
            ]);
            let restored = restored.remove_all(&ACTIVE).when("attribute_exists(#name)");
            writes.add(restored.when(OUT).given("none", empty_map()));
            writes.audit(event);
            if writes.commit().await? == Ok(()) {
                return Ok(Restoral::Done);
            }
        }
        Err(Error::Busy)
    }

    /// Ends a removed user's membership and supervision of groups.
    async fn take_out(self, organisation: &OrganisationId, user: &UserId) -> Result<(), Error> {
        let item = self.0.get(key::user(organisation, user)).await?.unwrap_or_default();
        if !item.contains_key("removed_at") {
            return Ok(());
        }
        let groups: Vec<GroupId> = ids(&item, "groups")?.into_iter().collect();
        let supervisions: BTreeMap<GroupId, Supervision> = read_supervisions(&item, "supervises")?;
        for some in groups.chunks(LEFT) {
            let mut writes = self.0.writes();
            for group in some {
                writes.add(
                    Write::update(key::members(organisation, group))
                        .take_members("members", [user]),
                );
            }
            writes.add(Write::update(key::user(organisation, user)).take_members("groups", some));
            writes.commit().await??;
        }
        for group in supervisions.keys() {
            let ends = Write::update(key::user(organisation, user))
                .remove_member("supervises", group.as_str());
            let of_group = Write::update(key::group(organisation, group))
                .remove_member("supervisors", user.as_str());
            let mut writes = self.0.writes();
            writes.add(of_group.when("attribute_exists(supervisors)"));
            writes.add(ends.clone());
            if writes.commit().await? != Ok(()) {
                // The group is gone. Its id is removed here, in case a later group receives it.
                let mut alone = self.0.writes();
                alone.add(ends);
                alone.commit().await??;
            }
        }
        Ok(())
    }

    /// Fails if the user's activation or administrator right changed, or if `other` lost theirs.
    async fn close_user(
        self,
        organisation: &OrganisationId,
        user: &User,
        other: Option<&UserId>,
        event: &Event,
    ) -> Result<Committed, Error> {
        let active = user.activated_at.is_some();
        let closed = Write::update(key::user(organisation, &user.id))
            .set("removed_at", n(event.at.timestamp_millis()));
        let closed = closed.remove_all(&["rights", "administrator"]).is("removed_at", None);
        let closed = if active { closed.deactivated(event.at) } else { closed.remove_all(&ACTIVE) };
        let closed = closed.when(if active {
            "attribute_exists(activated_at)"
        } else {
            "attribute_not_exists(activated_at)"
        });
        let mut writes = self.0.writes();
        writes.add(if other.is_some() { closed } else { closed.no_administrator() });
        if let Some(other) = other {
            writes.still_administers(organisation, other);
        }
        if active {
            let ended = Activation {
                user: user.id.clone(),
                at: event.at,
                kind: Kind::Deactivated,
                by: event.actor.clone(),
            };
            writes.activation(organisation, &ended);
        }
        writes.audit(event);
        writes.commit().await
    }
}

impl Transaction<'_> {
    /// Fails unless the base service is as in `current`; without one, unless the organisation is new.
    fn organisation(
        &mut self,
        id: &OrganisationId,
        change: &OrganisationChange,
        current: Option<&Organisation>,
        now: DateTime<Utc>,
    ) {
        let organisation = Write::update(key::organisation(id))
            .set_first("retention_days", n(retention::DAYS))
            .set_if("name", change.name.as_ref().map(s))
            .set_if("base_service", change.base_service.map(AttributeValue::Bool))
            .set_if("storage_add_on", change.storage_add_on.map(AttributeValue::Bool))
            .set_if("country", change.country.map(s));
        let millis = |at: DateTime<Utc>| n(at.timestamp_millis());
        let organisation = match (current, change.base_service) {
            (Some(current), Some(false)) if current.base_service => organisation
                .set_or_remove("base_from", current.base_since.map(millis))
                .set("base_to", millis(now))
                .remove("base_since"),
            (Some(current), Some(true)) if !current.base_service => {
                organisation.set("base_since", millis(now))
            }
            _ => organisation,
        };
        self.add(match current.map(|current| current.base_service) {
            None => organisation.is("pk", None),
            Some(true) => organisation.is("base_service", Some(AttributeValue::Bool(true))),
            Some(false) => organisation
                .when("base_service = :no OR (attribute_exists(pk) AND attribute_not_exists(base_service))")
                .given("no", AttributeValue::Bool(false)),
        });
        if let Some(name) = &change.name {
            self.list(id, name);
        }
    }

    fn decided(&mut self, organisation: &OrganisationId, user: &UserId, change: &Decided<'_>) {
        let user = Write::update(key::user(organisation, user))
            .when("attribute_exists(pk) AND attribute_not_exists(removed_at)");
        let user = user.set_if(
            "administrator",
            change.administrator.map(|(administrator, _)| AttributeValue::Bool(administrator)),
        );
        self.add(match change.rights {
            None => user,
            Some((None, rights)) => user.set_or_remove("rights", rights_value(rights)),
            Some((Some(was), rights)) => {
                user.set_or_remove("rights", rights_value(rights)).is("rights", rights_value(was))
            }
        });
    }
}

impl Write {
    /// Adds the condition that the user is no administrator.
    fn no_administrator(self) -> Self {
        self.when("attribute_not_exists(administrator) OR administrator = :no")
            .given("no", AttributeValue::Bool(false))
    }
}

impl OrganisationChange {
    /// Whether `current` has these settings already.
    pub fn is(&self, current: &Organisation) -> bool {
        self.name.as_ref().is_none_or(|name| *name == current.name)
            && self.base_service.is_none_or(|base_service| base_service == current.base_service)
            && self
                .storage_add_on
                .is_none_or(|storage_add_on| storage_add_on == current.storage_add_on)
            && self.country.is_none_or(|country| country == current.country)
    }
}
