//! Organisations and their users, as far as recording and rights need to know them.

use chrono::{DateTime, Utc};

use crate::ids::{OrganisationId, UserId};

/// A customer.
#[derive(Clone, Debug)]
pub struct Organisation {
    pub id: OrganisationId,
    /// Has the base service iCentrex Företagstelefoni (P20).
    pub base_service: bool,
    /// Days a recording is kept from its call's start (P18, P23).
    pub retention_days: u16,
}

/// One of an organisation's users.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    /// Has one of the plans Basic, Pro, Business or Enterprise (P20).
    pub has_plan: bool,
    pub administrator: bool,
    pub rights: Rights,
    /// Since when an administrator has recording switched on (P8); none: it is off.
    pub activated_at: Option<DateTime<Utc>>,
    /// When the user said that they know that calls are recorded (P21); none: not yet.
    pub acknowledged_at: Option<DateTime<Utc>>,
}

/// What a user may do with their own recordings (P4, P7, P11). Each is granted by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    pub listen: bool,
    pub download: bool,
    pub annotate: bool,
}
