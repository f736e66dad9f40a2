//! Requests the costliest possible pages: `search-bound [RECORDINGS [SEARCHES [SEED]]]`.

use model::{
    draw::Draw,
    hostile::{Asked, Bound},
    memory::Memory,
};

fn main() -> anyhow::Result<()> {
    let mut arguments =
        std::env::args().skip(1).map(|argument| argument.parse::<u64>().expect("a number"));
    let recordings = arguments.next().unwrap_or(200_000);
    let searches = arguments.next().unwrap_or(2_000);
    let seed = arguments.next().unwrap_or(1);
    let mut draw = Draw::new(seed, 300, 180);
    let (mut memory, mut bound) = (Memory::default(), Bound::default());
    for _ in 0..recordings {
        memory.put(draw.recording());
    }
    println!("{recordings} recordings, {searches} searches, seed {seed}");
    let mut discrepancies = 0;
    for number in 0..searches {
        if let Err(discrepancy) = bound.holds(&memory, Asked::draw(&mut draw)) {
            discrepancies += 1;
            println!("search {number}: {discrepancy}");
        }
    }
    print!("{bound}");
    anyhow::ensure!(discrepancies == 0, "{discrepancies} searches are not bounded");
    Ok(())
}
