//! What touches the world: the table, the buckets, HTTP as API Gateway speaks it, settings, logs.
//!
//! Each function wires what it needs from here in its `main`; the rules are in `domain`.

pub mod answer;
pub mod aws;
pub mod batch;
pub mod bucket;
pub mod clock;
pub mod copies;
pub mod digest;
pub mod env;
pub mod erasures;
pub mod exports;
pub mod http;
pub mod log;
pub mod multipart;
pub mod objects;
pub mod queue;
pub mod removal;
pub mod table;
pub mod versions;
