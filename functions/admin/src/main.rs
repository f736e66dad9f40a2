use admin::App;
use platform::{aws::Environment, clock, env, http, log, table::Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let app = App {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        now: clock::now,
    };
    http::run(admin::router(app)).await.map_err(anyhow::Error::from_boxed)
}
