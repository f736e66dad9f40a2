//! Whole lives of organisations in a harsh AWS, on virtual time. Each is replayable by its seed.

pub mod aws;
pub mod check;
pub mod clock;
pub mod function;
pub mod large;
pub mod life;
pub mod neighbours;
pub mod plan;
pub mod service;
pub mod storm;
pub mod truth;
pub mod weather;
