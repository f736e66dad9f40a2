//! Searches held against PostgreSQL (`model::oracle`), through the router and the real SDK, and through the local cloud's front door.
//!
//! Few cases, from one seed, in `make test`; `make oracle` takes thousands (`CASES`). `SEED=` and `CASE=` replay one and show it.

use model::oracle::{Cases, judge};
use tests::searched::{
    OnTable,
    in_cloud::{self, InCloud},
    life,
};

#[tokio::test]
async fn every_page_of_the_router_is_as_postgresql_has_it() -> anyhow::Result<()> {
    let cases = Cases::told(50)?;
    judge(cases, async |number| Ok((life(cases.seed, number), OnTable::new().await?))).await
}

#[tokio::test]
async fn every_page_of_the_front_door_is_as_postgresql_has_it() -> anyhow::Result<()> {
    let cases = Cases::told(5)?;
    let run = chrono::Utc::now();
    judge(cases, async |number| Ok((in_cloud::life(cases.seed, number, run), InCloud::open().await?))).await
}
