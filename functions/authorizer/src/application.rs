//! An application: a client of the user pool that signs in by itself, and what its scopes let it do.
//!
//! The scopes of the resource server `inspelning` are spelt `<organisation>:<scope>`; one more, `operator`, is for the operator's
//! provisioning system. A token is of one organisation or of the operator, never of both or of two.

use std::{collections::BTreeSet, fmt};

use domain::ids::OrganisationId;
use serde::{Serialize, Serializer};
use thiserror::Error;

/// A client of the user pool: 1 to 128 of `A-Z a-z 0-9 _ +`, as Cognito's interface has it. It gives 26 letters and digits; upper and lower
/// case are two different clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClientId(String);

/// What a token lets an application do; spelt in order, with spaces between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

/// What a scope claim grants, and in which organisation.
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

/// A text that names no client.
#[derive(Debug, Error)]
#[error("a client is named by 1 to 128 letters, digits, '_' and '+'")]
pub struct InvalidClientId;

const RESOURCE_SERVER: &str = "inspelning/";

impl Granted {
    /// Reads a scope claim, a list with one space between (RFC 6749, 3.3). None unless every scope is one of ours and all are of one
    /// organisation.
    pub fn read(claim: &str) -> Option<Self> {
        let mut organisation = None;
        let mut scopes = BTreeSet::new();
        for scope in claim.split(' ') {
            let scope = scope.strip_prefix(RESOURCE_SERVER)?;
            let (of, scope) = match scope.split_once(':') {
                Some((of, scope)) => (Some(OrganisationId::try_from(of.to_owned()).ok()?), Scope::of_organisation(scope)?),
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

impl TryFrom<String> for ClientId {
    type Error = InvalidClientId;
    fn try_from(text: String) -> Result<Self, InvalidClientId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+');
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text)) } else { Err(InvalidClientId) }
    }
}

impl PartialEq<str> for ClientId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}
