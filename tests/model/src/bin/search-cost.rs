//! Measures what searches cost: `search-cost [RECORDINGS [QUERIES [SEED]]]`.

use std::time::Instant;

use domain::search::{Filter, Order, Search};
use model::{
    draw::{Draw, NOW},
    memory::{Cost, Memory},
    shape::SHAPES,
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| arguments.next().map_or(otherwise, |argument| argument.parse().expect("a number"));
    let (recordings, queries, seed) = (number(3_600_000), number(10_000), number(1));
    let only = arguments.next();
    let users = (recordings / 3_600).clamp(1, 1_000) as usize;
    let mut draw = Draw::new(seed, users, 180);
    let began = Instant::now();
    let mut memory = Memory::default();
    for _ in 0..recordings {
        let recording = draw.recording();
        memory.put(recording);
    }
    println!("{recordings} recordings of {users} users over 180 days, seed {seed}, drawn in {:.0?}", began.elapsed());
    println!("{queries} searches of each shape, a page of 50, newest first\n");
    println!(
        "{:<26}{:>8}{:>9}{:>9}{:>8}{:>8}{:>8}{:>7}{:>6}{:>6}{:>9}{:>8}",
        "shape", "rows", "read", "fetched", "read/row", "RU p50", "RU p99", "max", "trips", "p99", "short", "µs p50"
    );
    let (mut every, mut found, mut cut) = (Vec::new(), 0, 0);
    for (name, _, shape) in SHAPES.into_iter().filter(|(name, ..)| only.as_deref().is_none_or(|only| only == *name)) {
        let mut all = Vec::new();
        let mut rows = 0;
        let mut short = 0;
        for _ in 0..queries {
            let filter: Filter = shape(&mut draw);
            let search = Search { filter: &filter, order: Order::Newest, limit: 50, after: None, now: NOW };
            let began = Instant::now();
            let (page, cost) = memory.page(&search);
            all.push((cost, began.elapsed()));
            rows += page.rows.len() as u64;
            short += u64::from(page.rows.len() < 50 && page.next.is_some());
        }
        print(name, &all, rows, short);
        every.append(&mut all);
        found += rows;
        cut += short;
    }
    print("all of these", &every, found, cut);
}

fn print(name: &str, all: &[(Cost, std::time::Duration)], rows: u64, short: u64) {
    let sum = |of: fn(&Cost) -> u64| all.iter().map(|(cost, _)| of(cost)).sum::<u64>();
    let mut units: Vec<u64> = all.iter().map(|(cost, _)| cost.half_units).collect();
    let mut trips: Vec<u64> = all.iter().map(|(cost, _)| cost.trips).collect();
    let mut times: Vec<_> = all.iter().map(|(_, time)| *time).collect();
    units.sort_unstable();
    trips.sort_unstable();
    times.sort_unstable();
    let (middle, last) = (all.len() / 2, all.len() * 99 / 100);
    let ru = |n: usize| units[n] as f64 / 2.0;
    println!(
        "{name:<26}{rows:>8}{:>9}{:>9}{:>8.2}{:>8.1}{:>8.1}{:>7.0}{:>6}{:>6}{short:>9}{:>8}",
        sum(|cost| cost.read),
        sum(|cost| cost.fetched),
        sum(|cost| cost.read) as f64 / rows.max(1) as f64,
        ru(middle),
        ru(last),
        ru(all.len() - 1),
        trips[middle],
        trips[last],
        times[middle].as_micros()
    );
}
