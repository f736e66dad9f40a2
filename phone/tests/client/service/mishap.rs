//! The mishaps of requests: scripted, or drawn from a seed.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// A mishap of one request.
#[derive(Clone, Copy, Debug)]
pub enum Mishap {
    /// The connection ends before the request is processed.
    LostRequest,
    /// The connection ends after the request was processed.
    LostResponse,
    /// The gateway or S3 answers with this status.
    Status(u16),
    /// The service requests a pause: 429 with this `Retry-After`.
    Busy(&'static str),
    /// Something else answers 200.
    Unreadable,
    /// The upload link has expired, and remains so.
    Expired,
}

const OF_API: [Mishap; 11] = [
    Mishap::LostRequest,
    Mishap::LostResponse,
    Mishap::LostResponse,
    Mishap::Status(500),
    Mishap::Status(503),
    Mishap::Status(408),
    Mishap::Status(401),
    Mishap::Status(403),
    Mishap::Busy("0"),
    Mishap::Busy("17"),
    Mishap::Unreadable,
];

const OF_S3: [Mishap; 9] = [
    Mishap::LostRequest,
    Mishap::LostResponse,
    Mishap::LostResponse,
    Mishap::Status(500),
    Mishap::Status(503),
    Mishap::Status(409),
    Mishap::Status(400),
    Mishap::Status(404),
    Mishap::Expired,
];

/// The mishaps to come.
pub struct Mishaps {
    seed: u64,
    random: ChaCha8Rng,
    percent: u32,
    of_api: Vec<Mishap>,
    scripted: [VecDeque<Mishap>; 2],
    /// Uploads before the scripted mishaps.
    undisturbed: u32,
}

impl Mishaps {
    /// No mishaps, except those that are scripted.
    pub fn none() -> Self {
        Self::random(0, 0)
    }

    /// A mishap of so many percent of the requests.
    pub fn random(seed: u64, percent: u32) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self {
            seed,
            random,
            percent,
            of_api: OF_API.to_vec(),
            scripted: Default::default(),
            undisturbed: 0,
        }
    }

    /// The same without long pauses, for a client on a real device.
    pub fn without_pauses(mut self) -> Self {
        self.of_api.retain(|mishap| !matches!(mishap, Mishap::Busy("17")));
        self
    }

    /// The same after these mishaps of the next requests to the API.
    pub fn then_api(mut self, mishaps: impl IntoIterator<Item = Mishap>) -> Self {
        self.scripted[0].extend(mishaps);
        self
    }

    /// The same after these mishaps of the next uploads.
    pub fn then_s3(mut self, mishaps: impl IntoIterator<Item = Mishap>) -> Self {
        self.scripted[1].extend(mishaps);
        self
    }

    /// The same after so many uploads.
    pub fn then_s3_after(
        self,
        undisturbed: u32,
        mishaps: impl IntoIterator<Item = Mishap>,
    ) -> Self {
        Self { undisturbed, ..self }.then_s3(mishaps)
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn draw(&mut self, is_upload: bool) -> Option<Mishap> {
        if is_upload && self.undisturbed > 0 {
            self.undisturbed -= 1;
            return None;
        }
        if let Some(mishap) = self.scripted[usize::from(is_upload)].pop_front() {
            return Some(mishap);
        }
        let mishaps = if is_upload { &OF_S3[..] } else { &self.of_api };
        let happens = self.random.random_range(0..100) < self.percent;
        happens.then(|| mishaps.choose(&mut self.random).copied()).flatten()
    }
}
