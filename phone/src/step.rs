//! The transitions of a call: what follows the outcome of a request.

use std::time::Duration;

use crate::{
    call::{Audio, Link, State},
    outcome::{Failure, Kind, Outcome, Recording, Stage},
};

/// The next state of a call, and the pause before its next request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The next state.
    pub state: State,
    /// The pause before the next request.
    pub pause: Pause,
}

/// A pause between two requests of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// None: the call has advanced.
    None,
    /// None the first time in a row, and then as [`Pause::Backoff`].
    Again,
    /// As [`Pause::Again`], with a new token.
    SignIn,
    /// Exponential back-off, after the time that the service requests.
    Backoff(Option<Duration>),
}

/// How often an uploaded call is shown as expected before it is registered, and sent, again: some
/// hours. The audio may have been lost in transit.
const POLLS: u32 = 30;

/// Decides what follows the outcome of the request that the state calls for.
///
/// The digest of the audio is computed before a call is registered, so a state without it and the
/// final states do not change.
pub fn step(state: State, outcome: Outcome) -> Step {
    match state {
        State::Recorded { audio: Some(audio) } => after_registering(audio, outcome),
        State::Registered { recording, audio, upload } => {
            after_uploading(recording, audio, upload, outcome)
        }
        State::Uploaded { recording, audio, polls } => {
            after_polling(recording, audio, polls, outcome)
        }
        state => Step { state, pause: Pause::None },
    }
}

fn after_registering(audio: Audio, outcome: Outcome) -> Step {
    match outcome {
        Outcome::Shown(recording, _) if recording.sha256 != audio.sha256 => {
            recorded(audio, Pause::Backoff(None))
        }
        Outcome::Shown(recording, Some(upload)) => {
            registered(recording.id, audio, upload, Pause::None)
        }
        Outcome::Shown(recording, None) => verified(recording, audio),
        Outcome::Failed(failure) => match failure.kind() {
            Kind::SignIn => recorded(audio, Pause::SignIn),
            Kind::Temporary => recorded(audio, Pause::Backoff(failure.retry_after)),
            Kind::Final => refused(failure),
        },
        Outcome::Put | Outcome::Unreachable | Outcome::AudioDiffers => {
            recorded(audio, Pause::Backoff(None))
        }
    }
}

fn after_uploading(recording: String, audio: Audio, upload: Link, outcome: Outcome) -> Step {
    let failure = match outcome {
        Outcome::Put => return uploaded(recording, audio, Pause::Backoff(None)),
        Outcome::AudioDiffers => return anew(Pause::Again),
        Outcome::Failed(failure) => failure,
        // The response may be lost. Registering shows whether the audio is stored, and costs less
        // than sending it again.
        Outcome::Unreachable | Outcome::Shown(..) => return recorded(audio, Pause::Backoff(None)),
    };
    match (failure.status, failure.kind()) {
        (412, _) => uploaded(recording, audio, Pause::Backoff(None)),
        (409, _) => registered(recording, audio, upload, Pause::Again),
        (400, _) => anew(Pause::Again),
        (401, _) => recorded(audio, Pause::SignIn), // of the API, for audio in parts
        (403, _) => recorded(audio, Pause::Again),
        (408 | 429, _) | (..400 | 500.., Kind::Temporary) => {
            registered(recording, audio, upload, Pause::Backoff(failure.retry_after))
        }
        _ => recorded(audio, Pause::Backoff(None)),
    }
}

fn after_polling(recording: String, audio: Audio, polls: u32, outcome: Outcome) -> Step {
    let waiting = |recording: String, audio: Audio, pause: Pause| Step {
        state: State::Uploaded { recording, audio, polls },
        pause,
    };
    match outcome {
        Outcome::Shown(shown, _) if shown.sha256 != audio.sha256 => anew(Pause::Backoff(None)),
        Outcome::Shown(Recording { state: Stage::Expected, .. }, _) if polls >= POLLS => {
            recorded(audio, Pause::Backoff(None))
        }
        Outcome::Shown(Recording { state: Stage::Expected, id, .. }, _) => Step {
            state: State::Uploaded { recording: id, audio, polls: polls + 1 },
            pause: Pause::Backoff(None),
        },
        Outcome::Shown(shown, _) => verified(shown, audio),
        Outcome::Failed(failure) => match failure.kind() {
            Kind::SignIn => waiting(recording, audio, Pause::SignIn),
            Kind::Temporary => waiting(recording, audio, Pause::Backoff(failure.retry_after)),
            // The user may not see recordings, or this one was erased. Registering tells.
            Kind::Final => recorded(audio, Pause::Backoff(None)),
        },
        Outcome::Put | Outcome::Unreachable | Outcome::AudioDiffers => {
            waiting(recording, audio, Pause::Backoff(None))
        }
    }
}

/// The consequence of the recording's stage, once nothing more is to be uploaded.
fn verified(recording: Recording, audio: Audio) -> Step {
    match recording.state {
        Stage::Expected => uploaded(recording.id, audio, Pause::Backoff(None)),
        Stage::Stored => Step { state: State::Stored, pause: Pause::None },
        Stage::Rejected => {
            Step { state: State::Rejected { reason: recording.rejection }, pause: Pause::None }
        }
    }
}

/// The digest is computed again, because the file is not what was registered.
fn anew(pause: Pause) -> Step {
    Step { state: State::Recorded { audio: None }, pause }
}

fn recorded(audio: Audio, pause: Pause) -> Step {
    Step { state: State::Recorded { audio: Some(audio) }, pause }
}

fn registered(recording: String, audio: Audio, upload: Link, pause: Pause) -> Step {
    Step { state: State::Registered { recording, audio, upload }, pause }
}

fn uploaded(recording: String, audio: Audio, pause: Pause) -> Step {
    Step { state: State::Uploaded { recording, audio, polls: 0 }, pause }
}

fn refused(failure: Failure) -> Step {
    let (code, detail) = failure.into_code();
    Step { state: State::Refused { code, detail }, pause: Pause::None }
}

#[cfg(test)]
mod tests;
