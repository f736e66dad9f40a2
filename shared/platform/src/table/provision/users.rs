//! Creates and changes users, with an event where a plan ends and recording with it.
//!
//! A transaction is conditional on who is removed, recorded or an administrator. After a concurrent
//! change it is decided anew, so an organisation with an administrator always retains one.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    activation::{Event as Activation, Kind},
    ids::{OrganisationId, UserId},
    people::{Extension, Language, Name, Plan, User, fold},
    phone::PhoneNumber,
};
use serde::{Deserialize, Serialize};

use super::{
    super::{
        Error, Provision,
        activation::ACTIVE,
        attributes::{parsed, s},
        audit::Event,
        commit::{Conflict, Transaction},
        key,
        people::read_user,
        read::BATCH,
        write::{Write, empty_map},
    },
    TRIES,
};

/// A user as the operator provisions them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserProvision {
    pub id: UserId,
    pub name: Name,
    pub phone: Option<PhoneNumber>,
    #[serde(default)]
    pub extension: Option<Extension>,
    pub language: Language,
    pub plan: Option<Plan>,
    /// `None` leaves the decision of the organisation's administrators unchanged.
    pub administrator: Option<bool>,
}

/// A partial change of a user by the operator. `None` leaves a member unchanged.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    pub name: Option<Name>,
    /// `Some(None)` removes the number; likewise the extension and the plan.
    pub phone: Option<Option<PhoneNumber>>,
    pub extension: Option<Option<Extension>>,
    pub language: Option<Language>,
    pub plan: Option<Option<Plan>>,
    pub administrator: Option<bool>,
}

/// The operator's request for a user.
#[derive(Clone, Debug)]
pub enum Wanted {
    Whole(UserProvision),
    Change(UserId, UserChange),
}

/// The outcome for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Changed,
    Unchanged,
    /// The id belongs to a removed user. No other person ever receives it.
    Removed,
    /// The organisation would have no administrator left.
    LastAdministrator,
    /// There is no such user to change.
    Unknown,
}

/// Adds further writes, which fail with [`Conflict::PageSaved`] if all of it is written already.
pub type Also<'a> = &'a (dyn Fn(&mut Transaction<'_>, &[Outcome]) + Sync);
/// Makes the audit event of a transaction that writes these users.
pub type EventOf<'a> = &'a (dyn Fn(&[&UserProvision]) -> Event + Sync);

/// Users in one transaction: each takes an item and, where a plan ends, an event. The audit event,
/// another administrator and two writes of the caller's come on top.
pub const PROVISIONED: usize = 48;

/// The current users.
#[derive(Debug, Default)]
struct Stored {
    users: BTreeMap<UserId, User>,
    removed: BTreeSet<UserId>,
}

/// A user to write: the next and the previous state, and the position in the request.
#[derive(Debug)]
struct Due<'a> {
    place: usize,
    user: UserProvision,
    was: Option<&'a User>,
    /// For a partial change: the other members must be unchanged.
    strict: bool,
}

impl Provision<'_> {
    /// Creates or changes at most [`PROVISIONED`] users; returns outcomes in order, or `None` if
    /// `also` was done. 2 requests, 1 per MB of users if administrators end, and again after
    /// changes.
    ///
    /// # Errors
    /// [`Error::Busy`] if others change the same users all the time: try again.
    pub async fn put_users(
        self,
        organisation: &OrganisationId,
        wanted: &[Wanted],
        event_of: EventOf<'_>,
        also: Option<Also<'_>>,
    ) -> Result<Option<Vec<Outcome>>, Error> {
        for _ in 0..TRIES {
            let stored = self.known(organisation, wanted).await?;
            let (mut outcomes, mut due) = decide(wanted, &stored);
            let witness = self.witness(organisation, &mut outcomes, &mut due).await?;
            let mut writes = self.0.writes();
            if let Some(also) = also {
                also(&mut writes, &outcomes);
            }
            let users: Vec<&UserProvision> = due.iter().map(|due| &due.user).collect();
            let event = (!users.is_empty()).then(|| event_of(&users));
            for (due, event) in due.iter().zip(event.iter().cycle()) {
                writes.add(due.write(organisation, event.at));
            }
            if let Some(witness) = &witness {
                writes.still_administers(organisation, witness);
            }
            if let Some(event) = &event {
                for due in due.iter().filter(|due| due.ends_recording()) {
                    writes.activation(organisation, &ended(&due.user.id, event));
                }
                writes.audit(event);
            }
            if writes.is_empty() {
                return Ok(Some(outcomes));
            }
            match writes.commit().await? {
                Ok(()) => return Ok(Some(outcomes)),
                Err(Conflict::PageSaved) => return Ok(None),
                Err(_) => {} // decides anew on the current users
            }
        }
        Err(Error::Busy)
    }

    /// The existing users that are wanted, and the ids of removed ones. 1 request for each 100.
    async fn known(
        self,
        organisation: &OrganisationId,
        wanted: &[Wanted],
    ) -> Result<Stored, Error> {
        let ids: BTreeSet<&UserId> = wanted.iter().map(Wanted::id).collect();
        let mut stored = Stored::default();
        for some in ids.into_iter().collect::<Vec<_>>().chunks(BATCH) {
            for item in self.0.batch(some.iter().map(|user| key::user(organisation, user))).await? {
                match read_user(&item)? {
                    Some(user) => drop(stored.users.insert(user.id.clone(), user)),
                    None => drop(stored.removed.insert(parsed(&item, "sk")?)),
                }
            }
        }
        Ok(stored)
    }

    /// An administrator who remains while others end; `None` if none ends, or if a due user
    /// administers. Without anyone else, those who would end remain, as
    /// [`Outcome::LastAdministrator`]. No request, or 1 for each MB of users.
    async fn witness(
        self,
        organisation: &OrganisationId,
        outcomes: &mut [Outcome],
        due: &mut Vec<Due<'_>>,
    ) -> Result<Option<UserId>, Error> {
        let stays = |due: &Due<'_>| due.user.administrator.unwrap_or(due.administered());
        if !due.iter().any(Due::ends_administering) || due.iter().any(stays) {
            return Ok(None);
        }
        let ending: BTreeSet<&UserId> =
            due.iter().filter(|due| due.ends_administering()).map(|due| &due.user.id).collect();
        if let Some(other) = self.administrator_besides(organisation, &ending).await? {
            return Ok(Some(other));
        }
        for due in due.iter().filter(|due| due.ends_administering()) {
            outcomes[due.place] = Outcome::LastAdministrator;
        }
        due.retain(|due| !due.ends_administering());
        Ok(None)
    }

    /// An administrator who is none of `these`. 1 request for each MB of users.
    pub(super) async fn administrator_besides(
        self,
        organisation: &OrganisationId,
        these: &BTreeSet<&UserId>,
    ) -> Result<Option<UserId>, Error> {
        let query = self.0.query(key::users(organisation), None).consistent().only(&["sk"]);
        let query = query
            .filter("administrator = :yes AND attribute_not_exists(removed_at)")
            .given("yes", AttributeValue::Bool(true));
        let mut pages = query.pages();
        while let Some(page) = pages.next().await? {
            let (found, _) = page.read(|item| parsed(item, "sk"))?;
            if let Some(other) = found.into_iter().find(|user| !these.contains(user)) {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }
}

/// The outcome for each wanted user, and the users to write.
fn decide<'a>(wanted: &[Wanted], stored: &'a Stored) -> (Vec<Outcome>, Vec<Due<'a>>) {
    let (mut outcomes, mut due) = (Vec::new(), Vec::new());
    for (place, wanted) in wanted.iter().enumerate() {
        let was = stored.users.get(wanted.id());
        let user = match (wanted, was) {
            (Wanted::Whole(user), _) => Some(user.clone()),
            (Wanted::Change(_, change), Some(was)) => Some(change.of(was)),
            (Wanted::Change(..), None) => None,
        };
        outcomes.push(match (&user, was) {
            _ if stored.removed.contains(wanted.id()) => Outcome::Removed,
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

/// The event that recording ended with the user's plan.
fn ended(user: &UserId, event: &Event) -> Activation {
    Activation {
        user: user.clone(),
        at: event.at,
        kind: Kind::Deactivated,
        by: event.actor.clone(),
    }
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

    /// The write of the user, on the condition that they are as the write was decided on.
    fn write(&self, organisation: &OrganisationId, now: DateTime<Utc>) -> Write {
        let user = &self.user;
        let phone = user.phone.as_ref().map(PhoneNumber::to_string);
        let extension = user.extension.as_ref().map(Extension::to_string);
        let numbers = [phone.clone().unwrap_or_default(), extension.clone().unwrap_or_default()];
        let found_by = fold(&format!("{} {} {}", user.name, user.id, numbers.join(" ").trim()));
        let write = Write::update(key::user(organisation, &user.id))
            .set("name", s(&user.name))
            .set("language", s(user.language))
            .set("at", s(key::named(&user.name, user.id.as_str())))
            .set("found_by", s(found_by))
            .set_first("supervises", empty_map())
            .set_or_remove("phone", phone.map(s))
            .set_or_remove("extension", extension.map(s))
            .set_or_remove("plan", user.plan.map(s))
            .set_if("administrator", user.administrator.map(AttributeValue::Bool))
            .is("removed_at", None);
        let write = match (user.plan, self.is_active()) {
            (Some(_), _) => write,
            (None, true) => write.deactivated(now).when("attribute_exists(activated_at)"),
            (None, false) => write.remove_all(&ACTIVE).when("attribute_not_exists(activated_at)"),
        };
        let write = match (user.administrator, self.administered()) {
            (None, true) => write.is("administrator", Some(AttributeValue::Bool(true))),
            (Some(false), false) => write.no_administrator(),
            _ => write,
        };
        match self.was.filter(|_| self.strict) {
            Some(was) => unchanged(write, was),
            None => write,
        }
    }
}

/// Adds the condition that the members are as in `was`.
fn unchanged(write: Write, was: &User) -> Write {
    write
        .is("name", Some(s(&was.name)))
        .when("attribute_not_exists(#language) OR #language = :was_language")
        .given("was_language", s(was.language))
        .is("phone", was.phone.as_ref().map(s))
        .is("extension", was.extension.as_ref().map(s))
        .is("plan", was.plan.map(s))
}

impl Transaction<'_> {
    /// Checks that the user still administers the organisation.
    pub(super) fn still_administers(&mut self, organisation: &OrganisationId, user: &UserId) {
        let administrator = Write::check(key::user(organisation, user))
            .is("administrator", Some(AttributeValue::Bool(true)));
        self.add(administrator.is("removed_at", None).or(Conflict::NotAdministrator));
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
            extension: self.extension.clone().unwrap_or_else(|| was.extension.clone()),
            language: self.language.unwrap_or(was.language),
            plan: self.plan.unwrap_or(was.plan),
            administrator: self.administrator,
        }
    }
}

impl UserProvision {
    /// Whether `current` is provisioned so already.
    fn is(&self, current: &User) -> bool {
        (&self.name, &self.phone, &self.extension, self.language, self.plan)
            == (&current.name, &current.phone, &current.extension, current.language, current.plan)
            && self.administrator.is_none_or(|administrator| administrator == current.administrator)
    }
}
