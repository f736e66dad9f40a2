//! When the next request of a call is due.

use std::time::Duration;

use crate::{backoff::Backoff, call::State, step::Pause};

/// The attempts of one call since it last advanced. It is in memory only: a client that starts
/// again tries at once.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    due: Duration,
    attempts: u32,
    was_at_once: bool,
    furthest: u8,
}

impl Progress {
    /// The device's uptime at which the next request is due.
    pub fn due(&self) -> Duration {
        self.due
    }

    /// Notes the pause before the next request of a call in `state`.
    pub fn note(
        &mut self,
        state: &State,
        pause: Pause,
        backoff: &Backoff,
        (uptime, random): (Duration, f64),
    ) {
        let stage = state.stage();
        if stage > self.furthest {
            *self = Self { furthest: stage, ..Self::default() };
        }
        let requested = match pause {
            Pause::None => return self.due = uptime,
            Pause::Again | Pause::SignIn if !self.was_at_once => {
                self.was_at_once = true;
                return self.due = uptime;
            }
            Pause::Again | Pause::SignIn => None,
            Pause::Backoff(requested) => requested,
        };
        self.due = uptime + backoff.pause(self.attempts, requested, random);
        self.attempts = self.attempts.saturating_add(1);
        self.was_at_once = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses in seconds after each of the steps, with all of the jitter.
    fn pauses(steps: &[(State, Pause)]) -> Vec<u64> {
        let mut progress = Progress::default();
        let pause_after = |(state, pause): &(State, Pause)| {
            progress.note(state, *pause, &Backoff::default(), (Duration::ZERO, 1.0));
            progress.due().as_secs()
        };
        steps.iter().map(pause_after).collect()
    }

    fn recorded() -> State {
        State::Recorded { audio: None }
    }

    fn uploaded() -> State {
        let audio = crate::Audio { length: 0, sha256: String::new() };
        State::Uploaded { recording: String::new(), audio, polls: 0 }
    }

    #[test]
    fn the_pauses_grow_until_the_call_advances() {
        let retry = Pause::Backoff(None);
        let steps = [
            (recorded(), retry),
            (recorded(), retry),
            (recorded(), retry),
            (uploaded(), retry),
            (uploaded(), retry),
            (recorded(), retry),
            (uploaded(), retry),
        ];
        assert_eq!(pauses(&steps), [1, 2, 4, 1, 2, 4, 8]);
    }

    #[test]
    fn a_call_is_tried_at_once_only_once_in_a_row() {
        let again = (recorded(), Pause::Again);
        let sign_in = (recorded(), Pause::SignIn);
        let advance = (recorded(), Pause::None);
        let steps = [again.clone(), advance, again.clone(), again, sign_in.clone(), sign_in];
        assert_eq!(pauses(&steps), [0, 0, 1, 0, 2, 0]);
    }
}
