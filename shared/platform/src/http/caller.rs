//! The caller of a request: the authorizer passes on the claims, the table has the permissions.
//!
//! A handler names its caller and its operation in one extractor, as in [`Admin<ListUsers>`]. It
//! runs before the path, the query and the body are read, and begins the request's audit event.

use std::{collections::BTreeMap, marker::PhantomData, ops::Deref};

use axum::{
    extract::{FromRef, FromRequestParts, RawPathParams},
    http::{Extensions, request::Parts},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{self, Action, Permission, Scopes, Who},
    ids::{ClientId, OrganisationId, UserId},
    people::{Organisation, Rights, User},
    recording::Recording,
};
use lambda_http::{
    aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext,
};

use super::{
    exchange::Exchange,
    operation::Operation,
    problem::{Cause, Problem},
};
use crate::table::{
    Table,
    audit::{AuditAction, Event},
};

/// The authenticated caller as loaded from the table. It dereferences to the request's exchange.
#[derive(Clone, Debug)]
pub struct Principal {
    pub organisation: Organisation,
    pub actor: Actor,
    pub now: DateTime<Utc>,
    exchange: Exchange,
}

/// A user, or an application client.
#[derive(Clone, Debug)]
pub enum Actor {
    User(Box<User>),
    Application { client: ClientId, scopes: Scopes },
}

/// Any caller of an organisation. The handler decides what they may do.
#[derive(Debug)]
pub struct Caller<O>(pub Principal, PhantomData<O>);

/// A user of an organisation.
#[derive(Debug)]
pub struct Person<O> {
    pub user: Box<User>,
    principal: Principal,
    operation: PhantomData<O>,
}

/// A caller with the operation's permission.
#[derive(Debug)]
pub struct Admin<O>(Principal, PhantomData<O>);

/// The operator's provisioning system. It belongs to no organisation and reaches no recording. Its
/// requests are audited in the organisation that the path names, or in the operator's own log.
#[derive(Debug)]
pub struct Operator<O> {
    pub client: ClientId,
    pub now: DateTime<Utc>,
    exchange: Exchange,
    operation: PhantomData<O>,
}

impl Principal {
    /// Refuses a caller without the permission.
    pub fn has(&self, permission: Permission) -> Result<(), Problem> {
        if self.caller(BTreeMap::new()).has(permission) {
            return Ok(());
        }
        Err(Problem::because(Cause::NotAllowed, "this is for administrators"))
    }

    /// The caller as `domain::access` sees them, with their rights to each user's recordings.
    pub fn caller(&self, rights_by_user: BTreeMap<UserId, Rights>) -> access::Caller {
        let who = match &self.actor {
            Actor::User(user) => {
                let (administrator, rights) = (user.administrator, user.rights);
                Who::Person(access::Person {
                    user: user.id.clone(),
                    administrator,
                    rights,
                    rights_by_user,
                })
            }
            Actor::Application { client, scopes } => {
                Who::Application { client: client.clone(), scopes: *scopes }
            }
        };
        access::Caller { organisation: self.organisation.id.clone(), who }
    }

    /// Whether the caller may do `action`. No request, or 1 if it depends on a supervisor's groups.
    pub async fn may(
        &self,
        table: &Table,
        action: Action,
        recording: &Recording,
    ) -> Result<bool, Problem> {
        let mut rights_by_user = BTreeMap::new();
        if let Actor::User(user) = &self.actor
            && !user.administrator
            && user.active_supervisions(self.now).next().is_some()
        {
            let groups = match recording.user == user.id {
                true => user.groups.clone(),
                false => table
                    .people()
                    .user(&recording.organisation, &recording.user)
                    .await?
                    .map(|user| user.groups)
                    .unwrap_or_default(),
            };
            let through = user
                .active_supervisions(self.now)
                .filter(|(group, _)| groups.contains(group))
                .map(|(_, rights)| rights);
            if let Some(rights) = through.reduce(Rights::or) {
                rights_by_user.insert(recording.user.clone(), rights);
            }
        }
        Ok(self.caller(rights_by_user).may(action, recording))
    }

    /// The caller's present rights as a supervisor. No request, or 1 for each 100 groups.
    pub async fn rights_by_user(&self, table: &Table) -> Result<BTreeMap<UserId, Rights>, Problem> {
        let mut rights_by_user = BTreeMap::new();
        let Actor::User(user) = &self.actor else { return Ok(rights_by_user) };
        if user.administrator {
            return Ok(rights_by_user);
        }
        let active_supervisions: BTreeMap<_, _> = user.active_supervisions(self.now).collect();
        let groups: Vec<_> = active_supervisions.keys().copied().collect();
        for (group, members) in table.people().members(&self.organisation.id, &groups).await? {
            let rights = active_supervisions.get(&group).copied().unwrap_or_default();
            for member in members {
                let of_user: &mut Rights = rights_by_user.entry(member).or_default();
                *of_user = of_user.or(rights);
            }
        }
        Ok(rights_by_user)
    }
}

/// Dereferences a caller to what it contains.
macro_rules! dereferences {
    ($($caller:ty, $($generic:ident)? => $part:tt: $to:ty;)*) => {$(
        impl$(<$generic>)? Deref for $caller {
            type Target = $to;
            fn deref(&self) -> &$to { &self.$part }
        }
    )*};
}

dereferences! {
    Principal, => exchange: Exchange;
    Caller<O>, O => 0: Principal;
    Person<O>, O => principal: Principal;
    Admin<O>, O => 0: Principal;
    Operator<O>, O => exchange: Exchange;
}

/// Returns the current time.
pub type Clock = fn() -> DateTime<Utc>;

impl<S, O: Operation> FromRequestParts<S> for Caller<O>
where
    S: Send + Sync,
    Table: FromRef<S>,
    Clock: FromRef<S>,
{
    type Rejection = Problem;

    /// Loads the caller. 1 request.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = load(
            parts,
            Table::from_ref(state),
            Clock::from_ref(state)(),
            (O::ACTION, O::ADMITS_REMOVED),
        )
        .await?;
        Ok(Self(principal, PhantomData))
    }
}

impl<S, O: Operation> FromRequestParts<S> for Person<O>
where
    S: Send + Sync,
    Table: FromRef<S>,
    Clock: FromRef<S>,
{
    type Rejection = Problem;

    /// Loads the caller, and refuses an application client. 1 request.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Caller(principal, operation) = Caller::from_request_parts(parts, state).await?;
        match &principal.actor {
            Actor::User(user) => Ok(Self { user: user.clone(), principal, operation }),
            Actor::Application { .. } => Err(Problem::because(
                Cause::NotAllowed,
                "this is for a person; an application cannot do it",
            )),
        }
    }
}

impl<S, O: Operation> FromRequestParts<S> for Admin<O>
where
    S: Send + Sync,
    Table: FromRef<S>,
    Clock: FromRef<S>,
{
    type Rejection = Problem;

    /// Loads the caller, and refuses one without the permission. 1 request.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Caller(principal, operation) = Caller::<O>::from_request_parts(parts, state).await?;
        principal.has(O::PERMISSION)?;
        Ok(Self(principal, operation))
    }
}

impl<S, O: Operation> FromRequestParts<S> for Operator<O>
where
    S: Send + Sync,
    Table: FromRef<S>,
    Clock: FromRef<S>,
{
    type Rejection = Problem;

    /// No request; 1 for any other caller, who is loaded and refused.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let now = Clock::from_ref(state)();
        match operator(parts) {
            Some(client) => {
                let exchange = begin_as_operator(parts, &client, O::ACTION, now).await;
                Ok(Self { client, now, exchange, operation: PhantomData })
            }
            None => {
                load(parts, Table::from_ref(state), now, (AuditAction::Provision, false)).await?;
                Err(Problem::because(Cause::NotAllowed, "this is for the operator's system"))
            }
        }
    }
}

/// Loads the caller and begins the audit event.
async fn load(
    parts: &mut Parts,
    table: Table,
    now: DateTime<Utc>,
    (action, admits_removed): (AuditAction, bool),
) -> Result<Principal, Problem> {
    if let Some(client) = operator(parts) {
        begin_as_operator(parts, &client, action, now).await;
        return Err(Problem::because(
            Cause::NotAllowed,
            "the operator's system belongs to no organisation",
        ));
    }
    let exchange = Exchange::of(&parts.extensions);
    let context = context(&parts.extensions).ok_or(Problem::new(Cause::NotSignedIn))?;
    let organisation: OrganisationId = claim(context, "organisation")?;
    let begin = |who: String| {
        exchange.begin(event(&parts.extensions, organisation.clone(), who, action, now))
    };
    let found = match claim::<ClientId>(context, "client") {
        Ok(client) => {
            let granted: String = claim(context, "scopes")?;
            begin(format!("client:{client}"));
            table.people().application(&organisation, &client).await?.map(
                |(organisation, found)| {
                    let scopes = found.scopes.and(Scopes::named(granted.split(' ')));
                    (organisation, Actor::Application { client: found.id, scopes })
                },
            )
        }
        Err(_) => {
            let user: UserId = claim(context, "user")?;
            begin(format!("user:{user}"));
            let found = match admits_removed {
                true => table.people().caller_or_removed(&organisation, &user).await?,
                false => table.people().caller(&organisation, &user).await?,
            };
            found.map(|(organisation, user)| (organisation, Actor::User(Box::new(user))))
        }
    };
    let Some((organisation, actor)) = found else {
        exchange.act(AuditAction::Enter);
        return Err(Problem::new(Cause::UnknownUser));
    };
    Ok(Principal { organisation, actor, now, exchange })
}

/// The operator's client, if the operator sent the request.
fn operator(parts: &Parts) -> Option<ClientId> {
    let context = context(&parts.extensions)?;
    claim::<String>(context, "scopes").ok().filter(|scopes| scopes == OPERATOR)?;
    claim(context, "client").ok()
}

/// Begins the event in the log of the path's organisation, or in the operator's.
async fn begin_as_operator(
    parts: &mut Parts,
    client: &ClientId,
    action: AuditAction,
    now: DateTime<Utc>,
) -> Exchange {
    let named = RawPathParams::from_request_parts(parts, &()).await.ok().and_then(|names| {
        let organisation = names.iter().find(|(name, _)| *name == "organisation")?.1.to_owned();
        OrganisationId::try_from(organisation).ok()
    });
    let organisation = named.unwrap_or_else(OrganisationId::operator);
    let exchange = Exchange::of(&parts.extensions);
    exchange.begin(event(
        &parts.extensions,
        organisation,
        format!("operator:{client}"),
        action,
        now,
    ));
    exchange
}

fn event(
    of: &Extensions,
    organisation: OrganisationId,
    actor: String,
    action: AuditAction,
    at: DateTime<Utc>,
) -> Event {
    let address =
        context(of).and_then(|context| context.http.source_ip.clone()).unwrap_or_default();
    Event { address, request: request_id(of), ..Event::new(organisation, actor, action, at) }
}

/// The scope of the operator's system.
const OPERATOR: &str = "operator";

/// The request id of API Gateway; empty outside it.
pub fn request_id(extensions: &Extensions) -> String {
    context(extensions).and_then(|context| context.request_id.clone()).unwrap_or_default()
}

/// The caller according to the authorizer; `None` without a signed-in caller.
pub fn who(extensions: &Extensions) -> Option<String> {
    let context = context(extensions)?;
    let [organisation, user, client] = ["organisation", "user", "client"]
        .map(|name| claim::<String>(context, name).unwrap_or_default());
    context.authorizer.as_ref().map(|_| format!("{organisation}#{user}#{client}"))
}

/// Who pays for a request: the organisation, and the user or client in it. `None` for the operator,
/// and without a signed-in caller.
pub fn payer(extensions: &Extensions) -> Option<(OrganisationId, String)> {
    let context = context(extensions)?;
    let organisation = claim(context, "organisation").ok()?;
    let who = match claim::<ClientId>(context, "client") {
        Ok(client) => format!("client:{client}"),
        Err(_) => format!("user:{}", claim::<UserId>(context, "user").ok()?),
    };
    Some((organisation, who))
}

fn context(extensions: &Extensions) -> Option<&ApiGatewayV2httpRequestContext> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => Some(context),
        _ => None,
    }
}

fn claim<T: TryFrom<String>>(
    context: &ApiGatewayV2httpRequestContext,
    name: &str,
) -> Result<T, Problem> {
    let value =
        context.authorizer.as_ref().and_then(|authorizer| authorizer.fields.get(name)?.as_str());
    value.and_then(|text| T::try_from(text.to_owned()).ok()).ok_or(Problem::new(Cause::NotSignedIn))
}
