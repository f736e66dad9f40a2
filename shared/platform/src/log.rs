//! Logs: JSON, one event a line, to standard output, which Lambda keeps.
//!
//! A line about a recording carries its id in the field `recording`. No line carries a phone number, a name, a token or a link: values
//! that hold one hide it in their `Debug`, and links are never formatted into a message.

use tracing::level_filters::LevelFilter;

use crate::env;

/// Starts logging for this process at the level that `RUST_LOG` names (`error`, `warn`, `info`, `debug`, `trace`, `off`), `info` without one.
pub fn init() {
    let level = env::optional("RUST_LOG").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
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

/// The error and its causes, in one text.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut chain = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        next = cause.source();
    }
    chain
}
