//! Writes what the operator provisions: organisations, their users and plans (P20). Everything may be written again without harm.
//!
//! The operator's attributes are set one by one, so that what administrators and users have decided stays as it is.

mod users;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    activation::{Event as Activation, Kind},
    ids::{GroupId, OrganisationId, UserId},
    people::{Cover, Name, Organisation, Rights, User},
    retention,
};

use super::{
    Error, Table,
    activation::ACTIVE,
    attributes::{ids, n, s, ss},
    audit::Event,
    commit::{Commit, Writes, empty_map},
    group::rights_value,
    key,
    people::{read_covers, read_user},
};

pub use users::{Also, Outcome, PROVISIONED, Told, UserChange, UserProvision, Wanted};

/// What the operator decides of an organisation; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct OrganisationChange {
    pub name: Option<Name>,
    pub base_service: Option<bool>,
    /// Has the add-on for keeping recordings longer (P23). Where it ends, recordings are kept as they are.
    pub storage_add_on: Option<bool>,
}

/// Groups that one commit takes a removed user out of.
const LEFT: usize = 40;

/// Tries while others change the same users.
const TRIES: usize = 4;
/// A removed user who is out of every group.
const OUT: &str = "attribute_exists(removed_at) AND attribute_not_exists(groups) AND supervises = :none";

/// What an administrator decides of a user; `None` leaves it as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decided<'a> {
    /// The rights to their own recordings, and, where only some of them were given, those that the others were taken from.
    pub rights: Option<(Option<Rights>, Rights)>,
    /// Whether they administer the organisation, and who says so.
    pub administrator: Option<(bool, &'a UserId)>,
}

/// What came of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Done,
    /// There is no such user.
    Unknown,
    /// The organisation has no other administrator.
    LastAdministrator,
}

/// What came of restoring a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restoral {
    /// They are there: restored now, or never removed.
    Done,
    /// There never was such a user.
    Unknown,
    /// What was known of them has been erased.
    Erased,
}

impl Table {
    /// Creates or changes the organisation, of which `standing` is what stands. 1 request. Where its base service begins or ends, that is
    /// recorded, for billing. [`Commit::Refused`] if it was created, or its base service changed, meanwhile.
    pub async fn put_organisation(
        &self,
        id: &OrganisationId,
        change: &OrganisationChange,
        standing: Option<&Organisation>,
        event: &Event,
    ) -> Result<Commit, Error> {
        let mut writes = self.writes();
        let seen = standing.map(|standing| standing.base_service);
        writes.organisation(id, change, seen);
        if let Some(on) = change.base_service.filter(|on| seen.is_some_and(|seen| seen != *on)) {
            let mut changed = key::base_change(id, event.at);
            changed.insert("on".to_owned(), AttributeValue::Bool(on));
            changed.insert("by".to_owned(), s(&event.who));
            writes.put_new(changed);
        }
        writes.first_legend(id);
        writes.audit(event);
        writes.commit().await
    }

    /// Sets what an administrator decides for the organisation: whether listening needs a reason. 1 request.
    pub async fn ask_reason(&self, id: &OrganisationId, asks: bool, event: &Event) -> Result<Commit, Error> {
        let mut writes = self.writes();
        writes.update(key::organisation(id), |update| {
            let update = update.update_expression("SET asks_reason = :asks").condition_expression("attribute_exists(pk)");
            update.expression_attribute_values(":asks", AttributeValue::Bool(asks))
        });
        writes.audit(event);
        writes.commit().await
    }

    /// Sets what an administrator decides for a user. 1 request. [`Commit::Refused`]: 0, there is no such user, or the rights are not those
    /// that they were changed from; 1, whoever takes the administrator's right away has it no more.
    pub async fn change_user(
        &self,
        organisation: &OrganisationId,
        user: &UserId,
        change: &Decided<'_>,
        event: &Event,
    ) -> Result<Commit, Error> {
        let mut writes = self.writes();
        writes.decided(organisation, user, change);
        if let Some((false, by)) = change.administrator {
            writes.still_administers(organisation, by);
        }
        writes.audit(event);
        writes.commit().await
    }

    /// Removes a user: every access and recording ends with the first commit, their groups are left after. Asked again, it goes on where it
    /// was cut short. 3 requests, 1 for each `LEFT` groups, 1 for each group that they supervise, and 1 for each MB of users if they
    /// administer.
    pub async fn remove_user(&self, organisation: &OrganisationId, user: &UserId, event: &Event) -> Result<Removal, Error> {
        for _ in 0..TRIES {
            let Some(item) = self.get(key::user(organisation, user)).await? else { return Ok(Removal::Unknown) };
            let closed = match read_user(&item)? {
                None => Commit::Done,
                Some(there) if there.administrator => {
                    let Some(other) = self.administrator_besides(organisation, &BTreeSet::from([user])).await? else {
                        return Ok(Removal::LastAdministrator);
                    };
                    self.close_user(organisation, &there, Some(&other), event).await?
                }
                Some(there) => self.close_user(organisation, &there, None, event).await?,
            };
            if closed == Commit::Done {
                self.take_out(organisation, user).await?;
                return Ok(Removal::Done);
            }
        }
        Err(Error::Busy)
    }

    /// Brings a removed user back: the same person, with their name, number and plan, without rights, groups, activation or acknowledgement. 2
    /// requests; as many more as the rest of a removal that was cut short.
    pub async fn restore_user(&self, organisation: &OrganisationId, user: &UserId, event: &Event) -> Result<Restoral, Error> {
        for _ in 0..TRIES {
            let Some(item) = self.get(key::user(organisation, user)).await? else { return Ok(Restoral::Unknown) };
            if !item.contains_key("removed_at") {
                return Ok(Restoral::Done);
            }
            if !item.contains_key("name") {
                return Ok(Restoral::Erased);
            }
            self.take_out(organisation, user).await?;
            let mut writes = self.writes();
            writes.update(key::user(organisation, user), |update| {
                update
                    .update_expression(format!("REMOVE removed_at, rights, administrator, {ACTIVE}"))
                    .condition_expression(format!("{OUT} AND attribute_exists(#name)"))
                    .expression_attribute_names("#name", "name")
                    .expression_attribute_values(":none", empty_map())
            });
            writes.audit(event);
            if writes.commit().await? == Commit::Done {
                return Ok(Restoral::Done);
            }
        }
        Err(Error::Busy)
    }

    /// Takes a removed user out of their groups, as a member and as a supervisor.
    async fn take_out(&self, organisation: &OrganisationId, user: &UserId) -> Result<(), Error> {
        let item = self.get(key::user(organisation, user)).await?.unwrap_or_default();
        if !item.contains_key("removed_at") {
            return Ok(());
        }
        let groups: Vec<GroupId> = ids(&item, "groups")?.into_iter().collect();
        let supervised: BTreeMap<GroupId, Cover> = read_covers(&item, "supervises")?;
        for some in groups.chunks(LEFT) {
            let mut writes = self.writes();
            for group in some {
                writes.update(key::members(organisation, group), |update| {
                    let update = update.update_expression("DELETE members :user");
                    update.set_expression_attribute_values(ss([user]).map(|set| key::Item::from([(":user".to_owned(), set)])))
                });
            }
            writes.update(key::user(organisation, user), |update| {
                let update = update.update_expression("DELETE groups :left");
                update.set_expression_attribute_values(ss(some).map(|set| key::Item::from([(":left".to_owned(), set)])))
            });
            writes.commit().await?.written()?;
        }
        for group in supervised.keys() {
            let ends = |writes: &mut Writes<'_>| {
                writes.update(key::user(organisation, user), |update| {
                    update.update_expression("REMOVE supervises.#id").expression_attribute_names("#id", group.as_str())
                });
            };
            let mut writes = self.writes();
            writes.update(key::group(organisation, group), |update| {
                let update = update.update_expression("REMOVE supervisors.#id").condition_expression("attribute_exists(supervisors)");
                update.expression_attribute_names("#id", user.as_str())
            });
            ends(&mut writes);
            if writes.commit().await? != Commit::Done {
                // The group is gone, and what names it here has to go alone: a later group of its id is not theirs to supervise.
                let mut alone = self.writes();
                ends(&mut alone);
                alone.commit().await?.written()?;
            }
        }
        Ok(())
    }

    /// Refused if the user was switched on or off, or named or ended as administrator, meanwhile, or if `other` administers no more.
    async fn close_user(&self, organisation: &OrganisationId, user: &User, other: Option<&UserId>, event: &Event) -> Result<Commit, Error> {
        let active = user.activated_at.is_some();
        let asked = format!(
            "attribute_not_exists(removed_at) AND attribute_{}exists(activated_at){}",
            if active { "" } else { "not_" },
            if other.is_none() { " AND (attribute_not_exists(administrator) OR administrator = :no)" } else { "" }
        );
        let mut writes = self.writes();
        writes.update(key::user(organisation, &user.id), |update| {
            let update = update
                .update_expression(format!("SET removed_at = :now REMOVE rights, administrator, {ACTIVE}"))
                .condition_expression(asked)
                .expression_attribute_values(":now", n(event.at.timestamp_millis()));
            if other.is_some() { update } else { update.expression_attribute_values(":no", AttributeValue::Bool(false)) }
        });
        if let Some(other) = other {
            writes.still_administers(organisation, other);
        }
        if active {
            let ended = Activation { user: user.id.clone(), at: event.at, kind: Kind::Deactivated, by: event.who.clone() };
            writes.activation(organisation, &ended);
        }
        writes.audit(event);
        writes.commit().await
    }
}

impl Writes<'_> {
    /// Refused unless the organisation's base service is as it was `seen`; `None`: unless there is no such organisation.
    fn organisation(&mut self, id: &OrganisationId, change: &OrganisationChange, seen: Option<bool>) {
        let mut set = vec!["retention_days = if_not_exists(retention_days, :days)"];
        let mut values = key::Item::from([(":days".to_owned(), n(retention::DAYS))]);
        let mut given = |expression: &'static str, name: &str, value: Option<AttributeValue>| {
            if let Some(value) = value {
                set.push(expression);
                values.insert(name.to_owned(), value);
            }
        };
        given("#name = :name", ":name", change.name.as_ref().map(s));
        given("base_service = :base_service", ":base_service", change.base_service.map(AttributeValue::Bool));
        given("storage_add_on = :storage_add_on", ":storage_add_on", change.storage_add_on.map(AttributeValue::Bool));
        let asked = match seen {
            None => "attribute_not_exists(pk)",
            Some(true) => "base_service = :seen",
            Some(false) => "base_service = :seen OR (attribute_exists(pk) AND attribute_not_exists(base_service))",
        };
        values.extend(seen.map(|seen| (":seen".to_owned(), AttributeValue::Bool(seen))));
        self.update(key::organisation(id), |update| {
            let update = update.update_expression(format!("SET {}", set.join(", "))).condition_expression(asked);
            let names = change.name.as_ref().map(|_| [("#name".to_owned(), "name".to_owned())].into());
            update.set_expression_attribute_names(names).set_expression_attribute_values(Some(values))
        });
        if let Some(name) = &change.name {
            self.list(id, name);
        }
    }

    fn decided(&mut self, organisation: &OrganisationId, user: &UserId, change: &Decided<'_>) {
        let mut asked = "attribute_exists(pk) AND attribute_not_exists(removed_at)".to_owned();
        let (mut set, mut remove, mut values) = (Vec::new(), Vec::new(), key::Item::new());
        if let Some((was, rights)) = change.rights {
            match rights_value(rights) {
                Some(granted) => {
                    set.push("rights = :rights");
                    values.insert(":rights".to_owned(), granted);
                }
                None => remove.push("rights"),
            }
            match was.map(rights_value) {
                Some(Some(was)) => {
                    asked.push_str(" AND rights = :was");
                    values.insert(":was".to_owned(), was);
                }
                Some(None) => asked.push_str(" AND attribute_not_exists(rights)"),
                None => {}
            }
        }
        if let Some((administrator, _)) = change.administrator {
            set.push("administrator = :administrator");
            values.insert(":administrator".to_owned(), AttributeValue::Bool(administrator));
        }
        let clause = |verb: &str, parts: &[&str]| if parts.is_empty() { String::new() } else { format!("{verb} {} ", parts.join(", ")) };
        let expression = clause("SET", &set) + &clause("REMOVE", &remove);
        self.update(key::user(organisation, user), |update| {
            let update = update.update_expression(expression).condition_expression(asked);
            update.set_expression_attribute_values((!values.is_empty()).then_some(values))
        });
    }
}

impl OrganisationChange {
    /// Whether `standing` is what this asks for already.
    pub fn is(&self, standing: &Organisation) -> bool {
        self.name.as_ref().is_none_or(|name| *name == standing.name)
            && self.base_service.is_none_or(|base_service| base_service == standing.base_service)
            && self.storage_add_on.is_none_or(|storage_add_on| storage_add_on == standing.storage_add_on)
    }
}
