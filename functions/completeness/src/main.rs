use completeness::App;
use platform::{aws::Environment, bucket::Bucket, clock, env, http, log, table::Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let app = App {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        calls: Bucket { client: aws.s3(), name: env::required("CALLS_BUCKET")? },
        now: clock::now,
    };
    http::run(completeness::router(app)).await.map_err(anyhow::Error::from_boxed)
}
