//! The rules of recording, without any of the world: no network, no clock, no storage.
//!
//! What a caller may do, what a registration has to hold, when a recording ends, how a time reads in Stockholm. Everything here is a
//! value or a function of values, so that every rule is tested in microseconds and reads as its own documentation.

// Client input is bounded when it is read (see `time`), and what is computed from it saturates: no input reaches a panic.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod access;
pub mod activation;
pub mod audio;
pub mod billing;
pub mod delivery;
pub mod ids;
pub mod legend;
pub mod note;
pub mod order;
pub mod people;
pub mod phone;
pub mod reason;
pub mod recording;
pub mod registration;
pub mod retention;
pub mod search;
pub mod sweep;
pub mod time;
