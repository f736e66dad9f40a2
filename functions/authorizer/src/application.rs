//! Application clients, which sign in with client credentials, and their scopes.
//!
//! A scope is `<organisation>:<scope>` on a resource server `inspelning`, `inspelning-2` and so on,
//! since Cognito limits a server to 100 scopes. One more scope, `operator`, is for the operator's
//! provisioning system. A token belongs to one organisation or to the operator.

use std::{collections::BTreeSet, fmt};

use domain::ids::OrganisationId;
use serde::{Serialize, Serializer};

/// The scopes of an application's token. Serialised in order, separated by spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

/// The scopes that a claim grants, and their organisation.
#[derive(Debug, PartialEq, Eq)]
pub enum Granted {
    Operator(Scopes),
    Of(OrganisationId, Scopes),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Annotate,
    Export,
    Operator,
    Read,
}

const RESOURCE_SERVER: &str = "inspelning";

impl Granted {
    /// Reads a scope claim, a list with single spaces (RFC 6749, 3.3). `None` unless every scope is
    /// known and all belong to one organisation.
    pub fn read(claim: &str) -> Option<Self> {
        let mut organisation = None;
        let mut scopes = BTreeSet::new();
        for scope in claim.split(' ') {
            let (server, scope) = scope.split_once('/')?;
            if !is_ours(server) {
                return None;
            }
            let (of, scope) = match scope.split_once(':') {
                Some((of, scope)) => (
                    Some(OrganisationId::try_from(of.to_owned()).ok()?),
                    Scope::of_organisation(scope)?,
                ),
                None => (None, Scope::of_operator(scope)?),
            };
            if *organisation.get_or_insert_with(|| of.clone()) != of {
                return None;
            }
            scopes.insert(scope);
        }
        match organisation? {
            Some(organisation) => Some(Self::Of(organisation, Scopes(scopes))),
            None => Some(Self::Operator(Scopes(scopes))),
        }
    }
}

fn is_ours(server: &str) -> bool {
    let Some(rest) = server.strip_prefix(RESOURCE_SERVER) else { return false };
    rest.is_empty()
        || rest.strip_prefix('-').is_some_and(|number| {
            matches!(number.as_bytes(), [b'2'..=b'9'] | [b'1'..=b'9', b'0'..=b'9'])
        })
}

impl Scope {
    fn of_organisation(name: &str) -> Option<Self> {
        match name {
            "annotate" => Some(Self::Annotate),
            "export" => Some(Self::Export),
            "read" => Some(Self::Read),
            _ => None,
        }
    }

    fn of_operator(name: &str) -> Option<Self> {
        (name == "operator").then_some(Self::Operator)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Annotate => "annotate",
            Self::Export => "export",
            Self::Operator => "operator",
            Self::Read => "read",
        })
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<_> = self.0.iter().map(Scope::to_string).collect();
        serializer.serialize_str(&names.join(" "))
    }
}
