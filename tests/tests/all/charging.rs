//! A table that counts as DynamoDB does charges what the model reckons. `make search-charged` asks of 100,000 recordings.

use tests::charged::agrees;

#[tokio::test]
async fn a_table_charges_what_the_model_reckons() -> anyhow::Result<()> {
    agrees(200, 5, 1).await
}
