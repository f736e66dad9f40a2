//! No search may read, or wait, without bound. `make bounded` asks more of a larger organisation.

use model::{
    draw::Draw,
    hostile::{Asked, Bound},
    memory::Memory,
};

#[test]
fn no_page_takes_more_than_it_may_and_every_walk_ends() -> anyhow::Result<()> {
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
