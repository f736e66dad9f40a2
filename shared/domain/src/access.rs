//! Who may do what to which recording: one pure function, used everywhere.
//!
//! An administrator reaches the organisation's recordings, a recorded user their own so far as they have the right, nobody anything of
//! another organisation. A supervisor's groups will widen [`Caller::scope`] and [`Caller::may`], and nothing else.

use crate::{
    ids::{OrganisationId, UserId},
    people::Rights,
    recording::Recording,
};

/// Who is asking, as the table knows them at this moment.
#[derive(Clone, Debug)]
pub struct Caller {
    pub organisation: OrganisationId,
    pub user: UserId,
    pub administrator: bool,
    pub rights: Rights,
}

/// What a caller wants to do with one recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See its row: who, when, how long, note and mark.
    See,
    Listen,
    Download,
}

/// The recordings that a caller may list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Organisation,
    Own,
    Nothing,
}

impl Caller {
    /// Whether the caller may do `action` to `recording`.
    pub fn may(&self, action: Action, recording: &Recording) -> bool {
        if self.organisation != recording.organisation {
            return false;
        }
        self.administrator || (self.user == recording.user && self.may_own(action))
    }

    /// The recordings that the caller may list.
    pub fn scope(&self) -> Scope {
        match (self.administrator, self.may_own(Action::See)) {
            (true, _) => Scope::Organisation,
            (false, true) => Scope::Own,
            (false, false) => Scope::Nothing,
        }
    }

    fn may_own(&self, action: Action) -> bool {
        match action {
            Action::See => self.rights != Rights::default(),
            Action::Listen => self.rights.listen,
            Action::Download => self.rights.download,
        }
    }
}
