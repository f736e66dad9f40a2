use lambda_runtime::{LambdaEvent, service_fn};
use platform::{aws::Environment, bucket::Bucket, clock, env, log, queue::Queue, table::Table};
use reconcile::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let app = App {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        objects: Bucket { client: aws.s3(), name: env::required("RECORDINGS_BUCKET")? },
        calls: Bucket { client: aws.s3(), name: env::required("CALLS_BUCKET")? },
        ingest: Queue { client: aws.sqs(), url: env::required("INGEST_QUEUE_URL")? },
        queue: Queue { client: aws.sqs(), url: env::required("SWEEP_QUEUE_URL")? },
        missing_percent: env::required("MISSING_PERCENT")?.parse()?,
        pages: reconcile::PAGES,
        now: clock::now,
    };
    let handle = service_fn(|event: LambdaEvent<_>| reconcile::handle(&app, event.payload));
    lambda_runtime::run(handle).await.map_err(anyhow::Error::from_boxed)
}
