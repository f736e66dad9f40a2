//! The rules of recording as pure functions: no network, no clock, no storage.
//!
//! They decide what a caller may do, what a registration must contain, when a recording ends and
//! how a time reads in Stockholm. Everything is a value or a function, tested in microseconds.

// Parsing bounds client input (see `time`), and arithmetic saturates: no input causes a panic.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod access;
pub mod activation;
pub mod audio;
pub mod billing;
pub mod completeness;
pub mod counterpart;
pub mod delivery;
pub mod ids;
pub mod job;
pub mod legend;
pub mod note;
pub mod people;
pub mod phone;
pub mod reason;
pub mod reconcile;
pub mod recording;
pub mod registration;
pub mod retention;
pub mod search;
pub mod time;
