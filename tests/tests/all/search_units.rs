//! A metered table charges what the model states. `make search-charged` uses 100,000 recordings.

use tests::charged::agrees;

#[tokio::test]
async fn a_table_charges_the_capacity_that_the_model_calculates() -> anyhow::Result<()> {
    agrees(200, 5, 1).await
}
