//! Application clients as the API shows them.

use domain::ids::ClientId;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use utoipa::ToSchema;

use super::page::{Listed, Page};
use crate::table::people;

/// An application client.
#[derive(Debug, Serialize, ToSchema)]
pub struct Client {
    #[schema(value_type = String)]
    pub id: ClientId,
    name: String,
    /// The most that its tokens permit.
    scopes: Vec<Scope>,
}

/// An action of application clients: to find recordings, annotate them, or fetch their audio.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    Read,
    Annotate,
    Export,
}

/// A page of application clients.
pub type Clients = Page<Client>;

impl Listed for Client {
    const MEMBER: &'static str = "clients";
    const SCHEMA: (&'static str, &'static str) =
        ("Clients", "A page of the organisation's application clients, sorted by id.");
}

impl From<people::Client> for Client {
    fn from(client: people::Client) -> Self {
        let scopes = [
            (Scope::Read, client.scopes.read),
            (Scope::Annotate, client.scopes.annotate),
            (Scope::Export, client.scopes.export),
        ];
        let granted = scopes.into_iter().filter(|(_, granted)| *granted);
        Self { id: client.id, name: client.name, scopes: granted.map(|(scope, _)| scope).collect() }
    }
}
