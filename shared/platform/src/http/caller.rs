//! Who is calling. The authorizer has checked the token and passed on whose it is; what they may do is read from the table now.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{Extensions, request::Parts},
};
use chrono::{DateTime, Utc};
use domain::{
    access::Caller,
    ids::{OrganisationId, RecordingId, UserId},
    people::{Organisation, User},
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
    pub user: User,
    pub address: String,
    pub request: String,
}

impl Known {
    pub fn caller(&self) -> Caller {
        Caller {
            organisation: self.organisation.id.clone(),
            user: self.user.id.clone(),
            administrator: self.user.administrator,
            rights: self.user.rights,
        }
    }

    /// The event of this caller's doing `deed`, done.
    pub fn event(&self, deed: Deed, recording: Option<RecordingId>, at: DateTime<Utc>) -> Event<'_> {
        Event {
            at,
            organisation: &self.organisation.id,
            user: &self.user.id,
            deed,
            recording,
            refused: None,
            address: &self.address,
            request: &self.request,
        }
    }

    /// Keeps the refusal in the audit log, and hands the problem on. 1 request.
    pub async fn refuse(&self, table: &Table, mut event: Event<'_>, problem: Problem) -> Problem {
        event.refused = Some(problem.cause.name());
        match table.audit(&event).await {
            Ok(()) => problem,
            Err(error) => error.into(),
        }
    }
}

impl<S> FromRequestParts<S> for Known
where
    S: Send + Sync,
    Table: FromRef<S>,
{
    type Rejection = Problem;

    /// Reads the caller. 1 request.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let context = context(&parts.extensions).ok_or(Problem::new(Cause::NotSignedIn))?;
        let organisation: OrganisationId = claim(context, "organisation")?;
        let user: UserId = claim(context, "user")?;
        let people = Table::from_ref(state).people(&organisation, &user).await?;
        let (organisation, user) = people.ok_or(Problem::new(Cause::UnknownUser))?;
        let address = context.http.source_ip.clone().unwrap_or_default();
        Ok(Self { organisation, user, address, request: request_id(&parts.extensions) })
    }
}

/// The id that API Gateway gave the request; empty outside it.
pub fn request_id(extensions: &Extensions) -> String {
    context(extensions).and_then(|context| context.request_id.clone()).unwrap_or_default()
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
