use expire::App;
use lambda_runtime::{LambdaEvent, service_fn};
use platform::{
    aws::Environment, bucket::Bucket, clock, env, log, queue::Queue, removal::Stores, table::Table,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let stores = Stores {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        objects: Bucket { client: aws.s3(), name: env::required("RECORDINGS_BUCKET")? },
        quarantine: Bucket { client: aws.s3(), name: env::required("QUARANTINE_BUCKET")? },
        erasures: Bucket { client: aws.s3(), name: env::required("ERASURES_BUCKET")? },
        folders: Queue { client: aws.sqs(), url: env::required("DROP_QUEUE_URL")? },
    };
    let app = App {
        stores,
        again: Queue { client: aws.sqs(), url: env::required("REMOVALS_QUEUE")? },
        now: clock::now,
    };
    let handle = service_fn(|event: LambdaEvent<_>| expire::handle(&app, event.payload));
    lambda_runtime::run(handle).await.map_err(anyhow::Error::from_boxed)
}
