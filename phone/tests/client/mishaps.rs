//! Whole runs with mishaps that are drawn from a seed. `SEED` repeats one of them.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    folder::Folder,
    service::{Mishaps, Service},
};

/// The percentages of requests with a mishap: mild, and worse than success.
const PERCENTAGES: [u32; 3] = [0, 25, 60];
const SEEDS: u64 = 12;
const CALLS: u32 = 6;

/// Every call is stored once with its bytes, and no copy is left.
#[tokio::test]
async fn every_call_is_stored_once_whatever_happens_to_the_requests() {
    let only = std::env::var("SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    for seed in only.map_or(1..SEEDS + 1, |seed| seed..seed + 1) {
        for percent in PERCENTAGES {
            stores_every_call(seed, percent).await;
        }
    }
}

async fn stores_every_call(seed: u64, percent: u32) {
    let case = format!("SEED={seed}, {percent} %");
    let service = Service::start(Mishaps::random(seed, percent)).await;
    let folder = Folder::new();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut calls = Vec::new();
    for number in 0..CALLS {
        let mut audio = vec![0; random.random_range(1..100_000)];
        random.fill(&mut audio[..]);
        calls.push((folder.enqueue(&number.to_string(), &audio), audio));
    }
    service.client(&folder, seed).run_until_empty().await.expect("a run");
    for (id, audio) in &calls {
        let recordings = service.of_call(id.as_str());
        assert_eq!(recordings.len(), 1, "{case}");
        assert_eq!((recordings[0].puts, recordings[0].is_verified), (1, true), "{case}");
        assert!(recordings[0].object.as_ref() == Some(audio), "{case}: other bytes");
    }
    assert_eq!(folder.names(), [""; 0], "{case}");
    assert_eq!(folder.damaged(), [""; 0], "{case}");
    assert_eq!(service.inner().violations, [""; 0], "{case}");
}
