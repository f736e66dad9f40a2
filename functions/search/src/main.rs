use platform::{
    aws::Environment,
    clock, env, http, log,
    table::{Table, keyed_hash::Keys},
};
use search::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let app = App {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        keys: Keys::default(),
        now: clock::now,
    };
    http::run(search::router(app)).await.map_err(anyhow::Error::from_boxed)
}
