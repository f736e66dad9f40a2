use platform::{aws::Environment, bucket::Bucket, clock, env, http, log, table::Table};
use playback::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let app = App {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        objects: Bucket { client: aws.s3(), name: env::required("RECORDINGS_BUCKET")? },
        quarantine: Bucket { client: aws.s3(), name: env::required("QUARANTINE_BUCKET")? },
        now: clock::now,
    };
    http::run(playback::router(app)).await.map_err(anyhow::Error::from_boxed)
}
