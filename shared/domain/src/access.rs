//! Who may do what with which recording: one pure function, used everywhere.
//!
//! A recorded user reaches their own recordings within their rights (P4, P7, P11). A supervisor
//! reaches those of the current members of their groups while the supervision is active (P12). An
//! administrator reaches the organisation's (P9), an application those in its scopes (P17), and
//! nobody another organisation's. Seeing, listening, downloading, annotating and holding are
//! separate rights. So are administering and reading the audit log.

use std::collections::BTreeMap;

use crate::{
    ids::{ClientId, OrganisationId, UserId},
    people::Rights,
    recording::Recording,
};

/// The caller, as the table has them at this moment.
#[derive(Clone, Debug)]
pub struct Caller {
    pub organisation: OrganisationId,
    pub who: Who,
}

#[derive(Clone, Debug)]
pub enum Who {
    Person(Person),
    Application { client: ClientId, scopes: Scopes },
}

/// A user, with the values that decide access.
#[derive(Clone, Debug)]
pub struct Person {
    pub user: UserId,
    pub administrator: bool,
    /// Rights to their own recordings.
    pub rights: Rights,
    /// Rights to the recordings of currently supervised users, at least of those in question.
    pub rights_by_user: BTreeMap<UserId, Rights>,
}

/// The actions that an application client may perform. Each is granted separately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Find recordings and read their data.
    pub read: bool,
    /// Set notes, marks and fields.
    pub annotate: bool,
    /// Fetch audio.
    pub export: bool,
}

/// An action on one recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See its row: who, when, how long, note and mark.
    See,
    Listen,
    Download,
    Annotate,
    /// Place or lift a legal hold.
    Hold,
}

/// A capability that concerns the whole organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Manage users, rights, groups and application clients.
    Administer,
    ReadAudit,
}

/// The recordings that a caller may list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Organisation,
    /// Those of these users; none if the list is empty.
    Users(Vec<UserId>),
}

impl Caller {
    /// Whether the caller may perform `action` on `recording`.
    pub fn may(&self, action: Action, recording: &Recording) -> bool {
        if self.organisation != recording.organisation {
            return false;
        }
        match &self.who {
            Who::Person(person) => {
                person.administrator
                    || person.rights_to(&recording.user).is_some_and(|rights| rights.allow(action))
            }
            Who::Application { scopes, .. } => scopes.allow(action),
        }
    }

    pub fn has(&self, permission: Permission) -> bool {
        match (&self.who, permission) {
            (Who::Person(person), Permission::Administer | Permission::ReadAudit) => {
                person.administrator
            }
            (Who::Application { .. }, _) => false,
        }
    }

    pub fn scope(&self) -> Scope {
        match &self.who {
            Who::Person(person) if person.administrator => Scope::Organisation,
            Who::Application { scopes, .. } if scopes.read => Scope::Organisation,
            Who::Application { .. } => Scope::Users(Vec::new()),
            Who::Person(person) => Scope::Users(person.visible()),
        }
    }
}

impl Person {
    fn rights_to(&self, user: &UserId) -> Option<Rights> {
        let rights_by_user = self.rights_by_user.get(user).copied();
        if *user == self.user {
            Some(self.rights.or(rights_by_user.unwrap_or_default()))
        } else {
            rights_by_user
        }
    }

    fn visible(&self) -> Vec<UserId> {
        let own = self.rights.any().then_some(&self.user);
        let rights_by_user = self
            .rights_by_user
            .iter()
            .filter(|(user, rights)| rights.any() && Some(*user) != own)
            .map(|(user, _)| user);
        own.into_iter().chain(rights_by_user).cloned().collect()
    }
}

impl Rights {
    fn allow(self, action: Action) -> bool {
        match action {
            Action::See => self.any(),
            Action::Listen => self.listen,
            Action::Download => self.download,
            Action::Annotate => self.annotate,
            Action::Hold => false,
        }
    }
}

impl Scopes {
    /// The scopes in a list of names. Unknown names grant nothing.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut scopes = Self::default();
        for name in names {
            match name {
                "read" => scopes.read = true,
                "annotate" => scopes.annotate = true,
                "export" => scopes.export = true,
                _ => {}
            }
        }
        scopes
    }

    /// The scopes that both grant.
    pub fn and(self, other: Self) -> Self {
        Self {
            read: self.read && other.read,
            annotate: self.annotate && other.annotate,
            export: self.export && other.export,
        }
    }

    fn allow(self, action: Action) -> bool {
        match action {
            Action::See => self.read,
            Action::Annotate => self.annotate,
            Action::Listen | Action::Download => self.export,
            Action::Hold => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::tests::recording;

    fn user(name: &str) -> UserId {
        UserId::try_from(name.to_owned()).expect("a valid id")
    }

    fn caller(organisation: &str, who: Who) -> Caller {
        Caller { organisation: organisation.to_owned().try_into().expect("a valid id"), who }
    }

    fn person(
        name: &str,
        administrator: bool,
        rights: Rights,
        rights_by_user: &[(&str, Rights)],
    ) -> Who {
        let rights_by_user =
            rights_by_user.iter().map(|(name, rights)| (user(name), *rights)).collect();
        Who::Person(Person { user: user(name), administrator, rights, rights_by_user })
    }

    fn application(scope: &str) -> Who {
        Who::Application {
            client: ClientId::try_from("crm".to_owned()).expect("a valid id"),
            scopes: Scopes::named([scope]),
        }
    }

    #[test]
    fn each_caller_may_do_what_the_table_says_and_no_more() {
        let (all, none) = (Rights::ALL, Rights::default());
        let listen = Rights { listen: true, ..none };
        let download = Rights { download: true, ..none };
        // Of Anna's recording in "demo":                                       see    listen download annotate hold
        let table = [
            (caller("demo", person("anna", false, all, &[])), [true, true, true, true, false]),
            (caller("demo", person("anna", false, listen, &[])), [true, true, false, false, false]),
            (
                caller("demo", person("anna", false, download, &[])),
                [true, false, true, false, false],
            ),
            (caller("demo", person("anna", false, none, &[])), [false, false, false, false, false]),
            (caller("demo", person("omar", false, all, &[])), [false, false, false, false, false]),
            (
                caller("demo", person("maja", false, none, &[("anna", all)])),
                [true, true, true, true, false],
            ),
            (
                caller("demo", person("maja", false, all, &[("anna", listen)])),
                [true, true, false, false, false],
            ),
            (
                caller("demo", person("maja", false, all, &[("omar", all)])),
                [false, false, false, false, false],
            ),
            (
                caller("demo", person("anna", false, listen, &[("anna", download)])),
                [true, true, true, false, false],
            ),
            (caller("demo", person("karin", true, none, &[])), [true, true, true, true, true]),
            (caller("demo", application("read")), [true, false, false, false, false]),
            (caller("demo", application("annotate")), [false, false, false, true, false]),
            (caller("demo", application("export")), [false, true, true, false, false]),
            (caller("demo", application("operator")), [false, false, false, false, false]),
            (
                caller("other", person("anna", false, all, &[("anna", all)])),
                [false, false, false, false, false],
            ),
            (caller("other", person("karin", true, all, &[])), [false, false, false, false, false]),
            (caller("other", application("read")), [false, false, false, false, false]),
        ];
        let actions =
            [Action::See, Action::Listen, Action::Download, Action::Annotate, Action::Hold];
        for (caller, expected) in table {
            assert_eq!(
                actions.map(|action| caller.may(action, &recording())),
                expected,
                "{caller:?}"
            );
        }
    }

    #[test]
    fn a_caller_lists_what_they_may_see() {
        let (all, none) = (Rights::ALL, Rights::default());
        let scope = |who| caller("demo", who).scope();
        let users = |names: &[&str]| Scope::Users(names.iter().map(|name| user(name)).collect());
        assert_eq!(scope(person("karin", true, none, &[])), Scope::Organisation);
        assert_eq!(scope(application("read")), Scope::Organisation);
        assert_eq!(scope(application("export")), users(&[]));
        assert_eq!(scope(person("anna", false, all, &[])), users(&["anna"]));
        assert_eq!(scope(person("anna", false, none, &[])), users(&[]));
        assert_eq!(
            scope(person("maja", false, none, &[("anna", all), ("omar", none)])),
            users(&["anna"])
        );
        assert_eq!(
            scope(person("maja", false, all, &[("anna", all), ("maja", all)])),
            users(&["maja", "anna"])
        );
    }

    #[test]
    fn only_an_administrator_has_the_permissions() {
        for permission in [Permission::Administer, Permission::ReadAudit] {
            assert!(caller("demo", person("karin", true, Rights::default(), &[])).has(permission));
            assert!(
                !caller("demo", person("anna", false, Rights::ALL, &[("omar", Rights::ALL)]))
                    .has(permission)
            );
            assert!(!caller("demo", application("read")).has(permission));
        }
    }
}
