use chrono::Utc;
use platform::{aws, env, log, objects::Objects, table::Table};
use upload::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let config = aws::config().await;
    let app = App {
        table: Table { client: aws::dynamodb(&config), name: env::required("TABLE")? },
        objects: Objects { client: aws::s3(&config), bucket: env::required("RECORDINGS_BUCKET")? },
        now: Utc::now,
    };
    lambda_http::run(upload::router(app)).await.map_err(anyhow::Error::from_boxed)
}
