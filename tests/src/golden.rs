//! Golden files: generated from the code and checked in, so that a change shows in the diff.

use std::{fs, path::PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;

/// Compares `made` with the file `name` under `tests/`. `GOLDEN=write` in the environment writes
/// the file instead.
///
/// # Errors
/// When they differ. The text explains how to accept the change.
pub fn holds(name: &str, made: &Value) -> anyhow::Result<()> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    let made = serde_json::to_string_pretty(made)? + "\n";
    if std::env::var("GOLDEN").as_deref() == Ok("write") {
        return fs::write(&path, made).context("could not write the golden file");
    }
    let retained = fs::read_to_string(&path).unwrap_or_default();
    ensure!(
        retained == made,
        "tests/{name} does not say what the code does; if the change is meant, run `make golden`. It would be:\n{made}"
    );
    Ok(())
}
