//! Whose recordings a search looks among: what is asked for, within what the caller may see.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{
    access::{Caller, Scope},
    ids::UserId,
    people::Name,
    search,
};
use platform::{
    http::{Cause, Known, Problem},
    table::{audit::Event, directory},
};

use crate::{App, request::Filter};

/// Users that a search by name takes at most.
const NAMED: usize = 100;

/// The search that is asked for, within what the caller may see; refused, and `event` written, where they may see none of it. No request, 1
/// for a supervisor, and 1 or more for a name.
pub async fn within(app: &App, known: &Known, filter: &Filter, event: &Event, now: DateTime<Utc>) -> Result<search::Filter, Problem> {
    let supervised = known.supervised(&app.table, now).await?;
    let users = match whose(&known.caller(supervised), filter.user.as_ref()) {
        Ok(users) => users,
        Err(problem) => return Err(known.refuse(&app.table, event.clone(), problem).await),
    };
    filter.search(named(app, known, filter, users).await?)
}

/// The users whose recordings to list, if not everyone's.
fn whose(caller: &Caller, asked: Option<&UserId>) -> Result<Option<BTreeSet<UserId>>, Problem> {
    match (caller.scope(), asked) {
        (Scope::Organisation, asked) => Ok(asked.map(|user| [user.clone()].into())),
        (Scope::Users(users), _) if users.is_empty() => {
            Err(Problem::because(Cause::NotAllowed, "you may not list recordings; an administrator grants the right"))
        }
        (Scope::Users(users), None) => Ok(Some(users.into_iter().collect())),
        (Scope::Users(users), Some(user)) if users.contains(user) => Ok(Some([user.clone()].into())),
        (Scope::Users(_), Some(_)) => {
            Err(Problem::because(Cause::NotAllowed, "you may not list this user's recordings; leave the user out"))
        }
    }
}

/// Those of the users whose name is asked for, if one is. No request, or 1 and more for a name that few have.
async fn named(app: &App, known: &Known, filter: &Filter, users: Option<BTreeSet<UserId>>) -> Result<Option<BTreeSet<UserId>>, Problem> {
    let Some(name) = filter.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) else { return Ok(users) };
    if name.chars().count() > Name::CHARACTERS {
        return Err(Problem::because(Cause::Invalid, "a name holds at most 100 characters"));
    }
    let page = directory::Page { organisation: &known.organisation.id, holding: Some(name), limit: NAMED, after: None };
    let (found, _) = app.table.list_users(&page).await?;
    let seen = |id: &UserId| users.as_ref().is_none_or(|users| users.contains(id));
    Ok(Some(found.into_iter().map(|user| user.id).filter(seen).collect()))
}
