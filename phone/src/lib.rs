//! A reference client for the phone app: a durable queue of finished calls, and their upload.
//!
//! [`Queue`] holds the calls in a folder. [`Client`] registers each call, uploads its audio, and
//! deletes the phone's copy once the service has stored it. [`step()`] decides what follows each
//! request. A crash at any point loses no call and uploads none twice.

mod api;
mod backoff;
mod call;
mod client;
mod device;
mod outcome;
mod progress;
mod queue;
mod step;
mod token;

pub use api::{Api, PartSizes};
pub use backoff::Backoff;
pub use call::{Audio, Call, CallId, Direction, Facts, InvalidCallId, Link, Sequence, State};
pub use client::{Client, Error};
pub use device::{Device, System};
pub use outcome::{Failure, Outcome, Recording, Stage};
pub use progress::Progress;
pub use queue::{InUse, Queue};
pub use step::{Pause, Step, step};
pub use token::{Token, TokenSource, Unavailable};

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
