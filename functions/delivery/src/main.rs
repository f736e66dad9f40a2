use delivery::{App, ROWS};
use lambda_runtime::{LambdaEvent, service_fn};
use platform::{aws::Environment, bucket::Bucket, clock, env, log, queue::Queue, table::Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let app = App {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        queue: Queue { client: aws.sqs(), url: env::required("DROP_QUEUE_URL")? },
        recordings: Bucket { client: aws.s3(), name: env::required("RECORDINGS_BUCKET")? },
        drop: Bucket { client: aws.s3(), name: env::required("DROP_BUCKET")? },
        rows: ROWS,
        now: clock::now,
    };
    let handle = service_fn(|event: LambdaEvent<_>| delivery::handle(&app, event.payload));
    lambda_runtime::run(handle).await.map_err(anyhow::Error::from_boxed)
}
