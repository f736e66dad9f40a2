//! A reference client for the phone app.

mod backoff;
mod call;
mod outcome;
mod progress;
mod queue;
mod step;

pub use backoff::Backoff;
pub use call::{Audio, Call, CallId, Direction, Facts, InvalidCallId, Link, State};
pub use outcome::{Failure, Outcome, Recording, Stage};
pub use progress::Progress;
pub use queue::{InUse, Queue};
pub use step::{Pause, Step, step};
