//! Writes what the operator provisions: organisations, their users and plans (P20). Everything may be written again without harm.
//!
//! The operator's attributes are set one by one, so that what administrators and users have decided stays as it is.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    activation::{Event as Activation, Kind},
    ids::{GroupId, OrganisationId, UserId},
    people::{Cover, Language, Name, Organisation, Plan, Rights, User, fold},
    phone::PhoneNumber,
    retention,
};

use super::{
    Error, Table,
    attributes::{ids, n, s, ss},
    audit::Event,
    commit::{Commit, Writes, empty_map},
    group::rights_value,
    key,
    people::read_covers,
};

/// An organisation as the operator provisions it.
#[derive(Clone, Debug)]
pub struct OrganisationProvision {
    pub name: Name,
    pub base_service: bool,
    /// Has the add-on for keeping recordings longer (P23). Where it ends, recordings are kept as they are.
    pub storage_add_on: bool,
}

/// A user as the operator provisions it.
#[derive(Clone, Debug)]
pub struct UserProvision {
    pub id: UserId,
    pub name: Name,
    pub phone: Option<PhoneNumber>,
    pub language: Language,
    pub plan: Option<Plan>,
    /// The organisation's first administrator; the others are named by administrators. `None` leaves it as it is.
    pub administrator: Option<bool>,
}

/// Users that one commit provisions: each its item and, where a plan ends, an event.
pub const PROVISIONED: usize = 49;
/// Groups that one commit takes a removed user out of.
const LEFT: usize = 40;

/// A user who is not removed, or is out of every group: who comes back, comes back without rights.
const OUT: &str = "(attribute_not_exists(removed_at) OR (attribute_not_exists(groups) AND supervises = :none))";

impl Table {
    /// Creates or changes the organisation, of which `standing` is what stands. 1 request. Where its base service begins or ends, that is
    /// recorded, for billing. [`Commit::Refused`] if it was changed meanwhile.
    pub async fn put_organisation(
        &self,
        id: &OrganisationId,
        provision: &OrganisationProvision,
        standing: Option<&Organisation>,
        event: &Event,
    ) -> Result<Commit, Error> {
        let mut writes = self.writes();
        let seen = standing.map(|standing| standing.base_service);
        writes.update(key::organisation(id), |update| {
            let update = update
                .update_expression(
                    "SET #name = :name, base_service = :base_service, storage_add_on = :storage_add_on, \
                     retention_days = if_not_exists(retention_days, :days)",
                )
                .expression_attribute_names("#name", "name")
                .expression_attribute_values(":name", s(&provision.name))
                .expression_attribute_values(":base_service", AttributeValue::Bool(provision.base_service))
                .expression_attribute_values(":storage_add_on", AttributeValue::Bool(provision.storage_add_on))
                .expression_attribute_values(":days", n(retention::DAYS))
                .condition_expression(match seen {
                    None => "attribute_not_exists(pk)",
                    Some(true) => "base_service = :seen",
                    Some(false) => "base_service = :seen OR (attribute_exists(pk) AND attribute_not_exists(base_service))",
                });
            match seen {
                Some(seen) => update.expression_attribute_values(":seen", AttributeValue::Bool(seen)),
                None => update,
            }
        });
        if seen.is_some_and(|seen| seen != provision.base_service) {
            let mut change = key::base_change(id, event.at);
            change.insert("on".to_owned(), AttributeValue::Bool(provision.base_service));
            change.insert("by".to_owned(), s(&event.who));
            writes.put_new(change);
        }
        writes.list(id, &provision.name);
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

    /// Creates or changes users, [`PROVISIONED`] at most, all or none. 1 request. A user whose plan ends is deactivated with it; `standing`
    /// holds those who are there already. A user whose removal was cut short is taken out of their groups first.
    ///
    /// # Errors
    /// [`Error::Busy`] when someone was switched on or off meanwhile: read who is there, and try again.
    pub async fn put_users(
        &self,
        organisation: &OrganisationId,
        users: &[UserProvision],
        standing: &BTreeMap<UserId, User>,
        event: &Event,
    ) -> Result<(), Error> {
        let Commit::Refused(places) = self.write_users(organisation, users, standing, event).await? else { return Ok(()) };
        for user in places.into_iter().filter_map(|place| users.get(place)) {
            self.take_out(organisation, &user.id).await?;
        }
        match self.write_users(organisation, users, standing, event).await? {
            Commit::Done => Ok(()),
            Commit::Refused(_) => Err(Error::Busy),
        }
    }

    async fn write_users(
        &self,
        organisation: &OrganisationId,
        users: &[UserProvision],
        standing: &BTreeMap<UserId, User>,
        event: &Event,
    ) -> Result<Commit, Error> {
        let active = |user: &UserProvision| standing.get(&user.id).is_some_and(|standing| standing.activated_at.is_some());
        let mut writes = self.writes();
        for user in users {
            writes.user(organisation, user, active(user));
        }
        for user in users.iter().filter(|user| user.plan.is_none() && active(user)) {
            let ended = Activation { user: user.id.clone(), at: event.at, kind: Kind::Deactivated, by: event.who.clone() };
            writes.activation(organisation, &ended);
        }
        writes.audit(event);
        writes.commit().await
    }

    /// Sets what an administrator decides for a user. 1 request. [`Commit::Refused`] if there is no such user.
    pub async fn change_user(
        &self,
        organisation: &OrganisationId,
        user: &UserId,
        rights: Option<Rights>,
        administrator: Option<bool>,
        event: &Event,
    ) -> Result<Commit, Error> {
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let granted = rights.and_then(rights_value);
        match (rights, &granted) {
            (Some(_), Some(_)) => set.push("rights = :rights"),
            (Some(_), None) => remove.push("rights"),
            (None, _) => {}
        }
        if administrator.is_some() {
            set.push("administrator = :administrator");
        }
        let clause = |verb: &str, parts: &[&str]| if parts.is_empty() { String::new() } else { format!("{verb} {} ", parts.join(", ")) };
        let expression = clause("SET", &set) + &clause("REMOVE", &remove);
        let mut writes = self.writes();
        writes.update(key::user(organisation, user), |mut update| {
            if let Some(granted) = granted {
                update = update.expression_attribute_values(":rights", granted);
            }
            if let Some(administrator) = administrator {
                update = update.expression_attribute_values(":administrator", AttributeValue::Bool(administrator));
            }
            update.update_expression(expression).condition_expression("attribute_exists(pk) AND attribute_not_exists(removed_at)")
        });
        writes.audit(event);
        writes.commit().await
    }

    /// Removes a user: every access and recording ends with the first commit, their groups are left after. None if there is none. Asked
    /// again, it goes on where it was cut short. 3 requests, 1 for each `LEFT` groups, and 1 for each group that they supervise.
    pub async fn remove_user(&self, organisation: &OrganisationId, user: &UserId, event: &Event) -> Result<Option<()>, Error> {
        let Some(item) = self.get(key::user(organisation, user)).await? else { return Ok(None) };
        if !item.contains_key("removed_at") {
            let active = item.contains_key("activated_at");
            if self.close_user(organisation, user, active, event).await? != Commit::Done {
                return Err(Error::Busy); // switched on or off meanwhile
            }
        }
        self.take_out(organisation, user).await?;
        Ok(Some(()))
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

    async fn close_user(&self, organisation: &OrganisationId, user: &UserId, active: bool, event: &Event) -> Result<Commit, Error> {
        let mut writes = self.writes();
        writes.update(key::user(organisation, user), |update| {
            update
                .update_expression(
                    "SET removed_at = :now REMOVE rights, administrator, activated_at, acknowledged_at, acknowledged_version, \
                     acknowledged_client",
                )
                .condition_expression(if active { "attribute_exists(activated_at)" } else { "attribute_not_exists(activated_at)" })
                .expression_attribute_values(":now", n(event.at.timestamp_millis()))
        });
        if active {
            let ended = Activation { user: user.clone(), at: event.at, kind: Kind::Deactivated, by: event.who.clone() };
            writes.activation(organisation, &ended);
        }
        writes.audit(event);
        writes.commit().await
    }
}

impl Writes<'_> {
    /// Refused while a removed user is in groups still, and, where the plan ends, unless recording is as `active` has it.
    fn user(&mut self, organisation: &OrganisationId, user: &UserProvision, active: bool) {
        let mut set =
            "SET #name = :name, #language = :language, #at = :at, found_by = :found_by, supervises = if_not_exists(supervises, :none)"
                .to_owned();
        let mut remove = vec!["removed_at"];
        let phone = user.phone.as_ref().map(PhoneNumber::to_string);
        let mut optional = |name: &'static str, value: Option<String>| match value {
            Some(value) => {
                set.push_str(&format!(", #{name} = :{name}"));
                Some((name, s(value)))
            }
            None => {
                remove.push(if name == "plan" { "#plan, activated_at" } else { "#phone" });
                None
            }
        };
        let values: Vec<_> = [("phone", phone.clone()), ("plan", user.plan.map(|plan| plan.as_str().to_owned()))]
            .into_iter()
            .filter_map(|(name, value)| optional(name, value))
            .collect();
        if user.administrator.is_some() {
            set.push_str(", administrator = :administrator");
        }
        let found_by = fold(&format!("{} {} {}", user.name, user.id, phone.unwrap_or_default()));
        let condition = match (&user.plan, active) {
            (Some(_), _) => OUT.to_owned(),
            (None, true) => format!("{OUT} AND attribute_exists(activated_at)"),
            (None, false) => format!("{OUT} AND attribute_not_exists(activated_at)"),
        };
        self.update(key::user(organisation, &user.id), |mut update| {
            for name in ["name", "language", "at", "phone", "plan"] {
                update = update.expression_attribute_names(format!("#{name}"), name);
            }
            for (name, value) in values {
                update = update.expression_attribute_values(format!(":{name}"), value);
            }
            if let Some(administrator) = user.administrator {
                update = update.expression_attribute_values(":administrator", AttributeValue::Bool(administrator));
            }
            update
                .update_expression(format!("{set} REMOVE {}", remove.join(", ")))
                .condition_expression(condition)
                .expression_attribute_values(":name", s(&user.name))
                .expression_attribute_values(":language", s(user.language.as_str()))
                .expression_attribute_values(":at", s(key::named(&user.name, user.id.as_str())))
                .expression_attribute_values(":found_by", s(found_by))
                .expression_attribute_values(":none", empty_map())
        });
    }
}

impl OrganisationProvision {
    /// Whether `standing` is what this provisions already.
    pub fn is(&self, standing: &Organisation) -> bool {
        (&self.name, self.base_service, self.storage_add_on) == (&standing.name, standing.base_service, standing.storage_add_on)
    }
}

impl UserProvision {
    /// Whether `standing` is what this provisions already.
    pub fn is(&self, standing: &User) -> bool {
        (&self.name, &self.phone, self.language, self.plan) == (&standing.name, &standing.phone, standing.language, standing.plan)
            && self.administrator.is_none_or(|administrator| administrator == standing.administrator)
    }
}
