//! Who may do what to which recording: one pure function, used everywhere.
//!
//! A recorded user reaches their own recordings so far as they have the right (P4, P7, P11); a supervisor those of the current members of
//! their groups while the cover holds (P12); an administrator the organisation's (P9); an application what its scopes say (P17); nobody
//! anything of another organisation. Seeing, listening, downloading, annotating and holding are rights of their own, and so are
//! administering and reading the audit log, which concern no single recording.

use std::collections::BTreeMap;

use crate::{
    ids::{ClientId, OrganisationId, UserId},
    people::Rights,
    recording::Recording,
};

/// Who is asking, as the table knows them at this moment.
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

/// A user as far as rights go.
#[derive(Clone, Debug)]
pub struct Person {
    pub user: UserId,
    pub administrator: bool,
    /// To their own recordings.
    pub rights: Rights,
    /// To the recordings of these users, whom they supervise at this moment. Only those that the question is about need to be here.
    pub supervised: BTreeMap<UserId, Rights>,
}

/// What an application client may do; each is granted by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Find recordings and read what is known of them.
    pub read: bool,
    /// Set notes, marks and fields.
    pub annotate: bool,
    /// Fetch audio.
    pub export: bool,
}

/// What a caller wants to do with one recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See its row: who, when, how long, note and mark.
    See,
    Listen,
    Download,
    Annotate,
    /// Keep it past its day, or let it go again.
    Hold,
}

/// What a caller wants to do with the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Manage users, rights, groups and application clients.
    Administer,
    ReadAudit,
}

/// The recordings that a caller may list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Organisation,
    /// Those of these users; of none if there are none.
    Users(Vec<UserId>),
}

impl Caller {
    /// Whether the caller may do `action` to `recording`.
    pub fn may(&self, action: Action, recording: &Recording) -> bool {
        if self.organisation != recording.organisation {
            return false;
        }
        match &self.who {
            Who::Person(person) => person.administrator || person.rights_to(&recording.user).is_some_and(|rights| rights.allow(action)),
            Who::Application { scopes, .. } => scopes.allow(action),
        }
    }

    /// Whether the caller has the duty in their organisation.
    pub fn has(&self, duty: Duty) -> bool {
        match (&self.who, duty) {
            (Who::Person(person), Duty::Administer | Duty::ReadAudit) => person.administrator,
            (Who::Application { .. }, _) => false,
        }
    }

    /// The recordings that the caller may list: of themselves, and of those they supervise.
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
        let supervised = self.supervised.get(user).copied();
        if *user == self.user { Some(self.rights.or(supervised.unwrap_or_default())) } else { supervised }
    }

    fn visible(&self) -> Vec<UserId> {
        let own = self.rights.any().then_some(&self.user);
        let supervised = self.supervised.iter().filter(|(user, rights)| rights.any() && Some(*user) != own).map(|(user, _)| user);
        own.into_iter().chain(supervised).cloned().collect()
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
    /// The scopes that a list of names grants; names of none grant nothing.
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

    /// What both grant.
    pub fn and(self, other: Self) -> Self {
        Self { read: self.read && other.read, annotate: self.annotate && other.annotate, export: self.export && other.export }
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

    fn person(name: &str, administrator: bool, rights: Rights, supervised: &[(&str, Rights)]) -> Who {
        let supervised = supervised.iter().map(|(name, rights)| (user(name), *rights)).collect();
        Who::Person(Person { user: user(name), administrator, rights, supervised })
    }

    fn application(scope: &str) -> Who {
        Who::Application { client: ClientId::try_from("crm".to_owned()).expect("a valid id"), scopes: Scopes::named([scope]) }
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
            (caller("demo", person("anna", false, download, &[])), [true, false, true, false, false]),
            (caller("demo", person("anna", false, none, &[])), [false, false, false, false, false]),
            (caller("demo", person("omar", false, all, &[])), [false, false, false, false, false]),
            (caller("demo", person("maja", false, none, &[("anna", all)])), [true, true, true, true, false]),
            (caller("demo", person("maja", false, all, &[("anna", listen)])), [true, true, false, false, false]),
            (caller("demo", person("maja", false, all, &[("omar", all)])), [false, false, false, false, false]),
            (caller("demo", person("anna", false, listen, &[("anna", download)])), [true, true, true, false, false]),
            (caller("demo", person("karin", true, none, &[])), [true, true, true, true, true]),
            (caller("demo", application("read")), [true, false, false, false, false]),
            (caller("demo", application("annotate")), [false, false, false, true, false]),
            (caller("demo", application("export")), [false, true, true, false, false]),
            (caller("demo", application("operator")), [false, false, false, false, false]),
            (caller("other", person("anna", false, all, &[("anna", all)])), [false, false, false, false, false]),
            (caller("other", person("karin", true, all, &[])), [false, false, false, false, false]),
            (caller("other", application("read")), [false, false, false, false, false]),
        ];
        let actions = [Action::See, Action::Listen, Action::Download, Action::Annotate, Action::Hold];
        for (caller, expected) in table {
            assert_eq!(actions.map(|action| caller.may(action, &recording())), expected, "{caller:?}");
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
        assert_eq!(scope(person("maja", false, none, &[("anna", all), ("omar", none)])), users(&["anna"]));
        assert_eq!(scope(person("maja", false, all, &[("anna", all), ("maja", all)])), users(&["maja", "anna"]));
    }

    #[test]
    fn only_an_administrator_has_the_duties() {
        for duty in [Duty::Administer, Duty::ReadAudit] {
            assert!(caller("demo", person("karin", true, Rights::default(), &[])).has(duty));
            assert!(!caller("demo", person("anna", false, Rights::ALL, &[("omar", Rights::ALL)])).has(duty));
            assert!(!caller("demo", application("read")).has(duty));
        }
    }
}
