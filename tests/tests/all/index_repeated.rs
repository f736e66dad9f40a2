//! Stream records that arrive twice, late or in any order. The final postings match the recordings,
//! whatever the order.
//!
//! `SEED=… CASES=…` in the environment generate other cases, or repeat one.

use anyhow::ensure;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use chrono::TimeDelta;
use domain::recording::Recording;
use serde_json::Value;
use tests::{
    call::now,
    indexed::{World, take_in},
    recording::{recording, register},
};

/// A generator whose sequence its seed determines (SplitMix64; Steele, Lea and Flood 2014).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn words(&mut self) -> String {
        let words = ["ring", "åsa", "offert", "4411", "vip"];
        (0..=self.below(3)).map(|_| words[self.below(words.len())]).collect::<Vec<_>>().join(" ")
    }
}

async fn change(world: &World, draw: &mut Draw, of: &Recording) -> anyhow::Result<()> {
    let Some(recording) = world.table().index().recording(&of.organisation, of.id).await? else {
        return register(world.table(), of).await;
    };
    let end = N((now() + TimeDelta::days(draw.below(400) as i64)).timestamp().to_string());
    match draw.below(10) {
        0..5 => world.write(of, "SET note = :said", [(":said", S(draw.words()))]).await,
        5..7 => world.write(of, "SET f1 = :said REMOVE f3", [(":said", S(draw.words()))]).await,
        7 if recording.held_since.is_some() => {
            world.write(of, "SET expires_at = :end REMOVE held, #until", [(":end", end)]).await
        }
        7 => {
            world
                .write(
                    of,
                    "SET held = :at, #until = :end REMOVE expires_at",
                    [(":at", N("1".to_owned())), (":end", end)],
                )
                .await
        }
        8 if recording.held_since.is_none() => {
            world.write(of, "SET expires_at = :end", [(":end", end)]).await
        }
        8 => Ok(()),
        _ => world.remove(of).await,
    }
}

fn environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test]
async fn repeated_late_and_reordered_records_end_in_the_right_postings() -> anyhow::Result<()> {
    let (seed, cases) = (environment("SEED", 4), environment("CASES", 20));
    let (mut happened, mut delivered) = (0, 0);
    for number in 0..cases {
        let own = seed.wrapping_add(number);
        let mut draw = Draw(own);
        let mut world = World::new().await?;
        let calls =
            ["one", "two"].map(|call| recording("demo", "anna", call, now() - TimeDelta::hours(1)));
        let (mut waiting, mut past): (Vec<Value>, Vec<Value>) = Default::default();
        for _ in 0..draw.below(25) + 5 {
            let of = &calls[draw.below(2)];
            change(&world, &mut draw, of).await?;
            happened += 1;
            waiting.extend(world.watched.stream.news()?);
            while !waiting.is_empty() && draw.below(2) == 0 {
                let record = waiting.remove(draw.below(waiting.len()));
                take_in(&world.app, std::slice::from_ref(&record)).await?;
                past.push(record);
                delivered += 1;
            }
            if !past.is_empty() && draw.below(3) == 0 {
                take_in(&world.app, &[past[draw.below(past.len())].clone()]).await?;
                delivered += 1;
            }
        }
        while !waiting.is_empty() {
            let record = waiting.remove(draw.below(waiting.len()));
            take_in(&world.app, &[record]).await?;
            delivered += 1;
        }
        let (stand, expected) = (world.postings().await?, world.expected(&calls).await?);
        ensure!(
            stand == expected,
            "again with SEED={own} CASES=1\n  stand  {stand:#?}\n  expect {expected:#?}"
        );
        let entries = world.entries().await?;
        for ((partition, _), ends) in &expected {
            let Some(word) =
                partition.strip_prefix("demo#").and_then(|rest| rest.strip_suffix("#posting"))
            else {
                continue;
            };
            let entry = entries.get(&format!("demo#word {word}"));
            let lasts = match (entry, ends) {
                (Some(None), _) => true,
                (Some(Some(entry)), Some(ends)) => entry.parse::<i64>()? >= ends.parse()?,
                _ => word == "held",
            };
            ensure!(
                lasts,
                "again with SEED={own} CASES=1: {word} ends {ends:?}, its entry {entry:?}"
            );
        }
    }
    println!(
        "{cases} cases from SEED={seed}: {happened} changes, {delivered} deliveries, 0 postings too few or too many"
    );
    Ok(())
}
