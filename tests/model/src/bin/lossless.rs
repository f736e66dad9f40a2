//! Simulates phones from which no call may be lost: `lossless [CALLS [PHONES [SEED]]]`. The variable
//! `AUDIO_CASES` names a folder of audio files.

use std::{path::Path, time::Instant};

use model::lossless::{File, Office, Outcome, files};

/// Phones of an organisation.
const PHONES: usize = 50;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: usize| -> anyhow::Result<usize> {
        Ok(arguments.next().map_or(Ok(otherwise), |argument| argument.parse())?)
    };
    let (calls, phones, seed) = (number(1_000_000)?, number(1_000)?, number(1)? as u64);
    let folder = std::env::var_os("AUDIO_CASES");
    let folder = folder
        .ok_or_else(|| anyhow::anyhow!("AUDIO_CASES names no folder: run `make lossless`"))?;
    let files: &'static [File] = Vec::leak(files(Path::new(&folder))?);
    let (begun, offices) = (Instant::now(), phones.div_ceil(PHONES));
    let of_each = calls.div_ceil(offices * PHONES);
    let mut outcome = Outcome::default();
    for number in 0..offices {
        outcome.add(Office::draw(seed, number, PHONES, of_each, files).work());
    }
    println!("{calls} calls of {phones} phones, SEED={seed}, {:.0?}", begun.elapsed());
    for (name, number) in &outcome.tally.0 {
        println!("{number:>10} {name}");
    }
    for discrepancy in &outcome.discrepancies {
        println!("discrepancy: {discrepancy}");
    }
    anyhow::ensure!(outcome.tally.of("discrepancies") == 0, "not every call is as it should be");
    Ok(())
}
