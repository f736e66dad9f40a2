//! A function's settings, read from its environment once at start.

use thiserror::Error;

/// A setting is absent or empty.
#[derive(Debug, Error)]
#[error("the environment variable {0} is not set")]
pub struct Missing(pub &'static str);

/// The value of the environment variable `name`. Fails with [`Missing`] if it is absent or empty.
pub fn required(name: &'static str) -> Result<String, Missing> {
    optional(name).ok_or(Missing(name))
}

/// The value of the environment variable `name`; `None` if it is absent or empty.
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
