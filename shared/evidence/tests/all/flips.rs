//! Random changes of a single bit anywhere in a package.

use std::{fs, path::PathBuf};

use evidence::verify::verify;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use crate::{
    authority::{Authority, P256},
    package::{Order, Sealing, write},
};

const FLIPS: usize = 1_000;

fn files(folder: &std::path::Path, into: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files(&path, into)? } else { into.push(path) }
    }
    Ok(())
}

#[test]
fn every_flipped_bit_is_reported() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let order = Order { recordings: 3, days: 2, bytes: 300, ..Order::default() };
    write(folder.path(), &order, &Sealing::new()?, &Authority::new(P256)?)?;
    assert!(verify(folder.path())?.is_sound());
    let mut all = Vec::new();
    files(folder.path(), &mut all)?;
    all.sort();
    let random = &mut ChaCha8Rng::seed_from_u64(7);
    for number in 0..FLIPS {
        let path = &all[random.random_range(0..all.len())];
        let right = fs::read(path)?;
        let mut flipped = right.clone();
        let (at, bit) = (random.random_range(0..right.len()), random.random_range(0..8));
        flipped[at] ^= 1 << bit;
        fs::write(path, &flipped)?;
        assert!(!verify(folder.path())?.is_sound(), "flip {number}: bit {bit} at {at} of {path:?}");
        fs::write(path, &right)?;
    }
    Ok(())
}
