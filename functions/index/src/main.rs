use index::App;
use lambda_runtime::{LambdaEvent, service_fn};
use platform::{aws::Environment, clock, env, log, table::Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let app = App {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        now: clock::now,
    };
    let handle = service_fn(|event: LambdaEvent<_>| index::handle(&app, event.payload));
    lambda_runtime::run(handle).await.map_err(anyhow::Error::from_boxed)
}
