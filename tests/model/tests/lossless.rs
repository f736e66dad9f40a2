//! A small run of `make lossless`: no call is lost, and every call is accounted for.

use std::path::Path;

use model::lossless::{File, Office, Outcome, files};

#[test]
fn no_call_is_lost_and_every_call_is_accounted_for() {
    let Some(folder) = std::env::var_os("AUDIO_CASES") else {
        println!("skipped: AUDIO_CASES names no folder of recordings");
        return;
    };
    let files: &'static [File] = Vec::leak(files(Path::new(&folder)).expect("a folder of files"));
    let mut outcome = Outcome::default();
    for number in 0..6 {
        outcome.add(Office::draw(7, number, 10, 60, files).work());
    }
    assert!(outcome.discrepancies.is_empty(), "{:#?}", outcome.discrepancies);
    for fate in ["retained, with audio", "refused", "not answered", "in statements: missing"] {
        assert!(outcome.tally.of(fate) > 0, "no call was {fate}: {:?}", outcome.tally);
    }
}
