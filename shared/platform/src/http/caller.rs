//! Who is calling. The authorizer has checked the token and passed on whose it is; what they may do is read from the table now.

use std::collections::BTreeMap;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{Extensions, request::Parts},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Action, Caller, Duty, Person, Scopes, Who},
    ids::{ClientId, OrganisationId, RecordingId, UserId},
    people::{Organisation, Rights, User},
    recording::Recording,
};
use lambda_http::{aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext};

use super::problem::{Cause, Problem};
use crate::table::{
    Table,
    audit::{Deed, Event},
};

/// A caller whom the table knows, and where the request came from.
#[derive(Clone, Debug)]
pub struct Known {
    pub organisation: Organisation,
    pub by: By,
    pub origin: Origin,
}

/// A user, or a system that signed in for itself.
#[derive(Clone, Debug)]
pub enum By {
    User(Box<User>),
    Application { client: ClientId, scopes: Scopes },
}

/// The operator's provisioning system; it belongs to no organisation and reaches no recording.
#[derive(Clone, Debug)]
pub struct Operator {
    pub client: ClientId,
    pub origin: Origin,
}

/// Where a request came from.
#[derive(Clone, Debug)]
pub struct Origin {
    pub address: String,
    pub request: String,
}

impl Known {
    /// The user who calls; an application is refused.
    pub fn user(&self) -> Result<&User, Problem> {
        match &self.by {
            By::User(user) => Ok(user),
            By::Application { .. } => Err(Problem::because(Cause::NotAllowed, "this is for a person; an application cannot do it")),
        }
    }

    /// Lets a person through, and keeps the refusal of an application. No request, or 1.
    pub async fn person(&self, table: &Table, event: &Event) -> Result<&User, Problem> {
        match self.user() {
            Ok(user) => Ok(user),
            Err(problem) => Err(self.refuse(table, event.clone(), problem).await),
        }
    }

    /// Refuses whoever does not have the duty.
    pub fn has(&self, duty: Duty) -> Result<(), Problem> {
        if self.caller(BTreeMap::new()).has(duty) {
            return Ok(());
        }
        Err(Problem::because(Cause::NotAllowed, "this is for administrators"))
    }

    /// The caller as `domain::access` asks for them, with the rights to those they supervise.
    pub fn caller(&self, supervised: BTreeMap<UserId, Rights>) -> Caller {
        let who = match &self.by {
            By::User(user) => {
                Who::Person(Person { user: user.id.clone(), administrator: user.administrator, rights: user.rights, supervised })
            }
            By::Application { client, scopes } => Who::Application { client: client.clone(), scopes: *scopes },
        };
        Caller { organisation: self.organisation.id.clone(), who }
    }

    /// Whether the caller may do `action` to `recording`. No request; 1 where it hangs on a supervisor's groups.
    pub async fn may(&self, table: &Table, action: Action, recording: &Recording, now: DateTime<Utc>) -> Result<bool, Problem> {
        let mut supervised = BTreeMap::new();
        if let By::User(user) = &self.by
            && !user.administrator
            && user.covers(now).next().is_some()
        {
            let groups = match recording.user == user.id {
                true => user.groups.clone(),
                false => table.user(&recording.organisation, &recording.user).await?.map(|user| user.groups).unwrap_or_default(),
            };
            let through = user.covers(now).filter(|(group, _)| groups.contains(group)).map(|(_, rights)| rights);
            if let Some(rights) = through.reduce(Rights::or) {
                supervised.insert(recording.user.clone(), rights);
            }
        }
        Ok(self.caller(supervised).may(action, recording))
    }

    /// The rights to everyone whom the caller supervises at `now`. No request; 1 for each 100 groups where they supervise.
    pub async fn supervised(&self, table: &Table, now: DateTime<Utc>) -> Result<BTreeMap<UserId, Rights>, Problem> {
        let mut supervised = BTreeMap::new();
        let By::User(user) = &self.by else { return Ok(supervised) };
        if user.administrator {
            return Ok(supervised);
        }
        let covers: BTreeMap<_, _> = user.covers(now).collect();
        let groups: Vec<_> = covers.keys().copied().collect();
        for (group, members) in table.members(&self.organisation.id, &groups).await? {
            let rights = covers.get(&group).copied().unwrap_or_default();
            for member in members {
                let known: &mut Rights = supervised.entry(member).or_default();
                *known = known.or(rights);
            }
        }
        Ok(supervised)
    }

    /// The event of this caller's doing `deed`, done.
    pub fn event(&self, deed: Deed, at: DateTime<Utc>) -> Event {
        self.origin.event(self.organisation.id.clone(), self.who(), deed, at)
    }

    /// Who calls, as the audit log names them.
    pub fn who(&self) -> String {
        match &self.by {
            By::User(user) => format!("user:{}", user.id),
            By::Application { client, .. } => format!("client:{client}"),
        }
    }

    /// The same about one recording.
    pub fn event_on(&self, deed: Deed, recording: RecordingId, at: DateTime<Utc>) -> Event {
        Event { recording: Some(recording), ..self.event(deed, at) }
    }

    /// The same about a user, a group or a client.
    pub fn event_about(&self, deed: Deed, subject: impl ToString, at: DateTime<Utc>) -> Event {
        Event { subject: Some(subject.to_string()), ..self.event(deed, at) }
    }

    /// Keeps the refusal in the audit log, and hands the problem on. 1 request.
    pub async fn refuse(&self, table: &Table, event: Event, problem: Problem) -> Problem {
        refuse(table, event, problem).await
    }

    /// Lets a caller with the duty through, and keeps the refusal of any other. No request, or 1.
    pub async fn with_duty(&self, table: &Table, duty: Duty, event: &Event) -> Result<(), Problem> {
        match self.has(duty) {
            Ok(()) => Ok(()),
            Err(problem) => Err(self.refuse(table, event.clone(), problem).await),
        }
    }
}

impl Operator {
    /// The event of the operator's doing `deed` to an organisation.
    pub fn event(&self, organisation: &OrganisationId, deed: Deed, subject: Option<String>, at: DateTime<Utc>) -> Event {
        let event = self.origin.event(organisation.clone(), format!("operator:{}", self.client), deed, at);
        Event { subject, ..event }
    }
}

impl Origin {
    fn event(&self, organisation: OrganisationId, who: String, deed: Deed, at: DateTime<Utc>) -> Event {
        Event {
            at,
            organisation,
            who,
            deed,
            recording: None,
            subject: None,
            owner: None,
            detail: None,
            reason: None,
            refused: None,
            address: self.address.clone(),
            request: self.request.clone(),
        }
    }
}

/// Tells the time.
type Clock = fn() -> DateTime<Utc>;

impl<S> FromRequestParts<S> for Known
where
    S: Send + Sync,
    Table: FromRef<S>,
    Clock: FromRef<S>,
{
    type Rejection = Problem;

    /// Reads the caller. 1 request; 1 more to keep that an unknown one was refused.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let context = context(&parts.extensions).ok_or(Problem::new(Cause::NotSignedIn))?;
        if claim::<String>(context, "scopes").is_ok_and(|scopes| scopes == OPERATOR) {
            return Err(Problem::because(Cause::NotAllowed, "the operator's system belongs to no organisation"));
        }
        let organisation: OrganisationId = claim(context, "organisation")?;
        let table = Table::from_ref(state);
        let origin = origin(&parts.extensions);
        let (who, known) = match claim::<ClientId>(context, "client") {
            Ok(client) => {
                let asked: String = claim(context, "scopes")?;
                let found = table.application(&organisation, &client).await?;
                let known = found.map(|(organisation, known)| {
                    let scopes = known.scopes.and(Scopes::named(asked.split(' ')));
                    (organisation, By::Application { client: known.id, scopes })
                });
                (format!("client:{client}"), known)
            }
            Err(_) => {
                let user: UserId = claim(context, "user")?;
                let found = table.people(&organisation, &user).await?;
                (format!("user:{user}"), found.map(|(organisation, user)| (organisation, By::User(Box::new(user)))))
            }
        };
        match known {
            Some((organisation, by)) => Ok(Self { organisation, by, origin }),
            None => {
                let event = origin.event(organisation, who, Deed::Enter, Clock::from_ref(state)());
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

    /// No request; whoever else comes is read and their refusal kept, 2 requests.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let context = context(&parts.extensions).ok_or(Problem::new(Cause::NotSignedIn))?;
        if context.authorizer.is_none() {
            return Err(Problem::new(Cause::NotSignedIn));
        }
        match claim::<String>(context, "scopes") {
            Ok(scopes) if scopes == OPERATOR => Ok(Self { client: claim(context, "client")?, origin: origin(&parts.extensions) }),
            _ => {
                let known = Known::from_request_parts(parts, state).await?;
                let event = known.event(Deed::Provision, Clock::from_ref(state)());
                let problem = Problem::because(Cause::NotAllowed, "this is for the operator's system");
                Err(known.refuse(&Table::from_ref(state), event, problem).await)
            }
        }
    }
}

/// Keeps that someone was refused, and hands the problem on.
async fn refuse(table: &Table, event: Event, problem: Problem) -> Problem {
    let event = Event { refused: Some(problem.cause.name().to_owned()), ..event };
    match table.audit(&event).await {
        Ok(()) => problem,
        Err(error) => error.into(),
    }
}

/// The scope of the operator's system.
const OPERATOR: &str = "operator";

/// The id that API Gateway gave the request; empty outside it.
pub fn request_id(extensions: &Extensions) -> String {
    context(extensions).and_then(|context| context.request_id.clone()).unwrap_or_default()
}

/// Who calls, as the authorizer says; none where nobody is signed in.
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
