use chrono::Utc;
use platform::{aws, env, log, table::Table};
use search::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let config = aws::config().await;
    let app = App { table: Table { client: aws::dynamodb(&config), name: env::required("TABLE")? }, now: Utc::now };
    lambda_http::run(search::router(app)).await.map_err(anyhow::Error::from_boxed)
}
