use billing_api::App;
use platform::{aws::Environment, bucket::Bucket, clock, env, http, log, table::Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let app = App {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        exports: Bucket { client: aws.s3(), name: env::required("EXPORTS_BUCKET")? },
        now: clock::now,
    };
    http::run(billing_api::router(app)).await.map_err(anyhow::Error::from_boxed)
}
