//! Compares the model with PostgreSQL: `CASES=100000 SEED=1 oracle`, or `SEED=1 CASE=n` for one.

use model::oracle::{Cases, judge, life::Life, memory::InMemory};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let cases = Cases::notified(100_000)?;
    judge(cases, async |number| {
        Ok((Life::new(cases.seed, number), InMemory::new(cases.seed, number)))
    })
    .await
}
