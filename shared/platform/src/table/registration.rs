//! Writes a registration to its call's item.
//!
//! One transaction with the audit event suffices if the call has no annotation. Otherwise the
//! annotation is read first, and its change is an edit, so no note is lost.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use domain::{
    ids::RecordingId,
    recording::{Leg, Recording, Reported},
    registration::Basis,
};

use super::{
    Error, Recordings,
    annotation::{CallSnapshot, NAMES, by_mark, values},
    attributes::{n, s},
    audit::Event,
    commit::{Conflict, Refused},
    key, recording,
    tombstone::{had_audio_of, is_erased},
    write::Write,
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
    /// An unregistered recording beside this one, which has taken its call id.
    Beside(RecordingId),
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
    /// Nothing was written: a recording of other audio under this call id was erased.
    ErasedOther,
    /// Nothing was written: the recording that has taken the call id is gone, or has too many beside
    /// it.
    TooMany,
}

/// The outcome of the first attempt.
enum AtOnce {
    Anew,
    /// The current item, which has to be examined first.
    Found(key::Item),
    UnknownMark,
    /// The recording that has taken the call id is gone, or has too many beside it.
    TooMany,
}

/// The most recordings beside one that has taken their call id.
const OTHERS: usize = 100;
/// Attempts while others annotate the same call.
const TRIES: usize = 5;

impl Recordings<'_> {
    /// Registers `recording` as expected, and writes the audit event with it. 1 request; 2 or 3 if
    /// the call was annotated.
    ///
    /// An earlier note, mark or field remains, unless it is replaced or another user wrote it.
    ///
    /// # Errors
    /// [`Error::Busy`] while others annotate the same call: try again.
    pub async fn register(
        self,
        recording: &Recording,
        over: Over,
        event: &Event,
    ) -> Result<Registered, Error> {
        for _ in 0..TRIES {
            let found = match self.register_at_once(recording, over, event).await? {
                AtOnce::Anew => return Ok(Registered::Anew(recording.clone())),
                AtOnce::UnknownMark => return Ok(Registered::UnknownMark),
                AtOnce::TooMany => return Ok(Registered::TooMany),
                AtOnce::Found(item) => item,
            };
            if is_erased(&found) {
                return Ok(match had_audio_of(&found, recording)? {
                    true => Registered::Erased,
                    false => Registered::ErasedOther,
                });
            }
            if let Some(current) = recording::read(&recording.organisation, &found)? {
                return Ok(Registered::Before(current));
            }
            let snapshot = CallSnapshot::read(
                &recording.organisation,
                recording.id,
                &found,
                recording.registered_at,
            )?;
            if let Some(registered) = self.register_over(recording, &snapshot, event).await? {
                return Ok(registered);
            }
        }
        Err(Error::Busy)
    }

    /// Gives an expected recording another start, if no decision about its retention refers to the
    /// present one. 1 request. `None` after another change: nothing was written.
    pub async fn correct_start(
        self,
        current: &Recording,
        corrected: &Recording,
        event: &Event,
    ) -> Result<Option<Recording>, Error> {
        let at = |recording: &Recording| s(key::at(recording.started_at, recording.id));
        let mut writes = self.0.writes();
        let write = Write::update(key::recording(&current.organisation, current.id))
            .set("at", at(corrected))
            .set("expires_at", n(corrected.expires_at.timestamp()));
        writes.add(
            reported(write, corrected)
                .is("at", Some(at(current)))
                .is("state", Some(s("expected")))
                .is("kept", None)
                .is("held", None)
                .is("erased", None)
                .when("expires_at > :now")
                .given("now", n(event.at.timestamp())),
        );
        writes.audit(event);
        Ok(writes.commit().await?.is_ok().then(|| corrected.clone()))
    }

    /// Registers the recording if no annotation has to be read; otherwise returns the current item.
    async fn register_at_once(
        self,
        recording: &Recording,
        over: Over,
        event: &Event,
    ) -> Result<AtOnce, Error> {
        let mut writes = self.0.writes();
        writes.add(at_once(recording, over).returning());
        writes.audit(event);
        let anew = !matches!(over, Over::Rejected | Over::RejectedAndHeld);
        if let Some(mark) = recording.annotation.mark.as_ref().filter(|_| anew) {
            writes.can_set(&recording.organisation, mark);
        }
        if let Over::Beside(taker) = over {
            writes.add(
                Write::update(key::recording(&recording.organisation, taker))
                    .add_members("others", [recording.id])
                    .when("attribute_exists(#state)")
                    .when("attribute_not_exists(#others) OR size(#others) < :most")
                    .given("most", n(OTHERS))
                    .or(Conflict::TooMany),
            );
        }
        Ok(match writes.commit_or_see().await? {
            Ok(()) => AtOnce::Anew,
            // Registered before, perhaps with a mark that was retired since.
            Err(Refused { conflict: Conflict::EditedMeanwhile, found }) => AtOnce::Found(found),
            Err(Refused { conflict: Conflict::TooMany, .. }) => AtOnce::TooMany,
            Err(_) => AtOnce::UnknownMark,
        })
    }

    /// Registers the recording over an earlier annotation; `None` if it was edited meanwhile.
    async fn register_over(
        self,
        recording: &Recording,
        snapshot: &CallSnapshot,
        event: &Event,
    ) -> Result<Option<Registered>, Error> {
        let mut annotation = self.0.annotations().retained(snapshot, &recording.user).await?;
        annotation.note = recording.annotation.note.clone().or(annotation.note);
        annotation.mark = recording.annotation.mark.clone().or(annotation.mark);
        let edited = annotation != snapshot.annotation;
        let version = snapshot.version + u64::from(edited);
        let mut writes = self.0.writes();
        writes.add(
            registered(recording, "expires_at")
                .annotation(&recording.organisation, &annotation)
                .set_if("since", (snapshot.since > 0).then(|| n(snapshot.since)))
                .set_if("edits", (version > 0).then(|| n(version)))
                .is("state", None)
                .is("edits", (snapshot.version > 0).then(|| n(snapshot.version))),
        );
        if let Some(mark) = recording
            .annotation
            .mark
            .as_ref()
            .filter(|mark| snapshot.annotation.mark.as_ref() != Some(*mark))
        {
            writes.can_set(&recording.organisation, mark);
        }
        if edited {
            let who = format!("user:{}", recording.user);
            writes.edit(snapshot, &annotation, &who, recording.registered_at);
        }
        writes.audit(event);
        match writes.commit().await? {
            Ok(()) => {
                Ok(Some(Registered::Anew(Recording { annotation, version, ..recording.clone() })))
            }
            Err(Conflict::EditedMeanwhile) => Ok(None),
            Err(_) => Ok(Some(Registered::UnknownMark)),
        }
    }
}

/// The write that registers the recording if no annotation has to be read.
fn at_once(recording: &Recording, over: Over) -> Write {
    let now = n(recording.registered_at.timestamp());
    match over {
        // A held recording has no `expires_at`, or the table would remove it.
        Over::RejectedAndHeld => {
            rejected(registered(recording, "until")).when("attribute_exists(held)")
        }
        Over::Rejected => rejected(registered(recording, "expires_at"))
            .when("expires_at > :now AND attribute_not_exists(erased)")
            .given("now", now),
        Over::Unregistered | Over::Beside(_) => {
            brought(registered(recording, "expires_at"), recording)
                .remove("l")
                .when("attribute_not_exists(#state) AND attribute_not_exists(edits)")
                .when("attribute_not_exists(early) OR early = :user")
                .when("attribute_not_exists(expires_at) OR expires_at > :now")
                .given("user", s(&recording.user))
                .given("now", now)
        }
    }
}

fn rejected(write: Write) -> Write {
    write.remove("l").is("state", Some(s("rejected")))
}

/// Sets the start as the app reported it, if the recording has another.
fn reported(write: Write, recording: &Recording) -> Write {
    let Reported { started_at, basis, .. } = &recording.reported;
    let basis = (*basis != Basis::Reported).then(|| s(basis.into_str()));
    write
        .set_or_remove("reported", started_at.map(|at| n(at.timestamp_millis())))
        .set_or_remove("basis", basis)
}

/// Sets the annotation that the registration brings, and the index partition of its mark.
fn brought(write: Write, recording: &Recording) -> Write {
    let texts = NAMES.into_iter().zip(values(&recording.annotation));
    let mark = by_mark(&recording.organisation, &recording.annotation);
    texts.fold(write, |write, (name, text)| write.set_if(name, text.map(s))).set_if("m", mark)
}

/// The write that makes the item an expected recording, whose end is in the attribute `end`.
fn registered(recording: &Recording, end: &str) -> Write {
    let (audio, written) = (&recording.audio, &recording.reported.counterpart);
    let taken = recording.reported.call_id_taken.then_some(AttributeValue::Bool(true));
    let write = Write::update(key::recording(&recording.organisation, recording.id))
        .set("state", s("expected"))
        .set("at", s(key::at(recording.started_at, recording.id)))
        .set("u", s(key::recordings_of(&recording.organisation, &recording.user)))
        .set("p", s(key::recordings_with(&recording.organisation, &recording.counterpart)))
        .set("call", s(&recording.call))
        .set("dir", s(recording.direction))
        .set("ms", n(recording.duration.num_milliseconds()))
        .set("promised", n(recording.duration.num_milliseconds()))
        .set_or_remove("written", written.as_ref().map(s))
        .set_or_remove("taken", taken)
        .set("type", s(audio.content_type.as_str()))
        .set("bytes", n(audio.length))
        .set("sha", AttributeValue::B(Blob::new(audio.sha256.0)))
        .set("registered", n(recording.registered_at.timestamp_millis()))
        .set(end, n(recording.expires_at.timestamp()))
        .remove_all(&["why", "early"]);
    reported(leg(write, recording), recording)
}

/// Sets the conversation, the participants and the phone's number of the call.
fn leg(write: Write, recording: &Recording) -> Write {
    let Leg { conversation, participants, sequence } = &recording.leg;
    let parties =
        (!participants.is_empty()).then(|| AttributeValue::L(participants.iter().map(s).collect()));
    write
        .set_or_remove("conv", conversation.as_ref().map(s))
        .set_or_remove("parties", parties)
        .set_or_remove("device", sequence.as_ref().map(|sequence| s(&sequence.device)))
        .set_or_remove("seq", sequence.as_ref().map(|sequence| n(sequence.number)))
}
