//! A search as a user types it. The service and PostgreSQL read it by different rules.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{
    counterpart::Counterpart,
    ids::UserId,
    note::Mark,
    recording::Direction,
    search::{Digits, Filter, Marked, Order, StateName, Words},
};

/// A search: the users that the caller may see, the filters, and the size of a page.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// None: every user.
    pub seen: Option<BTreeSet<UserId>>,
    pub user: Option<UserId>,
    /// A part of a user's name. The model has no names; only the service is searched by one.
    pub name: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub longer: Option<TimeDelta>,
    pub shorter: Option<TimeDelta>,
    pub counterpart: Option<String>,
    pub number: Option<String>,
    pub direction: Option<&'static str>,
    /// A mark, or `none`.
    pub mark: Option<String>,
    pub note: Option<String>,
    pub fields: [Option<String>; 3],
    pub any_field: Option<String>,
    pub held: Option<bool>,
    pub state: Option<&'static str>,
    pub order: Order,
    pub limit: usize,
}

impl Typed {
    /// The search as the service reads it.
    ///
    /// # Errors
    /// When the service would refuse it.
    pub fn filter(&self) -> anyhow::Result<Filter> {
        let words = |typed: &Option<String>| typed.as_deref().map(Words::parse).transpose();
        Ok(Filter {
            from: self.from,
            to: self.to,
            users: self.users(),
            longer: self.longer,
            shorter: self.shorter,
            counterpart: self.counterpart.clone().map(Counterpart::from),
            number: self.number.as_deref().map(Digits::parse).transpose()?,
            conversation: None,
            participant: None,
            direction: self
                .direction
                .map(|direction| if direction == "in" { Direction::In } else { Direction::Out }),
            mark: self.mark.clone().map(marked).transpose()?,
            note: words(&self.note)?,
            fields: [words(&self.fields[0])?, words(&self.fields[1])?, words(&self.fields[2])?],
            any_field: words(&self.any_field)?,
            held: self.held,
            state: self.state.map(|state| match state {
                "expected" => StateName::Expected,
                "stored" => StateName::Stored,
                _ => StateName::Rejected,
            }),
        })
    }

    /// The search as query parameters, without the cursor.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let instant = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let seconds = |length: TimeDelta| length.num_seconds().to_string();
        let [field1, field2, field3] = self.fields.clone();
        let all = [
            ("from", self.from.map(instant)),
            ("to", self.to.map(instant)),
            ("user", self.user.as_ref().map(UserId::to_string)),
            ("name", self.name.clone()),
            ("minSeconds", self.longer.map(seconds)),
            ("maxSeconds", self.shorter.map(seconds)),
            ("counterpart", self.counterpart.clone()),
            ("number", self.number.clone()),
            ("direction", self.direction.map(str::to_owned)),
            ("mark", self.mark.clone()),
            ("note", self.note.clone()),
            ("field1", field1),
            ("field2", field2),
            ("field3", field3),
            ("fields", self.any_field.clone()),
            ("held", self.held.map(|held| held.to_string())),
            ("state", self.state.map(str::to_owned)),
            ("order", (self.order == Order::Oldest).then(|| "oldest".to_owned())),
            ("limit", Some(self.limit.to_string())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    fn users(&self) -> Option<BTreeSet<UserId>> {
        let (Some(seen), Some(user)) = (&self.seen, &self.user) else {
            return self.seen.clone().or_else(|| self.user.clone().map(|user| [user].into()));
        };
        Some(seen.iter().filter(|id| *id == user).cloned().collect())
    }
}

fn marked(name: String) -> anyhow::Result<Marked> {
    if name == "none" { Ok(Marked::Without) } else { Ok(Marked::With(Mark::try_from(name)?)) }
}
