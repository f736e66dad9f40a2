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
    BadItem, Error, Groups,
    attributes::{ids, n, parsed, s, ss, text},
    audit::Event,
    commit::{Committed, Conflict},
    key::{self, Item},
    people::read_supervisions,
    write::{Write, empty_map},
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

impl Groups<'_> {
    /// The group, if it exists. 1 request.
    pub async fn get(
        self,
        organisation: &OrganisationId,
        group: &GroupId,
    ) -> Result<Option<Group>, Error> {
        let item = self.0.get(key::group(organisation, group)).await?;
        Ok(item.map(|item| read(&item)).transpose()?.flatten())
    }

    /// The members of the group, if it exists. 1 request.
    pub async fn members(
        self,
        organisation: &OrganisationId,
        group: &GroupId,
    ) -> Result<Option<BTreeSet<UserId>>, Error> {
        let items = self
            .0
            .batch([key::group(organisation, group), key::members(organisation, group)])
            .await?;
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
    pub async fn put(
        self,
        organisation: &OrganisationId,
        group: &GroupId,
        name: &Name,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        writes.add(
            Write::update(key::group(organisation, group))
                .set("name", s(name))
                .set("found_by", s(fold(&format!("{name} {group}"))))
                .set("at", s(key::named(name, group.as_str())))
                .set_first("supervisors", empty_map())
                .when("attribute_not_exists(removed_at)"),
        );
        writes.audit(event);
        writes.commit().await
    }

    /// Adds 1 to [`CHANGE`] users to the group or removes them, all or none; repeatable. 1 request.
    ///
    /// [`Conflict::Users`] names unknown users; `NotFound` is an unknown group.
    pub async fn change_members(
        self,
        organisation: &OrganisationId,
        group: &GroupId,
        users: &BTreeSet<UserId>,
        join: bool,
        event: &Event,
    ) -> Result<Committed, Error> {
        let change = |write: Write, set, ids: Vec<&str>| {
            if join { write.add_members(set, ids) } else { write.take_members(set, ids) }
        };
        let mut writes = self.0.writes();
        for user in users {
            let member = Write::update(key::user(organisation, user)).when(if join {
                EXISTS
            } else {
                "attribute_exists(pk)"
            });
            writes.add(change(member, "groups", vec![group.as_str()]).or(Conflict::of(user)));
        }
        writes
            .add(Write::check(key::group(organisation, group)).when(EXISTS).or(Conflict::NotFound));
        let members = Write::update(key::members(organisation, group));
        writes.add(change(members, "members", users.iter().map(UserId::as_str).collect()));
        writes.audit(event);
        writes.commit().await
    }

    /// Adds or changes a supervisor. 1 request. [`Conflict::NotFound`] is an unknown group, `Users`
    /// an unknown user.
    pub async fn put_supervisor(
        self,
        organisation: &OrganisationId,
        group: &GroupId,
        user: &UserId,
        supervision: &Supervision,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        let (of_group, of_user) = (
            Write::update(key::group(organisation, group)),
            Write::update(key::user(organisation, user)),
        );
        let of_group =
            of_group.set_member("supervisors", user.as_str(), supervision_value(supervision));
        let of_user =
            of_user.set_member("supervises", group.as_str(), supervision_value(supervision));
        writes.add(of_group.when(EXISTS).or(Conflict::NotFound));
        writes.add(of_user.when(EXISTS).or(Conflict::of(user)));
        writes.audit(event);
        writes.commit().await
    }

    /// Ends the user's supervision of the group. Can be repeated. 1 request.
    pub async fn remove_supervisor(
        self,
        organisation: &OrganisationId,
        group: &GroupId,
        user: &UserId,
        event: &Event,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        let of_group = Write::update(key::group(organisation, group))
            .remove_member("supervisors", user.as_str());
        writes.add(of_group.when("attribute_exists(supervisors)").or(Conflict::NotFound));
        let of_user = Write::update(key::user(organisation, user))
            .remove_member("supervises", group.as_str());
        writes.add(of_user.when("attribute_exists(supervises)").or(Conflict::NotFound));
        writes.audit(event);
        writes.commit().await
    }

    /// Removes the group; `None` if there is none. The first transaction ends access through it. 2
    /// reads, then 1 request for each [`CHANGE`] members, and 2.
    pub async fn remove(
        self,
        organisation: &OrganisationId,
        group: &GroupId,
        event: &Event,
    ) -> Result<Option<()>, Error> {
        let Some(item) = self.0.get(key::group(organisation, group)).await? else {
            return Ok(None);
        };
        if !item.contains_key("removed_at") {
            self.close(organisation, group, &item, event).await?;
        }
        let members = self.0.get(key::members(organisation, group)).await?.unwrap_or_default();
        let members: Vec<UserId> = ids::<UserId>(&members, "members")?.into_iter().collect();
        for some in members.chunks(CHANGE) {
            let mut writes = self.0.writes();
            for user in some {
                writes.add(
                    Write::update(key::user(organisation, user)).take_members("groups", [group]),
                );
            }
            writes.add(
                Write::update(key::members(organisation, group)).take_members("members", some),
            );
            writes.commit().await??;
        }
        let mut writes = self.0.writes();
        writes.add(Write::delete(key::members(organisation, group)));
        writes.add(Write::delete(key::group(organisation, group)));
        writes.commit().await??;
        Ok(Some(()))
    }

    /// Marks the group as removed and ends its supervisors' access in one transaction.
    async fn close(
        self,
        organisation: &OrganisationId,
        group: &GroupId,
        item: &Item,
        event: &Event,
    ) -> Result<(), Error> {
        let supervisors: BTreeMap<UserId, Supervision> = read_supervisions(item, "supervisors")?;
        let mut writes = self.0.writes();
        writes.add(
            Write::update(key::group(organisation, group))
                .set("removed_at", n(event.at.timestamp_millis()))
                .set("supervisors", empty_map())
                .is(
                    "supervisors",
                    Some(item.get("supervisors").cloned().unwrap_or_else(empty_map)),
                ),
        );
        for user in supervisors.keys() {
            writes.add(
                Write::update(key::user(organisation, user))
                    .remove_member("supervises", group.as_str()),
            );
        }
        writes.audit(event);
        Ok(writes.commit().await??) // busy if its supervisors were changed meanwhile
    }
}

/// The group in an item; `None` while it is being removed.
pub(super) fn read(item: &Item) -> Result<Option<Group>, BadItem> {
    if item.contains_key("removed_at") {
        return Ok(None);
    }
    Ok(Some(Group {
        id: parsed(item, "sk")?,
        name: parsed(item, "name")?,
        supervisors: read_supervisions(item, "supervisors")?,
    }))
}

/// The rights as a set of their names.
pub(super) fn rights_value(rights: Rights) -> Option<AttributeValue> {
    let names =
        [("listen", rights.listen), ("download", rights.download), ("annotate", rights.annotate)];
    ss(names.into_iter().filter(|(_, granted)| *granted).map(|(name, _)| name))
}

fn supervision_value(supervision: &Supervision) -> AttributeValue {
    let moment = |at: Option<DateTime<Utc>>| at.map(|at| n(at.timestamp_millis()));
    let members = [
        ("from", moment(supervision.from)),
        ("to", moment(supervision.to)),
        ("rights", rights_value(supervision.rights)),
    ];
    AttributeValue::M(
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
    )
}
