//! The queue of calls.

mod folder;
mod queue;
