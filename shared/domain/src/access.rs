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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::tests::recording;

    fn caller(organisation: &str, user: &str, administrator: bool, rights: Rights) -> Caller {
        let (organisation, user) = (organisation.to_owned().try_into(), user.to_owned().try_into());
        Caller { organisation: organisation.expect("a valid id"), user: user.expect("a valid id"), administrator, rights }
    }

    #[test]
    fn each_caller_may_do_what_the_table_says_and_no_more() {
        let all = Rights { listen: true, download: true, annotate: true };
        let listen = Rights { listen: true, ..Rights::default() };
        let download = Rights { download: true, ..Rights::default() };
        let none = Rights::default();
        // Of Anna's recording in "demo":                              see    listen download
        let table = [
            (caller("demo", "anna", false, all), [true, true, true]),
            (caller("demo", "anna", false, listen), [true, true, false]),
            (caller("demo", "anna", false, download), [true, false, true]),
            (caller("demo", "anna", false, none), [false, false, false]),
            (caller("demo", "omar", false, all), [false, false, false]),
            (caller("demo", "karin", true, none), [true, true, true]),
            (caller("other", "anna", false, all), [false, false, false]),
            (caller("other", "karin", true, all), [false, false, false]),
        ];
        for (caller, expected) in table {
            let may = [Action::See, Action::Listen, Action::Download].map(|action| caller.may(action, &recording()));
            assert_eq!(may, expected, "{caller:?}");
        }
    }

    #[test]
    fn a_caller_lists_what_they_may_see() {
        let listen = Rights { listen: true, ..Rights::default() };
        assert_eq!(caller("demo", "karin", true, Rights::default()).scope(), Scope::Organisation);
        assert_eq!(caller("demo", "anna", false, listen).scope(), Scope::Own);
        assert_eq!(caller("demo", "anna", false, Rights::default()).scope(), Scope::Nothing);
    }
}
