//! Compares the model with a table's charge: `search_charged [RECORDINGS [SEARCHES [SEED]]]`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number =
        |otherwise: u64| arguments.next().map_or(Ok(otherwise), |argument| argument.parse());
    let (recordings, searches, seed) = (number(100_000)?, number(100)?, number(1)?);
    tests::charged::agrees(recordings, searches, seed).await
}
