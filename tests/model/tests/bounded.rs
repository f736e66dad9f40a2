//! Bounds on the reads and round trips of every search. `make bounded` tests a larger organisation.

use model::{
    draw::Draw,
    hostile::{Asked, Bound},
    memory::Memory,
};

#[test]
fn every_page_stays_within_its_bounds_and_every_plan_ends() -> anyhow::Result<()> {
    let mut draw = Draw::new(7, 300, 180);
    let (mut memory, mut bound) = (Memory::default(), Bound::default());
    for _ in 0..10_000 {
        memory.put(draw.recording());
    }
    for _ in 0..150 {
        bound.holds(&memory, Asked::draw(&mut draw))?;
    }
    println!("{bound}");
    Ok(())
}
