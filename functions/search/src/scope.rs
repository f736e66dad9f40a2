//! The scope of a search: the requested users, within those that the caller may see.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{
    access::{Caller, Scope},
    ids::UserId,
    search,
};
use platform::{
    http::{Cause, Principal, Problem, criteria},
    table::audit::Event,
};

use crate::{App, request::Filter};

/// The search within the caller's scope. A refusal is written as `event`. No request, 1 for a
/// supervisor, and those of [`criteria::named`] for a name.
pub async fn within(
    app: &App,
    principal: &Principal,
    filter: &Filter,
    event: &Event,
    now: DateTime<Utc>,
) -> Result<search::Filter, Problem> {
    let rights_by_user = principal.rights_by_user(&app.table, now).await?;
    let users = match whose(&principal.caller(rights_by_user), filter.user.as_ref()) {
        Ok(users) => users,
        Err(problem) => return Err(principal.refuse(&app.table, event.clone(), problem).await),
    };
    filter.search(criteria::named(&app.table, &principal.organisation.id, filter.name.as_deref(), users).await?)
}

/// The users whose recordings to list; `None` for all.
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
