use import::{App, BUDGET};
use lambda_runtime::{LambdaEvent, service_fn};
use platform::{aws::Environment, clock, env, log, queue::Queue, table::Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let table = Table { client: aws.dynamodb(), name: env::required("TABLE")? };
    let imports = Queue { client: aws.sqs(), url: env::required("IMPORTS_QUEUE")? };
    let app = App { table, imports, budget: BUDGET, now: clock::now };
    let handle = service_fn(|event: LambdaEvent<_>| import::handle(&app, event.payload));
    lambda_runtime::run(handle).await.map_err(anyhow::Error::from_boxed)
}
