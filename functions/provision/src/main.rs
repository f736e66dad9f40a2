use platform::{aws::Environment, clock, env, http, log, queue::Queue, table::Table};
use provision::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let table = Table { client: aws.dynamodb(), name: env::required("TABLE")? };
    let imports = Queue { client: aws.sqs(), url: env::required("IMPORTS_QUEUE")? };
    let app = App { table, imports, now: clock::now };
    http::run(provision::router(app)).await.map_err(anyhow::Error::from_boxed)
}
