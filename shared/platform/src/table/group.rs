//! Recording groups: their members, and who supervises them (P12, P13).
//!
//! Membership and supervision are written together to two items. A user's item lets a right be
//! decided from two users' items; a group's item lists whose recordings a supervisor's search
//! reads. The first transaction of a removal ends all access; a repetition continues it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    ids::{GroupId, OrganisationId, UserId},
    people::{Name, Rights, Supervision, fold},
};

use super::{
    BadItem, Error, Table,
    attributes::{ids, n, parsed, s, ss, text},
    audit::Event,
    commit::{Committed, Conflict, empty_map},
    key::{self, Item},
    people::read_supervisions,
};

/// A recording group.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: GroupId,
    pub name: Name,
    pub supervisors: BTreeMap<UserId, Supervision>,
}

/// The most users in one change of members.
pub const CHANGE: usize = 90;
/// The most members of one group: the set of their ids fits an item, whatever the ids.
pub const MEMBERS: usize = 5_000;
/// The most supervisors of one group: its removal ends all their access in one transaction.
pub const SUPERVISORS: usize = 90;

const EXISTS: &str = "attribute_exists(pk) AND attribute_not_exists(removed_at)";

impl Table {
    /// The group, if it exists. 1 request.
    pub async fn group(&self, organisation: &OrganisationId, group: &GroupId) -> Result<Option<Group>, Error> {
        let item = self.get(key::group(organisation, group)).await?;
        Ok(item.map(|item| read(&item)).transpose()?.flatten())
    }

    /// The members of the group, if it exists. 1 request.
    pub async fn members_of(&self, organisation: &OrganisationId, group: &GroupId) -> Result<Option<BTreeSet<UserId>>, Error> {
        let items = self.batch([key::group(organisation, group), key::members(organisation, group)]).await?;
        let (mut exists, mut members) = (false, BTreeSet::new());
        for item in &items {
            if text(item, "pk")? == key::groups(organisation) {
                exists = read(item)?.is_some();
            } else {
                members = ids(item, "members")?;
            }
        }
        Ok(exists.then_some(members))
    }

    /// Creates the group, or renames it. 1 request. Fails for a group under removal.
    pub async fn put_group(&self, organisation: &OrganisationId, group: &GroupId, name: &Name, event: &Event) -> Result<Committed, Error> {
        let mut writes = self.writes();
        writes.update(key::group(organisation, group), |update| {
            update
                .update_expression("SET #name = :name, found_by = :found_by, #at = :at, supervisors = if_not_exists(supervisors, :none)")
                .condition_expression("attribute_not_exists(removed_at)")
                .expression_attribute_names("#name", "name")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":name", s(name))
                .expression_attribute_values(":found_by", s(fold(&format!("{name} {group}"))))
                .expression_attribute_values(":at", s(key::named(name, group.as_str())))
                .expression_attribute_values(":none", empty_map())
        });
        writes.audit(event);
        writes.commit().await
    }

    /// Adds 1 to [`CHANGE`] users to the group or removes them, all or none; repeatable. 1 request.
    ///
    /// [`Conflict::Users`] names unknown users; `NotFound` is an unknown group.
    pub async fn change_members(
        &self,
        organisation: &OrganisationId,
        group: &GroupId,
        users: &BTreeSet<UserId>,
        join: bool,
        event: &Event,
    ) -> Result<Committed, Error> {
        let verb = if join { "ADD" } else { "DELETE" };
        let (one, all) = (ss([group]), ss(users));
        let mut writes = self.writes();
        for user in users {
            writes
                .update(key::user(organisation, user), |update| {
                    let update = update.update_expression(format!("{verb} groups :group"));
                    let update = update.condition_expression(if join { EXISTS } else { "attribute_exists(pk)" });
                    update.set_expression_attribute_values(one.clone().map(|one| Item::from([(":group".to_owned(), one)])))
                })
                .or(Conflict::of(user));
        }
        writes.check(key::group(organisation, group), |check| check.condition_expression(EXISTS)).or(Conflict::NotFound);
        writes.update(key::members(organisation, group), |update| {
            let update = update.update_expression(format!("{verb} members :users"));
            update.set_expression_attribute_values(all.map(|all| Item::from([(":users".to_owned(), all)])))
        });
        writes.audit(event);
        writes.commit().await
    }

    /// Adds or changes a supervisor. 1 request. [`Conflict::NotFound`] is an unknown group, `Users`
    /// an unknown user.
    pub async fn put_supervisor(
        &self,
        organisation: &OrganisationId,
        group: &GroupId,
        user: &UserId,
        supervision: &Supervision,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.writes();
        let places = [
            (key::group(organisation, group), "supervisors", user.as_str(), Conflict::NotFound),
            (key::user(organisation, user), "supervises", group.as_str(), Conflict::of(user)),
        ];
        for (item, map, id, conflict) in places {
            writes
                .update(item, |update| {
                    update
                        .update_expression(format!("SET {map}.#id = :cover"))
                        .condition_expression(EXISTS)
                        .expression_attribute_names("#id", id)
                        .expression_attribute_values(":cover", supervision_value(supervision))
                })
                .or(conflict);
        }
        writes.audit(event);
        writes.commit().await
    }

    /// Ends the user's supervision of the group. Can be repeated. 1 request.
    pub async fn remove_supervisor(
        &self,
        organisation: &OrganisationId,
        group: &GroupId,
        user: &UserId,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.writes();
        let places = [
            (key::group(organisation, group), "supervisors", user.as_str()),
            (key::user(organisation, user), "supervises", group.as_str()),
        ];
        for (item, map, id) in places {
            writes
                .update(item, |update| {
                    update
                        .update_expression(format!("REMOVE {map}.#id"))
                        .condition_expression(format!("attribute_exists({map})"))
                        .expression_attribute_names("#id", id)
                })
                .or(Conflict::NotFound);
        }
        writes.audit(event);
        writes.commit().await
    }

    /// Removes the group; `None` if there is none. The first transaction ends access through it. 2
    /// reads, then 1 request for each [`CHANGE`] members, and 2.
    pub async fn remove_group(&self, organisation: &OrganisationId, group: &GroupId, event: &Event) -> Result<Option<()>, Error> {
        let Some(item) = self.get(key::group(organisation, group)).await? else { return Ok(None) };
        if !item.contains_key("removed_at") {
            self.close_group(organisation, group, &item, event).await?;
        }
        let members = self.get(key::members(organisation, group)).await?.unwrap_or_default();
        let members: Vec<UserId> = ids::<UserId>(&members, "members")?.into_iter().collect();
        let one = ss([group]).unwrap_or_else(empty_map);
        for some in members.chunks(CHANGE) {
            let mut writes = self.writes();
            for user in some {
                writes.update(key::user(organisation, user), |update| {
                    update.update_expression("DELETE groups :group").expression_attribute_values(":group", one.clone())
                });
            }
            writes.update(key::members(organisation, group), |update| {
                let update = update.update_expression("DELETE members :users");
                update.set_expression_attribute_values(ss(some).map(|set| Item::from([(":users".to_owned(), set)])))
            });
            writes.commit().await??;
        }
        let mut writes = self.writes();
        writes.delete(key::members(organisation, group), |delete| delete);
        writes.delete(key::group(organisation, group), |delete| delete);
        writes.commit().await??;
        Ok(Some(()))
    }

    /// Marks the group as removed and ends its supervisors' access in one transaction.
    async fn close_group(&self, organisation: &OrganisationId, group: &GroupId, item: &Item, event: &Event) -> Result<(), Error> {
        let supervisors: BTreeMap<UserId, Supervision> = read_supervisions(item, "supervisors")?;
        let mut writes = self.writes();
        writes.update(key::group(organisation, group), |update| {
            update
                .update_expression("SET removed_at = :now, supervisors = :none")
                .condition_expression("supervisors = :read")
                .expression_attribute_values(":now", n(event.at.timestamp_millis()))
                .expression_attribute_values(":none", empty_map())
                .expression_attribute_values(":read", item.get("supervisors").cloned().unwrap_or_else(empty_map))
        });
        for user in supervisors.keys() {
            writes.update(key::user(organisation, user), |update| {
                update.update_expression("REMOVE supervises.#id").expression_attribute_names("#id", group.as_str())
            });
        }
        writes.audit(event);
        match writes.commit().await? {
            Ok(()) => Ok(()),
            Err(_) => Err(Error::Busy), // its supervisors were changed meanwhile
        }
    }
}

/// The group in an item; `None` while it is being removed.
pub(super) fn read(item: &Item) -> Result<Option<Group>, BadItem> {
    if item.contains_key("removed_at") {
        return Ok(None);
    }
    Ok(Some(Group { id: parsed(item, "sk")?, name: parsed(item, "name")?, supervisors: read_supervisions(item, "supervisors")? }))
}

/// The rights as a set of their names.
pub(super) fn rights_value(rights: Rights) -> Option<AttributeValue> {
    let names = [("listen", rights.listen), ("download", rights.download), ("annotate", rights.annotate)];
    ss(names.into_iter().filter(|(_, granted)| *granted).map(|(name, _)| name))
}

fn supervision_value(supervision: &Supervision) -> AttributeValue {
    let moment = |at: Option<DateTime<Utc>>| at.map(|at| n(at.timestamp_millis()));
    let members = [("from", moment(supervision.from)), ("to", moment(supervision.to)), ("rights", rights_value(supervision.rights))];
    AttributeValue::M(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}
