//! Logs: one JSON event per line on standard output, which Lambda stores.
//!
//! A line about a recording contains its id in the field `recording`. No line contains a phone
//! number, a name, a token or a link: `Debug` hides such values, and messages contain no links.

use tracing::level_filters::LevelFilter;

use crate::env;

/// Starts logging at the level of `RUST_LOG` (`error` to `trace`, or `off`), by default `info`.
pub fn init() {
    let level =
        env::optional("RUST_LOG").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .without_time() // Lambda stamps each line
        .with_max_level(level)
        .init();
}

/// The text of an error and all its sources.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut chain = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        next = cause.source();
    }
    chain
}
