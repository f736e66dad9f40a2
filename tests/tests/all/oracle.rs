//! Searches compared with PostgreSQL (`model::oracle`), through the router and the real SDK, and
//! through the local cloud's front door.
//!
//! `make test` runs few cases from one seed; `make oracle` runs thousands (`CASES`). `SEED=` and
//! `CASE=` repeat one and print it.

use model::oracle::{Cases, judge};
use tests::searched::{
    OnTable,
    in_cloud::{self, InCloud},
    life,
};

#[tokio::test]
async fn every_page_of_the_router_equals_postgresql() -> anyhow::Result<()> {
    let cases = Cases::notified(50)?;
    judge(cases, async |number| Ok((life(cases.seed, number), OnTable::new().await?))).await
}

#[tokio::test]
async fn every_page_of_the_front_door_equals_postgresql() -> anyhow::Result<()> {
    let cases = Cases::notified(5)?;
    let run = chrono::Utc::now();
    judge(cases, async |number| {
        Ok((in_cloud::life(cases.seed, number, run), InCloud::open().await?))
    })
    .await
}
