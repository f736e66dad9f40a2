//! Writes a package for tests: `evidence_package FOLDER RECORDINGS [BYTES]`.

#[path = "../tests/all/authority.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod authority;
#[path = "../tests/all/package.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod package;

use std::path::Path;

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().context("name a folder and a number of recordings")?;
    let number = |at: usize, otherwise| {
        arguments.get(at).map_or(Ok(otherwise), |number| number.parse::<usize>())
    };
    let order = package::Order {
        recordings: number(1, 5)?,
        bytes: number(2, 2_000)?,
        ..Default::default()
    };
    let authority = authority::Authority::new(authority::P256)?;
    package::write(Path::new(folder), &order, &package::Sealing::new()?, &authority)
}
