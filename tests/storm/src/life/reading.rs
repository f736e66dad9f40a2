//! People search and listen, and find and hear what they may.

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{ADMINISTRATOR, Caller, Life, Request, SUPERVISOR, TEAM};
use crate::{
    check, clock,
    function::RECORDINGS,
    plan::{COUNTERPARTS, Filter, NOTES, ORGANISATIONS, USERS, Whom},
    truth::Call,
};

impl Life {
    /// A call's organisation, user and id, once it is registered.
    pub(super) fn known(&self, call: usize) -> Option<(usize, &'static str, String)> {
        let truth = self.truth.borrow();
        let call = truth.call(call)?;
        Some((call.organisation, USERS[call.user], call.id.clone()?))
    }

    /// Requests a link to the audio, which only some may have, and listens.
    pub(super) async fn listen(&self, call: usize, by: Whom) -> anyhow::Result<()> {
        let Some((of, owner, id)) = self.known(call) else { return Ok(()) };
        let ((user, may_hear), before) = (self.seen_by(of, by), self.supervision(of));
        let post = Request::new("playback", "POST", format!("/v1/recordings/{id}/playback"));
        let sent_at = clock::now();
        let answer = self.ask(of, Caller::User(user), post).await?;
        let is_certain =
            by != Whom::Supervisor || before.is_some() && before == self.supervision(of);
        let may = may_hear.contains(&owner);
        if is_certain && may != (answer.status.as_u16() != 403) && answer.status.as_u16() != 404 {
            let what =
                format!("{user} asks for the audio of {owner}'s call {call}: {}", answer.status);
            self.truth.borrow_mut().violation(what);
        }
        if !answer.status.is_success() {
            return Ok(()); // not allowed, not stored, or no longer there
        }
        self.is_not_gone(&format!("{user} hears"), call, sent_at, TimeDelta::seconds(2));
        let url = answer.body["url"].as_str().context("an address")?;
        let path = url.split('?').next().unwrap_or_default();
        let key = path.split_once(&format!("/{RECORDINGS}/"));
        let key = key.context("a key of the bucket")?.1;
        let everything = self.service.aws().store.everything(RECORDINGS);
        let heard = everything.get(key).and_then(|versions| versions.last()?.body.clone());
        let mut truth = self.truth.borrow_mut();
        let right = truth.call(call).is_some_and(|call| heard.as_ref() == Some(&call.bytes));
        // It may have been erased between the response and now.
        if !right && heard.is_some() {
            truth.violation(format!("{user} heard something else than call {call}"));
        }
        Ok(())
    }

    /// A reader found the call by a request. The recording had not ended long before that.
    fn is_not_gone(&self, who: &str, call: usize, sent_at: DateTime<Utc>, late: TimeDelta) {
        let is_gone = {
            let truth = self.truth.borrow();
            let Some(call) = truth.call(call) else { return };
            let (of, id) = (ORGANISATIONS[call.organisation], call.recording());
            let existed = self.service.aws().past().exists_since(of, &id, sent_at - late);
            !existed || check::is_gone(self, call, sent_at - late)
        };
        if is_gone {
            let what = format!("{who} call {call} at {sent_at}, which had ended");
            self.truth.borrow_mut().violation(what);
        }
    }

    /// Whether Sven supervises his group, if that is certain.
    pub fn supervision(&self, of: usize) -> Option<bool> {
        self.truth.borrow().supervisions[of].known()
    }

    /// A caller's name, and the users whose calls they may see; a supervisor perhaps no longer.
    pub fn seen_by(&self, of: usize, whom: Whom) -> (&'static str, Vec<&'static str>) {
        match whom {
            Whom::User(user) => (USERS[user], vec![USERS[user]]),
            Whom::Supervisor if self.supervision(of) == Some(false) => (SUPERVISOR, Vec::new()),
            Whom::Supervisor => (SUPERVISOR, TEAM.to_vec()),
            Whom::Administrator => (ADMINISTRATOR, USERS.to_vec()),
        }
    }

    /// Searches page by page, and checks that the caller may see every row.
    pub(super) async fn search(&self, of: usize, whom: Whom, filter: Filter) -> anyhow::Result<()> {
        let mut cursor: Option<String> = None;
        for _ in 0..20 {
            let ((user, may_see), before) = (self.seen_by(of, whom), self.supervision(of));
            let mut query = filter.query();
            query.push_str("&limit=5");
            if let Some(cursor) = &cursor {
                query.push_str(&format!("&cursor={cursor}"));
            }
            let get = Request::new("search", "GET", format!("/v1/recordings?{query}"));
            let sent_at = clock::now();
            let answer = self.ask(of, Caller::User(user), get).await?;
            let is_certain =
                whom != Whom::Supervisor || before.is_some() && before == self.supervision(of);
            if !answer.status.is_success() {
                let allowed =
                    matches!(filter, Filter::User(user) if !may_see.contains(&USERS[user]));
                anyhow::ensure!(allowed || !is_certain, "{answer:?}");
                return Ok(());
            }
            for row in answer.body["recordings"].as_array().into_iter().flatten() {
                let own = {
                    let truth = self.truth.borrow();
                    let id = row["id"].as_str();
                    let own = truth.calls.iter().find(|call| {
                        call.organisation == of && Some(call.recording().as_str()) == id
                    });
                    own.map(|call| (call.number, USERS[call.user]))
                };
                let right = own.is_some_and(|(_, user)| may_see.contains(&user));
                if !right && (is_certain || own.is_none()) {
                    let what = format!("{whom:?} of {} sees {row}", ORGANISATIONS[of]);
                    self.truth.borrow_mut().violation(what);
                }
                if let Some((call, _)) = own {
                    self.is_not_gone(&format!("{user} finds"), call, sent_at, INDEX);
                }
            }
            cursor = answer.body["cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The ids that a caller finds with a filter, at the end of a storm.
    pub async fn finds(
        &self,
        of: usize,
        whom: Whom,
        filter: Filter,
    ) -> anyhow::Result<Vec<String>> {
        let (user, _) = self.seen_by(of, whom);
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/recordings?{}&limit=100{cursor}", filter.query());
            let answer = self
                .ask(of, Caller::User(user), Request::new("search", "GET", path))
                .await?
                .done()?;
            let rows = answer.body["recordings"].as_array().cloned().unwrap_or_default();
            ids.extend(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)));
            match answer.body["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        ids.sort();
        Ok(ids)
    }
}

/// How far the indexes are behind the table, at most.
const INDEX: TimeDelta = TimeDelta::minutes(5);

impl Filter {
    fn query(self) -> String {
        let json = self.json();
        let pairs = json.as_object().into_iter().flatten().map(|(name, value)| {
            let value = value.as_str().unwrap_or_default().as_bytes();
            let value = percent_encoding::percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            format!("{name}={value}")
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    pub(super) fn json(self) -> Value {
        match self {
            Self::All => json!({}),
            Self::User(user) => json!({ "user": USERS[user] }),
            Self::Counterpart(counterpart) => json!({ "counterpart": COUNTERPARTS[counterpart] }),
            Self::Note(note) => json!({ "note": NOTES[note].split(' ').next() }),
        }
    }

    /// Whether a hold with this filter may find the call: its note may have been any.
    pub fn may_hold(self, call: &Call) -> bool {
        matches!(self, Self::Note(_)) || self.holds(call)
    }

    /// Whether a hold with this filter must find the call. A note may be indexed any time later.
    pub(super) fn holds(self, call: &Call) -> bool {
        match self {
            Self::All => true,
            Self::User(user) => user == call.user,
            Self::Counterpart(counterpart) => counterpart == call.what.counterpart,
            Self::Note(_) => false,
        }
    }
}
