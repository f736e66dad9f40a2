//! Writes a registration to its call's item.
//!
//! One transaction with the audit event suffices if the call has no annotation. Otherwise the
//! annotation is read first, and its change is an edit, so no note is lost.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use domain::{note::Annotation, recording::Recording};

use super::{
    Error, Table,
    annotation::{CallSnapshot, NAMES, values},
    attributes::{n, s},
    audit::Event,
    commit::{Conflict, Refused},
    key, recording,
    tombstone::is_erased,
};

/// The state that a registration may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// An unregistered call, which the user or a system may have annotated.
    Unregistered,
    /// A call whose audio was rejected, to be sent anew. Its annotation remains.
    Rejected,
    /// The same while it is held; it remains held.
    RejectedAndHeld,
}

/// The outcome of a registration.
#[derive(Clone, Debug)]
pub enum Registered {
    /// The new recording, with the call's earlier annotation.
    Anew(Recording),
    /// The registration may not replace this recording, which is unchanged.
    Before(Recording),
    /// Nothing was written: the registration's mark is not in the legend, or is retired.
    UnknownMark,
    /// The call's recording was erased, and cannot be registered again.
    Erased,
}

/// The outcome of the first attempt.
enum AtOnce {
    Anew,
    /// The current item, which has to be examined first.
    Found(key::Item),
    UnknownMark,
}

/// The update that registers a recording.
struct Update {
    expression: String,
    condition: &'static str,
    names: HashMap<String, String>,
    given: key::Item,
}

/// Attempts while others annotate the same call.
const TRIES: usize = 5;

const SET: &str = "SET #state = :expected, #at = :at, u = :u, p = :p, #call = :call, #dir = :dir, ms = :ms, \
                   #type = :type, #bytes = :bytes, sha = :sha, registered = :registered, expires_at = :expires_at";

impl Table {
    /// Registers `recording` as expected, and writes the audit event with it. 1 request; 2 or 3 if
    /// the call was annotated.
    ///
    /// An earlier note, mark or field remains, unless it is replaced or another user wrote it.
    ///
    /// # Errors
    /// [`Error::Busy`] while others annotate the same call: try again.
    pub async fn register(&self, recording: &Recording, over: Over, event: &Event) -> Result<Registered, Error> {
        for _ in 0..TRIES {
            let found = match self.register_at_once(recording, over, event).await? {
                AtOnce::Anew => return Ok(Registered::Anew(recording.clone())),
                AtOnce::UnknownMark => return Ok(Registered::UnknownMark),
                AtOnce::Found(item) => item,
            };
            if is_erased(&found) {
                return Ok(Registered::Erased);
            }
            if let Some(current) = recording::read(&recording.organisation, &found)? {
                return Ok(Registered::Before(current));
            }
            let snapshot = CallSnapshot::read(&recording.organisation, recording.id, &found, recording.registered_at)?;
            if let Some(registered) = self.register_over(recording, &snapshot, event).await? {
                return Ok(registered);
            }
        }
        Err(Error::Busy)
    }

    /// Registers the recording if no annotation has to be read; otherwise returns the current item.
    async fn register_at_once(&self, recording: &Recording, over: Over, event: &Event) -> Result<AtOnce, Error> {
        let update = update(recording, over);
        let mut writes = self.writes();
        writes.update(key::recording(&recording.organisation, recording.id), |to| {
            to.update_expression(update.expression)
                .condition_expression(update.condition)
                .set_expression_attribute_names(Some(update.names))
                .set_expression_attribute_values(Some(update.given))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        });
        writes.audit(event);
        if let Some(mark) = recording.annotation.mark.as_ref().filter(|_| over == Over::Unregistered) {
            writes.can_set(&recording.organisation, mark);
        }
        Ok(match writes.commit_or_see().await? {
            Ok(()) => AtOnce::Anew,
            // Registered before, perhaps with a mark that was retired since.
            Err(Refused { conflict: Conflict::EditedMeanwhile, found }) => AtOnce::Found(found),
            Err(_) => AtOnce::UnknownMark,
        })
    }

    /// Registers the recording over an earlier annotation; `None` if it was edited meanwhile.
    async fn register_over(&self, recording: &Recording, snapshot: &CallSnapshot, event: &Event) -> Result<Option<Registered>, Error> {
        let mut annotation = self.retained(snapshot, &recording.user).await?;
        annotation.note = recording.annotation.note.clone().or(annotation.note);
        annotation.mark = recording.annotation.mark.clone().or(annotation.mark);
        let edited = annotation != snapshot.annotation;
        let (mut set, mut remove, mut given) = (SET.to_owned(), vec!["why", "early"], attributes(recording));
        for (name, value) in NAMES.into_iter().zip(values(&annotation)) {
            match value {
                Some(value) => {
                    set.push_str(&format!(", {name} = :{name}"));
                    given.insert(format!(":{name}"), s(value));
                }
                None => remove.push(name),
            }
        }
        match by_mark(recording, &annotation) {
            Some(place) => {
                set.push_str(", m = :m");
                given.insert(":m".to_owned(), place);
            }
            None => remove.push("m"),
        }
        if snapshot.since > 0 {
            set.push_str(", since = :since");
            given.insert(":since".to_owned(), n(snapshot.since));
        }
        let version = snapshot.version + u64::from(edited);
        if version > 0 {
            set.push_str(", edits = :version");
            given.insert(":version".to_owned(), n(version));
        }
        let seen = if snapshot.version == 0 { "attribute_not_exists(edits)" } else { "edits = :seen" };
        if snapshot.version > 0 {
            given.insert(":seen".to_owned(), n(snapshot.version));
        }
        let mut writes = self.writes();
        writes.update(key::recording(&recording.organisation, recording.id), |update| {
            update
                .update_expression(format!("{set} REMOVE {}", remove.join(", ")))
                .condition_expression(format!("attribute_not_exists(#state) AND {seen}"))
                .set_expression_attribute_names(Some(names(Over::Unregistered)))
                .set_expression_attribute_values(Some(given))
        });
        if let Some(mark) = recording.annotation.mark.as_ref().filter(|mark| snapshot.annotation.mark.as_ref() != Some(*mark)) {
            writes.can_set(&recording.organisation, mark);
        }
        if edited {
            let who = format!("user:{}", recording.user);
            writes.edit(snapshot, &annotation, &who, recording.registered_at);
        }
        writes.audit(event);
        match writes.commit().await? {
            Ok(()) => Ok(Some(Registered::Anew(Recording { annotation, version, ..recording.clone() }))),
            Err(Conflict::EditedMeanwhile) => Ok(None),
            Err(_) => Ok(Some(Registered::UnknownMark)),
        }
    }
}

/// The update that registers the recording if no annotation has to be read.
fn update(recording: &Recording, over: Over) -> Update {
    let (mut set, mut given) = (SET.to_owned(), attributes(recording));
    let condition = match over {
        // A held recording has no `expires_at`, or the table would remove it.
        Over::RejectedAndHeld => "#state = :rejected AND attribute_exists(held)",
        Over::Rejected => "#state = :rejected AND expires_at > :now AND attribute_not_exists(erased)",
        Over::Unregistered => {
            "attribute_not_exists(#state) AND attribute_not_exists(edits) AND (attribute_not_exists(early) OR early = :user) \
             AND (attribute_not_exists(expires_at) OR expires_at > :now)"
        }
    };
    if over == Over::RejectedAndHeld {
        set = SET.replace("expires_at = :expires_at", "#until = :expires_at");
    } else {
        given.insert(":now".to_owned(), n(recording.registered_at.timestamp()));
    }
    if over == Over::Unregistered {
        given.insert(":user".to_owned(), s(&recording.user));
        for (name, value) in brought(recording) {
            set.push_str(&format!(", {name} = :{name}"));
            given.insert(format!(":{name}"), value);
        }
    } else {
        given.insert(":rejected".to_owned(), s("rejected"));
    }
    Update { expression: format!("{set} REMOVE why, early, l"), condition, names: names(over), given }
}

/// The annotation that the registration brings, and the index partition of its mark.
fn brought(recording: &Recording) -> impl Iterator<Item = (&'static str, AttributeValue)> {
    let texts = NAMES.into_iter().zip(values(&recording.annotation)).filter_map(|(name, value)| Some((name, s(value?))));
    texts.chain(by_mark(recording, &recording.annotation).map(|place| ("m", place)))
}

fn by_mark(recording: &Recording, annotation: &Annotation) -> Option<AttributeValue> {
    Some(s(key::recordings_marked(&recording.organisation, annotation.mark.as_ref()?)))
}

fn names(over: Over) -> HashMap<String, String> {
    let until = (over == Over::RejectedAndHeld).then_some("until");
    ["state", "at", "call", "dir", "type", "bytes"].into_iter().chain(until).map(|name| (format!("#{name}"), name.to_owned())).collect()
}

fn attributes(recording: &Recording) -> key::Item {
    let audio = &recording.audio;
    [
        (":expected", s("expected")),
        (":at", s(key::at(recording.started_at, recording.id))),
        (":u", s(key::recordings_of(&recording.organisation, &recording.user))),
        (":p", s(key::recordings_with(&recording.organisation, &recording.counterpart))),
        (":call", s(&recording.call)),
        (":dir", s(recording.direction)),
        (":ms", n(recording.duration.num_milliseconds())),
        (":type", s(audio.content_type.as_str())),
        (":bytes", n(audio.length)),
        (":sha", AttributeValue::B(Blob::new(audio.sha256.0))),
        (":registered", n(recording.registered_at.timestamp_millis())),
        (":expires_at", n(recording.expires_at.timestamp())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
