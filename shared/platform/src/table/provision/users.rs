//! Creates and changes users, one or some at once: each its item, and an event where a plan ends and recording with it.
//!
//! A commit asks for what it was decided on: that no user of it is removed, who is recorded, who administers. Where that changed meanwhile,
//! it is decided anew. So an organisation that has an administrator keeps one, whoever else writes at the same time.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    activation::{Event as Activation, Kind},
    ids::{OrganisationId, UserId},
    people::{Language, Name, Plan, User, fold},
    phone::PhoneNumber,
};
use serde::{Deserialize, Serialize};

use super::{
    super::{
        BadItem, Error, Table,
        activation::ACTIVE,
        attributes::{parsed, s},
        audit::Event,
        commit::{Commit, Writes, empty_map},
        key::{self, Item},
        people::read_user,
        read::BATCH,
    },
    TRIES,
};

/// A user as the operator provisions it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserProvision {
    pub id: UserId,
    pub name: Name,
    pub phone: Option<PhoneNumber>,
    pub language: Language,
    pub plan: Option<Plan>,
    /// `None` leaves it as the organisation's administrators have decided.
    pub administrator: Option<bool>,
}

/// Some members of a user, as the operator changes them. `None` leaves a member as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    pub name: Option<Name>,
    /// `Some(None)` takes the number away; likewise the plan.
    pub phone: Option<Option<PhoneNumber>>,
    pub language: Option<Language>,
    pub plan: Option<Option<Plan>>,
    pub administrator: Option<bool>,
}

/// What the operator wants of a user.
#[derive(Clone, Debug)]
pub enum Wanted {
    Whole(UserProvision),
    Change(UserId, UserChange),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Changed,
    Unchanged,
    /// The id is a removed user's. It is never given to another person.
    Removed,
    /// It would have left the organisation without an administrator.
    LastAdministrator,
    /// There is no such user to change.
    Unknown,
}

/// What else a commit writes; its first write is refused if another has done all of it already.
pub type Also<'a> = &'a (dyn Fn(&mut Writes<'_>, &[Outcome]) + Sync);
/// The event of a commit that writes these users.
pub type Told<'a> = &'a (dyn Fn(&[&UserProvision]) -> Event + Sync);

/// Users that one commit provisions: each its item and, where a plan ends, an event; beside them the audit's event, another administrator, and
/// two writes of the caller's.
pub const PROVISIONED: usize = 48;

/// Users as they stand.
#[derive(Debug, Default)]
struct Standing {
    users: BTreeMap<UserId, User>,
    removed: BTreeSet<UserId>,
}

/// A user to write: as it is to be and as it was, with its place among those wanted.
#[derive(Debug)]
struct Due<'a> {
    place: usize,
    user: UserProvision,
    was: Option<&'a User>,
    /// Whether the other members have to be as they were: of a change of some.
    strict: bool,
}

impl Table {
    /// Creates or changes users, [`PROVISIONED`] at most, and answers with what came of each, in their order. 2 requests, 1 more for each MB
    /// of users where administrators end, and again where something changed meanwhile. `None` if what is written `also` was done already.
    ///
    /// # Errors
    /// [`Error::Busy`] when others change the same users all the time: try again.
    pub async fn provision_users(
        &self,
        organisation: &OrganisationId,
        wanted: &[Wanted],
        told: Told<'_>,
        also: Option<Also<'_>>,
    ) -> Result<Option<Vec<Outcome>>, Error> {
        for _ in 0..TRIES {
            let standing = self.known(organisation, wanted).await?;
            let (mut outcomes, mut due) = decide(wanted, &standing);
            let witness = self.witness(organisation, &mut outcomes, &mut due).await?;
            let mut writes = self.writes();
            if let Some(also) = also {
                also(&mut writes, &outcomes);
            }
            for due in &due {
                writes.user(organisation, due);
            }
            if let Some(witness) = &witness {
                writes.still_administers(organisation, witness);
            }
            let users: Vec<&UserProvision> = due.iter().map(|due| &due.user).collect();
            if !users.is_empty() {
                let event = told(&users);
                for due in due.iter().filter(|due| due.ends_recording()) {
                    writes.activation(organisation, &ended(&due.user.id, &event));
                }
                writes.audit(&event);
            }
            if writes.is_empty() {
                return Ok(Some(outcomes));
            }
            match writes.commit().await? {
                Commit::Done => return Ok(Some(outcomes)),
                Commit::Refused(places) if also.is_some() && places.contains(&0) => return Ok(None),
                Commit::Refused(_) => {} // decided on what has changed meanwhile
            }
        }
        Err(Error::Busy)
    }

    /// Those of the wanted users that exist, and the ids that are removed users'. 1 request for each 100.
    async fn known(&self, organisation: &OrganisationId, wanted: &[Wanted]) -> Result<Standing, Error> {
        let ids: BTreeSet<&UserId> = wanted.iter().map(Wanted::id).collect();
        let mut standing = Standing::default();
        for some in ids.into_iter().collect::<Vec<_>>().chunks(BATCH) {
            for item in self.batch(some.iter().map(|user| key::user(organisation, user))).await? {
                match read_user(&item)? {
                    Some(user) => drop(standing.users.insert(user.id.clone(), user)),
                    None => drop(standing.removed.insert(parsed(&item, "sk")?)),
                }
            }
        }
        Ok(standing)
    }

    /// An administrator who stays while others of the commit end; none is needed where none ends, or one is named. If there is nobody else,
    /// those who would end stay, and are told why. No request, or 1 for each MB of users.
    async fn witness(
        &self,
        organisation: &OrganisationId,
        outcomes: &mut [Outcome],
        due: &mut Vec<Due<'_>>,
    ) -> Result<Option<UserId>, Error> {
        let stays = |due: &Due<'_>| due.user.administrator.unwrap_or(due.administered());
        if !due.iter().any(Due::ends_administering) || due.iter().any(stays) {
            return Ok(None);
        }
        let ending: BTreeSet<&UserId> = due.iter().filter(|due| due.ends_administering()).map(|due| &due.user.id).collect();
        if let Some(other) = self.administrator_besides(organisation, &ending).await? {
            return Ok(Some(other));
        }
        for due in due.iter().filter(|due| due.ends_administering()) {
            outcomes[due.place] = Outcome::LastAdministrator;
        }
        due.retain(|due| !due.ends_administering());
        Ok(None)
    }

    /// An administrator of the organisation who is none of these. 1 request for each MB of users.
    pub(super) async fn administrator_besides(
        &self,
        organisation: &OrganisationId,
        these: &BTreeSet<&UserId>,
    ) -> Result<Option<UserId>, Error> {
        let query = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk").consistent_read(true);
        let query = query.filter_expression("administrator = :yes AND attribute_not_exists(removed_at)").projection_expression("sk");
        let query = query.expression_attribute_values(":pk", s(key::users(organisation)));
        let query = query.expression_attribute_values(":yes", AttributeValue::Bool(true));
        let mut start = None;
        loop {
            let answer = query.clone().set_exclusive_start_key(start).send().await?;
            let found = answer.items().iter().map(|item| parsed(item, "sk")).collect::<Result<Vec<UserId>, BadItem>>()?;
            start = answer.last_evaluated_key;
            if let Some(other) = found.into_iter().find(|user| !these.contains(user)) {
                return Ok(Some(other));
            }
            if start.is_none() {
                return Ok(None);
            }
        }
    }
}

/// What comes of each that is wanted, and what is to be written for it.
fn decide<'a>(wanted: &[Wanted], standing: &'a Standing) -> (Vec<Outcome>, Vec<Due<'a>>) {
    let (mut outcomes, mut due) = (Vec::new(), Vec::new());
    for (place, wanted) in wanted.iter().enumerate() {
        let was = standing.users.get(wanted.id());
        let user = match (wanted, was) {
            (Wanted::Whole(user), _) => Some(user.clone()),
            (Wanted::Change(_, change), Some(was)) => Some(change.of(was)),
            (Wanted::Change(..), None) => None,
        };
        outcomes.push(match (&user, was) {
            _ if standing.removed.contains(wanted.id()) => Outcome::Removed,
            (None, _) => Outcome::Unknown,
            (Some(user), Some(was)) if user.is(was) => Outcome::Unchanged,
            (Some(_), Some(_)) => Outcome::Changed,
            (Some(_), None) => Outcome::Created,
        });
        if let (Some(user), Some(Outcome::Created | Outcome::Changed)) = (user, outcomes.last()) {
            due.push(Due { place, user, was, strict: matches!(wanted, Wanted::Change(..)) });
        }
    }
    (outcomes, due)
}

/// That recording ended with the user's plan.
fn ended(user: &UserId, event: &Event) -> Activation {
    Activation { user: user.clone(), at: event.at, kind: Kind::Deactivated, by: event.who.clone() }
}

impl Due<'_> {
    fn administered(&self) -> bool {
        self.was.is_some_and(|was| was.administrator)
    }

    fn ends_administering(&self) -> bool {
        self.administered() && self.user.administrator == Some(false)
    }

    fn is_active(&self) -> bool {
        self.was.is_some_and(|was| was.activated_at.is_some())
    }

    fn ends_recording(&self) -> bool {
        self.user.plan.is_none() && self.is_active()
    }

    /// What has to be so still: what the write was decided on.
    fn condition(&self) -> String {
        let mut asked = vec!["attribute_not_exists(removed_at)".to_owned()];
        if self.user.plan.is_none() {
            asked.push(format!("attribute_{}exists(activated_at)", if self.is_active() { "" } else { "not_" }));
        }
        match (self.user.administrator, self.administered()) {
            (None, true) => asked.push("administrator = :yes".to_owned()),
            (Some(false), false) => asked.push("(attribute_not_exists(administrator) OR administrator = :no)".to_owned()),
            _ => {}
        }
        if let Some(was) = self.was.filter(|_| self.strict) {
            asked.push("#name = :was_name AND (attribute_not_exists(#language) OR #language = :was_language)".to_owned());
            for (name, known) in [("phone", was.phone.is_some()), ("plan", was.plan.is_some())] {
                asked.push(if known { format!("#{name} = :was_{name}") } else { format!("attribute_not_exists(#{name})") });
            }
        }
        asked.join(" AND ")
    }

    /// The values that the condition and the update name.
    fn values(&self) -> Item {
        let user = &self.user;
        let phone = user.phone.as_ref().map(PhoneNumber::to_string);
        let found_by = fold(&format!("{} {} {}", user.name, user.id, phone.clone().unwrap_or_default()));
        let mut values = vec![
            (":name", Some(s(&user.name))),
            (":language", Some(s(user.language.as_str()))),
            (":at", Some(s(key::named(&user.name, user.id.as_str())))),
            (":found_by", Some(s(found_by))),
            (":none", Some(empty_map())),
            (":phone", phone.map(s)),
            (":plan", user.plan.map(|plan| s(plan.as_str()))),
            (":administrator", user.administrator.map(AttributeValue::Bool)),
        ];
        match (user.administrator, self.administered()) {
            (None, true) => values.push((":yes", Some(AttributeValue::Bool(true)))),
            (Some(false), false) => values.push((":no", Some(AttributeValue::Bool(false)))),
            _ => {}
        }
        if let Some(was) = self.was.filter(|_| self.strict) {
            values.extend([
                (":was_name", Some(s(&was.name))),
                (":was_language", Some(s(was.language.as_str()))),
                (":was_phone", was.phone.as_ref().map(s)),
                (":was_plan", was.plan.map(|plan| s(plan.as_str()))),
            ]);
        }
        values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    fn expression(&self) -> String {
        let set =
            "SET #name = :name, #language = :language, #at = :at, found_by = :found_by, supervises = if_not_exists(supervises, :none)";
        let (mut set, mut remove) = (set.to_owned(), Vec::new());
        for (name, known, also) in [("phone", self.user.phone.is_some(), ""), ("plan", self.user.plan.is_some(), ACTIVE)] {
            match known {
                true => set.push_str(&format!(", #{name} = :{name}")),
                false => remove.extend([format!("#{name}"), also.to_owned()].into_iter().filter(|text| !text.is_empty())),
            }
        }
        if self.user.administrator.is_some() {
            set.push_str(", administrator = :administrator");
        }
        if remove.is_empty() { set } else { format!("{set} REMOVE {}", remove.join(", ")) }
    }
}

impl Writes<'_> {
    fn user(&mut self, organisation: &OrganisationId, due: &Due<'_>) {
        self.update(key::user(organisation, &due.user.id), |mut update| {
            for name in ["name", "language", "at", "phone", "plan"] {
                update = update.expression_attribute_names(format!("#{name}"), name);
            }
            let update = update.update_expression(due.expression()).condition_expression(due.condition());
            update.set_expression_attribute_values(Some(due.values()))
        });
    }

    /// Asks that the user administers the organisation still.
    pub(super) fn still_administers(&mut self, organisation: &OrganisationId, user: &UserId) {
        self.check(key::user(organisation, user), |check| {
            let check = check.condition_expression("administrator = :yes AND attribute_not_exists(removed_at)");
            check.expression_attribute_values(":yes", AttributeValue::Bool(true))
        });
    }
}

impl Wanted {
    pub fn id(&self) -> &UserId {
        match self {
            Self::Whole(user) => &user.id,
            Self::Change(id, _) => id,
        }
    }
}

impl UserChange {
    /// The user `was` with this change.
    fn of(&self, was: &User) -> UserProvision {
        UserProvision {
            id: was.id.clone(),
            name: self.name.clone().unwrap_or_else(|| was.name.clone()),
            phone: self.phone.clone().unwrap_or_else(|| was.phone.clone()),
            language: self.language.unwrap_or(was.language),
            plan: self.plan.unwrap_or(was.plan),
            administrator: self.administrator,
        }
    }
}

impl UserProvision {
    /// Whether `standing` is what this provisions already.
    fn is(&self, standing: &User) -> bool {
        (&self.name, &self.phone, self.language, self.plan) == (&standing.name, &standing.phone, standing.language, standing.plan)
            && self.administrator.is_none_or(|administrator| administrator == standing.administrator)
    }
}
