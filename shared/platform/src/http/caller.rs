//! The caller of a request: the authorizer passes on the claims, the table has the permissions.

use std::collections::BTreeMap;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{Extensions, request::Parts},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Action, Caller, Permission, Person, Scopes, Who},
    ids::{ClientId, OrganisationId, RecordingId, UserId},
    people::{Organisation, Rights, User},
    recording::Recording,
};
use lambda_http::{aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext};

use super::problem::{Cause, Problem};
use crate::table::{
    Table,
    audit::{AuditAction, Event},
};

/// The authenticated caller as loaded from the table, and the origin of the request.
#[derive(Clone, Debug)]
pub struct Principal {
    pub organisation: Organisation,
    pub actor: Actor,
    pub origin: Origin,
}

/// A user, or an application client.
#[derive(Clone, Debug)]
pub enum Actor {
    User(Box<User>),
    Application { client: ClientId, scopes: Scopes },
}

/// The operator's provisioning system. It belongs to no organisation and reaches no recording.
#[derive(Clone, Debug)]
pub struct Operator {
    pub client: ClientId,
    pub origin: Origin,
}

/// The origin of a request.
#[derive(Clone, Debug)]
pub struct Origin {
    pub address: String,
    pub request: String,
}

impl Principal {
    /// The calling user, or a refusal for an application client.
    pub fn user(&self) -> Result<&User, Problem> {
        match &self.actor {
            Actor::User(user) => Ok(user),
            Actor::Application { .. } => Err(Problem::because(Cause::NotAllowed, "this is for a person; an application cannot do it")),
        }
    }

    /// The calling user. The refusal of an application client is audited. No request, or 1.
    pub async fn person(&self, table: &Table, event: &Event) -> Result<&User, Problem> {
        match self.user() {
            Ok(user) => Ok(user),
            Err(problem) => Err(self.refuse(table, event.clone(), problem).await),
        }
    }

    /// Refuses a caller without the permission.
    pub fn has(&self, permission: Permission) -> Result<(), Problem> {
        if self.caller(BTreeMap::new()).has(permission) {
            return Ok(());
        }
        Err(Problem::because(Cause::NotAllowed, "this is for administrators"))
    }

    /// The caller as `domain::access` sees them, with their rights to each user's recordings.
    pub fn caller(&self, rights_by_user: BTreeMap<UserId, Rights>) -> Caller {
        let who = match &self.actor {
            Actor::User(user) => {
                Who::Person(Person { user: user.id.clone(), administrator: user.administrator, rights: user.rights, rights_by_user })
            }
            Actor::Application { client, scopes } => Who::Application { client: client.clone(), scopes: *scopes },
        };
        Caller { organisation: self.organisation.id.clone(), who }
    }

    /// Whether the caller may do `action`. No request, or 1 if it depends on a supervisor's groups.
    pub async fn may(&self, table: &Table, action: Action, recording: &Recording, now: DateTime<Utc>) -> Result<bool, Problem> {
        let mut rights_by_user = BTreeMap::new();
        if let Actor::User(user) = &self.actor
            && !user.administrator
            && user.active_supervisions(now).next().is_some()
        {
            let groups = match recording.user == user.id {
                true => user.groups.clone(),
                false => table.user(&recording.organisation, &recording.user).await?.map(|user| user.groups).unwrap_or_default(),
            };
            let through = user.active_supervisions(now).filter(|(group, _)| groups.contains(group)).map(|(_, rights)| rights);
            if let Some(rights) = through.reduce(Rights::or) {
                rights_by_user.insert(recording.user.clone(), rights);
            }
        }
        Ok(self.caller(rights_by_user).may(action, recording))
    }

    /// The caller's rights at `now` as a supervisor. No request, or 1 for each 100 groups.
    pub async fn rights_by_user(&self, table: &Table, now: DateTime<Utc>) -> Result<BTreeMap<UserId, Rights>, Problem> {
        let mut rights_by_user = BTreeMap::new();
        let Actor::User(user) = &self.actor else { return Ok(rights_by_user) };
        if user.administrator {
            return Ok(rights_by_user);
        }
        let active_supervisions: BTreeMap<_, _> = user.active_supervisions(now).collect();
        let groups: Vec<_> = active_supervisions.keys().copied().collect();
        for (group, members) in table.members(&self.organisation.id, &groups).await? {
            let rights = active_supervisions.get(&group).copied().unwrap_or_default();
            for member in members {
                let of_user: &mut Rights = rights_by_user.entry(member).or_default();
                *of_user = of_user.or(rights);
            }
        }
        Ok(rights_by_user)
    }

    /// An audit event of the caller, without a denial.
    pub fn event(&self, action: AuditAction, at: DateTime<Utc>) -> Event {
        self.origin.event(self.organisation.id.clone(), self.who(), action, at)
    }

    /// The caller as audit events name them.
    pub fn who(&self) -> String {
        match &self.actor {
            Actor::User(user) => format!("user:{}", user.id),
            Actor::Application { client, .. } => format!("client:{client}"),
        }
    }

    /// An audit event of the caller about one recording.
    pub fn event_on(&self, action: AuditAction, recording: RecordingId, at: DateTime<Utc>) -> Event {
        Event { recording: Some(recording), ..self.event(action, at) }
    }

    /// An audit event of the caller about a user, a group or a client.
    pub fn event_about(&self, action: AuditAction, resource: impl ToString, at: DateTime<Utc>) -> Event {
        Event { resource: Some(resource.to_string()), ..self.event(action, at) }
    }

    /// Writes the refusal to the audit log, and returns the problem. 1 request.
    pub async fn refuse(&self, table: &Table, event: Event, problem: Problem) -> Problem {
        refuse(table, event, problem).await
    }

    /// Checks the permission, and writes a refusal to the audit log. No request, or 1.
    pub async fn with_permission(&self, table: &Table, permission: Permission, event: &Event) -> Result<(), Problem> {
        match self.has(permission) {
            Ok(()) => Ok(()),
            Err(problem) => Err(self.refuse(table, event.clone(), problem).await),
        }
    }
}

impl Operator {
    /// An audit event of the operator about an organisation.
    pub fn event(&self, organisation: &OrganisationId, action: AuditAction, resource: Option<String>, at: DateTime<Utc>) -> Event {
        let event = self.origin.event(organisation.clone(), format!("operator:{}", self.client), action, at);
        Event { resource, ..event }
    }
}

impl Origin {
    fn event(&self, organisation: OrganisationId, actor: String, action: AuditAction, at: DateTime<Utc>) -> Event {
        Event {
            at,
            organisation,
            actor,
            action,
            recording: None,
            resource: None,
            recorded_user: None,
            detail: None,
            reason: None,
            denial: None,
            address: self.address.clone(),
            request: self.request.clone(),
        }
    }
}

/// Returns the current time.
type Clock = fn() -> DateTime<Utc>;

impl<S> FromRequestParts<S> for Principal
where
    S: Send + Sync,
    Table: FromRef<S>,
    Clock: FromRef<S>,
{
    type Rejection = Problem;

    /// Loads the caller. 1 request; 1 more to write the refusal of an unknown caller.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let context = context(&parts.extensions).ok_or(Problem::new(Cause::NotSignedIn))?;
        if claim::<String>(context, "scopes").is_ok_and(|scopes| scopes == OPERATOR) {
            return Err(Problem::because(Cause::NotAllowed, "the operator's system belongs to no organisation"));
        }
        let organisation: OrganisationId = claim(context, "organisation")?;
        let table = Table::from_ref(state);
        let origin = origin(&parts.extensions);
        let (who, principal) = match claim::<ClientId>(context, "client") {
            Ok(client) => {
                let asked: String = claim(context, "scopes")?;
                let found = table.application(&organisation, &client).await?;
                let principal = found.map(|(organisation, principal)| {
                    let scopes = principal.scopes.and(Scopes::named(asked.split(' ')));
                    (organisation, Actor::Application { client: principal.id, scopes })
                });
                (format!("client:{client}"), principal)
            }
            Err(_) => {
                let user: UserId = claim(context, "user")?;
                let found = table.people(&organisation, &user).await?;
                (format!("user:{user}"), found.map(|(organisation, user)| (organisation, Actor::User(Box::new(user)))))
            }
        };
        match principal {
            Some((organisation, actor)) => Ok(Self { organisation, actor, origin }),
            None => {
                let event = origin.event(organisation, who, AuditAction::Enter, Clock::from_ref(state)());
                Err(refuse(&table, event, Problem::new(Cause::UnknownUser)).await)
            }
        }
    }
}

impl<S> FromRequestParts<S> for Operator
where
    S: Send + Sync,
    Table: FromRef<S>,
    Clock: FromRef<S>,
{
    type Rejection = Problem;

    /// No request. Any other caller is loaded, and the refusal is written: 2 requests.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let context = context(&parts.extensions).ok_or(Problem::new(Cause::NotSignedIn))?;
        if context.authorizer.is_none() {
            return Err(Problem::new(Cause::NotSignedIn));
        }
        match claim::<String>(context, "scopes") {
            Ok(scopes) if scopes == OPERATOR => Ok(Self { client: claim(context, "client")?, origin: origin(&parts.extensions) }),
            _ => {
                let principal = Principal::from_request_parts(parts, state).await?;
                let event = principal.event(AuditAction::Provision, Clock::from_ref(state)());
                let problem = Problem::because(Cause::NotAllowed, "this is for the operator's system");
                Err(principal.refuse(&Table::from_ref(state), event, problem).await)
            }
        }
    }
}

/// Writes the refusal to the audit log, and returns the problem.
async fn refuse(table: &Table, event: Event, problem: Problem) -> Problem {
    let event = Event { denial: Some(problem.cause.name().to_owned()), ..event };
    match table.audit(&event).await {
        Ok(()) => problem,
        Err(error) => error.into(),
    }
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
    let [organisation, user, client] = ["organisation", "user", "client"].map(|name| claim::<String>(context, name).unwrap_or_default());
    context.authorizer.as_ref().map(|_| format!("{organisation}#{user}#{client}"))
}

fn origin(extensions: &Extensions) -> Origin {
    let address = context(extensions).and_then(|context| context.http.source_ip.clone()).unwrap_or_default();
    Origin { address, request: request_id(extensions) }
}

fn context(extensions: &Extensions) -> Option<&ApiGatewayV2httpRequestContext> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => Some(context),
        _ => None,
    }
}

fn claim<T: TryFrom<String>>(context: &ApiGatewayV2httpRequestContext, name: &str) -> Result<T, Problem> {
    let value = context.authorizer.as_ref().and_then(|authorizer| authorizer.fields.get(name)?.as_str());
    value.and_then(|text| T::try_from(text.to_owned()).ok()).ok_or(Problem::new(Cause::NotSignedIn))
}
