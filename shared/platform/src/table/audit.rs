//! The audit log: who did what to which recording, when, from where. Events are only ever added.

use chrono::{DateTime, Utc};
use domain::ids::{OrganisationId, RecordingId, UserId};

use super::{Error, Table, attributes::s, key};

/// Something that someone did, or was refused.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    pub at: DateTime<Utc>,
    pub organisation: &'a OrganisationId,
    pub user: &'a UserId,
    pub deed: Deed,
    pub recording: Option<RecordingId>,
    /// The stable type of the problem it ended in; none: it was done.
    pub refused: Option<&'static str>,
    /// The caller's address.
    pub address: &'a str,
    /// The request's id, which makes the event one of its own.
    pub request: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Register,
    Search,
    See,
    Play,
    Download,
}

impl Table {
    /// Adds an event. 1 request.
    pub async fn audit(&self, event: &Event<'_>) -> Result<(), Error> {
        let mut item = key::audit(event.organisation, event.at, event.request);
        let mut set = |name: &str, value: &str| item.insert(name.to_owned(), s(value));
        set("user", &event.user.to_string());
        set("deed", event.deed.as_str());
        set("address", event.address);
        if let Some(id) = event.recording {
            set("recording", &id.to_string());
        }
        if let Some(problem) = event.refused {
            set("refused", problem);
        }
        self.client.put_item().table_name(&self.name).set_item(Some(item)).send().await?;
        Ok(())
    }
}

impl Deed {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Search => "search",
            Self::See => "see",
            Self::Play => "play",
            Self::Download => "download",
        }
    }
}
