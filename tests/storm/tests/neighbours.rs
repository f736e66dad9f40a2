//! One organisation at full speed does not slow down another. Each test is a process of its own.

use storm::neighbours::{LIMITS, live};

/// Seconds of virtual time.
const SECONDS: u32 = 2;

#[test]
fn a_greedy_organisation_is_stopped_and_its_neighbour_notices_little() -> anyhow::Result<()> {
    LIMITS.apply();
    let (alone, beside) = (live(SECONDS, false)?, live(SECONDS, true)?);
    for function in ["upload", "search"] {
        assert!(beside.requests(function) >= 20);
        assert_eq!(beside.failed.get(function), None, "{function}: {:?}", beside.failed);
        let (before, after) = (alone.p99(function), beside.p99(function));
        assert!(after <= before * 3 / 2, "{function}: p99 {after:?} beside, {before:?} alone");
    }
    assert!(beside.greedy.get(&429) > Some(&200), "{:?}", beside.greedy);
    Ok(())
}
