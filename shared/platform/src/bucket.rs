//! What a bucket failed to do, as whoever asked it says.

use thiserror::Error;

/// A bucket gave no answer, or another than it should.
#[derive(Debug, Error)]
#[error("could not {deed}")]
pub struct Error {
    deed: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The error of a `deed` that failed, such as `read the export`.
pub fn could_not<E: Into<Box<dyn std::error::Error + Send + Sync>>>(deed: &'static str) -> impl FnOnce(E) -> Error {
    move |error| Error { deed, source: error.into() }
}
