use platform::{aws::Environment, clock, env, http, log, queue::Queue, table::Table};
use retention_api::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let table = Table { client: aws.dynamodb(), name: env::required("TABLE")? };
    let app = App {
        table,
        jobs: Queue { client: aws.sqs(), url: env::required("ORDERS_QUEUE")? },
        now: clock::now,
    };
    http::run(retention_api::router(app)).await.map_err(anyhow::Error::from_boxed)
}
