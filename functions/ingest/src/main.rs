use chrono::Utc;
use ingest::App;
use lambda_runtime::{LambdaEvent, service_fn};
use platform::{aws, env, log, objects::Objects, table::Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let config = aws::config().await;
    let app = App {
        table: Table { client: aws::dynamodb(&config), name: env::required("TABLE")? },
        objects: Objects { client: aws::s3(&config), bucket: env::required("RECORDINGS_BUCKET")? },
        quarantine: env::required("QUARANTINE_BUCKET")?,
        now: Utc::now,
    };
    let handle = service_fn(|event: LambdaEvent<_>| ingest::handle(&app, event.payload));
    lambda_runtime::run(handle).await.map_err(anyhow::Error::from_boxed)
}
