//! Measures the cost of searches: `search-cost [RECORDINGS [QUERIES [SEED]]]`.

use std::time::{Duration, Instant};

use domain::search::{Filter, Order, Search};
use model::{
    draw::{Draw, NOW},
    memory::{Cost, Memory},
    shape::{SHAPES, span},
    sparsest,
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| {
        arguments.next().map_or(otherwise, |argument| argument.parse().expect("a number"))
    };
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
    println!(
        "{recordings} recordings of {users} users over 180 days, seed {seed}, drawn in {:.0?}",
        began.elapsed()
    );
    println!("{queries} searches of each shape, a page of 50, newest first\n");
    println!(
        "{:<26}{:>9}{:>10}{:>9}{:>9}{:>7}{:>8}{:>7}{:>10}{:>5}{:>8}{:>8}{:>8}",
        "shape",
        "rows",
        "read",
        "fetched",
        "read/row",
        "RU p50",
        "p99",
        "max",
        "trips p99",
        "max",
        "short",
        "beyond",
        "µs p50"
    );
    let mut every = Tally::default();
    for (name, is_alone, shape) in
        SHAPES.into_iter().filter(|(name, ..)| only.as_deref().is_none_or(|only| only == *name))
    {
        let mut all = Tally::default();
        for _ in 0..queries {
            let filter: Filter = shape(&mut draw);
            let search =
                Search { filter: &filter, order: Order::Newest, limit: 50, after: None, now: NOW };
            let began = Instant::now();
            let (page, cost) = memory.page(&search);
            all.times.push(began.elapsed());
            all.costs.push(cost);
            all.rows += page.rows.len() as u64;
            all.short += u64::from(page.rows.len() < 50 && page.next.is_some());
            all.beyond += u64::from(
                !is_alone && !sparsest::allows(&memory, &filter, span(&filter), cost.read),
            );
        }
        all.print(name);
        every.add(all);
    }
    every.print("all of these");
}

#[derive(Default)]
struct Tally {
    costs: Vec<Cost>,
    times: Vec<Duration>,
    rows: u64,
    /// Short pages that are not the last.
    short: u64,
    /// Filter mixes that read more than [`sparsest`] allows.
    beyond: u64,
}

impl Tally {
    fn add(&mut self, mut other: Self) {
        self.costs.append(&mut other.costs);
        self.times.append(&mut other.times);
        (self.rows, self.short, self.beyond) =
            (self.rows + other.rows, self.short + other.short, self.beyond + other.beyond);
    }

    fn print(&mut self, name: &str) {
        let sum = |of: fn(&Cost) -> u64| self.costs.iter().map(of).sum::<u64>();
        let sorted = |of: fn(&Cost) -> u64| {
            let mut all: Vec<u64> = self.costs.iter().map(of).collect();
            all.sort_unstable();
            all
        };
        let (units, round_trips) = (sorted(|cost| cost.half_rcus), sorted(|cost| cost.round_trips));
        let (middle, last, end) = (units.len() / 2, units.len() * 99 / 100, units.len() - 1);
        let ru = |n: usize| units[n] as f64 / 2.0;
        self.times.sort_unstable();
        println!(
            "{name:<26}{:>9}{:>10}{:>9}{:>9.2}{:>7.1}{:>8.1}{:>7.1}{:>10}{:>5}{:>8}{:>8}{:>8}",
            self.rows,
            sum(|cost| cost.read),
            sum(|cost| cost.fetched),
            sum(|cost| cost.read) as f64 / self.rows.max(1) as f64,
            ru(middle),
            ru(last),
            ru(end),
            round_trips[last],
            round_trips[end],
            self.short,
            self.beyond,
            self.times[middle].as_micros()
        );
    }
}
