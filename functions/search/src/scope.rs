//! The scope of a search: the requested users, within those that the caller may see.

use std::collections::BTreeSet;

use domain::{
    access::{Caller, Scope},
    ids::UserId,
    search,
};
use platform::{
    criteria,
    http::{Cause, Principal, Problem},
};

use crate::{App, asked::asked, request::Filter};

/// The search within the caller's scope, with its criteria in the audit event. No request, 1 for a
/// supervisor, and those of [`asked`] and [`criteria::named`].
pub async fn within(
    app: &App,
    caller: &Principal,
    filter: &Filter,
) -> Result<search::Filter, Problem> {
    caller.detail(&asked(app, &caller.organisation, filter).await?);
    let users =
        whose(&caller.caller(caller.rights_by_user(&app.table).await?), filter.user.as_ref())?;
    let users =
        criteria::named(&app.table, &caller.organisation.id, filter.name.as_deref(), users).await?;
    filter.search(users, caller.organisation.country)
}

/// The users whose recordings to list; `None` for all.
fn whose(caller: &Caller, asked: Option<&UserId>) -> Result<Option<BTreeSet<UserId>>, Problem> {
    match (caller.scope(), asked) {
        (Scope::Organisation, asked) => Ok(asked.map(|user| [user.clone()].into())),
        (Scope::Users(users), _) if users.is_empty() => Err(Problem::because(
            Cause::NotAllowed,
            "you may not list recordings; an administrator grants the right",
        )),
        (Scope::Users(users), None) => Ok(Some(users.into_iter().collect())),
        (Scope::Users(users), Some(user)) if users.contains(user) => {
            Ok(Some([user.clone()].into()))
        }
        (Scope::Users(_), Some(_)) => Err(Problem::because(
            Cause::NotAllowed,
            "you may not list this user's recordings; leave the user out",
        )),
    }
}
