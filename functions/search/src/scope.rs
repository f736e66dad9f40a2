//! Whose recordings a search looks among: what is asked for, within what the caller may see.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{
    access::{Caller, Scope},
    ids::UserId,
    search,
};
use platform::{
    http::{Cause, Known, Problem, sought},
    table::audit::Event,
};

use crate::{App, request::Filter};

/// The search that is asked for, within what the caller may see; refused, and `event` written, where they may see none of it. No request, 1
/// for a supervisor, and those of [`sought::named`] for a name.
pub async fn within(app: &App, known: &Known, filter: &Filter, event: &Event, now: DateTime<Utc>) -> Result<search::Filter, Problem> {
    let supervised = known.supervised(&app.table, now).await?;
    let users = match whose(&known.caller(supervised), filter.user.as_ref()) {
        Ok(users) => users,
        Err(problem) => return Err(known.refuse(&app.table, event.clone(), problem).await),
    };
    filter.search(sought::named(&app.table, &known.organisation.id, filter.name.as_deref(), users).await?)
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
